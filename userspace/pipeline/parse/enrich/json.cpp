// UnmarshalJSON: the whole line, a JSON object, into evt.Unmarshaled.
#include "expr/json_read.h"
#include "parse/enricher.h"

namespace testudo::parse {
namespace {

void unmarshal_json(const void*, Event& event, std::string_view, EnrichScratch&) {
  expr::Context context;
  context.event = &event;
  context.arena = &event.arena;
  expr::Machine machine{context};
  Value value;
  if (!expr::read_json(machine, event.raw, value) || value.kind != Value::Kind::map) return;
  for (uint32_t i = 0; i < value.map->size; ++i) {
    const ValueMapEntry& entry = value.map->entries[i];
    const auto known = std::find_if(event.unmarshaled.begin(), event.unmarshaled.end(),
                                    [&](const auto& pair) { return pair.first == entry.key; });
    if (known != event.unmarshaled.end())
      known->second = entry.value;
    else
      event.unmarshaled.emplace_back(entry.key, entry.value);
  }
}

}  // namespace

void add_json_enrichers(SlotNames&, EnricherTable& table) {
  table.push_back({"UnmarshalJSON", "the line, a JSON object, as evt.Unmarshaled", false, false,
                   &unmarshal_json, nullptr});
}

}  // namespace testudo::parse
