#include "xdp/interfaces.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <set>

#include "base/files.h"
#include "base/text.h"

namespace testudo::xdp {
namespace {

constexpr unsigned long kUp = 0x1, kReject = 0x200;  // RTF_UP, RTF_REJECT of linux/route.h

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> out;
  size_t at = 0;
  while ((at = line.find_first_not_of(" \t", at)) != std::string_view::npos) {
    const size_t end = std::min(line.find_first_of(" \t", at), line.size());
    out.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return out;
}

bool usable(const std::string& flags_hex) {
  const unsigned long flags = std::strtoul(flags_hex.c_str(), nullptr, 16);
  return (flags & kUp) && !(flags & kReject);
}

bool all_zero(const std::string& hex) { return hex.find_first_not_of('0') == std::string::npos; }

}  // namespace

std::vector<std::string> default_interfaces(std::string_view route4, std::string_view route6) {
  std::set<std::string> names;
  for (std::string_view line :
       split(route4, '\n')) {  // Iface Destination Gateway Flags RefCnt Use Metric Mask …
    const auto word = words(line);
    if (word.size() >= 8 && all_zero(word[1]) && all_zero(word[7]) && usable(word[3])) names.insert(word[0]);
  }
  for (std::string_view line : split(route6, '\n')) {  // dest len src len hop metric refcnt use flags iface
    const auto word = words(line);
    if (word.size() >= 10 && all_zero(word[0]) && all_zero(word[1]) && usable(word[8])) names.insert(word[9]);
  }
  names.erase("lo");
  return {names.begin(), names.end()};
}

std::vector<std::string> default_interfaces() {
  const auto route4 = read_file("/proc/net/route");
  const auto route6 = read_file("/proc/net/ipv6_route");
  return default_interfaces(route4 ? *route4 : "", route6 ? *route6 : "");
}

Result<Fd> watch_links() {
  Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!fd) return errno_error("cannot watch interfaces", errno);
  sockaddr_nl at{};
  at.nl_family = AF_NETLINK;
  at.nl_groups = RTMGRP_LINK;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    return errno_error("cannot watch interfaces", errno);
  return fd;
}

void take_link_news(const Fd& links) {
  // What it says does not matter, only that something changed; ENOBUFS says the same.
  char news[16384];
  while (::recv(links.get(), news, sizeof news, 0) > 0 || errno == ENOBUFS || errno == EINTR) {
  }
}

}  // namespace testudo::xdp
