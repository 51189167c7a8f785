// Bodies, queries and paths as strangers may send them: nothing crashes, and what is accepted can be written.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/context.h"
#include "api/filters.h"
#include "api/model_json.h"
#include "api/read_json.h"
#include "net/url.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace testudo;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const TimePoint time = from_unix_seconds(1795544569);
  switch (data[0] % 4) {
    case 0:
      if (const auto alerts = read_alerts(text, time)) {
        for (const Alert& alert : alerts->alerts) {
          for (const Decision& decision : alert.decisions)
            if (decision.until <= alert.stop_at) __builtin_trap();
          (void)alert_json(alert, time);
        }
      }
      break;
    case 1:
      (void)read_allowlist_items(text, time);
      (void)read_prefixes(text);
      (void)read_targets(text);
      (void)read_new_allowlist(text);
      break;
    case 2:
      if (const auto query = parse_query(text)) {
        (void)alert_query(*query, time);
        (void)decision_query(*query);
        (void)deletion_filter(*query);
      }
      break;
    case 3: {
      std::string path;
      NameValues query;
      if (parse_target(text, path, query)) (void)match_route(all_routes(), "GET", path);
      if (const auto decoded = percent_decode(text);
          decoded && percent_decode(percent_encode(*decoded)) != decoded)
        __builtin_trap();
      break;
    }
  }
  return 0;
}
