// tests/support/plain_packet.h: a frame read in the plainest words, to judge bpf/parse.h by.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "bpf/parse.h"

namespace testudo::test {

struct PlainPacket {
  uint32_t kind = TESTUDO_KIND_MALFORMED;
  std::array<uint8_t, 16> source{}, destination{};  ///< IPv4 in the first four bytes
  uint8_t protocol = 0, tcp_flags = 0;
  uint16_t source_port = 0, destination_port = 0, flags = 0;
  size_t transport = 0;
};

/// Bytes at an offset; reading past the end says so instead.
class PlainReader {
 public:
  PlainReader(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool has(size_t at, size_t count) const { return at <= size_ && count <= size_ - at; }
  uint8_t byte(size_t at) const { return data_[at]; }
  uint16_t be16(size_t at) const { return uint16_t(data_[at] << 8 | data_[at + 1]); }
  void copy(size_t at, size_t count, uint8_t* to) const { std::memcpy(to, data_ + at, count); }

 private:
  const uint8_t* data_;
  size_t size_;
};

/// `end`: where the packet says that it ends; 0 = it does not say.
inline void read_ports(const PlainReader& in, size_t at, size_t end, PlainPacket& out) {
  const size_t whole = out.protocol == 6 ? 20 : out.protocol == 17 ? 8 : out.protocol == 132 ? 12 : 0;
  if (whole == 0) return;
  const auto cut = [&](size_t count) { return end != 0 && at + count > end; };
  if (!in.has(at, 8) || cut(8)) {
    out.flags |= TESTUDO_PACKET_TRUNCATED;
    return;
  }
  out.flags |= TESTUDO_PACKET_PORTS;
  out.source_port = in.be16(at);
  out.destination_port = in.be16(at + 2);
  if (cut(whole) || (whole == 20 && !in.has(at, 20))) {
    out.flags |= TESTUDO_PACKET_TRUNCATED;
  } else if (out.protocol == 6) {
    out.tcp_flags = in.byte(at + 13);
    if (in.byte(at + 12) >> 4 < 5) out.flags |= TESTUDO_PACKET_MALFORMED;
  }
}

inline void read_ip4(const PlainReader& in, size_t at, PlainPacket& out) {
  if (!in.has(at, 20) || in.byte(at) >> 4 != 4 || (in.byte(at) & 15) < 5) return;
  out.kind = TESTUDO_KIND_IP4;
  in.copy(at + 12, 4, out.source.data());
  in.copy(at + 16, 4, out.destination.data());
  out.protocol = in.byte(at + 9);
  const size_t header = size_t(in.byte(at) & 15) * 4, total = in.be16(at + 2);
  if (total != 0 && total < header) {
    out.flags |= TESTUDO_PACKET_MALFORMED;
  } else if (in.be16(at + 6) & 0x1fff) {
    out.flags |= TESTUDO_PACKET_LATER_FRAGMENT;
  } else {
    if (in.be16(at + 6) & 0x2000) out.flags |= TESTUDO_PACKET_FIRST_FRAGMENT;
    out.transport = at + header;
    read_ports(in, at + header, total ? at + total : 0, out);
  }
}

inline bool extension(uint8_t protocol) {
  return protocol == 0 || protocol == 43 || protocol == 44 || protocol == 51 || protocol == 60;
}

inline void read_ip6(const PlainReader& in, size_t at, PlainPacket& out) {
  if (!in.has(at, 40) || in.byte(at) >> 4 != 6) return;
  out.kind = TESTUDO_KIND_IP6;
  in.copy(at + 8, 16, out.source.data());
  in.copy(at + 24, 16, out.destination.data());
  out.protocol = in.byte(at + 6);
  const size_t payload = in.be16(at + 4), end = payload ? at + 40 + payload : 0;
  at += 40;
  for (int count = 0; extension(out.protocol); ++count) {
    if (count == 8) {
      out.flags |= TESTUDO_PACKET_DEEP;
      return;
    }
    if (!in.has(at, 8)) {
      out.flags |= TESTUDO_PACKET_TRUNCATED;
      return;
    }
    const uint8_t kind = out.protocol;
    out.protocol = in.byte(at);
    if (kind == 44 && in.be16(at + 2) >> 3 != 0) {
      out.flags |= TESTUDO_PACKET_LATER_FRAGMENT;
      return;
    }
    if (kind == 44 && in.be16(at + 2) & 1) out.flags |= TESTUDO_PACKET_FIRST_FRAGMENT;
    at += kind == 44 ? 8 : kind == 51 ? (in.byte(at + 1) + 2u) * 4 : (in.byte(at + 1) + 1u) * 8;
  }
  out.transport = at;
  read_ports(in, at, end, out);
}

inline PlainPacket read_plainly(const uint8_t* data, size_t size) {
  PlainPacket out;
  const PlainReader in(data, size);
  if (!in.has(0, 14)) return out;
  size_t at = 14;
  uint16_t type = in.be16(12);
  for (int tags = 0; tags < 2 && (type == 0x8100 || type == 0x88a8); ++tags) {
    if (!in.has(at, 4)) return out;
    type = in.be16(at + 2);
    at += 4;
  }
  if (type == 0x0800)
    read_ip4(in, at, out);
  else if (type == 0x86dd)
    read_ip6(in, at, out);
  else
    out.kind = type == 0x8100 || type == 0x88a8 ? TESTUDO_KIND_DEEP : TESTUDO_KIND_OTHER;
  return out;
}

/// Whether the program's reading is the plain one. `outgoing`: which address was asked about.
inline bool same(const PlainPacket& plain, const testudo_packet& packet, bool outgoing) {
  const auto& address = outgoing ? plain.destination : plain.source;
  if (packet.kind != plain.kind) return false;
  if (plain.kind == TESTUDO_KIND_IP4 && std::memcmp(&packet.address4, address.data(), 4) != 0) return false;
  if (plain.kind == TESTUDO_KIND_IP6 && (std::memcmp(&packet.high, address.data(), 8) != 0 ||
                                         std::memcmp(&packet.low, address.data() + 8, 8) != 0))
    return false;
  return packet.protocol == plain.protocol && packet.tcp_flags == plain.tcp_flags &&
         packet.source_port == plain.source_port && packet.destination_port == plain.destination_port &&
         packet.flags == plain.flags && packet.transport == plain.transport;
}

}  // namespace testudo::test
