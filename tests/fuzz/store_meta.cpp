// What the store reads back from its text columns: any bytes are refused or understood, and what is
// understood is written and read as the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "store/meta_json.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace testudo;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto meta = store::meta_from_json(text)) {
    const std::string event = store::event_meta_to_json(*meta);
    require(event.size() <= 8191 && store::meta_from_json(event).ok());
    const auto again = store::meta_from_json(store::alert_meta_to_json(*meta));
    require(again && again->size() == meta->size());
    for (size_t i = 0; i < meta->size(); ++i) {
      const auto& [key, value] = (*meta)[i];
      require((*again)[i].first.size() <= 255 && key.starts_with((*again)[i].first));
      require((*again)[i].second.size() <= 4095 && value.starts_with((*again)[i].second));
    }
  }
  if (const auto labels = store::labels_from_json(text)) {
    const auto again = store::labels_from_json(store::labels_to_json(*labels));
    require(again && *again == *labels);
  }
  // The same bytes as one value of an event: cut, never refused on the way back.
  require(store::meta_from_json(store::event_meta_to_json({{"line", text}})).ok());
  return 0;
}
