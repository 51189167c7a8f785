// ParseDate: evt.StrTime → evt.Enriched.MarshaledTime.
#include "parse/enricher.h"

namespace testudo::parse {
namespace {

struct Owner {
  SlotRef marshaled_time;
};

void parse_date(const void* raw_owner, Event& event, std::string_view text, EnrichScratch& scratch) {
  const auto& owner = *static_cast<const Owner*>(raw_owner);
  if (!text.empty() && text == scratch.last_text && event.str_time_format.empty() &&
      scratch.last_source == event.source->id) {
    event.set(owner.marshaled_time, event.arena.copy(scratch.last_result));
    if (scratch.replay || event.log_time) event.time = scratch.last_stamp.time;
    return;
  }
  auto stamp = parse_log_date(text, event.str_time_format, scratch.today, scratch.zone);
  if (stamp && stamp->guessed_year && !scratch.replay && stamp->time > scratch.today + 24h)
    // A line of 31 December that is read on 1 January belongs to the old year.
    stamp->time -= std::chrono::days(365);
  const bool known = stamp.has_value();
  if (!known) stamp = Stamp{scratch.today, 0};
  char buffer[48];
  const std::string_view result(buffer, write_rfc3339(*stamp, buffer));
  event.set(owner.marshaled_time, event.arena.copy(result));
  if (!known) return;
  if (scratch.replay || event.log_time) event.time = stamp->time;
  if (event.str_time_format.empty() && text.size() <= 64) {
    scratch.last_text = text;
    scratch.last_result = result;
    scratch.last_stamp = *stamp;
    scratch.last_source = event.source->id;
  }
}

}  // namespace

void add_date_enrichers(SlotNames& slots, EnricherTable& table) {
  table.push_back({"ParseDate", "time stamp of the log, by the known layouts or evt.StrTimeFormat", true,
                   false, &parse_date,
                   std::make_shared<Owner>(Owner{slots.intern(Bag::enriched, "MarshaledTime")})});
}

}  // namespace testudo::parse
