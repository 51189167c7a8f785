#include "detect/scenario.h"

namespace testudo::detect {
namespace {

Result<expr::Expression> expression(const YamlNode& yaml, const char* key, expr::Type expect,
                                    ScenarioEnv& env) {
  const YamlNode* node = yaml.find(key);
  if (!node || node->is_null() || node->text().empty()) return expr::Expression();
  if (!node->is_scalar()) return node->error(std::string(key) + " must be an expression");
  expr::CompileOptions options;
  options.slots = &env.slots;
  options.helpers = env.helpers;
  options.texts = env.texts;
  options.expect = expect;
  return expr::Expression::compile(node->text(), node->content_where(), options);
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

  const YamlNode* type = yaml.find("type");
  const std::string kind = type && type->is_scalar() ? type->text() : "leaky";
  if (kind == "leaky")
    out->type = BucketType::leaky;
  else if (kind == "trigger")
    out->type = BucketType::trigger;
  else if (kind == "counter" || kind == "conditional" || kind == "bayesian")
    return Error{Code::unsupported, "buckets of type " + kind + " are not supported yet", type->where(),
                 "this scenario is off; the others run"};
  else
    return type->error("unknown bucket type '" + kind + "'", "types are leaky and trigger");
  for (const char* key : {"cancel_on", "overflow_filter", "condition"}) {
    const YamlNode* node = yaml.find(key);
    if (node && !node->is_null() && !node->text().empty())
      return Error{Code::unsupported, std::string(key) + " is not supported yet", node->where(),
                   "this scenario is off; the others run"};
  }

  TESTUDO_TRY(out->filter, expression(yaml, "filter", expr::Type::boolean, env));
  TESTUDO_TRY(out->groupby, expression(yaml, "groupby", expr::Type::string, env));
  TESTUDO_TRY(out->distinct, expression(yaml, "distinct", expr::Type::unknown, env));
  TESTUDO_TRY(out->capacity, number(yaml, "capacity"));
  TESTUDO_TRY(out->cache_size, number(yaml, "cache_size"));
  TESTUDO_TRY(out->leakspeed, duration(yaml, "leakspeed"));
  TESTUDO_TRY(out->blackhole, duration(yaml, "blackhole"));
  const YamlNode* capacity = yaml.find("capacity");
  const YamlNode* leak = yaml.find("leakspeed");
  if (out->type == BucketType::leaky) {
    if (out->capacity <= 0)
      return (capacity ? *capacity : yaml)
          .error("the capacity of a leaky bucket must be 1 or more",
                 "capacity 5 overflows on the sixth event");
    if (out->leakspeed <= Duration(0))
      return (leak ? *leak : yaml).error("the leakspeed of a leaky bucket must be longer than 0");
    if (out->leakspeed > 24h * 366) return leak->error("the leakspeed must not be longer than a year");
    // Bucket times are nanoseconds in 64 bits.
    if (double(out->leakspeed.count()) * (out->capacity + 1.0) > 3e18)
      return leak->error("capacity and leakspeed together make a bucket that lives for more than 95 years");
    out->leakspeed_text = format_duration(out->leakspeed);
  } else if (out->capacity != 0) {
    return capacity->error("a trigger takes no capacity");
  }
  if (out->blackhole < Duration(0)) return yaml.find("blackhole")->error("blackhole must not be negative");
  if (const YamlNode* flag = yaml.find("reprocess"); flag && !flag->is_null()) {
    TESTUDO_TRY(out->reprocess, flag->as_bool("reprocess"));
  }
  TESTUDO_CHECK(read_labels(yaml, *out));
  TESTUDO_CHECK(read_scope(yaml, *out, env));
  return out;
}

void add_scenario(ScenarioSet& set, std::unique_ptr<Scenario> scenario) {
  scenario->id = uint32_t(set.scenarios.size());
  scenario->partition = set.partitions;
  for (const auto& other : set.scenarios)
    if (other->name == scenario->name && other->filter.text() == scenario->filter.text())
      scenario->partition = other->partition;
  if (scenario->partition == set.partitions) ++set.partitions;
  set.scenarios.push_back(std::move(scenario));
}

void finish(ScenarioSet& set, SlotNames& slots) {
  set.source_ip = slots.intern(Bag::meta, "source_ip");
  set.source_range = slots.intern(Bag::meta, "SourceRange");
  set.as_number = slots.intern(Bag::enriched, "ASNumber");
  set.asn_number = slots.intern(Bag::enriched, "ASNNumber");
  set.as_name = slots.intern(Bag::enriched, "ASNOrg");
  set.country = slots.intern(Bag::enriched, "IsoCode");
  set.latitude = slots.intern(Bag::enriched, "Latitude");
  set.longitude = slots.intern(Bag::enriched, "Longitude");
}

}  // namespace testudo::detect
