#include "parse/stamp.h"

#include <cstring>

namespace testudo::parse {
namespace {

bool digit(char c) { return uint8_t(c - '0') < 10; }

/// Two digits as a number, or something above 1000.
unsigned two(const char* p) {
  const auto tens = unsigned(uint8_t(p[0] - '0')), ones = unsigned(uint8_t(p[1] - '0'));
  return tens < 10 && ones < 10 ? tens * 10 + ones : 1000000;
}

/// 1 … 12 for "Jan" … "Dec" as written by programs; 0 for anything else, another case included.
unsigned month_of(const char* p) {
  const auto key = [](const char* t) {
    return unsigned(uint8_t(t[0])) << 16 | unsigned(uint8_t(t[1])) << 8 | uint8_t(t[2]);
  };
  switch (key(p)) {
#define TESTUDO_MONTH(name, number)                 \
  case (#name[0] << 16 | #name[1] << 8 | #name[2]): \
    return number;
    TESTUDO_MONTH(Jan, 1)
    TESTUDO_MONTH(Feb, 2)
    TESTUDO_MONTH(Mar, 3)
    TESTUDO_MONTH(Apr, 4)
    TESTUDO_MONTH(May, 5)
    TESTUDO_MONTH(Jun, 6)
    TESTUDO_MONTH(Jul, 7)
    TESTUDO_MONTH(Aug, 8)
    TESTUDO_MONTH(Sep, 9)
    TESTUDO_MONTH(Oct, 10)
    TESTUDO_MONTH(Nov, 11)
    TESTUDO_MONTH(Dec, 12)
#undef TESTUDO_MONTH
    default:
      return 0;
  }
}

unsigned days_in(unsigned year, unsigned month) {
  static constexpr uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + leap;
}

/// What stands in the text, in its own zone.
struct Reading {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  unsigned nanos = 0;
  int offset = 0;
  bool has_zone = true, has_year = true;
};

bool clock_at(const char* p, Reading& r) {
  if (p[2] != ':' || p[5] != ':') return false;
  r.hour = two(p);
  r.minute = two(p + 3);
  r.second = two(p + 6);
  return r.hour < 24 && r.minute < 60 && r.second < 60;
}

bool offset_at(const char* p, bool colon, Reading& r) {
  if ((*p != '+' && *p != '-') || (colon && p[3] != ':')) return false;
  const unsigned hours = two(p + 1), minutes = two(p + (colon ? 4 : 3));
  if (hours > 24 || minutes > 59) return false;
  r.offset = int(hours * 3600 + minutes * 60) * (*p == '-' ? -1 : 1);
  return true;
}

bool rfc3339(std::string_view text, Reading& r) {
  const char* p = text.data();
  if (text.size() < 20 || p[4] != '-' || p[7] != '-' || p[10] != 'T' || !clock_at(p + 11, r)) return false;
  r.year = two(p) * 100 + two(p + 2);
  r.month = two(p + 5);
  r.day = two(p + 8);
  if (r.year > 9999) return false;
  size_t at = 19;
  if (p[at] == '.') {
    unsigned unit = 100'000'000;
    size_t n = 0;
    for (++at; at < text.size() && digit(p[at]); ++at, ++n, unit /= 10)
      r.nanos += unsigned(p[at] - '0') * unit;
    if (n == 0 || n > 9) return false;
  }
  if (at + 1 == text.size()) return p[at] == 'Z';
  return at + 6 == text.size() && offset_at(p + at, true, r);
}

bool syslog(std::string_view text, Reading& r) {
  const char* p = text.data();
  if (text.size() != 15 || p[3] != ' ' || p[6] != ' ' || !clock_at(p + 7, r)) return false;
  r.month = month_of(p);
  r.day = p[4] == ' ' && digit(p[5]) ? unsigned(p[5] - '0') : two(p + 4);
  r.has_zone = r.has_year = false;
  return true;
}

bool access_log(std::string_view text, Reading& r) {
  const char* p = text.data();
  if (text.size() != 26 || p[2] != '/' || p[6] != '/' || p[11] != ':' || p[20] != ' ' || !clock_at(p + 12, r))
    return false;
  r.day = two(p);
  r.month = month_of(p + 3);
  r.year = two(p + 7) * 100 + two(p + 9);
  return r.year <= 9999 && offset_at(p + 21, false, r);
}

char* put(char* p, unsigned number) {
  *p++ = char('0' + number / 10);
  *p++ = char('0' + number % 10);
  return p;
}

size_t write(const Reading& r, char* const out) {
  char* p = put(put(out, r.year / 100), r.year % 100);
  *p++ = '-';
  p = put(p, r.month);
  *p++ = '-';
  p = put(p, r.day);
  *p++ = 'T';
  p = put(p, r.hour);
  *p++ = ':';
  p = put(p, r.minute);
  *p++ = ':';
  p = put(p, r.second);
  if (unsigned rest = r.nanos) {
    *p++ = '.';
    for (unsigned unit = 100'000'000; rest > 0; unit /= 10) {
      *p++ = char('0' + rest / unit);
      rest %= unit;
    }
  }
  if (r.offset == 0) {
    *p++ = 'Z';
  } else {
    const auto offset = unsigned(r.offset < 0 ? -r.offset : r.offset);
    *p++ = r.offset < 0 ? '-' : '+';
    p = put(p, offset / 3600);
    *p++ = ':';
    p = put(p, offset / 60 % 60);
  }
  return size_t(p - out);
}

}  // namespace

bool read_common_stamp(std::string_view text, TimePoint today, const Zone& zone, CommonStamp& out) {
  Reading r;
  if (!(text.size() == 15                     ? syslog(text, r)
        : text.size() == 26 && text[2] == '/' ? access_log(text, r)
                                              : rfc3339(text, r)))
    return false;
  if (!r.has_year)
    r.year = unsigned(int(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(today)).year()));
  if (r.month < 1 || r.month > 12 || r.day < 1 || r.day > days_in(r.year, r.month)) return false;
  const int64_t local =
      days_from_civil(int(r.year), r.month, r.day) * 86400 + r.hour * 3600 + r.minute * 60 + r.second;
  if (!r.has_zone) r.offset = zone.offset_at_local(local);
  if (!in_clock(local - r.offset)) return false;
  out.stamp = {TimePoint(std::chrono::seconds(local - r.offset) + Duration(r.nanos)), r.offset, !r.has_year};
  out.length = write(r, out.text);
  return true;
}

}  // namespace testudo::parse
