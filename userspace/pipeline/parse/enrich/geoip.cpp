// GeoIpCity, GeoIpASN, IpToRange.
#include <charconv>
#include <cmath>
#include <cstdio>

#include "parse/enrich/geo_database_impl.h"
#include "parse/enricher.h"

namespace testudo::parse {
namespace {

/// Text of at most `Size` bytes, kept without the heap.
template <size_t Size>
struct SmallText {
  char bytes[Size];
  uint8_t length = 0;
  std::string_view view() const { return {bytes, length}; }
  void decimal6(double value) {
    if (value == 0 && !std::signbit(value)) return assign("0.000000");  // an address that nobody knows
    const int n = std::snprintf(bytes, Size, "%.6f", value);
    length = n > 0 && size_t(n) < Size ? uint8_t(n) : 0;
  }
  void assign(std::string_view text) {
    length = uint8_t(std::min(text.size(), Size));
    std::memcpy(bytes, text.data(), length);
  }
};

struct City {
  bool known = false;  ///< the database could be read there
  std::string_view iso;
  bool eu = false;
  SmallText<24> latitude, longitude;
};
/// GeoIpASN and IpToRange read the same record of the same database.
struct As {
  bool known = false;
  SmallText<12> number;
  std::string_view organisation;
  SmallText<48> network;
};

}  // namespace

/// What a worker keeps. The answers point into the databases of the enrichers that it was made for.
struct GeoScratch {
  GeoMemory<City> city;
  GeoMemory<As> as;
};

namespace {

struct CityOwner {
  std::shared_ptr<GeoDatabase> db;
  SlotRef iso, eu, latitude, longitude;
};
struct AsnOwner {
  std::shared_ptr<GeoDatabase> db;
  SlotRef number, number_short, org;
};
struct RangeOwner {
  std::shared_ptr<GeoDatabase> db;
  SlotRef range;
};

GeoScratch& memory(EnrichScratch& scratch) {
  if (!scratch.geo) scratch.geo = std::make_shared<GeoScratch>();
  return *scratch.geo;
}

double number_at(MMDB_lookup_result_s& result, const char* key) {
  MMDB_entry_data_s data{};
  const bool there = MMDB_get_value(&result.entry, &data, "location", key, nullptr) == MMDB_SUCCESS &&
                     data.has_data && data.type == MMDB_DATA_TYPE_DOUBLE;
  return there ? data.double_value : 0;
}

void ask_city(const GeoDatabase& db, const Ip& ip, City& out) {
  MMDB_lookup_result_s result{};
  out.known = db.look_up(ip, result);
  double latitude = 0, longitude = 0;
  if (out.known && result.found_entry) {
    for (const char* part : {"country", "registered_country", "represented_country"}) {
      out.iso = geo_text(result, part, "iso_code");
      if (out.iso.empty()) continue;
      MMDB_entry_data_s data{};
      out.eu = MMDB_get_value(&result.entry, &data, part, "is_in_european_union", nullptr) == MMDB_SUCCESS &&
               data.has_data && data.type == MMDB_DATA_TYPE_BOOLEAN && data.boolean;
      break;
    }
    latitude = number_at(result, "latitude");
    longitude = number_at(result, "longitude");
  }
  out.latitude.decimal6(latitude);
  out.longitude.decimal6(longitude);
}

void city(const void* raw_owner, Event& event, std::string_view argument, EnrichScratch& scratch) {
  const auto& o = *static_cast<const CityOwner*>(raw_owner);
  const std::optional<Ip>& ip = o.db ? scratch.address(argument) : scratch.no_address;
  if (!ip) return;
  const City& found = memory(scratch).city.get(*ip, [&](const Ip& a, City& out) { ask_city(*o.db, a, out); });
  if (!found.known) return;
  event.set(o.iso, found.iso);
  event.set(o.eu, found.eu ? "true" : "false");
  event.set(o.latitude, event.arena.copy(found.latitude.view()));
  event.set(o.longitude, event.arena.copy(found.longitude.view()));
}

void ask_as(const GeoDatabase& db, const Ip& ip, As& out) {
  MMDB_lookup_result_s result{};
  out.known = db.look_up(ip, result);
  uint32_t number = 0;
  if (out.known && result.found_entry) {
    MMDB_entry_data_s data{};
    if (MMDB_get_value(&result.entry, &data, "autonomous_system_number", nullptr) == MMDB_SUCCESS &&
        data.has_data && data.type == MMDB_DATA_TYPE_UINT32)
      number = data.uint32;
    out.organisation = geo_text(result, "autonomous_system_organization");
    // In an IPv6 tree IPv4 addresses lie under ::/96.
    const int length = int(result.netmask) - (ip.is_v4() && db.is_v6_tree() ? 96 : 0);
    if (length >= 0 && length <= ip.bits()) out.network.assign(Prefix::of(ip, length).cidr());
  }
  char digits[12];
  out.number.assign({digits, size_t(std::to_chars(digits, digits + sizeof digits, number).ptr - digits)});
}

const As& as_of(const GeoDatabase& db, const Ip& ip, EnrichScratch& scratch) {
  return memory(scratch).as.get(ip, [&](const Ip& a, As& out) { ask_as(db, a, out); });
}

void asn(const void* raw_owner, Event& event, std::string_view argument, EnrichScratch& scratch) {
  const auto& o = *static_cast<const AsnOwner*>(raw_owner);
  const std::optional<Ip>& ip = o.db ? scratch.address(argument) : scratch.no_address;
  if (!ip) return;
  const As& found = as_of(*o.db, *ip, scratch);
  if (!found.known) return;
  const std::string_view number = event.arena.copy(found.number.view());
  event.set(o.number, number);
  event.set(o.number_short, number);
  event.set(o.org, found.organisation);
}

void range(const void* raw_owner, Event& event, std::string_view argument, EnrichScratch& scratch) {
  const auto& o = *static_cast<const RangeOwner*>(raw_owner);
  const std::optional<Ip>& ip = o.db ? scratch.address(argument) : scratch.no_address;
  if (!ip) return;
  const As& found = as_of(*o.db, *ip, scratch);
  if (found.network.length) event.set(o.range, event.arena.copy(found.network.view()));
}

}  // namespace

void add_geoip_enrichers(SlotNames& slots, const EnricherOptions& options, EnricherTable& table,
                         std::vector<std::string>& notes) {
  const auto slot = [&](const char* name) { return slots.intern(Bag::enriched, name); };
  std::shared_ptr<GeoDatabase> city_db, asn_db;
  if (!options.data_folder.empty()) {
    const auto open = [&](const std::string& given, const char* name) {
      return GeoDatabase::open(given.empty() ? options.data_folder + name : given, notes);
    };
    city_db = open(options.city, "/GeoLite2-City.mmdb");
    asn_db = open(options.asn, "/GeoLite2-ASN.mmdb");
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
