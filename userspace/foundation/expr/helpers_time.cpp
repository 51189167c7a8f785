// Clocks, intervals, the machine's name.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "expr/helpers.h"
#include "expr/text_tools.h"

namespace testudo::expr {
namespace {

constexpr Type kS = Type::string, kU = Type::unknown, kA = Type::array, kD = Type::duration;

bool time_now(const void*, Context& c, const Value*, size_t, Value& out) {
  return copy_text(c, format_rfc3339_seconds(now()), out);
}

bool parse_unix(const void*, Context& c, const Value* a, size_t, Value& out) {
  const std::string_view text = a[0].text().substr(0, a[0].text().find('.'));
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  out = Value::of(std::string_view());
  // Up to the year 2262: nanoseconds do not reach further.
  if (error != std::errc() || end != text.data() + text.size() || seconds <= 0 || seconds > 9'223'372'036)
    return true;
  return copy_text(c, format_rfc3339_seconds(from_unix_seconds(seconds)), out);
}

// Intervals between neighbours after sorting.
bool intervals(Context& ctx, std::string_view name, const ValueArray& times, std::vector<int64_t>& steps) {
  if (times.size < 2) return fail(ctx, {name, " needs two times or more"});
  std::vector<int64_t> sorted;
  for (uint32_t i = 0; i < times.size; ++i) {
    if (times.items[i].kind != Value::Kind::time) return fail(ctx, {name, " needs a list of times"});
    sorted.push_back(times.items[i].integer);
  }
  std::sort(sorted.begin(), sorted.end());
  for (size_t i = 1; i < sorted.size(); ++i)
    steps.push_back(int64_t(uint64_t(sorted[i]) - uint64_t(sorted[i - 1])));
  return true;
}

bool median_interval(const void*, Context& c, const Value* a, size_t, Value& out) {
  std::vector<int64_t> steps;
  if (!intervals(c, "MedianInterval", *a[0].array, steps)) return false;
  std::sort(steps.begin(), steps.end());
  const size_t half = steps.size() / 2;
  out = Value::duration(steps.size() % 2 ? steps[half]
                                         : steps[half - 1] / 2 + steps[half] / 2 +
                                               (steps[half - 1] % 2 + steps[half] % 2) / 2);
  return true;
}
bool average_interval(const void*, Context& c, const Value* a, size_t, Value& out) {
  std::vector<int64_t> steps;
  if (!intervals(c, "AverageInterval", *a[0].array, steps)) return false;
  uint64_t sum = 0;  // the steps add up to last minus first
  for (const int64_t step : steps) sum += uint64_t(step);
  out = Value::duration(int64_t(sum) / int64_t(steps.size()));
  return true;
}

bool hostname(const void*, Context& c, const Value*, size_t, Value& out) {
  char name[256] = {};
  if (gethostname(name, sizeof name - 1) != 0) return fail(c, {"Hostname: the system does not say"});
  return copy_text(c, name, out);
}

bool log_info(const void*, Context& c, const Value* a, size_t n, Value& out) {
  std::string text;
  if (!format_text(c, a[0].text(), a + 1, n - 1, text)) return false;
  log::info("expression.log", {{"text", text}});
  out = Value::of(true);
  return true;
}

const Helper rows[] = {
    {"TimeNow", "the present time, RFC 3339, UTC", {}, false, kS, false, time_now},
    {"ParseUnix",
     "RFC 3339 of seconds since 1970; empty when it is no number",
     {kS},
     false,
     kS,
     true,
     parse_unix},
    {"MedianInterval", "median of the intervals between times", {kA}, false, kD, false, median_interval},
    {"AverageInterval", "mean of the intervals between times", {kA}, false, kD, false, average_interval},
    {"Hostname", "name of this machine", {}, false, kS, false, hostname},
    {"LogInfo", "writes a line to the log; true", {kS, kU}, true, Type::boolean, false, log_info},
};

}  // namespace

void add_time_helpers(HelperTable& table) { table.insert(table.end(), std::begin(rows), std::end(rows)); }

}  // namespace testudo::expr
