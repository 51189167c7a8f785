// GeoIpCity, GeoIpASN, IpToRange: MaxMind-format databases through libmaxminddb.
#include <maxminddb.h>
#include <sys/stat.h>

#include <cstdio>

#include "base/ip.h"
#include "parse/enricher.h"

namespace testudo::parse {
namespace {

class Database {
 public:
  static std::shared_ptr<Database> open(const std::string& path, std::vector<std::string>& notes) {
    auto db = std::make_shared<Database>();
    const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &db->mmdb_);
    if (status != MMDB_SUCCESS) {
      db->open_ = false;
      struct stat st {};
      const bool there = ::stat(path.c_str(), &st) == 0;
      notes.push_back(
          there
              ? path + " cannot be used: " + MMDB_strerror(status) + "; its enrichment is off"
              : path +
                    " is not there: country and AS are not known. Put a GeoLite2 database there and reload");
      return nullptr;
    }
    db->open_ = true;
    return db;
  }
  Database() = default;
  Database(const Database&) = delete;
  ~Database() {
    if (open_) MMDB_close(&mmdb_);
  }

  /// False when the text is no address or the database is damaged there. `found` tells whether it has a
  /// record.
  bool look_up(std::string_view text, MMDB_lookup_result_s& result) const {
    const auto ip = Ip::parse(text);
    if (!ip) return false;
    int gai = 0, error = 0;
    const std::string canonical = ip->text();
    result = MMDB_lookup_string(const_cast<MMDB_s*>(&mmdb_), canonical.c_str(), &gai, &error);
    return gai == 0 && error == MMDB_SUCCESS;
  }
  bool is_v6_tree() const { return mmdb_.metadata.ip_version == 6; }

 private:
  MMDB_s mmdb_{};
  bool open_ = false;
};

template <typename... Path>
std::string_view text_at(MMDB_lookup_result_s& result, Path... path) {
  MMDB_entry_data_s data{};
  if (MMDB_get_value(&result.entry, &data, path..., nullptr) != MMDB_SUCCESS || !data.has_data ||
      data.type != MMDB_DATA_TYPE_UTF8_STRING)
    return {};
  return {data.utf8_string, data.data_size};
}

struct CityOwner {
  std::shared_ptr<Database> db;
  SlotRef iso, eu, latitude, longitude;
};
struct AsnOwner {
  std::shared_ptr<Database> db;
  SlotRef number, number_short, org;
};
struct RangeOwner {
  std::shared_ptr<Database> db;
  SlotRef range;
};

std::string_view decimal6(Event& event, double value) {
  char buffer[48];
  const int n = std::snprintf(buffer, sizeof buffer, "%.6f", value);
  return event.arena.copy({buffer, size_t(n)});
}

void city(const void* raw_owner, Event& event, std::string_view argument, EnrichScratch&) {
  const auto& o = *static_cast<const CityOwner*>(raw_owner);
  MMDB_lookup_result_s result{};
  if (!o.db || !o.db->look_up(argument, result)) return;
  std::string_view iso;
  bool eu = false;
  double latitude = 0, longitude = 0;
  if (result.found_entry) {
    for (const char* part : {"country", "registered_country", "represented_country"}) {
      iso = text_at(result, part, "iso_code");
      if (iso.empty()) continue;
      MMDB_entry_data_s data{};
      eu = MMDB_get_value(&result.entry, &data, part, "is_in_european_union", nullptr) == MMDB_SUCCESS &&
           data.has_data && data.type == MMDB_DATA_TYPE_BOOLEAN && data.boolean;
      break;
    }
    MMDB_entry_data_s data{};
    if (MMDB_get_value(&result.entry, &data, "location", "latitude", nullptr) == MMDB_SUCCESS &&
        data.has_data && data.type == MMDB_DATA_TYPE_DOUBLE)
      latitude = data.double_value;
    if (MMDB_get_value(&result.entry, &data, "location", "longitude", nullptr) == MMDB_SUCCESS &&
        data.has_data && data.type == MMDB_DATA_TYPE_DOUBLE)
      longitude = data.double_value;
  }
  event.set(o.iso, event.arena.copy(iso));
  event.set(o.eu, eu ? "true" : "false");
  event.set(o.latitude, decimal6(event, latitude));
  event.set(o.longitude, decimal6(event, longitude));
}

void asn(const void* raw_owner, Event& event, std::string_view argument, EnrichScratch&) {
  const auto& o = *static_cast<const AsnOwner*>(raw_owner);
  MMDB_lookup_result_s result{};
  if (!o.db || !o.db->look_up(argument, result)) return;
  uint64_t number = 0;
  std::string_view org;
  if (result.found_entry) {
    MMDB_entry_data_s data{};
    if (MMDB_get_value(&result.entry, &data, "autonomous_system_number", nullptr) == MMDB_SUCCESS &&
        data.has_data && data.type == MMDB_DATA_TYPE_UINT32)
      number = data.uint32;
    org = text_at(result, "autonomous_system_organization");
  }
  const std::string_view text = event.arena.copy(std::to_string(number));
  event.set(o.number, text);
  event.set(o.number_short, text);
  event.set(o.org, event.arena.copy(org));
}

void range(const void* raw_owner, Event& event, std::string_view argument, EnrichScratch&) {
  const auto& o = *static_cast<const RangeOwner*>(raw_owner);
  MMDB_lookup_result_s result{};
  if (!o.db || !o.db->look_up(argument, result) || !result.found_entry) return;
  const auto ip = Ip::parse(argument);
  // In an IPv6 tree IPv4 addresses lie under ::/96.
  const int length = int(result.netmask) - (ip->is_v4() && o.db->is_v6_tree() ? 96 : 0);
  if (length < 0 || length > ip->bits()) return;
  event.set(o.range, event.arena.copy(Prefix::of(*ip, length).cidr()));
}

}  // namespace

void add_geoip_enrichers(SlotNames& slots, const EnricherOptions& options, EnricherTable& table,
                         std::vector<std::string>& notes) {
  const auto slot = [&](const char* name) { return slots.intern(Bag::enriched, name); };
  std::shared_ptr<Database> city_db, asn_db;
  if (!options.data_folder.empty()) {
    city_db = Database::open(options.data_folder + "/GeoLite2-City.mmdb", notes);
    asn_db = Database::open(options.data_folder + "/GeoLite2-ASN.mmdb", notes);
  }
  table.push_back({"GeoIpCity", "country and coordinates of an address", false, false, &city,
                   std::make_shared<CityOwner>(CityOwner{city_db, slot("IsoCode"), slot("IsInEU"),
                                                         slot("Latitude"), slot("Longitude")})});
  table.push_back(
      {"GeoIpASN", "autonomous system of an address", false, false, &asn,
       std::make_shared<AsnOwner>(AsnOwner{asn_db, slot("ASNNumber"), slot("ASNumber"), slot("ASNOrg")})});
  table.push_back({"IpToRange", "network of an address, as the AS database has it", false, false, &range,
                   std::make_shared<RangeOwner>(RangeOwner{asn_db, slot("SourceRange")})});
}

}  // namespace testudo::parse
