// A set made of the input's first lines must find in the rest what a naive search finds.
#include <string>
#include <vector>

#include "pattern/literal_set.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace testudo;
  if (size < 2) return 0;
  const bool fold = data[0] & 1;
  const size_t count = data[1] % 32;
  std::string rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  LiteralSet set(fold ? LiteralSet::Case::ascii_folded : LiteralSet::Case::exact);
  for (size_t i = 0; i < count; ++i) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    set.add(std::string_view(rest).substr(0, end));
    rest.erase(0, end + 1);
  }
  set.finish();
  static LiteralHits hits;
  set.scan(rest, hits);
  const std::string rest_before_folding = rest;
  if (fold)
    for (char& c : rest) c = c >= 'A' && c <= 'Z' ? char(c + 32) : c;
  size_t expected = 0;
  for (uint32_t id = 0; id < set.size(); ++id) {
    const bool occurs = rest.find(set.literal(id)) != std::string::npos;
    if (occurs != hits.has(id)) __builtin_trap();
    expected += occurs;
  }
  if (hits.found().size() != expected || set.any(rest_before_folding) != (expected > 0)) __builtin_trap();
  return 0;
}
