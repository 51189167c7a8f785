// Addresses, and the way between two places.
#include <charconv>
#include <cmath>

#include "base/ip.h"
#include "expr/base64.h"
#include "expr/documents.h"
#include "expr/helpers.h"
#include "expr/text_tools.h"

namespace testudo::expr {
namespace {

constexpr Type kS = Type::string, kB = Type::boolean;

// An IPv4 address written as IPv6 (::ffff:1.2.3.4) counts as IPv4, as in Go.
std::optional<Ip> address(std::string_view text) {
  const std::optional<Ip> ip = Ip::parse(text);
  return ip ? std::optional(ip->unmapped()) : std::nullopt;
}

/// The same, and what the thread has read lately is not read again.
std::optional<Ip> known_address(Context& c, std::string_view text) {
  return c.documents ? c.documents->address(text) : address(text);
}

bool ip_in_range(const void*, Context& c, const Value* a, size_t, Value& out) {
  const std::optional<Ip> ip = known_address(c, a[0].text());
  BorrowedDocuments documents(c);
  const std::optional<Prefix>& prefix = documents->prefix(a[1].text());
  out = Value::of(ip && prefix && prefix->contains(*ip));
  return true;
}
bool is_ip(const void*, Context& c, const Value* a, size_t, Value& out) {
  out = Value::of(known_address(c, a[0].text()).has_value());
  return true;
}
bool is_ipv4(const void*, Context& c, const Value* a, size_t, Value& out) {
  const std::optional<Ip> ip = known_address(c, a[0].text());
  out = Value::of(ip && ip->is_v4());
  return true;
}
bool is_ipv6(const void*, Context& c, const Value* a, size_t, Value& out) {
  const std::optional<Ip> ip = known_address(c, a[0].text());
  out = Value::of(ip && !ip->is_v4());
  return true;
}
bool ip_to_range(const void*, Context& c, const Value* a, size_t, Value& out) {
  out = Value::of(std::string_view());
  const std::optional<Ip> ip = address(a[0].text());
  std::string_view length_text = a[1].text();
  if (length_text.starts_with('/')) length_text.remove_prefix(1);
  int length = -1;
  const auto [end, error] =
      std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
  if (!ip || error != std::errc() || end != length_text.data() + length_text.size() || length < 0 ||
      length > ip->bits())
    return true;
  return copy_text(c, Prefix::of(*ip, length).cidr(), out);
}

bool distance(const void*, Context& c, const Value* a, size_t, Value& out) {
  double at[4];
  for (int i = 0; i < 4; ++i)
    if (!read_real(a[i].text(), at[i])) return fail(c, {"Distance: not a coordinate: ", a[i].text()});
  out = Value::of(0.0);
  // (0, 0) is what the location of an unknown address reads as.
  if ((at[0] == 0 && at[1] == 0) || (at[2] == 0 && at[3] == 0)) return true;
  constexpr double radian = M_PI / 180, earth_km = 6371;
  const double lat = (at[2] - at[0]) * radian, lon = (at[3] - at[1]) * radian;
  const double h = std::pow(std::sin(lat / 2), 2) +
                   std::cos(at[0] * radian) * std::cos(at[2] * radian) * std::pow(std::sin(lon / 2), 2);
  out = Value::of(2 * earth_km * std::atan2(std::sqrt(h), std::sqrt(std::max(0.0, 1 - h))));
  return true;
}

const Helper rows[] = {
    {"IpInRange", "is the address inside the prefix", {kS, kS}, false, kB, true, ip_in_range},
    {"IsIP", "is it an address", {kS}, false, kB, true, is_ip},
    {"IsIPV4", "is it an IPv4 address", {kS}, false, kB, true, is_ipv4},
    {"IsIPV6", "is it an IPv6 address", {kS}, false, kB, true, is_ipv6},
    {"IpToRange", "the prefix of that length around the address", {kS, kS}, false, kS, true, ip_to_range},
    {"Distance",
     "kilometres between two places (latitude, longitude)",
     {kS, kS, kS, kS},
     false,
     Type::real,
     true,
     distance},
};

}  // namespace

void add_net_helpers(HelperTable& table) { table.insert(table.end(), std::begin(rows), std::end(rows)); }

}  // namespace testudo::expr
