#include "api/filters.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"

namespace testudo {
namespace {

Error invalid(std::string message) { return {Code::bad_input, std::move(message)}; }

template <typename T>
std::optional<T> parse_integer(std::string_view text) {
  T number{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<int> parse_limit(std::string_view name, std::string_view text) {
  const auto number = parse_integer<int>(text);
  if (!number || *number < 0)
    return invalid(fmt::format("invalid {} value '{}': a number, 0 or more, is needed", name, text));
  return *number;
}

Result<Prefix> parse_address(std::string_view text) {
  const auto prefix = parse_target_prefix(text);
  if (!prefix)
    return invalid(fmt::format(
        "unable to convert '{}' to int: invalid ip address '{}': invalid ip address / range", text, text));
  return *prefix;
}

Result<bool> parse_contains(std::string_view text) {
  const auto on = parse_go_bool(text);
  if (!on)
    return invalid(fmt::format(
        "invalid contains value : strconv.ParseBool: parsing \"{}\": invalid syntax: invalid filter", text));
  return *on;
}

/// now − D.
Result<TimePoint> parse_ago(std::string_view text, TimePoint now) {
  const auto duration = parse_duration(text);
  if (!duration || *duration > now.time_since_epoch() || *duration < Duration::zero())
    return invalid(fmt::format("while parsing duration: time: invalid duration \"{}\"", text));
  return now - *duration;
}

std::vector<std::string> parse_list(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view part : split(text, ','))
    if (!trim(part).empty()) out.emplace_back(trim(part));
  return out;
}

}  // namespace

std::optional<Prefix> parse_target_prefix(std::string_view text) {
  const auto prefix = Prefix::parse(text);
  if (!prefix || prefix->ip.is_v4() || prefix->length < 96) return prefix;
  const Ip folded = prefix->ip.unmapped();
  return folded.is_v4() ? Prefix::of(folded, prefix->length - 96) : *prefix;
}

std::optional<bool> parse_go_bool(std::string_view text) {
  for (const char* yes : {"1", "t", "T", "TRUE", "true", "True"})
    if (text == yes) return true;
  for (const char* no : {"0", "f", "F", "FALSE", "false", "False"})
    if (text == no) return false;
  return std::nullopt;
}

Result<AlertQuery> alert_query(const NameValues& query, TimePoint now) {
  AlertQuery out;
  AlertFilter& filter = out.filter;
  bool include_capi = true;
  for (const auto& [name, value] : query) {
    if (name == "scope") {
      filter.scope = normalize_scope(value);
    } else if (name == "value") {
      filter.value = value;
    } else if (name == "scenario") {
      filter.scenario = value;
    } else if (name == "ip" || name == "range") {
      TESTUDO_TRY(filter.range, parse_address(value));
    } else if (name == "contains") {
      TESTUDO_TRY(filter.contains, parse_contains(value));
    } else if (name == "since") {
      TESTUDO_TRY(filter.since, parse_ago(value, now));
    } else if (name == "until") {
      TESTUDO_TRY(filter.until, parse_ago(value, now));
    } else if (name == "created_before") {
      TESTUDO_TRY(out.created_before, parse_ago(value, now));
    } else if (name == "simulated") {
      if (value == "false") filter.simulated = false;
    } else if (name == "has_active_decision") {
      const auto on = parse_go_bool(value);
      if (!on)
        return invalid(fmt::format(
            "'{}' is not a boolean: strconv.ParseBool: parsing \"{}\": invalid syntax: unable to parse type",
            value, value));
      filter.has_active_decision = *on;
    } else if (name == "decision_type") {
      filter.decision_type = value;
    } else if (name == "origin") {
      filter.origin = value;
    } else if (name == "include_capi") {
      const auto on = parse_go_bool(value);
      if (!on) return invalid(fmt::format("invalid include_capi value '{}'", value));
      include_capi = *on;
    } else if (name == "kind") {
      filter.kind = value;
    } else if (name == "limit") {
      TESTUDO_TRY(filter.limit, parse_limit(name, value));
    } else if (name == "sort") {
      if (value == "ASC") filter.ascending = true;
    } else if (name == "with_decisions") {
      const auto on = parse_go_bool(value);
      if (!on) return invalid(fmt::format("invalid with_decisions value '{}'", value));
      filter.with_decisions = *on;
    } else {
      return invalid(fmt::format("Filter parameter '{}' is unknown (={}): invalid filter", name, value));
    }
  }
  filter.include_capi = include_capi || !filter.origin.empty();
  return out;
}

Result<DecisionQuery> decision_query(const NameValues& query) {
  DecisionQuery out;
  DecisionFilter& filter = out.filter;
  for (const auto& [name, value] : query) {
    if (name == "ip" || name == "range") {
      TESTUDO_TRY(filter.range, parse_address(value));
    } else if (name == "contains") {
      TESTUDO_TRY(filter.contains, parse_contains(value));
    } else if (name == "scope" || name == "scopes") {
      for (const std::string& scope : parse_list(value)) filter.scopes.push_back(normalize_scope(scope));
    } else if (name == "value") {
      filter.value = value;
    } else if (name == "type") {
      filter.type = value;
    } else if (name == "origins") {
      filter.origins = parse_list(value);
    } else if (name == "scenarios_containing") {
      filter.scenarios_containing = parse_list(value);
    } else if (name == "scenarios_not_containing") {
      filter.scenarios_not_containing = parse_list(value);
    } else if (name == "simulated") {
      filter.include_simulated = value != "false";
    } else if (name == "limit") {
      TESTUDO_TRY(out.limit, parse_limit(name, value));
      out.paged = true;
    } else if (name == "offset") {
      TESTUDO_TRY(out.offset, parse_limit(name, value));
      out.paged = true;
    } else if (name == "id_gt") {
      const auto id = parse_integer<int64_t>(value);
      if (!id) return invalid(fmt::format("invalid id_gt value '{}'", value));
      out.id_gt = *id;
      out.paged = true;
    }
  }
  return out;
}

Result<DecisionFilter> deletion_filter(const NameValues& query) {
  DecisionFilter filter;
  filter.include_simulated = true;
  for (const auto& [name, value] : query) {
    if (name == "ip" || name == "range") {
      TESTUDO_TRY(filter.range, parse_address(value));
    } else if (name == "contains") {
      TESTUDO_TRY(filter.contains, parse_contains(value));
    } else if (name == "scope" || name == "scopes") {
      filter.scopes = {normalize_scope(value)};
    } else if (name == "value") {
      filter.value = value;
    } else if (name == "type") {
      filter.type = value;
    } else if (name == "origin") {
      filter.origins = {value};
    } else if (name == "scenario") {
      filter.scenario = value;
    } else if (name == "uuid") {
      filter.uuids.push_back(value);
    } else {
      return invalid(fmt::format("'{}' doesn't exist: invalid filter", name));
    }
    if (value.empty()) return invalid(fmt::format("'{}' is empty: invalid filter", name));
  }
  return filter;
}

}  // namespace testudo
