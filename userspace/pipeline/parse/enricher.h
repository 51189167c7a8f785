// parse/enricher.h: `method: NAME` of statics: functions that write into evt.Enriched.
//
// To add an enricher: write enrich/NAME.cpp with a function that appends its rows, call it in enrichers.cpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/metrics.h"
#include "expr/expr.h"
#include "model/event.h"
#include "parse/date.h"

namespace testudo::parse {

struct GeoScratch;  // enrich/geoip.cpp
class Resolver;     // resolver.h

/// What an enricher may keep between lines; one per worker, for one table of enrichers.
struct EnrichScratch {
  TimePoint today{};  ///< for stamps without a year; the wall clock live, `--now` in a replay
  Zone zone;          ///< of the source
  bool replay = false;
  // The last stamp: neighbouring lines nearly always carry the same second.
  std::string last_text, last_result;
  Stamp last_stamp;
  uint32_t last_source = 0;  ///< stamps without a zone mean another time for another source

  Resolver* resolver = nullptr;  ///< null: no name has an address and no address a name
  std::shared_ptr<GeoScratch> geo;

  /// The address that a text spells. One line asks for the same one several times, and so do its neighbours.
  const std::optional<Ip>& address(std::string_view text) {
    if (text != address_text_) {
      address_text_.assign(text.substr(0, 64));  // a longer text is no address
      address_ = Ip::parse(text);
    }
    return address_;
  }
  std::optional<Ip> no_address;

 private:
  std::string address_text_;
  std::optional<Ip> address_;
};

struct Enricher {
  std::string_view name;
  std::string_view summary;
  /// Runs on an empty argument too (only ParseDate does).
  bool runs_on_empty = false;
  /// Asks somebody outside of the process: not called when a line is looked at a second time.
  bool reaches_out = false;
  void (*run)(const void* owner, Event& event, std::string_view argument, EnrichScratch& scratch) = nullptr;
  std::shared_ptr<const void> owner;
};
using EnricherTable = std::vector<Enricher>;

struct EnricherOptions {
  std::string data_folder;  ///< where GeoLite2-City.mmdb and GeoLite2-ASN.mmdb are looked for
  std::string city, asn;    ///< these files in their place, where given
};

/// All enrichers, their slots interned. A missing database is told once in `notes`, its enrichers write
/// nothing.
EnricherTable make_enrichers(SlotNames& slots, const EnricherOptions& options,
                             std::vector<std::string>& notes);

/// Functions of expressions that parsers bring: GetFromStash, SetInStash, LookupHost. They find the stash and
/// the resolver in the RunContext.
const expr::HelperTable& parse_helpers();

void add_date_enrichers(SlotNames& slots, EnricherTable& table);
void add_dns_enrichers(SlotNames& slots, EnricherTable& table);
void add_json_enrichers(SlotNames& slots, EnricherTable& table);
void add_dns_helpers(expr::HelperTable& table);
void add_stash_helpers(expr::HelperTable& table);
void add_geoip_enrichers(SlotNames& slots, const EnricherOptions& options, EnricherTable& table,
                         std::vector<std::string>& notes);

}  // namespace testudo::parse
