#include "parse/enricher.h"

namespace testudo::parse {

EnricherTable make_enrichers(SlotNames& slots, const EnricherOptions& options,
                             std::vector<std::string>& notes) {
  EnricherTable table;
  add_date_enrichers(slots, table);
  add_dns_enrichers(slots, table);
  add_json_enrichers(slots, table);
  add_geoip_enrichers(slots, options, table, notes);
  return table;
}

const expr::HelperTable& parse_helpers() {
  static const expr::HelperTable table = [] {
    expr::HelperTable rows;
    add_stash_helpers(rows);
    add_dns_helpers(rows);
    return rows;
  }();
  return table;
}

}  // namespace testudo::parse
