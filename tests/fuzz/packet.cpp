// The parser of bpf/, compiled for userspace: whatever arrives, it reads inside the frame, and what it finds
// is what a plain reading of the same bytes finds (tests/support/plain_packet.h).
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "bpf/parse.h"
#include "tests/support/plain_packet.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A block of exactly this size, aligned as a frame is in the kernel: IP headers at 2 modulo 4.
  const std::unique_ptr<uint8_t[]> block(new uint8_t[size + 2]);
  uint8_t* frame = block.get() + 2;
  if (size) std::memcpy(frame, data, size);
  for (const bool outgoing : {false, true}) {
    testudo_packet packet{};
    testudo_parse(frame, frame + size, outgoing, &packet);
    if (packet.kind == TESTUDO_KIND_IP4 || packet.kind == TESTUDO_KIND_IP6)
      testudo_parse_transport(frame, frame + size, &packet);
    if (!testudo::test::same(testudo::test::read_plainly(frame, size), packet, outgoing)) std::abort();
  }
  return 0;
}
