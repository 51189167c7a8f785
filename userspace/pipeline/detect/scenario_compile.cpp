#include "detect/scenario.h"

#include <algorithm>

#include "detect/shape.h"
#include "expr/text_tests.h"

namespace testudo::detect {
namespace {

Result<expr::Expression> expression(const YamlNode& yaml, const char* key, expr::Type expect,
                                    ScenarioEnv& env, expr::Scope scope = expr::Scope::event) {
  const YamlNode* node = yaml.find(key);
  if (!node || node->is_null() || (node->is_scalar() && node->text().empty())) return expr::Expression();
  if (!node->is_scalar()) return node->error(std::string(key) + " must be an expression");
  expr::CompileOptions options;
  options.scope = scope;
  options.slots = &env.slots;
  options.helpers = env.helpers;
  options.expect = expect;
  // What is asked of buckets is not asked of every event: its constants are no part of the common search.
  if (scope == expr::Scope::event) options.texts = env.texts;
  return expr::Expression::compile(node->text(), node->content_where(), options);
}

/// cancel_on, condition: on the event alone, or on the event as a bucket keeps it.
Result<expr::Expression> question(const YamlNode& yaml, const char* key, ScenarioEnv& env, bool& early) {
  const YamlNode* node = yaml.find(key);
  if (!node || !node->is_scalar() || node->text().empty())
    return expression(yaml, key, expr::Type::boolean, env);
  const std::string& text = node->text();
  early = !mentions(text, "queue") && !mentions(text, "leaky");
  if (early) return expression(yaml, key, expr::Type::boolean, env);
  if (const std::string_view missing = beyond_image(text, true); !missing.empty())
    return Error{Code::unsupported,
                 std::string(key) + " reads queue or leaky together with evt." + std::string(missing) +
                     ", which a bucket does not keep",
                 node->content_where(), "let a parser copy it to a Meta field and read that"};
  return expression(yaml, key, expr::Type::boolean, env, expr::Scope::bucket);
}

Result<Duration> duration(const YamlNode& yaml, const char* key) {
  const YamlNode* node = yaml.find(key);
  if (!node || node->is_null() || node->text().empty()) return Duration(0);
  return node->as_duration(key);
}

Result<int32_t> number(const YamlNode& yaml, const char* key) {
  const YamlNode* node = yaml.find(key);
  if (!node || node->is_null()) return int32_t(0);
  TESTUDO_TRY(const int64_t value, node->as_int(key));
  if (value < -1 || value > 1'000'000)
    return node->error(std::string(key) + " must lie between -1 and 1,000,000, not " + node->text());
  return int32_t(value);
}

Result<void> read_labels(const YamlNode& yaml, Scenario& out) {
  const YamlNode* labels = yaml.find("labels");
  if (!labels || labels->is_null()) return {};
  if (!labels->is_map()) return labels->error("labels must be a mapping");
  for (const auto& [key, value] : labels->entries()) {
    if (!value.is_scalar()) continue;
    if (key == "remediation") {
      // The text "true" in quotes does not count, by the format.
      const auto flag = value.as_bool("remediation");
      out.remediation = flag.ok() && *flag;
    }
    if (key == "label") out.label = value.text();
    out.labels.push_back(key + ":" + value.text());
  }
  return {};
}

Result<void> read_scope(const YamlNode& yaml, Scenario& out, ScenarioEnv& env) {
  const YamlNode* scope = yaml.find("scope");
  if (!scope || scope->is_null()) return {};
  if (!scope->is_map()) return scope->error("scope must be a mapping with type and expression");
  Errors unknown;
  scope->check_keys("scope", {"type", "expression"}, unknown);
  if (!unknown.empty()) return unknown[0];
  if (const YamlNode* type = scope->find("type"); type && !type->text().empty()) out.scope = type->text();
  TESTUDO_TRY(out.scope_expression, expression(*scope, "expression", expr::Type::unknown, env));
  if (out.scope == "Ip" && out.scope_expression) return scope->error("the scope Ip takes no expression");
  if (out.scope != "Ip" && out.scope != "Range" && !out.scope_expression)
    return scope->error("the scope " + out.scope + " needs an expression that gives its value");
  return {};
}

Result<void> read_type(const YamlNode& yaml, Scenario& out) {
  const YamlNode* type = yaml.find("type");
  if (!type || type->is_null()) return {};
  for (const BucketType one : {BucketType::leaky, BucketType::trigger, BucketType::counter,
                               BucketType::conditional, BucketType::bayesian})
    if (type->is_scalar() && type->text() == type_name(one)) {
      out.type = one;
      return {};
    }
  return type->error("unknown bucket type '" + (type->is_scalar() ? type->text() : std::string()) + "'",
                     "types are leaky, trigger, counter, conditional and bayesian");
}

Result<void> read_overflow_filter(const YamlNode& yaml, Scenario& out, ScenarioEnv& env) {
  const YamlNode* node = yaml.find("overflow_filter");
  if (node && node->is_scalar() && mentions(node->text(), "evt"))
    return Error{Code::bad_content, "an overflow_filter does not know evt: it looks at the whole bucket",
                 node->content_where(), "use queue, signal and leaky; queue.Queue[-1] is the last event"};
  TESTUDO_TRY(out.overflow_filter,
              expression(yaml, "overflow_filter", expr::Type::boolean, env, expr::Scope::bucket));
  return {};
}

/// Conditions that look at the end of the queue only.
Result<void> find_window(const YamlNode& yaml, Scenario& out, ScenarioEnv& env) {
  if (!out.condition || out.early_condition) return {};
  out.window = window_of(out.condition.text(), env.slots);
  if (!out.window || out.window->predicate.empty() || out.window->equal_slot) return {};
  expr::CompileOptions options;
  options.scope = expr::Scope::bucket;
  options.slots = &env.slots;
  options.helpers = env.helpers;
  options.expect = expr::Type::boolean;
  TESTUDO_TRY(out.window_match,
              expr::Expression::compile("count(queue.Queue, {" + out.window->predicate + "}) == 1",
                                        yaml.find("condition")->content_where(), options));
  return {};
}

/// A share: more than 0 (or 0 as well), at most 1.
Result<float> share(const YamlNode& yaml, const char* key, bool zero) {
  const YamlNode* node = yaml.find(key);
  if (!node || node->is_null()) return yaml.error(std::string(key) + " is missing");
  TESTUDO_TRY(const double value, node->as_double(key));
  if (!(value <= 1) || value < 0 || (value == 0 && !zero))
    return node->error(std::string(key) + " must lie between 0 and 1, not " + node->text());
  return float(value);
}

Result<void> read_evidence(const YamlNode& yaml, Scenario& out, ScenarioEnv& env) {
  const YamlNode* list = yaml.find("bayesian_conditions");
  if (out.type != BucketType::bayesian) {
    if (list && !list->is_null()) return list->error("bayesian_conditions belong to a bayesian bucket");
    return {};
  }
  TESTUDO_TRY(out.prior, share(yaml, "bayesian_prior", false));
  TESTUDO_TRY(out.threshold, share(yaml, "bayesian_threshold", false));
  if (!list || !list->is_sequence() || list->items().empty())
    return (list ? *list : yaml).error("a bayesian bucket needs bayesian_conditions, a list");
  for (const YamlNode& item : list->items()) {
    if (!item.is_map()) return item.error("a bayesian condition must be a mapping");
    Errors unknown;
    item.check_keys("a bayesian condition",
                    {"condition", "prob_given_evil", "prob_given_benign", "guillotine"}, unknown);
    if (!unknown.empty()) return unknown[0];
    Evidence one;
    const YamlNode* text = item.find("condition");
    if (!text || !text->is_scalar() || text->text().empty())
      return item.error("a bayesian condition needs a condition");
    if (const std::string_view missing = beyond_image(text->text(), true); !missing.empty())
      return Error{
          Code::unsupported,
          "a bayesian condition cannot read evt." + std::string(missing) + ", which a bucket does not keep",
          text->content_where(), "let a parser copy it to a Meta field and read that"};
    TESTUDO_TRY(one.condition, expression(item, "condition", expr::Type::boolean, env, expr::Scope::bucket));
    TESTUDO_TRY(one.given_evil, share(item, "prob_given_evil", true));
    TESTUDO_TRY(one.given_benign, share(item, "prob_given_benign", true));
    if (const YamlNode* flag = item.find("guillotine"); flag && !flag->is_null()) {
      TESTUDO_TRY(one.guillotine, flag->as_bool("guillotine"));
    }
    out.evidence.push_back(std::move(one));
    if (out.evidence.size() > 64) return item.error("a bayesian bucket has at most 64 conditions");
  }
  return {};
}

/// What each type demands (engine-spec §5.1).
Result<void> check_type(const YamlNode& yaml, const Scenario& s) {
  const auto at = [&](const char* key) -> const YamlNode& {
    const YamlNode* node = yaml.find(key);
    return node ? *node : yaml;
  };
  switch (s.type) {
    case BucketType::leaky:
      if (s.capacity <= 0)
        return at("capacity")
            .error("the capacity of a leaky bucket must be 1 or more",
                   "capacity 5 overflows on the sixth event");
      if (s.leakspeed <= Duration(0))
        return at("leakspeed").error("the leakspeed of a leaky bucket must be longer than 0");
      return {};
    case BucketType::trigger:
      if (s.capacity != 0) return at("capacity").error("a trigger takes no capacity");
      return {};
    case BucketType::counter:
      if (s.capacity != -1)
        return at("capacity").error("the capacity of a counter must be -1", "its duration makes it overflow");
      if (s.duration <= Duration(0))
        return at("duration").error("the duration of a counter must be longer than 0");
      return {};
    case BucketType::conditional:
      if (!s.condition) return at("condition").error("a conditional bucket needs a condition");
      if (s.leakspeed <= Duration(0))
        return at("leakspeed")
            .error("the leakspeed of a conditional bucket must be longer than 0",
                   "it is the time after which a quiet bucket is forgotten");
      return {};
    case BucketType::bayesian:
      if (s.capacity != -1)
        return at("capacity")
            .error("the capacity of a bayesian bucket must be -1", "its conditions make it overflow");
      return {};
  }
  return {};
}

/// Bucket times are nanoseconds in 64 bits.
Result<void> check_times(const YamlNode& yaml, const Scenario& s) {
  for (const auto& [key, value] :
       {std::pair{"leakspeed", s.leakspeed}, {"duration", s.duration}, {"blackhole", s.blackhole}}) {
    const YamlNode* node = yaml.find(key);
    if (!node) continue;
    if (value < Duration(0)) return node->error(std::string(key) + " must not be negative");
    if (value > 24h * 366) return node->error(std::string(key) + " must not be longer than a year");
  }
  if (double(s.leakspeed.count()) * (s.capacity + 1.0) > 3e18)
    return yaml.find("leakspeed")
        ->error("capacity and leakspeed together make a bucket that lives for more than 95 years");
  return {};
}

}  // namespace

Result<std::unique_ptr<Scenario>> compile_scenario(const YamlNode& yaml, ScenarioEnv& env) {
  if (!yaml.is_map()) return yaml.error("a scenario must be a mapping");
  Errors unknown;
  yaml.check_keys("a scenario",
                  {"format",
                   "type",
                   "name",
                   "description",
                   "references",
                   "filter",
                   "groupby",
                   "distinct",
                   "capacity",
                   "leakspeed",
                   "duration",
                   "blackhole",
                   "labels",
                   "scope",
                   "reprocess",
                   "cache_size",
                   "cancel_on",
                   "overflow_filter",
                   "condition",
                   "bayesian_prior",
                   "bayesian_threshold",
                   "bayesian_conditions",
                   "data",
                   "debug",
                   "version",
                   "author",
                   "yields_to"},
                  unknown);
  if (!unknown.empty()) return unknown[0];
  if (const YamlNode* format = yaml.find("format"); format && !format->is_null()) {
    const auto version = format->as_double("format");
    if (!version || *version < 1.0 || *version > 3.0) {
      env.notes.push_back(format->error("format '" + format->text() +
                                        "' is not known (1.0 to 3.0 are): the document is skipped"));
      return std::unique_ptr<Scenario>();
    }
  }
  auto out = std::make_unique<Scenario>();
  out->where = yaml.where();
  for (const char* key : {"name", "description", "filter"}) {
    const YamlNode* node = yaml.find(key);
    if (!node || !node->is_scalar() || node->text().empty())
      return yaml.error(std::string("a scenario needs a ") + key);
  }
  out->name = yaml.find("name")->text();
  out->description = yaml.find("description")->text();
  if (const YamlNode* version = yaml.find("version"); version && version->is_scalar())
    out->version = version->text();

  TESTUDO_CHECK(read_type(yaml, *out));
  TESTUDO_TRY(out->filter, expression(yaml, "filter", expr::Type::boolean, env));
  out->map_key = MapKey(out->filter.text(), out->name);
  if (env.texts)
    for (const uint32_t row : out->filter.guard()) {
      const uint32_t subject = env.texts->subject_of(row);
      if (std::find(out->guard_subjects.begin(), out->guard_subjects.end(), subject) ==
          out->guard_subjects.end())
        out->guard_subjects.push_back(subject);
    }
  TESTUDO_TRY(out->groupby, expression(yaml, "groupby", expr::Type::string, env));
  TESTUDO_TRY(out->distinct, expression(yaml, "distinct", expr::Type::unknown, env));
  TESTUDO_TRY(out->cancel_on, question(yaml, "cancel_on", env, out->early_cancel));
  TESTUDO_TRY(out->condition, question(yaml, "condition", env, out->early_condition));
  TESTUDO_CHECK(find_window(yaml, *out, env));
  TESTUDO_CHECK(read_overflow_filter(yaml, *out, env));
  TESTUDO_TRY(out->capacity, number(yaml, "capacity"));
  TESTUDO_TRY(out->cache_size, number(yaml, "cache_size"));
  TESTUDO_TRY(out->leakspeed, duration(yaml, "leakspeed"));
  TESTUDO_TRY(out->duration, duration(yaml, "duration"));
  TESTUDO_TRY(out->blackhole, duration(yaml, "blackhole"));
  TESTUDO_CHECK(read_evidence(yaml, *out, env));
  TESTUDO_CHECK(check_type(yaml, *out));
  TESTUDO_CHECK(check_times(yaml, *out));
  if (out->type != BucketType::trigger) out->leakspeed_text = format_duration(out->leakspeed);
  if (const YamlNode* flag = yaml.find("reprocess"); flag && !flag->is_null()) {
    TESTUDO_TRY(out->reprocess, flag->as_bool("reprocess"));
  }
  TESTUDO_CHECK(read_labels(yaml, *out));
  TESTUDO_CHECK(read_scope(yaml, *out, env));
  return out;
}

}  // namespace testudo::detect
