// What a node does: whitelists, groks, statics, the stash.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "expr/classes.h"
#include "parse/runner.h"

namespace testudo::parse {
namespace {

const char* kind_name(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::boolean:
      return "boolean";
    case Value::Kind::time:
      return "time";
    case Value::Kind::duration:
      return "duration";
    default:
      return "structure";
  }
}

/// Nothing, a JSON object or a JSON list is passed over; other values without a text, lists and maps of
/// strings among them, lose the line, as the format has it.
bool left_out(const Value& value) {
  if (value.kind == Value::Kind::nil) return true;
  return (value.kind == Value::Kind::map || value.kind == Value::Kind::array) &&
         value.class_id != uint8_t(expr::ClassId::text);
}

}  // namespace

void Runner::note_error() {
  context_.expression_errors += !context_.silent;
  context_.last_error = context_.expr.error;
}

std::optional<std::string_view> Runner::text_of(const Value& value) {
  char buffer[400];  // the longest number of %f has 316 characters
  int n = 0;
  switch (value.kind) {
    case Value::Kind::string:
      return value.text();
    case Value::Kind::integer:
      n = int(std::to_chars(buffer, buffer + sizeof buffer, value.integer).ptr - buffer);
      break;
    case Value::Kind::real:
      n = std::snprintf(buffer, sizeof buffer, "%f", value.real);
      break;
    default:
      return std::nullopt;
  }
  return event_.arena.copy({buffer, size_t(n)});
}

bool Runner::check_whitelist(const Node& node, const Whitelist& list) {
  bool hit = listed(list);
  for (size_t i = 0; i < list.expressions.size() && !hit; ++i) {
    if (!worth_asking(list, i)) continue;
    const auto truth = list.expressions[i].test(context_.expr);
    if (truth == expr::Expression::Truth::yes) hit = true;
    if (truth == expr::Expression::Truth::failed) {
      note_error();
      break;
    }
  }
  if (!hit) return false;
  if (!event_.whitelisted) {
    event_.whitelisted = true;
    event_.whitelist_reason = list.reason;
    if (event_.type == EventType::overflow && event_.overflow) {
      event_.overflow->whitelisted = true;
      event_.overflow->whitelist_reason = list.reason;
    }
  }
  if (detail_) detail_->whitelisted(node, list.reason);
  return true;
}

bool Runner::worth_asking(const Whitelist& list, size_t expression) {
  if (!whitelists_ || list.first == Whitelist::kUnplanned) return true;
  if (!looked_) {
    whitelists_->look(event_, context_.whitelist_bits);
    looked_ = true;
  }
  const size_t bit = list.first + expression;
  return context_.whitelist_bits[bit / 64] >> (bit % 64) & 1;
}

/// Is an address of the event on the list? A log line has one source, an overflow may have many.
bool Runner::listed(const Whitelist& list) {
  if (list.networks.empty()) return false;
  const auto on_list = [&](std::string_view text) {
    const std::optional<Ip>& ip = context_.enrich.address(text);
    return ip && list.networks.contains(*ip);
  };
  if (event_.type != EventType::overflow) return on_list(event_.get(set_.source_ip));
  return event_.overflow &&
         std::any_of(event_.overflow->source_keys.begin(), event_.overflow->source_keys.end(), on_list);
}

/// Most patterns of a node do not match a given line; a look for a literal that they all need costs a tenth
/// of asking the pattern.
bool Runner::may_match(const GrokStep& step, std::string_view subject) {
  if (step.gate) {
    const LiteralHits& hits = step.gate->look(event_, subject, context_.gates);
    return std::any_of(step.literal_ids.begin(), step.literal_ids.end(),
                       [&](uint32_t id) { return hits.has(id); });
  }
  const auto& literals = step.grok.regex.required_literals();
  if (literals.empty()) return true;
  for (const std::string& literal : literals)
    if (::memmem(subject.data(), subject.size(), literal.data(), literal.size())) return true;
  return false;
}

Step Runner::grok(const Node& node, const GrokStep& step) {
  std::string_view subject;
  switch (step.subject.from) {
    case TextSource::From::field:
      subject = event_.*step.subject.field;
      break;
    case TextSource::From::slot:
      // A key that is not there: the pattern is not even tried. One that is there and empty may match.
      if (step.must_exist && !event_.parsed().has(step.subject.slot.index)) return Step::no;
      subject = event_.get(step.subject.slot);
      break;
    case TextSource::From::constant:
      subject = step.subject.constant;
      break;
    case TextSource::From::expression: {
      Value value;
      if (!step.subject.expression.eval(context_.expr, value)) {
        note_error();
        return Step::no;
      }
      subject = text_of(value).value_or(std::string_view());
      break;
    }
  }
  // A pattern without fields never matches, by the format.
  const bool hit = !step.binds.empty() && may_match(step, subject) &&
                   step.grok.regex.match(subject, context_.regex, context_.captures);
  if (detail_) detail_->grok(node, subject, hit);
  if (!hit) return Step::no;
  context_.spans.push_back({subject, context_.captures[0]});
  for (const auto& [group, slot] : step.binds) event_.set(slot, context_.captures[size_t(group)]);
  if (detail_)
    for (const auto& [group, slot] : step.binds) detail_->set(node, slot, event_.get(slot));
  return statics(node, step.statics) ? Step::yes : Step::lost;
}

bool Runner::statics(const Node& node, const Statics& list) {
  if (detail_) {
    for (const Static& s : list.rows)
      if (!run_static(node, s)) return false;
    return true;
  }
  // An empty text never clears what is there; apply() says the same of the others.
  const auto set = [&](SlotRef to, std::string_view text) {
    if (!text.empty()) event_.set(to, text);
  };
  for (const StaticMove& move : list.moves) {
    switch (move.kind) {
      case StaticMove::Kind::slot_to_slot:
        set(move.to, event_.get(move.from));
        break;
      case StaticMove::Kind::constant_to_slot:
        set(move.to, *move.constant);
        break;
      case StaticMove::Kind::field_to_slot:
        set(move.to, event_.*move.field);
        break;
      case StaticMove::Kind::slot_to_field:
        if (const std::string_view text = event_.get(move.from); !text.empty()) event_.*move.field = text;
        break;
      case StaticMove::Kind::slot_to_method:
        apply(node, *move.row, event_.get(move.from));
        break;
      case StaticMove::Kind::other:
        if (!run_static(node, *move.row)) return false;
        break;
    }
  }
  return true;
}

bool Runner::run_static(const Node& node, const Static& s) {
  switch (s.source.from) {
    case TextSource::From::constant:
      apply(node, s, s.source.constant);
      return true;
    case TextSource::From::slot:
      apply(node, s, event_.get(s.source.slot));
      return true;
    case TextSource::From::field:
      apply(node, s, event_.*s.source.field);
      return true;
    case TextSource::From::expression:
      break;
  }
  Value value;
  if (!s.source.expression.eval(context_.expr, value)) {
    note_error();
    return true;
  }
  if (const auto text = text_of(value)) {
    apply(node, s, *text);
    return true;
  }
  if (left_out(value)) return true;
  context_.expression_errors += !context_.silent;
  context_.last_error = "a static gave a " + std::string(kind_name(value.kind)) +
                        " where text is needed: " + s.source.expression.text();
  return false;
}

void Runner::apply(const Node& node, const Static& s, std::string_view text) {
  switch (s.target) {
    case Static::Target::method:
      if ((text.empty() && !s.method->runs_on_empty) || (context_.silent && s.method->reaches_out)) return;
      s.method->run(s.method->owner.get(), event_, text, context_.enrich);
      if (detail_) detail_->method(node, *s.method, text);
      return;
    case Static::Target::slot:
      if (text.empty()) return;  // an empty result never clears what is there
      event_.set(s.slot, text);
      if (detail_) detail_->set(node, s.slot, text);
      return;
    case Static::Target::field:
      if (text.empty()) return;
      set_field(*s.field, text);
      if (detail_) detail_->set_field(node, *s.field, text);
      return;
    case Static::Target::ignored:
      return;
  }
}

void Runner::set_field(const EventField& field, std::string_view text) {
  switch (field.kind) {
    case EventField::Kind::marshaled_time:
      return set_marshaled(text);
    case EventField::Kind::overflow:
      if (event_.overflow)
        if (std::string* place = field.in_overflow(*event_.overflow)) place->assign(text);
      return;
    default:
      event_.*field.text = text;
  }
}

void Runner::set_marshaled(std::string_view text) {
  event_.marshaled_time = text;
  if (text == context_.enrich.last_result) {
    event_.log_stamp = context_.enrich.last_stamp.time;
    event_.has_log_stamp = true;
    return;
  }
  const auto parsed = parse_rfc3339(text);
  event_.has_log_stamp = parsed.ok();
  if (parsed) event_.log_stamp = *parsed;
}

void Runner::stash(const StashStep& step) {
  if (context_.silent) return;
  Value key, value;
  if (!step.key.eval(context_.expr, key) || !step.value.eval(context_.expr, value)) return note_error();
  if (!key.is_string() || !value.is_string()) {
    context_.expr.error = "the key and the value of a stash must be text: " +
                          (key.is_string() ? step.value.text() : step.key.text());
    return note_error();
  }
  if (Stash* stash = context_.enter_stash())
    stash->set(step.cache.name, key.text(), value.text(), context_.enrich.today);
}

}  // namespace testudo::parse
