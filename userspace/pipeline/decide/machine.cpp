#include "decide/machine.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include "base/log.h"
#include "base/text.h"

namespace testudo {

namespace {

// Files of procfs have no size and may be long (a router's table): read up to a limit, by lines elsewhere.
std::string slurp(const char* path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(4u << 20, '\0');
  in.read(text.data(), std::streamsize(text.size()));
  text.resize(size_t(in.gcount()));
  return text;
}

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> found;
  size_t at = 0;
  while (at < line.size()) {
    const size_t start = line.find_first_not_of(" \t\r", at);
    if (start == std::string_view::npos) break;
    at = std::min(line.find_first_of(" \t\r", start), line.size());
    found.push_back(line.substr(start, at - start));
  }
  return found;
}

bool hex_u32(std::string_view text, uint32_t& out) {
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  return err == std::errc() && end == text.data() + text.size();
}

void add(MachineAddresses& out, const Ip& given, const std::string& why) {
  const Ip ip = given.unmapped();
  if (ip.is_loopback() || ip.is_unspecified()) return;
  out.try_emplace(ip, why);
}

void add_interfaces(MachineAddresses& out) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    log::warn("protect.interfaces_unknown", {{"error", std::strerror(errno)}});
    return;
  }
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(list, freeifaddrs);
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    const std::string why = std::string("own address of ") + at->ifa_name;
    if (at->ifa_addr->sa_family == AF_INET) {
      sockaddr_in address;
      std::memcpy(&address, at->ifa_addr, sizeof address);
      add(out, Ip::v4_bytes(&address.sin_addr), why);
    } else if (at->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 address;
      std::memcpy(&address, at->ifa_addr, sizeof address);
      add(out, Ip::v6_bytes(&address.sin6_addr), why);
    }
  }
}

}  // namespace

// Iface Destination Gateway Flags RefCnt Use Metric Mask …; numbers are the bytes of the address in memory
// order.
void add_gateways_v4(std::string_view text, MachineAddresses& out) {
  for (const std::string_view line : split(text, '\n')) {
    const auto column = words(line);
    uint32_t destination = 0, gateway = 0, mask = 0;
    if (column.size() < 8 || !hex_u32(column[1], destination) || !hex_u32(column[2], gateway) ||
        !hex_u32(column[7], mask))
      continue;
    if (destination != 0 || mask != 0 || gateway == 0) continue;
    add(out, Ip::v4_bytes(&gateway), "default gateway on " + std::string(column[0]));
  }
}

// Destination length source length next-hop metric refcount use flags device, addresses as 32 hex digits.
void add_gateways_v6(std::string_view text, MachineAddresses& out) {
  for (const std::string_view line : split(text, '\n')) {
    const auto column = words(line);
    if (column.size() < 10 || column[1] != "00" || column[4].size() != 32) continue;
    uint8_t bytes[16];
    bool good = true;
    for (int i = 0; i < 16; ++i) {
      uint32_t byte = 0;
      good = good && hex_u32(column[4].substr(size_t(i) * 2, 2), byte);
      bytes[i] = uint8_t(byte);
    }
    if (good) add(out, Ip::v6_bytes(bytes), "default gateway on " + std::string(column[9]));
  }
}

void add_resolvers(std::string_view text, MachineAddresses& out) {
  for (const std::string_view line : split(text, '\n')) {
    const auto column = words(line);
    if (column.size() < 2 || column[0] != "nameserver") continue;
    const auto ip = Ip::parse(column[1].substr(0, column[1].find('%')));
    if (ip) add(out, *ip, "resolver in /etc/resolv.conf");
  }
}

MachineAddresses machine_addresses() {
  MachineAddresses out;
  add_interfaces(out);
  add_gateways_v4(slurp("/proc/net/route"), out);
  add_gateways_v6(slurp("/proc/net/ipv6_route"), out);
  add_resolvers(slurp("/etc/resolv.conf"), out);
  return out;
}

}  // namespace testudo
