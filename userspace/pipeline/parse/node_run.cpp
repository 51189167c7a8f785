#include "parse/node_run.h"

#include <algorithm>
#include <bit>

#include "parse/runner.h"

namespace testudo::parse {
namespace {
// Sources come and go (a client's address, a container); a view is made again when it is missed.
constexpr size_t kMaxSources = 64;
}  // namespace

RunContext::RunContext(const ParserSet& set)
    : hits(set.node_count), ok(set.node_count), gates(set.gate_count) {
  expr.regex = &regex;
  expr.documents = &documents;
  expr.room = this;
  for (const ParserSet::Stage& stage : set.stages) ends.emplace_back(stage.nodes.size());
}

Stash* RunContext::enter_stash() {
  if (stash && stash_turn && !stash_entered_) stash_turn->before_stash();
  stash_entered_ = true;
  return stash;
}

void RunContext::settle(const ParserSet& set) {
  for (size_t s = 0; s < set.stages.size(); ++s) {
    uint64_t sum = 0;
    for (size_t i = ends[s].size(); i-- > 0;) {
      sum += ends[s][i];
      ends[s][i] = 0;
      hits[set.stages[s].nodes[i]->id] += sum;
    }
  }
}

Runner::Runner(const ParserSet& set, Event& event, RunContext& context)
    : set_(set),
      event_(event),
      context_(context),
      detail_(context.trace && context.trace->detailed() ? context.trace : nullptr) {}

Outcome Runner::run() {
  event_.stage = 0;
  for (size_t s = 0; s < set_.stages.size(); ++s) {
    const ParserSet::Stage& stage = set_.stages[s];
    if (event_.stage > s) continue;
    // Nobody moved the event on and stages follow: it is lost there, as the format has it.
    if (event_.stage != s) return Outcome::unparsed;
    event_.stage_name = stage.name;
    // Who watches wants to see the nodes that fail, too.
    const StageResult result =
        context_.trace || !stage.plan.usable ? plain_stage(stage, s) : planned_stage(stage, s);
    if (!context_.silent) ++context_.ends[s][result.end];
    if (result.lost) return Outcome::failed;
    if (!result.ok) return Outcome::unparsed;
    if (context_.watch) context_.watch->passed(s);
  }
  return event_.whitelisted ? Outcome::whitelisted : Outcome::parsed;
}

Runner::StageResult Runner::plain_stage(const ParserSet::Stage& stage, size_t index) {
  StageResult out;
  for (size_t i = 0; i < stage.nodes.size(); ++i) {
    const Node& node = *stage.nodes[i];
    out.end = i;
    const Step r = this->node(node, 0, false);
    if (r == Step::lost) {
      out.lost = true;
      return out;
    }
    event_.stage_name = set_.stages[event_.stage].name;
    if (context_.trace) context_.trace->node(stage, node, event_, r == Step::yes);
    if (r == Step::yes) {
      if (!context_.silent) ++context_.ok[node.id];
      out.ok = true;
      if (node.on_success == OnSuccess::next_stage) return out;
    }
    if (event_.stage != index) return out;
  }
  return out;
}

/// The same, without the nodes whose filter is known to be false.
Runner::StageResult Runner::planned_stage(const ParserSet::Stage& stage, size_t index) {
  StageResult out;
  whitelists_ = &stage.plan.whitelists;
  looked_ = false;
  if (!view_) view_ = &this->view();
  StageView& view = view_->stages[index];
  Jump jump;
  view.jump(event_, context_, jump);
  const size_t words = (stage.nodes.size() + 63) / 64;
  for (size_t w = 0; w < words; ++w) {
    while (jump.look.words[w]) {
      const auto bit = size_t(std::countr_zero(jump.look.words[w]));
      const size_t i = w * 64 + bit;
      jump.look.words[w] &= jump.look.words[w] - 1;
      const Node& node = *stage.nodes[i];
      out.end = i;
      const Step r = this->node(node, 0, jump.sure.has(i));
      if (r == Step::lost) {
        out.lost = true;
        return out;
      }
      if (r == Step::yes) {
        if (!context_.silent) ++context_.ok[node.id];
        out.ok = true;
      }
      if (event_.stage != index) event_.stage_name = set_.stages[event_.stage].name;
      if (event_.stage != index || (r == Step::yes && node.on_success == OnSuccess::next_stage)) return out;
      if (!view.holds(event_, jump)) {
        view.jump(event_, context_, jump);
        for (size_t passed = 0; passed < w; ++passed) jump.look.words[passed] = 0;
        jump.look.words[w] &= bit == 63 ? 0 : ~uint64_t{0} << (bit + 1);
      }
    }
  }
  out.end = stage.nodes.size() - 1;
  return out;
}

SourceView& Runner::view() {
  const bool known = event_.source && event_.source == context_.batch_source;
  if (known && context_.batch_view) return *context_.batch_view;
  SourceView& found = find_view();
  if (known) context_.batch_view = &found;
  return found;
}

SourceView& Runner::find_view() {
  static const std::vector<std::pair<std::string, std::string>> none;
  const auto& labels = event_.source ? event_.source->labels : none;
  auto& sources = context_.sources;
  if (context_.last_source >= sources.size() || sources[context_.last_source].labels != labels) {
    auto found =
        std::find_if(sources.begin(), sources.end(), [&](const SourceView& v) { return v.labels == labels; });
    if (found == sources.end()) {
      if (sources.size() >= kMaxSources) sources.clear();
      context_.batch_view = nullptr;  // the views move
      SourceView made;
      made.labels = labels;
      for (const ParserSet::Stage& s : set_.stages) made.stages.emplace_back(s);
      sources.push_back(std::move(made));
      found = std::prev(sources.end());
    }
    context_.last_source = size_t(found - sources.begin());
  }
  return sources[context_.last_source];
}

Step Runner::node(const Node& node, int depth, bool sure) {
  if (!detail_) return untraced(node, depth, sure);
  detail_->enter(node, depth);
  const Step step = untraced(node, depth, sure);
  detail_->leave(node, depth, step == Step::yes);
  return step;
}

bool Runner::passes(const Node& node) {
  using Truth = expr::Expression::Truth;
  const Truth truth = node.filter.test(context_.expr);
  if (truth == Truth::failed) note_error();
  if (detail_)
    detail_->filter(node, truth,
                    truth == Truth::failed ? std::string_view(context_.expr.error) : std::string_view());
  return truth == Truth::yes;
}

Step Runner::untraced(const Node& node, int depth, bool sure) {
  if (!sure && node.filter && !passes(node)) return Step::no;
  const bool whitelisted = node.whitelist && check_whitelist(node, *node.whitelist);
  Step state = Step::yes;
  bool matched = false;
  if (node.grok) {
    state = grok(node, *node.grok);
    if (state == Step::lost) return state;
    matched = state == Step::yes;
  }
  if (state == Step::yes)
    if (node.has_stash)
      for (const StashStep& step : node.stash) stash(step);
  if (!node.children.empty()) {
    state = children(node, depth, matched, state);
    if (state == Step::lost) return state;
  }
  if (state == Step::no) return state;
  if (!node.whitelist || whitelisted)
    if (!node.statics.empty() && !statics(node, node.statics)) return Step::lost;
  // From the current stage, not from the node's: a child may have moved the event already.
  if (node.on_success == OnSuccess::next_stage && size_t(event_.stage) + 1 < set_.stages.size())
    ++event_.stage;
  return Step::yes;
}

/// All children run, also when the own grok failed; without an own match the last one decides.
Step Runner::children(const Node& node, int depth, bool matched, Step state) {
  const LiteralGate* gate = detail_ ? nullptr : node.gate.get();
  const size_t size = node.children.size();
  uint64_t look = gate ? gate->children(event_, context_.gates) : 0;
  for (size_t i = 0; i < size; ++i) {
    if (gate) {
      // Those that are passed over fail.
      const uint64_t rest = look >> i;
      const size_t next = rest ? i + size_t(std::countr_zero(rest)) : size;
      if (next > i && !matched) state = Step::no;
      if (next >= size) break;
      i = next;
    }
    const Step r = this->node(*node.children[i], depth + 1, false);
    if (r == Step::lost) return r;
    if (r == Step::yes) {
      state = r;
      if (node.on_success == OnSuccess::next_stage) break;
    } else if (!matched) {
      state = Step::no;
    }
    // The child may have written the text that its siblings look at.
    if (gate && i + 1 < size) look = gate->children(event_, context_.gates);
  }
  return state;
}

Outcome run_stages(const ParserSet& set, Event& event, RunContext& context) {
  context.expr.event = &event;
  context.expr.arena = &event.arena;
  context.spans.clear();
  context.last_error.clear();
  return Runner(set, event, context).run();
}

}  // namespace testudo::parse
