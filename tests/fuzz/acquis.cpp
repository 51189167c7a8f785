// Any text as acquisition documents: documents of known sources, or errors.
#include "acquire/acquis.h"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  testudo::Errors errors;
  const auto documents =
      testudo::parse_acquis({reinterpret_cast<const char*>(data), size}, "acquis.yaml", errors);
  for (const auto& document : documents)
    if (!document.kind || !document.section.is_map()) std::abort();
  for (const testudo::Error& error : errors)
    if (error.message.empty() || error.where.file != "acquis.yaml") std::abort();
  return 0;
}
