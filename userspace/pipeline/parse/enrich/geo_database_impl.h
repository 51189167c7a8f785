// parse/enrich/geo_database_impl.h: MaxMind-format databases through libmaxminddb, and what was found in
// them.
//
// For enrich/ alone: libmaxminddb stays in there.
// A file of strangers: every read of it is checked, a damaged one gives nothing. Lines come in crowds from
// the same addresses, so a worker keeps the last answers by address.
#pragma once

#include <maxminddb.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"

namespace testudo::parse {

class GeoDatabase {
 public:
  /// Null when it is not there or cannot be used; `notes` then says so.
  static std::shared_ptr<GeoDatabase> open(const std::string& path, std::vector<std::string>& notes);
  GeoDatabase() = default;
  GeoDatabase(const GeoDatabase&) = delete;
  ~GeoDatabase();

  /// False when the database is damaged there or does not hold this family. `found_entry` tells whether it
  /// has a record.
  bool look_up(const Ip& ip, MMDB_lookup_result_s& result) const;
  bool is_v6_tree() const { return mmdb_.metadata.ip_version == 6; }

 private:
  MMDB_s mmdb_{};
  bool open_ = false;
};

/// The text at a path of a record, "" when there is none; a view into the database.
template <typename... Path>
std::string_view geo_text(MMDB_lookup_result_s& result, Path... path) {
  MMDB_entry_data_s data{};
  if (MMDB_get_value(&result.entry, &data, path..., nullptr) != MMDB_SUCCESS || !data.has_data ||
      data.type != MMDB_DATA_TYPE_UTF8_STRING)
    return {};
  return {data.utf8_string, data.data_size};
}

/// The last answers by address, of one kind, in one worker. What strangers send decides only which are kept.
template <typename Answer>
class GeoMemory {
 public:
  /// `ask(ip, answer)` fills a fresh answer where none is kept.
  template <typename Ask>
  const Answer& get(const Ip& ip, Ask&& ask) {
    if (!entries_) entries_ = std::make_unique<std::array<Entry, kEntries>>();
    Entry& entry = (*entries_)[IpHash{}(ip) % kEntries];
    if (!entry.used || entry.ip != ip) {
      entry = Entry{ip, true, {}};
      ask(ip, entry.answer);
    }
    return entry.answer;
  }

 private:
  static constexpr size_t kEntries = 1024;
  struct Entry {
    Ip ip;
    bool used = false;
    Answer answer;
  };
  std::unique_ptr<std::array<Entry, kEntries>> entries_;
};

}  // namespace testudo::parse
