#include "engine/explain_trace.h"

#include <algorithm>

#include "base/text.h"

namespace testudo {
namespace {

constexpr size_t kMaxText = 1024;
constexpr size_t kMaxFailed = 256;
constexpr size_t kMaxWanted = 12;
const char* const kBagNames[] = {"evt.Parsed.", "evt.Meta.", "evt.Enriched."};

std::string text_of(const Value& value) {
  switch (value.kind) {
    case Value::Kind::nil:
      return "null";
    case Value::Kind::boolean:
      return value.boolean ? "true" : "false";
    case Value::Kind::integer:
      return std::to_string(value.integer);
    case Value::Kind::real:
      return std::to_string(value.real);
    case Value::Kind::string:
      return std::string(value.text());
    case Value::Kind::array:
      return "list of " + std::to_string(value.array->size);
    case Value::Kind::map: {
      std::string out = "{";
      for (uint32_t i = 0; i < value.map->size && i < 8; ++i)
        out += (i ? ", " : "") + std::string(value.map->entries[i].key.substr(0, 64));
      return out + (value.map->size > 8 ? ", …}" : "}");
    }
    default:
      return "…";
  }
}

}  // namespace

std::string shortened(std::string_view text) {
  if (text.size() <= kMaxText) return std::string(text);
  size_t at = 0;
  while (at < kMaxText) next_utf8(text, at);
  return std::string(text.substr(0, at)) + "…";
}

ExplainTrace::ExplainTrace(const SlotNames& names, const parse::ParserSet& postoverflows) : names_(names) {
  for (const parse::ParserSet::Stage& stage : postoverflows.stages)
    for (const auto& node : stage.nodes) postoverflows_.push_back(node.get());
  std::sort(postoverflows_.begin(), postoverflows_.end());
}

void ExplainTrace::begin(const Event* event) {
  event_ = event;
  rows_.clear();
  open_.clear();
  nested_.clear();
  known_.clear();
  unmarshaled_ = 0;
  stages_.clear();
  overflow_stages_.clear();
  overflow_ = false;
  failed_.clear();
  failed_here_.clear();
  wanted_.clear();
  last_ok_ = false;
}

std::string ExplainTrace::value_of(const std::string& name) const {
  const auto known = known_.find(name);
  return known == known_.end() ? "" : known->second;
}

// A node that an error cut short was never told as done.
void ExplainTrace::close_rows() {
  if (!rows_.empty() && !overflow_) {
    const std::string stage(event_->stage_name);
    if (stages_.empty() || stages_.back().name != stage) stages_.push_back({stage, {}});
    std::move(rows_.begin(), rows_.end(), std::back_inserter(stages_.back().nodes));
  }
  rows_.clear();
  open_.clear();
  nested_.clear();
}

std::vector<ExplainedStage> ExplainTrace::take() {
  close_rows();
  return std::move(stages_);
}

void ExplainTrace::enter(const parse::Node& node, int depth) {
  if (depth == 0 && !overflow_ && std::binary_search(postoverflows_.begin(), postoverflows_.end(), &node)) {
    close_rows();
    overflow_ = true;
    known_.clear();
    event_ = nullptr;  // another one, that is known when a node of it is done
  }
  if (!nested_.empty()) nested_.back() = true;
  open_.push_back(rows_.size());
  nested_.push_back(false);
  ExplainedNode& row = rows_.emplace_back();
  row.name = node.name;
  row.place = Where{node.where.file, node.where.line, 0}.text();
  row.depth = depth;
  if (node.filter) row.filter_text = shortened(node.filter.text());
  if (node.grok) {
    row.has_pattern = true;
    row.pattern = shortened(node.grok->pattern);
  }
}

void ExplainTrace::filter(const parse::Node&, expr::Expression::Truth truth, std::string_view error) {
  using Filter = ExplainedNode::Filter;
  current().filter = truth == expr::Expression::Truth::yes  ? Filter::yes
                     : truth == expr::Expression::Truth::no ? Filter::no
                                                            : Filter::failed;
  current().error = shortened(error);
  changes_of_expressions();
}

void ExplainTrace::grok(const parse::Node& node, std::string_view subject, bool matched) {
  current().pattern_tried = true;
  current().matched = matched;
  if (!matched && failed_here_.size() < kMaxFailed)
    failed_here_.push_back({&node, rows_[open_.front()].name, subject});
}

void ExplainTrace::change(const std::string& name, std::string_view value) {
  ExplainedChange change{name, shortened(value), {}, false, nested_.back()};
  const auto [known, fresh] = known_.try_emplace(name, change.value);
  if (!fresh) {
    change.had_before = true;
    change.before = std::exchange(known->second, change.value);
  }
  current().changes.push_back(std::move(change));
}

void ExplainTrace::set(const parse::Node&, SlotRef slot, std::string_view value) {
  change(kBagNames[int(slot.bag)] + names_.name(slot), value);
}
void ExplainTrace::set_field(const parse::Node&, parse::EventField field, std::string_view value) {
  change("evt." + std::string(field.path), value);
}

void ExplainTrace::method(const parse::Node&, const parse::Enricher&, std::string_view) {
  changes_of_expressions();
}
void ExplainTrace::whitelisted(const parse::Node&, std::string_view reason) {
  current().whitelist = reason.empty() ? "whitelisted" : shortened(reason);
}

// What nobody told: methods and expressions (SetMeta, UnmarshalJSON) write into the event by themselves.
void ExplainTrace::changes_of_expressions() {
  if (!event_) return;
  for (int b = 0; b < kBags; ++b) {
    const FieldBag& bag = event_->bags[b];
    const auto look = [&](const std::string& name, std::string_view value) {
      const auto known = known_.find(name);
      if (known == known_.end() || known->second != shortened(value)) change(name, value);
    };
    for (const SlotId id : bag.present()) look(kBagNames[b] + names_.name({Bag(b), id}), bag.get(id));
    for (const auto& [name, value] : bag.extra()) look(kBagNames[b] + std::string(name), value);
  }
  for (; unmarshaled_ < event_->unmarshaled.size(); ++unmarshaled_) {
    const auto& [name, value] = event_->unmarshaled[unmarshaled_];
    change("evt.Unmarshaled." + std::string(name), text_of(value));
  }
}

void ExplainTrace::leave(const parse::Node&, int, bool ok) {
  current().ok = ok;
  open_.pop_back();
  nested_.pop_back();
}

void ExplainTrace::overflow_node(const std::string& stage, const Event& event) {
  if (overflow_stages_.empty() || overflow_stages_.back().name != stage)
    overflow_stages_.push_back({stage, {}});
  // Methods have written into an event that was not known then.
  if (!rows_.empty()) {
    event_ = &event;
    open_ = {0};
    nested_ = {true};
    changes_of_expressions();
    event_ = nullptr;
  }
  std::move(rows_.begin(), rows_.end(), std::back_inserter(overflow_stages_.back().nodes));
  rows_.clear();
  open_.clear();
  nested_.clear();
}

void ExplainTrace::node(const parse::ParserSet::Stage& stage, const parse::Node& node, const Event& event,
                        bool ok) {
  if (overflow_) return overflow_node(stage.name, event);
  if (stages_.empty() || stages_.back().name != stage.name) {
    stages_.push_back({stage.name, {}});
    last_ok_ = false;
    wanted_.clear();
    failed_.clear();
  }
  last_ok_ = last_ok_ || ok;
  if (failed_.size() < kMaxFailed) failed_.insert(failed_.end(), failed_here_.begin(), failed_here_.end());
  failed_here_.clear();
  if (!rows_.empty() && rows_.front().filter == ExplainedNode::Filter::no && wanted_.size() < kMaxWanted) {
    const auto want = [&](std::string text, const std::vector<std::string>& values) {
      for (size_t i = 0; i < values.size() && i < 4; ++i)
        text += (i == 0 ? " is " : " or ") + shortened(values[i]);
      if (std::find(wanted_.begin(), wanted_.end(), text) == wanted_.end())
        wanted_.push_back(std::move(text));
    };
    for (const auto& r : node.filter.required())
      want(kBagNames[int(r.slot.bag)] + names_.name(r.slot), r.values);
    for (const auto& r : node.filter.required_labels()) want("evt.Line.Labels." + r.label, r.values);
  }
  std::move(rows_.begin(), rows_.end(), std::back_inserter(stages_.back().nodes));
  rows_.clear();
}

}  // namespace testudo
