#include "parse/node_run.h"

#include <cstdio>
#include <cstring>

namespace testudo::parse {
namespace {

enum class Step : uint8_t { no, yes, lost };

class Runner {
 public:
  Runner(const ParserSet& set, Event& event, RunContext& context)
      : set_(set),
        event_(event),
        context_(context),
        detail_(context.trace && context.trace->detailed() ? context.trace : nullptr) {}

  Step node(const Node& node, int depth = 0) {
    if (!detail_) return run(node, depth);
    detail_->enter(node, depth);
    const Step step = run(node, depth);
    detail_->leave(node, depth, step == Step::yes);
    return step;
  }

 private:
  Step run(const Node& node, int depth) {
    if (node.filter) {
      const auto truth = node.filter.test(context_.expr);
      if (truth == expr::Expression::Truth::failed) note_error();
      if (detail_)
        detail_->filter(node, truth,
                        truth == expr::Expression::Truth::failed ? std::string_view(context_.expr.error)
                                                                 : std::string_view());
      if (truth != expr::Expression::Truth::yes) return Step::no;
    }
    const bool whitelisted = node.whitelist && check_whitelist(node, *node.whitelist);
    bool state = true, matched = false;
    if (node.grok) {
      switch (grok(node, *node.grok)) {
        case Step::yes:
          matched = true;
          break;
        case Step::no:
          state = false;
          break;
        case Step::lost:
          return Step::lost;
      }
    }
    for (const auto& child : node.children) {
      const Step r = this->node(*child, depth + 1);
      if (r == Step::lost) return Step::lost;
      if (r == Step::yes) {
        state = true;
        if (node.on_success == OnSuccess::next_stage) break;
      } else if (!matched) {
        state = false;
      }
    }
    if (!state) return Step::no;
    if (!node.whitelist || whitelisted)
      if (!statics(node, node.statics)) return Step::lost;
    // From the current stage, not from the node's: a child may have moved the event already.
    if (node.on_success == OnSuccess::next_stage && size_t(event_.stage) + 1 < set_.stages.size())
      ++event_.stage;
    return Step::yes;
  }

  void note_error() {
    context_.expression_errors += !context_.silent;
    context_.last_error = context_.expr.error;
  }

  /// Most patterns of a node do not match a given line; a look for a literal that they all need costs a tenth
  /// of asking the pattern.
  static bool may_match(const GrokStep& step, std::string_view subject) {
    const auto& literals = step.grok.regex.required_literals();
    if (literals.empty()) return true;
    for (const std::string& literal : literals)
      if (::memmem(subject.data(), subject.size(), literal.data(), literal.size())) return true;
    return false;
  }

  Step grok(const Node& node, const GrokStep& step) {
    std::string_view subject;
    switch (step.from) {
      case GrokStep::From::line_raw:
        subject = event_.raw;
        break;
      case GrokStep::From::slot:
        if (!event_.parsed().has(step.slot.index)) return Step::no;
        subject = event_.get(step.slot);
        break;
      case GrokStep::From::expression: {
        Value value;
        if (!step.expression.eval(context_.expr, value)) {
          note_error();
          return Step::no;
        }
        subject = text_of(value);
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

  /// Text of what a grok's expression gave; other kinds read as "".
  std::string_view text_of(const Value& value) {
    char buffer[64];
    int n = 0;
    switch (value.kind) {
      case Value::Kind::string:
        return value.text();
      case Value::Kind::integer:
        n = std::snprintf(buffer, sizeof buffer, "%lld", static_cast<long long>(value.integer));
        break;
      case Value::Kind::real:
        n = std::snprintf(buffer, sizeof buffer, "%f", value.real);
        break;
      default:
        return {};
    }
    return event_.arena.copy({buffer, size_t(n) < sizeof buffer ? size_t(n) : sizeof buffer - 1});
  }

  /// False when a static gave a value that the format forbids: the line is lost.
  bool statics(const Node& node, const std::vector<Static>& list) {
    for (const Static& s : list) {
      std::string_view text = s.value;
      if (!s.has_value) {
        Value value;
        if (!s.expression.eval(context_.expr, value)) {
          note_error();
          continue;
        }
        switch (value.kind) {
          case Value::Kind::string:
          case Value::Kind::integer:
          case Value::Kind::real:
            text = text_of(value);
            break;
          case Value::Kind::nil:
          case Value::Kind::map:
          case Value::Kind::array:
            continue;
          default:
            context_.last_error = "a static gave a " + std::string(kind_name(value.kind)) +
                                  " where text is needed: " + s.expression.text();
            context_.expression_errors += !context_.silent;
            return false;
        }
      }
      apply(node, s, text);
    }
    return true;
  }

  static const char* kind_name(Value::Kind kind) {
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

  void apply(const Node& node, const Static& s, std::string_view text) {
    if (s.target == Static::Target::method) {
      if ((text.empty() && !s.method->runs_on_empty) || (context_.silent && s.method->reaches_out)) return;
      s.method->run(s.method->owner.get(), event_, text, context_.enrich);
      if (detail_) detail_->method(node, *s.method, text);
      return;
    }
    if (text.empty()) return;  // an empty result never clears what is there
    if (s.target == Static::Target::slot) {
      event_.set(s.slot, text);
      if (detail_) detail_->set(node, s.slot, text);
    }
    if (s.target != Static::Target::field) return;
    if (detail_) detail_->set_field(node, s.field, text);
    switch (s.field) {
      case EventField::none:
        break;
      case EventField::str_time:
        event_.str_time = text;
        break;
      case EventField::str_time_format:
        event_.str_time_format = text;
        break;
      case EventField::marshaled_time:
        set_marshaled(text);
        break;
      case EventField::whitelist_reason:
        event_.whitelist_reason = text;
        break;
      case EventField::line_raw:
        event_.raw = text;
        break;
      case EventField::line_src:
        event_.src = text;
        break;
      case EventField::line_module:
        event_.module = text;
        break;
    }
  }

  void set_marshaled(std::string_view text) {
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

  bool check_whitelist(const Node& node, const Whitelist& list) {
    bool hit = false;
    if (!list.ips.empty() || !list.cidrs.empty()) {
      if (const auto ip = Ip::parse(event_.get(set_.source_ip))) {
        for (const Ip& entry : list.ips) hit = hit || entry == *ip;
        for (const Prefix& entry : list.cidrs) hit = hit || entry.contains(*ip);
      }
    }
    for (const expr::Expression& e : list.expressions) {
      if (hit) break;
      const auto truth = e.test(context_.expr);
      if (truth == expr::Expression::Truth::yes) hit = true;
      if (truth == expr::Expression::Truth::failed) {
        note_error();
        break;
      }
    }
    if (hit && !event_.whitelisted) {
      event_.whitelisted = true;
      event_.whitelist_reason = list.reason;
    }
    if (hit && detail_) detail_->whitelisted(node, list.reason);
    return hit;
  }

  const ParserSet& set_;
  Event& event_;
  RunContext& context_;
  Trace* detail_;  ///< null unless somebody wants every detail
};

}  // namespace

Outcome run_stages(const ParserSet& set, Event& event, RunContext& context) {
  context.expr.event = &event;
  context.expr.arena = &event.arena;
  context.spans.clear();
  context.last_error.clear();
  Runner runner(set, event, context);
  event.stage = 0;
  for (size_t s = 0; s < set.stages.size(); ++s) {
    const ParserSet::Stage& stage = set.stages[s];
    if (event.stage > s) continue;
    if (event.stage != s) return Outcome::unparsed;
    event.stage_name = stage.name;
    bool ok = false;
    for (const auto& node : stage.nodes) {
      if (!context.silent) ++context.hits[node->id];
      const Step r = runner.node(*node);
      if (r == Step::lost) return Outcome::failed;
      event.stage_name = set.stages[event.stage].name;
      if (context.trace) context.trace->node(stage, *node, event, r == Step::yes);
      if (r == Step::yes) {
        if (!context.silent) ++context.ok[node->id];
        ok = true;
        if (node->on_success == OnSuccess::next_stage) break;
      }
      if (event.stage != s) break;
    }
    if (!ok) return Outcome::unparsed;
    // Nobody moved the event on and stages follow: it is lost there, as the format has it.
  }
  return event.whitelisted ? Outcome::whitelisted : Outcome::parsed;
}

}  // namespace testudo::parse
