// ParseDate: evt.StrTime → evt.Enriched.MarshaledTime.
#include "parse/enricher.h"
#include "parse/stamp.h"

namespace testudo::parse {
namespace {

struct Owner {
  SlotRef marshaled_time;
};

/// The stamp as RFC 3339 with its moment; false when the text is none.
bool read(const Event& event, std::string_view text, const EnrichScratch& scratch, CommonStamp& out) {
  if (!event.str_time_format.empty() || !read_common_stamp(text, scratch.today, scratch.zone, out)) {
    const auto stamp = parse_log_date(text, event.str_time_format, scratch.today, scratch.zone);
    if (!stamp) return false;
    out.stamp = *stamp;
    out.length = write_rfc3339(*stamp, out.text);
  }
  if (out.stamp.guessed_year && !scratch.replay && out.stamp.time > scratch.today + 24h) {
    // A line of 31 December that is read on 1 January belongs to the old year.
    out.stamp.time -= std::chrono::days(365);
    out.length = write_rfc3339(out.stamp, out.text);
  }
  return true;
}

void parse_date(const void* raw_owner, Event& event, std::string_view text, EnrichScratch& scratch) {
  const auto& owner = *static_cast<const Owner*>(raw_owner);
  const uint32_t source = event.source ? event.source->id : 0;
  const bool log_time = scratch.replay || event.log_time;
  if (!text.empty() && text == scratch.last_text && event.str_time_format.empty() &&
      scratch.last_source == source) {
    event.set(owner.marshaled_time, event.arena.copy(scratch.last_result));
    if (log_time) event.time = scratch.last_stamp.time;
    return;
  }
  CommonStamp stamp;
  if (!read(event, text, scratch, stamp)) {
    stamp.length = write_rfc3339({scratch.today, 0}, stamp.text);
    event.set(owner.marshaled_time, event.arena.copy(stamp.view()));
    return;
  }
  event.set(owner.marshaled_time, event.arena.copy(stamp.view()));
  if (log_time) event.time = stamp.stamp.time;
  if (event.str_time_format.empty() && text.size() <= 64) {
    scratch.last_text = text;
    scratch.last_result = stamp.view();
    scratch.last_stamp = stamp.stamp;
    scratch.last_source = source;
  }
}

}  // namespace

void add_date_enrichers(SlotNames& slots, EnricherTable& table) {
  table.push_back({"ParseDate", "time stamp of the log, by the known layouts or evt.StrTimeFormat", true,
                   false, &parse_date,
                   std::make_shared<Owner>(Owner{slots.intern(Bag::enriched, "MarshaledTime")})});
}

}  // namespace testudo::parse
