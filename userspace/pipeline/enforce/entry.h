// enforce/entry.h: where in the kernel's tables a prefix lies, and how long it stays.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ip.h"
#include "base/time.h"
#include "bpf/abi.h"

namespace testudo {

enum class Table : uint8_t { ban4, ban6, ban6_64, net4, net6 };
constexpr int kTables = 5;

/// Address or prefix in the form of its table's key.
struct EntryKey {
  Table table;
  union {
    __u32 address4;
    ban6_key address6;
    __u64 high6;
    net4_key prefix4;
    net6_key prefix6;
  };
  const void* bytes() const { return &address4; }
};

/// /32 → ban4, /128 → ban6, IPv6 /64 → ban6_64, everything else → net4, net6. IPv4 in IPv6 form
/// (::ffff:0:0/96 and longer) is what the wire shows: IPv4.
EntryKey entry_key(const Prefix& prefix);
/// The prefix of a key that was read from `table`.
Prefix prefix_of(Table table, const void* key);
/// ::ffff:a.b.c.d/96+n as a.b.c.d/n, everything else as it is.
Prefix wire_prefix(const Prefix& prefix);

/// One reading of both clocks.
struct Clocks {
  TimePoint wall;
  int64_t boot_ns = 0;
  static Clocks read();
};

/// CLOCK_BOOTTIME second at whose begin an entry ends; rounded up, so that a ban never ends early. Nothing
/// when `until` is over already. TimePoint::max() is 0: never.
std::optional<uint32_t> expiry_of(TimePoint until, const Clocks& clocks);
/// What is left; negative when over, Duration::max() when it never ends.
Duration left_of(uint32_t expiry_s, const Clocks& clocks);
/// Wall clock of a CLOCK_BOOTTIME stamp; 0 stays 0.
int64_t unix_ns_of(uint64_t boot_ns, const Clocks& clocks);

}  // namespace testudo
