#include "store/filter_sql.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "store/rows.h"

namespace testudo::store {

namespace {

constexpr size_t list_max = 500;   // SQLite allows expressions 1,000 deep
constexpr size_t word_max = 1024;  // LIKE patterns may have 50,000 bytes

// A pattern for LIKE … ESCAPE '!' that finds `word` anywhere, in lower case.
std::string like_pattern(const std::string& word) {
  std::string pattern = "%";
  for (const char c : lower_ascii(word)) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + "%";
}

class Builder {
 public:
  void add(std::string_view condition, const std::vector<SqlValue>& values = {}) {
    text_ += text_.empty() ? " WHERE " : " AND ";
    text_ += condition;
    values_.insert(values_.end(), values.begin(), values.end());
  }

  /// Empty = no condition.
  void equals(std::string_view condition, const std::string& value) {
    if (!value.empty()) add(condition, {value});
  }

  void in(std::string_view column, const std::vector<std::string>& list) {
    if (list.empty()) return;
    add(fmt::format("{} IN ({})", column, marks(list.size())));
    for (const std::string& item : list) values_.emplace_back(item);
  }

  /// The scenario has any of the words in it, in any case; `wrap` has a {} for that. One group and not one
  /// condition a word: SQLite counts depth along a chain.
  void contains_any(fmt::format_string<std::string&> wrap, const std::vector<std::string>& words) {
    if (words.empty()) return;
    std::string any;
    std::vector<SqlValue> values;
    for (const std::string& word : words) {
      if (!any.empty()) any += " OR ";
      any += "lower(scenario) LIKE ? ESCAPE '!'";
      values.emplace_back(like_pattern(word));
    }
    add(fmt::format(wrap, any), values);
  }

  /// Conditions on decisions' prefix; `wrap` has a {} for them.
  void range(fmt::format_string<std::string&> wrap, const Prefix& prefix, bool contains) {
    std::string condition;
    std::vector<SqlValue> values{int64_t(prefix.ip.family)};
    if (contains) {
      const auto starts = ancestor_starts(prefix);
      condition =
          fmt::format("family = ? AND prefix_start IN ({}) AND prefix_end >= ?", marks(starts.size()));
      values.insert(values.end(), starts.begin(), starts.end());
      values.emplace_back(last_address(prefix));
    } else {
      condition = "family = ? AND prefix_start >= ? AND prefix_start <= ? AND prefix_end <= ?";
      values.emplace_back(first_address(prefix));
      values.emplace_back(last_address(prefix));
      values.emplace_back(last_address(prefix));
    }
    add(fmt::format(wrap, condition));
    values_.insert(values_.end(), values.begin(), values.end());
  }

  void limit(int rows) {
    if (rows <= 0) return;
    tail_ += " LIMIT ?";
    tail_values_.emplace_back(int64_t(rows));
  }
  void order(std::string_view by) { tail_ = fmt::format(" ORDER BY {}", by) + tail_; }

  Condition finish() && {
    values_.insert(values_.end(), tail_values_.begin(), tail_values_.end());
    return {text_ + tail_, std::move(values_)};
  }

 private:
  static std::string marks(size_t count) {
    std::string text = "?";
    for (size_t i = 1; i < count; ++i) text += ", ?";
    return text;
  }

  static std::vector<AddressBytes> ancestor_starts(const Prefix& prefix) {
    std::vector<AddressBytes> starts;
    for (int length = 0; length <= prefix.length; ++length) {
      const AddressBytes start = Prefix::of(prefix.ip, length).ip.bytes;
      if (starts.empty() || starts.back() != start) starts.push_back(start);
    }
    // Repeated up to a multiple of 8, so that few texts of the query exist and are kept prepared.
    while (starts.size() % 8 != 0) starts.push_back(starts.back());
    return starts;
  }

  std::string text_, tail_;
  std::vector<SqlValue> values_, tail_values_;
};

Result<void> check_list(std::string_view name, const std::vector<std::string>& list) {
  if (list.size() > list_max)
    return Error{Code::too_large,
                 fmt::format("{} has {} entries, at most {} are taken", name, list.size(), list_max),
                 {},
                 "ask several times with shorter lists"};
  for (const std::string& word : list)
    if (word.size() > word_max)
      return Error{Code::too_large, fmt::format("{} has an entry of {} bytes, at most {} are taken", name,
                                                word.size(), word_max)};
  return {};
}

}  // namespace

Result<Condition> condition_of(const AlertFilter& filter, TimePoint now) {
  Builder all;
  const SqlValue now_ns = unix_nanos(now);
  if (filter.id) all.add("id = ?", {*filter.id});
  all.equals("source_scope = ?", normalize_scope(filter.scope));
  all.equals("source_value = ?", filter.value);
  all.equals("kind = ?", filter.kind);
  if (!filter.scenario.empty())
    all.add(
        "(scenario = ? OR EXISTS (SELECT 1 FROM decisions d WHERE d.alert_id = alerts.id AND d.scenario = "
        "?))",
        {filter.scenario, filter.scenario});
  all.equals("EXISTS (SELECT 1 FROM decisions d WHERE d.alert_id = alerts.id AND d.origin = ?)",
             filter.origin);
  all.equals("EXISTS (SELECT 1 FROM decisions d WHERE d.alert_id = alerts.id AND d.type = ?)",
             filter.decision_type);
  if (filter.range)
    all.range("id IN (SELECT alert_id FROM decisions WHERE {})", *filter.range, filter.contains);
  if (filter.since) all.add("start_ns >= ?", {unix_nanos(*filter.since)});
  if (filter.until) all.add("start_ns <= ?", {unix_nanos(*filter.until)});
  // Only `false` restricts (api-spec §4.3).
  if (filter.simulated && !*filter.simulated) all.add("simulated = 0");
  if (filter.has_active_decision) {
    if (*filter.has_active_decision)
      all.add("EXISTS (SELECT 1 FROM decisions d WHERE d.alert_id = alerts.id AND d.until_ns >= ?)",
              {now_ns});
    else  // no decision at all, not: none active
      all.add("NOT EXISTS (SELECT 1 FROM decisions d WHERE d.alert_id = alerts.id)");
  }
  if (!filter.include_capi && filter.origin.empty()) {
    all.add(
        "NOT EXISTS (SELECT 1 FROM decisions d WHERE d.alert_id = alerts.id AND d.origin IN ('CAPI', "
        "'lists'))");
    all.add(
        "NOT ((source_scope LIKE 'lists:%' OR source_scope = 'crowdsecurity/community-blocklist') AND NOT "
        "EXISTS "
        "(SELECT 1 FROM decisions d WHERE d.alert_id = alerts.id))");
  }
  all.order(filter.ascending ? "created_ns, id" : "created_ns DESC, id DESC");
  all.limit(filter.limit);
  return std::move(all).finish();
}

Result<Condition> condition_of(const DecisionFilter& filter, TimePoint now) {
  TESTUDO_CHECK(check_list("scopes", filter.scopes));
  TESTUDO_CHECK(check_list("origins", filter.origins));
  TESTUDO_CHECK(check_list("uuids", filter.uuids));
  TESTUDO_CHECK(check_list("scenarios_containing", filter.scenarios_containing));
  TESTUDO_CHECK(check_list("scenarios_not_containing", filter.scenarios_not_containing));
  Builder all;
  if (filter.id) all.add("id = ?", {*filter.id});
  std::vector<std::string> scopes;
  for (const std::string& scope : filter.scopes) scopes.push_back(normalize_scope(scope));
  all.in("scope", scopes);
  all.in("origin", filter.origins);
  all.in("uuid", filter.uuids);
  all.equals("value = ?", filter.value);
  all.equals("type = ?", filter.type);
  all.equals("scenario = ?", filter.scenario);
  all.contains_any("({})", filter.scenarios_containing);
  all.contains_any("NOT ({})", filter.scenarios_not_containing);
  if (filter.range) all.range("{}", *filter.range, filter.contains);
  if (!filter.include_simulated) all.add("simulated = 0");
  if (!filter.include_expired) all.add("until_ns >= ?", {unix_nanos(now)});
  all.order("id");
  all.limit(filter.limit);
  return std::move(all).finish();
}

}  // namespace testudo::store
