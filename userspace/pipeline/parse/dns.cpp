#include "parse/dns.h"

#include "base/text.h"

namespace testudo::parse::dns {
namespace {

constexpr size_t kHeader = 12;
constexpr size_t kMaxRecords = 32;

void put16(std::string& out, unsigned v) {
  out += char(v >> 8 & 0xff);
  out += char(v & 0xff);
}

bool name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

struct Packet {
  std::string_view bytes;
  size_t at = 0;
  bool bad = false;

  unsigned u8(size_t where) { return where < bytes.size() ? uint8_t(bytes[where]) : (bad = true, 0u); }
  unsigned u16(size_t where) { return u8(where) << 8 | u8(where + 1); }

  /// Moves behind the name at `at`; its text, "" when it holds odd bytes. Pointers may only lead backwards,
  /// so that reading ends.
  std::string name() {
    std::string out;
    bool odd = false, jumped = false;
    size_t here = at, lowest = at;
    for (;;) {
      const unsigned length = u8(here);
      if (bad) return {};
      if ((length & 0xc0) == 0xc0) {
        const size_t to = (length & 0x3f) << 8 | u8(here + 1);
        if (!jumped) at = here + 2;
        jumped = true;
        if (bad || to >= lowest) return bad = true, std::string();
        here = lowest = to;
        continue;
      }
      if (length > 63 || here + 1 + length > bytes.size()) return bad = true, std::string();
      if (length == 0) {
        if (!jumped) at = here + 1;
        return odd || out.size() > 254 ? std::string() : out;
      }
      for (const char c : bytes.substr(here + 1, length)) odd = odd || !name_byte(c);
      if (out.size() > 512) return bad = true, std::string();
      out.append(bytes.substr(here + 1, length)) += '.';
      here += 1 + length;
    }
  }
};

}  // namespace

std::string reverse_name(const Ip& ip) {
  std::string out;
  if (ip.is_v4()) {
    for (int i = 3; i >= 0; --i) out += std::to_string(ip.bytes[size_t(i)]) + ".";
    return out + "in-addr.arpa";
  }
  static constexpr char digits[] = "0123456789abcdef";
  for (int i = 15; i >= 0; --i)
    out.append({digits[ip.bytes[size_t(i)] & 15], '.', digits[ip.bytes[size_t(i)] >> 4], '.'});
  return out + "ip6.arpa";
}

std::string question(uint16_t id, std::string_view name, Type type) {
  std::string out;
  put16(out, id);
  put16(out, 0x0100);  // recursion desired
  for (const unsigned count : {1u, 0u, 0u, 0u}) put16(out, count);
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > 253) return {};
  for (const std::string_view label : split(name, '.')) {
    if (label.empty() || label.size() > 63) return {};
    out += char(label.size());
    out += label;
  }
  out += '\0';
  put16(out, unsigned(type));
  put16(out, 1);  // internet
  return out;
}

std::optional<std::vector<std::string>> read_answer(std::string_view packet, std::string_view question,
                                                    Type type) {
  Packet p{packet};
  const bool answers = packet.size() >= question.size() && question.size() > kHeader &&
                       packet.substr(0, 2) == question.substr(0, 2) && (p.u8(2) & 0x80) && p.u16(4) == 1 &&
                       packet.substr(kHeader, question.size() - kHeader) == question.substr(kHeader);
  if (!answers) return std::nullopt;
  std::vector<std::string> out;
  if (p.u8(3) & 0x0f) return out;
  const unsigned records = p.u16(6);
  p.at = question.size();
  for (unsigned i = 0; i < records && out.size() < kMaxRecords; ++i) {
    p.name();
    const unsigned kind = p.u16(p.at), length = p.u16(p.at + 8);
    const size_t data = p.at + 10;
    if (p.bad || data + length > packet.size()) break;
    if (kind == unsigned(type)) {
      if (type == Type::ptr) {
        Packet inner{packet, data};
        std::string name = inner.name();
        if (!inner.bad && !name.empty()) out.push_back(std::move(name));
      } else if (length == (type == Type::a ? 4u : 16u)) {
        out.push_back(
            (type == Type::a ? Ip::v4_bytes(packet.data() + data) : Ip::v6_bytes(packet.data() + data))
                .text());
      }
    }
    p.at = data + length;
  }
  return out;
}

}  // namespace testudo::parse::dns
