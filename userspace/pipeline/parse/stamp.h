// parse/stamp.h: the three stamps that nearly all lines carry, read and written without a layout.
//
//   2026-02-03T00:00:00.233+01:00   syslog of today, journals, JSON
//   Feb  3 00:00:00                 syslog of yesterday
//   03/Feb/2026:00:00:00 +0000      access logs
//
// What is read here, and what is written of it, is what parse_log_date and write_rfc3339 give. Whatever is
// the least bit different is left to them.
#pragma once

#include <optional>
#include <string_view>

#include "parse/date.h"

namespace testudo::parse {

struct CommonStamp {
  Stamp stamp;
  char text[48];  ///< RFC 3339
  size_t length = 0;
  std::string_view view() const { return {text, length}; }
};

/// False: not one of the three. `today` and `zone` as for parse_log_date. About 20 ns.
bool read_common_stamp(std::string_view text, TimePoint today, const Zone& zone, CommonStamp& out);

}  // namespace testudo::parse
