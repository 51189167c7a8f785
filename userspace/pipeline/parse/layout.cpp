// Go's layouts: text → steps, and a stamp read by them.
#include <array>

#include "parse/date.h"

namespace testudo::parse {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"January",   "February", "March",    "April",
                                                      "May",       "June",     "July",     "August",
                                                      "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};

bool digit(char c) { return c >= '0' && c <= '9'; }

struct Reader {
  std::string_view text;
  size_t at = 0;

  bool done() const { return at == text.size(); }
  char peek() const { return at < text.size() ? text[at] : '\0'; }
  /// Between `least` and `most` digits.
  bool number(size_t least, size_t most, int& out) {
    size_t n = 0;
    out = 0;
    while (n < most && at + n < text.size() && digit(text[at + n])) out = out * 10 + (text[at + n++] - '0');
    if (n < least) return false;
    at += n;
    return true;
  }
  template <size_t N>
  bool name(const std::array<std::string_view, N>& names, size_t length, int& index) {
    for (size_t i = 0; i < N; ++i) {
      const std::string_view want = length ? names[i].substr(0, length) : names[i];
      if (at + want.size() > text.size()) continue;
      bool same = true;
      for (size_t k = 0; same && k < want.size(); ++k) same = (text[at + k] | 0x20) == (want[k] | 0x20);
      if (!same) continue;
      at += want.size();
      index = int(i);
      return true;
    }
    return false;
  }
};

}  // namespace

Layout Layout::compile(std::string_view layout) {
  Layout out;
  struct Element {
    std::string_view text;
    Step step;
  };
  // Longest first where one is the beginning of another.
  static constexpr Element elements[] = {
      {"January", Step::month_name},
      {"Jan", Step::month_abbr},
      {"Monday", Step::weekday_name},
      {"Mon", Step::weekday_abbr},
      {"MST", Step::zone_name},
      {"2006", Step::year4},
      {"Z07:00", Step::zone_colon_z},
      {"-07:00", Step::zone_colon},
      {"-0700", Step::zone_compact},
      {"-07", Step::zone_hours},
      {"01", Step::month2},
      {"02", Step::day2},
      {"03", Step::hour12_2},
      {"04", Step::minute2},
      {"05", Step::second2},
      {"06", Step::year2},
      {"15", Step::hour24},
      {"_2", Step::day_padded},
      {"PM", Step::pm},
      {"1", Step::month1},
      {"2", Step::day1},
      {"3", Step::hour12_1},
      {"4", Step::minute1},
      {"5", Step::second1},
  };
  for (size_t i = 0; i < layout.size();) {
    if ((layout[i] == '.' || layout[i] == ',') && i + 1 < layout.size() &&
        (layout[i + 1] == '0' || layout[i + 1] == '9')) {
      const char kind = layout[i + 1];
      size_t n = 1;
      while (i + n < layout.size() && layout[i + n] == kind) ++n;
      if (i + n == layout.size() || !digit(layout[i + n])) {
        out.items_.push_back(
            {kind == '0' ? Step::fraction_exact : Step::fraction_optional, 0, uint8_t(n - 1), layout[i]});
        i += n;
        continue;
      }
    }
    if (layout[i] == ' ') {
      while (i < layout.size() && layout[i] == ' ') ++i;
      out.items_.push_back({Step::spaces});
      continue;
    }
    bool found = false;
    for (const Element& e : elements) {
      if (layout.substr(i, e.text.size()) != e.text) continue;
      // "Jan" and "Mon" inside a longer word are text.
      if (e.step == Step::month_abbr || e.step == Step::weekday_abbr) {
        const char next = i + 3 < layout.size() ? layout[i + 3] : '\0';
        if (next >= 'a' && next <= 'z') continue;
      }
      out.items_.push_back({e.step});
      i += e.text.size();
      found = true;
      break;
    }
    if (!found) out.items_.push_back({Step::literal, layout[i++]});
  }
  return out;
}

std::optional<Stamp> Layout::parse(std::string_view text, TimePoint today, const Zone& zone) const {
  Reader r{text};
  int year = -1, month = 1, day = 1, hour = 0, minute = 0, second = 0, ignored = 0, offset = 0;
  int64_t nanos = 0;
  bool has_zone = false, has_pm = false, pm = false;
  const auto fraction = [&](size_t most) {
    int64_t unit = 100'000'000;
    size_t n = 0;
    for (nanos = 0; n < most && digit(r.peek()); ++r.at, ++n, unit /= 10) nanos += (r.peek() - '0') * unit;
    return n;
  };
  const auto numeric_zone = [&](bool colon, bool minutes) {
    const char sign = r.peek();
    int h = 0, m = 0;
    if (sign != '+' && sign != '-') return false;
    ++r.at;
    if (!r.number(2, 2, h)) return false;
    if (minutes) {
      if (colon && (r.peek() != ':' || !++r.at)) return false;
      if (!r.number(2, 2, m)) return false;
    }
    if (h > 24 || m > 59) return false;
    offset = (h * 3600 + m * 60) * (sign == '-' ? -1 : 1);
    return has_zone = true;
  };
  for (size_t i = 0; i < items_.size(); ++i) {
    const Item& item = items_[i];
    bool ok = true;
    switch (item.step) {
      case Step::literal:
        ok = r.peek() == item.literal && !r.done();
        r.at += ok;
        break;
      case Step::spaces:
        ok = r.peek() == ' ';
        while (r.peek() == ' ') ++r.at;
        break;
      case Step::year4:
        ok = r.number(4, 4, year);
        break;
      case Step::year2:
        ok = r.number(2, 2, year);
        year += year >= 69 ? 1900 : 2000;
        break;
      case Step::month_name:
        ok = r.name(kMonths, 0, month);
        ++month;
        break;
      case Step::month_abbr:
        ok = r.name(kMonths, 3, month);
        ++month;
        break;
      case Step::month2:
        ok = r.number(2, 2, month);
        break;
      case Step::month1:
        ok = r.number(1, 2, month);
        break;
      case Step::day2:
        ok = r.number(2, 2, day);
        break;
      case Step::day_padded:
        if (r.peek() == ' ') ++r.at;
        ok = r.number(1, 2, day);
        break;
      case Step::day1:
        ok = r.number(1, 2, day);
        break;
      case Step::weekday_name:
        ok = r.name(kDays, 0, ignored);
        break;
      case Step::weekday_abbr:
        ok = r.name(kDays, 3, ignored);
        break;
      case Step::hour24:
        ok = r.number(1, 2, hour);
        break;
      case Step::hour12_2:
        ok = r.number(2, 2, hour);
        has_pm = true;
        break;
      case Step::hour12_1:
        ok = r.number(1, 2, hour);
        has_pm = true;
        break;
      case Step::minute2:
        ok = r.number(2, 2, minute);
        break;
      case Step::minute1:
        ok = r.number(1, 2, minute);
        break;
      case Step::second2:
      case Step::second1: {
        ok = r.number(item.step == Step::second2 ? 2 : 1, 2, second);
        // Go takes a fraction behind the seconds even where the layout has none.
        const bool next_is_fraction =
            i + 1 < items_.size() &&
            (items_[i + 1].step == Step::fraction_exact || items_[i + 1].step == Step::fraction_optional);
        if (ok && !next_is_fraction && (r.peek() == '.' || r.peek() == ',') && r.at + 1 < text.size() &&
            digit(text[r.at + 1])) {
          ++r.at;
          fraction(9);
          while (digit(r.peek())) ++r.at;
        }
        break;
      }
      case Step::pm: {
        const char c = char(r.peek() & ~0x20);
        ok = (c == 'A' || c == 'P') && r.at + 1 < text.size() && (text[r.at + 1] & ~0x20) == 'M';
        pm = c == 'P';
        r.at += 2;
        break;
      }
      case Step::zone_colon_z:
        if (r.peek() == 'Z') {
          ++r.at;
          has_zone = true;
        } else {
          ok = numeric_zone(true, true);
        }
        break;
      case Step::zone_colon:
        ok = numeric_zone(true, true);
        break;
      case Step::zone_compact:
        ok = numeric_zone(false, true);
        break;
      case Step::zone_hours:
        ok = numeric_zone(false, false);
        break;
      case Step::zone_name: {
        size_t n = 0;
        while (r.at + n < text.size() && text[r.at + n] >= 'A' && text[r.at + n] <= 'Z') ++n;
        ok = n >= 3 && n <= 5;
        r.at += n;
        has_zone = true;  // an unknown abbreviation counts as offset 0; one that was read before stays
        break;
      }
      case Step::fraction_exact:
        ok = (r.peek() == '.' || r.peek() == ',') && !r.done();
        ++r.at;
        ok = ok && fraction(item.digits) == item.digits && !digit(r.peek());
        break;
      case Step::fraction_optional:
        if ((r.peek() == '.' || r.peek() == ',') && r.at + 1 < text.size() && digit(text[r.at + 1])) {
          ++r.at;
          fraction(9);
          while (digit(r.peek())) ++r.at;
        }
        break;
    }
    if (!ok) return std::nullopt;
  }
  if (!r.done()) return std::nullopt;
  if (has_pm) {
    if (hour < 1 || hour > 12) return std::nullopt;
    hour = hour % 12 + (pm ? 12 : 0);
  }
  bool guessed_year = false;
  if (year < 0) {
    year = int(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(today)).year());
    guessed_year = true;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(unsigned(month)),
                                         std::chrono::day(unsigned(day))};
  // A stamp without a year may name 29 February while today's year has none.
  if ((!date.ok() && !(guessed_year && month == 2 && day == 29)) || hour > 23 || minute > 59 || second > 59)
    return std::nullopt;
  const int64_t local =
      days_from_civil(year, unsigned(month), unsigned(day)) * 86400 + hour * 3600 + minute * 60 + second;
  if (!has_zone) offset = zone.offset_at_local(local);
  if (!in_clock(local - offset)) return std::nullopt;
  return Stamp{TimePoint(std::chrono::seconds(local - offset) + Duration(nanos)), offset, guessed_year};
}

}  // namespace testudo::parse
