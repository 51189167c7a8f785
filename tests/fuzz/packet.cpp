// The parser of bpf/, compiled for userspace: whatever arrives, it reads inside the frame, and what it finds
// is what a plain reading of the same bytes finds.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "bpf/parse.h"

namespace {

uint16_t be16(const uint8_t* at) { return uint16_t(at[0] << 8 | at[1]); }

/// The same in the plainest words.
uint32_t expected_kind(const uint8_t* data, size_t size, size_t* address) {
  if (size < 14) return TESTUDO_KIND_MALFORMED;
  size_t at = 14;
  uint16_t type = be16(data + 12);
  for (int tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8); ++tags) {
    if (size < at + 4) return TESTUDO_KIND_MALFORMED;
    type = be16(data + at + 2);
    at += 4;
  }
  if (type == 0x0800) {
    if (size < at + 20 || data[at] >> 4 != 4 || (data[at] & 15) < 5) return TESTUDO_KIND_MALFORMED;
    *address = at + 12;
    return TESTUDO_KIND_IP4;
  }
  if (type == 0x86dd) {
    if (size < at + 40 || data[at] >> 4 != 6) return TESTUDO_KIND_MALFORMED;
    *address = at + 8;
    return TESTUDO_KIND_IP6;
  }
  return TESTUDO_KIND_OTHER;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A block of exactly this size, aligned as a frame is in the kernel: IP headers at 2 modulo 4.
  const std::unique_ptr<uint8_t[]> block(new uint8_t[size + 2]);
  uint8_t* frame = block.get() + 2;
  if (size) std::memcpy(frame, data, size);
  testudo_source source{};
  testudo_parse(frame, frame + size, &source);
  size_t address = 0;
  if (source.kind != expected_kind(frame, size, &address)) std::abort();
  if (source.kind == TESTUDO_KIND_IP4 && std::memcmp(&source.address4, frame + address, 4) != 0) std::abort();
  if (source.kind == TESTUDO_KIND_IP6 && (std::memcmp(&source.high, frame + address, 8) != 0 ||
                                          std::memcmp(&source.low, frame + address + 8, 8) != 0))
    std::abort();
  return 0;
}
