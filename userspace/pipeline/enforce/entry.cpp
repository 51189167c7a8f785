#include "enforce/entry.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace testudo {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

uint32_t quad(const Ip& ip) {
  uint32_t address;
  std::memcpy(&address, ip.bytes.data(), 4);
  return address;
}

}  // namespace

Prefix wire_prefix(const Prefix& prefix) {
  if (prefix.ip.is_v4() || prefix.length < 96) return prefix;
  const Ip folded = prefix.ip.unmapped();
  return folded.is_v4() ? Prefix::of(folded, prefix.length - 96) : prefix;
}

EntryKey entry_key(const Prefix& given) {
  const Prefix prefix = wire_prefix(given);
  EntryKey key;
  std::memset(&key, 0, sizeof key);
  if (prefix.ip.is_v4()) {
    if (prefix.length == 32) {
      key.table = Table::ban4;
      key.address4 = quad(prefix.ip);
    } else {
      key.table = Table::net4;
      key.prefix4 = {prefix.length, quad(prefix.ip)};
    }
  } else if (prefix.length == 128) {
    key.table = Table::ban6;
    std::memcpy(&key.address6, prefix.ip.bytes.data(), 16);
  } else if (prefix.length == 64) {
    key.table = Table::ban6_64;
    std::memcpy(&key.high6, prefix.ip.bytes.data(), 8);
  } else {
    key.table = Table::net6;
    key.prefix6.length = prefix.length;
    std::memcpy(key.prefix6.address, prefix.ip.bytes.data(), 16);
  }
  return key;
}

Prefix prefix_of(Table table, const void* key) {
  switch (table) {
    case Table::ban4:
      return Prefix::of(Ip::v4_bytes(key), 32);
    case Table::ban6:
      return Prefix::of(Ip::v6_bytes(key), 128);
    case Table::ban6_64: {
      uint8_t bytes[16] = {};
      std::memcpy(bytes, key, 8);
      return Prefix::of(Ip::v6_bytes(bytes), 64);
    }
    case Table::net4: {
      net4_key net;
      std::memcpy(&net, key, sizeof net);
      return Prefix::of(Ip::v4_bytes(&net.address), int(std::min(net.length, 32u)));
    }
    case Table::net6: {
      net6_key net;
      std::memcpy(&net, key, sizeof net);
      return Prefix::of(Ip::v6_bytes(net.address), int(std::min(net.length, 128u)));
    }
  }
  return {};
}

Clocks Clocks::read() { return {now(), boottime_ns()}; }

std::optional<uint32_t> expiry_of(TimePoint until, const Clocks& clocks) {
  if (until == TimePoint::max()) return 0u;
  if (until <= clocks.wall) return std::nullopt;
  // Seconds first: a far `until` plus the time since boot does not fit into nanoseconds.
  const int64_t left = (until - clocks.wall).count();
  int64_t seconds = left / kSecond + clocks.boot_ns / kSecond;
  const int64_t rest = left % kSecond + clocks.boot_ns % kSecond;
  seconds += (rest + kSecond - 1) / kSecond;
  return uint32_t(std::clamp<int64_t>(seconds, 1, std::numeric_limits<uint32_t>::max()));
}

Duration left_of(uint32_t expiry_s, const Clocks& clocks) {
  if (expiry_s == 0) return Duration::max();
  return Duration(int64_t(expiry_s) * kSecond - clocks.boot_ns);
}

int64_t unix_ns_of(uint64_t boot_ns, const Clocks& clocks) {
  if (boot_ns == 0) return 0;
  return unix_nanos(clocks.wall) - (clocks.boot_ns - int64_t(boot_ns));
}

}  // namespace testudo
