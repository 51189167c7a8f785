#include "parse/enricher.h"

namespace testudo::parse {

EnricherTable make_enrichers(SlotNames& slots, const EnricherOptions& options,
                             std::vector<std::string>& notes) {
  EnricherTable table;
  add_date_enrichers(slots, table);
  add_geoip_enrichers(slots, options, table, notes);
  return table;
}

}  // namespace testudo::parse
