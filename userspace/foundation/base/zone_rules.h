// base/zone_rules.h: a time zone by name, from the system's zone files (TZif, RFC 8536).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace testudo {

class ZoneRules {
 public:
  /// "Europe/Berlin" → /usr/share/zoneinfo/Europe/Berlin. Errors: not_found, corrupt.
  static Result<std::shared_ptr<const ZoneRules>> load(const std::string& name);
  /// The bytes of a TZif file.
  static Result<std::shared_ptr<const ZoneRules>> read(std::string_view bytes, const std::string& name);

  /// Seconds east of Greenwich at a local time (seconds since 1970 by the clock on the wall). A time that the
  /// clock shows twice counts as the earlier one, a time that it never shows as before the change.
  int offset_at_local(int64_t local_seconds) const;
  /// The same at an instant (seconds since 1970, UTC).
  int offset_at(int64_t utc_seconds) const;

 private:
  struct Change {
    int64_t at;  ///< UTC
    int offset;  ///< from then on
  };
  std::vector<Change> changes_;
  int first_offset_ = 0;
};

}  // namespace testudo
