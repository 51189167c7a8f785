#include "expr/layout.h"

#include <array>

#include "base/text.h"

namespace testudo::expr {
namespace {

constexpr std::string_view months[] = {"January", "February", "March",     "April",   "May",      "June",
                                       "July",    "August",   "September", "October", "November", "December"};
constexpr std::string_view weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                         "Thursday", "Friday", "Saturday"};

// Longest first: the first that fits is the element.
constexpr std::array<std::string_view, 26> elements = {
    "January", "Monday", "2006", "Z07:00", "-07:00", "Z0700", "-0700", "002", "Jan", "Mon", "MST", "15", "01",
    "02",      "03",     "04",   "05",     "06",     "_2",    "PM",    "pm",  "1",   "2",   "3",   "4",  "5"};

std::string_view element_at(std::string_view layout) {
  for (const std::string_view one : elements)
    if (layout.starts_with(one)) return one;
  return {};
}

void number(std::string& out, int64_t value, int width, char fill = '0') {
  const std::string digits = std::to_string(value);
  if (int(digits.size()) < width) out.append(size_t(width) - digits.size(), fill);
  out += digits;
}

// ".000" or ".999" (also with a comma) behind seconds: the length of the run, or 0.
size_t fraction_length(std::string_view layout) {
  if (layout.size() < 2 || (layout[0] != '.' && layout[0] != ',') || (layout[1] != '0' && layout[1] != '9'))
    return 0;
  size_t n = 2;
  while (n < layout.size() && layout[n] == layout[1]) ++n;
  return n < layout.size() && layout[n] >= '0' && layout[n] <= '9' ? 0 : n;
}

struct Fields {
  int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, offset = 0;
  int64_t nanos = 0;
  bool afternoon = false, half_day = false;
};

bool take_number(std::string_view& text, size_t at_least, size_t at_most, int& value) {
  size_t n = 0;
  value = 0;
  while (n < text.size() && n < at_most && text[n] >= '0' && text[n] <= '9')
    value = value * 10 + (text[n++] - '0');
  if (n < at_least) return false;
  text.remove_prefix(n);
  return true;
}

template <size_t size>
bool take_name(std::string_view& text, const std::string_view (&names)[size], bool is_short, int& value) {
  for (size_t i = 0; i < size; ++i) {
    const std::string_view name = is_short ? names[i].substr(0, 3) : names[i];
    if (!starts_with_nocase(text, name)) continue;
    text.remove_prefix(name.size());
    value = int(i);
    return true;
  }
  return false;
}

void take_fraction(std::string_view& text, Fields& f) {
  if (text.size() < 2 || (text[0] != '.' && text[0] != ',') || text[1] < '0' || text[1] > '9') return;
  text.remove_prefix(1);
  int64_t unit = 100'000'000;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    f.nanos += (text[0] - '0') * unit;
    unit /= 10;
    text.remove_prefix(1);
  }
}

bool take_zone(std::string_view& text, std::string_view element, Fields& f) {
  if (element == "MST") {
    size_t n = 0;
    while (n < text.size() && n < 5 && text[n] >= 'A' && text[n] <= 'Z') ++n;
    text.remove_prefix(n);
    return n >= 3;
  }
  if (element[0] == 'Z' && text.starts_with("Z")) {
    text.remove_prefix(1);
    return true;
  }
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return false;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  int hours = 0, minutes = 0;
  if (!take_number(text, 2, 2, hours)) return false;
  if (element.find(':') != std::string_view::npos) {
    if (!text.starts_with(":")) return false;
    text.remove_prefix(1);
  }
  if (!take_number(text, 2, 2, minutes) || hours > 24 || minutes > 59) return false;
  f.offset = sign * (hours * 3600 + minutes * 60);
  return true;
}

bool take_element(std::string_view& text, std::string_view e, Fields& f) {
  int ignored = 0;
  if (e == "2006") return take_number(text, 4, 4, f.year);
  if (e == "06") {
    if (!take_number(text, 2, 2, f.year)) return false;
    f.year += f.year >= 69 ? 1900 : 2000;
    return true;
  }
  if (e == "January" || e == "Jan") {
    if (!take_name(text, months, e == "Jan", f.month)) return false;
    ++f.month;
    return true;
  }
  if (e == "Monday" || e == "Mon") return take_name(text, weekdays, e == "Mon", ignored);
  if (e == "01") return take_number(text, 2, 2, f.month);
  if (e == "1") return take_number(text, 1, 2, f.month);
  if (e == "02") return take_number(text, 2, 2, f.day);
  if (e == "2" || e == "_2") {
    if (e == "_2" && text.starts_with(" ")) text.remove_prefix(1);
    return take_number(text, 1, 2, f.day);
  }
  if (e == "15") return take_number(text, 1, 2, f.hour);
  if (e == "03" || e == "3") {
    f.half_day = true;
    return take_number(text, e.size(), 2, f.hour);
  }
  if (e == "04" || e == "4") return take_number(text, e.size(), 2, f.minute);
  if (e == "05" || e == "5") {
    if (!take_number(text, e.size(), 2, f.second)) return false;
    take_fraction(text, f);
    return true;
  }
  if (e == "PM" || e == "pm") {
    if (!starts_with_nocase(text, "AM") && !starts_with_nocase(text, "PM")) return false;
    f.afternoon = text[0] == 'P' || text[0] == 'p';
    f.half_day = true;
    text.remove_prefix(2);
    return true;
  }
  if (e == "002") return false;
  return take_zone(text, e, f);
}

std::optional<TimePoint> point_of(Fields f) {
  if (f.half_day) {
    if (f.hour > 12) return std::nullopt;
    f.hour = f.hour % 12 + (f.afternoon ? 12 : 0);
  }
  using namespace std::chrono;
  const year_month_day date{year(f.year), month(unsigned(f.month)), day(unsigned(f.day))};
  // Nanoseconds since 1970 reach from 1678 to 2261; a date without a year must not be taken for another.
  if (!date.ok() || f.hour > 23 || f.minute > 59 || f.second > 59) return std::nullopt;
  if (f.year != 0 && (f.year < 1678 || f.year > 2261)) return std::nullopt;
  const int64_t day_number = days_from_civil(f.year == 0 ? 1970 : f.year, unsigned(f.month), unsigned(f.day));
  const int64_t seconds_of = day_number * 86400 + f.hour * 3600 + f.minute * 60 + f.second - f.offset;
  return from_unix_nanos(seconds_of * 1'000'000'000 + f.nanos);
}

// "+0100", "+01:00"; "+01" where there is nothing behind the hours and `short_form`.
std::string offset_text(int offset, bool colon, bool short_form) {
  std::string out(1, offset < 0 ? '-' : '+');
  const int minutes = std::abs(offset) / 60;
  number(out, minutes / 60, 2);
  if (short_form && minutes % 60 == 0) return out;
  if (colon) out += ':';
  number(out, minutes % 60, 2);
  return out;
}

}  // namespace

std::string format_layout(TimePoint time, std::string_view layout, int offset) {
  using namespace std::chrono;
  time += seconds(offset);
  const auto today = floor<days>(time);
  const year_month_day date{today};
  const int64_t nanos_of_day = (time - today).count();
  const int64_t hour = nanos_of_day / 3'600'000'000'000, minute = nanos_of_day / 60'000'000'000 % 60;
  const int64_t second = nanos_of_day / 1'000'000'000 % 60, nanos = nanos_of_day % 1'000'000'000;
  const std::string_view month_name = months[unsigned(date.month()) - 1];
  const std::string_view day_name = weekdays[weekday(today).c_encoding()];
  std::string out;
  while (!layout.empty()) {
    if (const size_t length = fraction_length(layout)) {
      std::string digits;
      number(digits, nanos, 9);
      digits.resize(std::min<size_t>(length - 1, 9));
      if (layout[1] == '9')
        while (!digits.empty() && digits.back() == '0') digits.pop_back();
      if (!digits.empty()) (out += layout[0]) += digits;
      layout.remove_prefix(length);
      continue;
    }
    const std::string_view e = element_at(layout);
    if (e.empty()) {
      out += layout[0];
      layout.remove_prefix(1);
      continue;
    }
    if (e == "January")
      out += month_name;
    else if (e == "Jan")
      out += month_name.substr(0, 3);
    else if (e == "Monday")
      out += day_name;
    else if (e == "Mon")
      out += day_name.substr(0, 3);
    else if (e == "2006")
      number(out, int(date.year()), 4);
    else if (e == "06")
      number(out, int(date.year()) % 100, 2);
    else if (e == "01" || e == "1")
      number(out, unsigned(date.month()), int(e.size()));
    else if (e == "02" || e == "2")
      number(out, unsigned(date.day()), int(e.size()));
    else if (e == "_2")
      number(out, unsigned(date.day()), 2, ' ');
    else if (e == "002")
      number(out, (today - sys_days(date.year() / January / 1)).count() + 1, 3);
    else if (e == "15")
      number(out, hour, 2);
    else if (e == "03" || e == "3")
      number(out, hour % 12 == 0 ? 12 : hour % 12, int(e.size()));
    else if (e == "04" || e == "4")
      number(out, minute, int(e.size()));
    else if (e == "05" || e == "5")
      number(out, second, int(e.size()));
    else if (e == "PM")
      out += hour >= 12 ? "PM" : "AM";
    else if (e == "pm")
      out += hour >= 12 ? "pm" : "am";
    else if (e == "MST")
      out += offset == 0 ? "UTC" : offset_text(offset, false, true);
    else if (e[0] == 'Z' && offset == 0)
      out += 'Z';
    else
      out += offset_text(offset, e.find(':') != std::string_view::npos, false);
    layout.remove_prefix(e.size());
  }
  return out;
}

bool layout_has_zone(std::string_view layout) {
  for (; !layout.empty(); layout.remove_prefix(1)) {
    const std::string_view e = element_at(layout);
    if (e == "MST" || e.starts_with('Z') || e.starts_with('-')) return true;
    if (e.size() > 1) layout.remove_prefix(e.size() - 1);
  }
  return false;
}

std::optional<TimePoint> parse_layout(std::string_view text, std::string_view layout) {
  Fields f;
  while (!layout.empty()) {
    if (const size_t length = fraction_length(layout)) {  // the digits went with the seconds
      layout.remove_prefix(length);
      continue;
    }
    const std::string_view e = element_at(layout);
    if (!e.empty()) {
      if (!take_element(text, e, f)) return std::nullopt;
      layout.remove_prefix(e.size());
      continue;
    }
    if (layout[0] == ' ') {  // a run of blanks matches any run
      if (!text.starts_with(" ")) return std::nullopt;
      while (layout.starts_with(" ")) layout.remove_prefix(1);
      while (text.starts_with(" ")) text.remove_prefix(1);
      continue;
    }
    if (text.empty() || text[0] != layout[0]) return std::nullopt;
    text.remove_prefix(1);
    layout.remove_prefix(1);
  }
  return text.empty() ? point_of(f) : std::nullopt;
}

}  // namespace testudo::expr
