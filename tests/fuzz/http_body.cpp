// Bodies as strangers may send them: nothing crashes, and what is accepted can be written.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/model_json.h"
#include "api/read_json.h"
#include "decide/terms.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace testudo;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const TimePoint time = from_unix_seconds(1795544569);
  switch (data[0] % 2) {
    case 0:
      if (const auto alerts = read_alerts(text, time)) {
        for (const Alert& alert : alerts->alerts) {
          for (const Decision& decision : alert.decisions) {
            if (decision.until <= alert.stop_at) __builtin_trap();
            // What is accepted can be read again, and insisting or not does not change what it says.
            const auto params = read_params(decision.params);
            const auto forced = read_params(with_force(decision.params, true));
            if (params && forced && params->terms != forced->terms) __builtin_trap();
            if (params) (void)terms_text(params->terms);
          }
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
  }
  return 0;
}
