#include "parse/date.h"

#include <charconv>
#include <ctime>

#include "base/text.h"

namespace testudo::parse {
namespace {

/// +hh:mm or -hhmm, in seconds.
std::optional<int> numeric_offset(std::string_view text) {
  std::string digits;
  for (size_t i = 1; i < text.size(); ++i)
    if (!(text[i] == ':' && i == 3)) digits += text[i];
  if (text.empty() || (text[0] != '+' && text[0] != '-') || digits.size() != 4) return std::nullopt;
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + 4, number);
  if (error != std::errc() || end != digits.data() + 4 || number < 0) return std::nullopt;
  const int hours = number / 100, minutes = number % 100;
  if (hours > 14 || minutes > 59) return std::nullopt;
  return (hours * 3600 + minutes * 60) * (text[0] == '-' ? -1 : 1);
}

/// Offset of this machine's zone at a local time.
int local_offset(int64_t local_seconds) {
  std::tm tm{};
  const auto t = static_cast<time_t>(local_seconds);
  gmtime_r(&t, &tm);
  tm.tm_isdst = -1;
  const time_t utc = mktime(&tm);
  return int(local_seconds - utc);
}

}  // namespace

Result<Zone> Zone::parse(std::string_view text) {
  const std::string word = lower_ascii(text);
  if (word == "utc" || word == "z" || word == "gmt") return Zone{};
  if (word == "local" || word == "system") return Zone{Kind::local, 0, nullptr};
  if (const auto offset = numeric_offset(text)) return Zone{Kind::fixed, *offset, nullptr};
  if (auto rules = ZoneRules::load(std::string(text))) return Zone{Kind::named, 0, std::move(*rules)};
  return Error{Code::bad_config,
               "unknown time zone '" + std::string(text.substr(0, 40)) + "'",
               {},
               "use UTC, local, an offset such as +02:00, or a name such as Europe/Berlin"};
}

int Zone::offset_at_local(int64_t local_seconds) const {
  switch (kind) {
    case Kind::utc:
      break;
    case Kind::fixed:
      return offset_seconds;
    case Kind::local:
      return local_offset(local_seconds);
    case Kind::named:
      return rules->offset_at_local(local_seconds);
  }
  return 0;
}

std::optional<Stamp> parse_log_date(std::string_view text, std::string_view custom_layout, TimePoint today,
                                    const Zone& zone) {
  if (text.empty() || text.size() > 256) return std::nullopt;
  if (!custom_layout.empty()) {
    // Content names few layouts; compiling one takes less than the formatting that follows it.
    if (auto stamp = Layout::compile(custom_layout).parse(text, today, zone)) return stamp;
  }
  static const std::vector<Layout> known = [] {
    std::vector<Layout> out;
    for (const char* layout :
         {"2006-01-02T15:04:05Z07:00", "02/Jan/2006:15:04:05 -0700", "Mon Jan 2 15:04:05 2006",
          "02-Jan-2006 15:04:05 europe/paris", "01/02/2006 15:04:05",
          "2006-01-02 15:04:05.999999999 -0700 MST", "Jan  2 15:04:05", "Mon Jan 02 15:04:05.000000 2006",
          "2006/01/02", "2006/01/02 15:04", "2006-01-02", "2006-01-02 15:04", "2006/01/02 15:04:05",
          "2006-01-02 15:04:05", "2006-01-02T15:04:05"})
      out.push_back(Layout::compile(layout));
    return out;
  }();
  for (const Layout& layout : known)
    if (auto stamp = layout.parse(text, today, zone)) return stamp;
  int64_t seconds = 0;
  const std::string_view whole = text.substr(0, text.find('.'));
  const auto [end, err] = std::from_chars(whole.data(), whole.data() + whole.size(), seconds);
  // 9 × 10⁹ seconds is the year 2255; beyond it nanoseconds would overflow.
  if (err == std::errc() && end == whole.data() + whole.size() && seconds > 0 && seconds < 9'000'000'000)
    return Stamp{from_unix_seconds(seconds), 0};
  return std::nullopt;
}

size_t write_rfc3339(const Stamp& stamp, char* out) {
  const TimePoint local = stamp.time + std::chrono::seconds(stamp.offset_seconds);
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  const int64_t ns = (local - day).count();
  const int64_t s = ns / 1'000'000'000;
  char* p = out;
  const auto two = [&p](int v) {
    *p++ = char('0' + v / 10);
    *p++ = char('0' + v % 10);
  };
  const int year = int(date.year());
  two(year / 100 % 100);
  two(year % 100);
  *p++ = '-';
  two(int(unsigned(date.month())));
  *p++ = '-';
  two(int(unsigned(date.day())));
  *p++ = 'T';
  two(int(s / 3600));
  *p++ = ':';
  two(int(s / 60 % 60));
  *p++ = ':';
  two(int(s % 60));
  if (int64_t fraction = ns % 1'000'000'000) {
    *p++ = '.';
    for (int64_t unit = 100'000'000; fraction > 0; unit /= 10) {
      *p++ = char('0' + fraction / unit);
      fraction %= unit;
    }
  }
  if (stamp.offset_seconds == 0) {
    *p++ = 'Z';
  } else {
    const int offset = stamp.offset_seconds < 0 ? -stamp.offset_seconds : stamp.offset_seconds;
    *p++ = stamp.offset_seconds < 0 ? '-' : '+';
    two(offset / 3600);
    *p++ = ':';
    two(offset / 60 % 60);
  }
  return size_t(p - out);
}

}  // namespace testudo::parse
