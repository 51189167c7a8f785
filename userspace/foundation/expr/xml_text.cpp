// XML text as it is meant: entities, character references, CDATA, line ends.
#include <charconv>
#include <cstring>

#include "expr/case_map.h"
#include "expr/xml_table.h"

namespace testudo::expr {
namespace {

struct Entity {
  std::string_view name;
  char byte;
};
constexpr Entity entities[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};

// What stands for the reference between & and ;. Nothing is longer than its reference: "&#9;" is four bytes
// for one. 0 when it is none of XML's own: it stays as written then.
size_t dereference(std::string_view reference, char* to) {
  for (const Entity& entity : entities)
    if (entity.name == reference) return *to = entity.byte, 1;
  if (reference.size() < 2 || reference[0] != '#') return 0;
  const bool hex = reference[1] == 'x' || reference[1] == 'X';
  const char* end = reference.data() + reference.size();
  uint32_t c = 0;
  const auto [stop, error] = std::from_chars(reference.data() + (hex ? 2 : 1), end, c, hex ? 16 : 10);
  if (error != std::errc() || stop != end || c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return 0;
  return encode_utf8(c, to);
}

constexpr size_t kLongestReference = 12;

}  // namespace

std::string_view XmlTable::decoded(std::string_view raw, Arena& arena, bool markup) const {
  if (!special_) return raw;
  size_t at = 0;
  while (at < raw.size() && raw[at] != '&' && raw[at] != '\r' && (raw[at] != '<' || !markup)) ++at;
  if (at == raw.size()) return raw;
  char* to = arena.allocate(raw.size());
  std::memcpy(to, raw.data(), at);
  size_t size = at;
  while (at < raw.size()) {
    const std::string_view rest = raw.substr(at);
    if (rest[0] == '&') {
      const size_t end = rest.substr(0, kLongestReference).find(';');
      const size_t made = end == std::string_view::npos ? 0 : dereference(rest.substr(1, end - 1), to + size);
      if (made == 0) to[size] = '&';
      size += made ? made : 1;
      at += made ? end + 1 : 1;
    } else if (rest[0] == '\r') {  // a line ends with \n, however it was written
      to[size++] = '\n';
      at += rest.starts_with("\r\n") ? 2 : 1;
    } else if (markup && rest.starts_with("<![CDATA[")) {
      const std::string_view inside = rest.substr(9, rest.find("]]>") - 9);
      std::memcpy(to + size, inside.data(), inside.size());
      size += inside.size();
      at += inside.size() + 12;
    } else if (markup && rest[0] == '<') {  // a comment: the scan has seen its end
      const size_t end = rest.find("-->", 4);
      at = end == std::string_view::npos ? raw.size() : at + end + 3;
    } else {
      to[size++] = raw[at++];
    }
  }
  return {to, size};
}

}  // namespace testudo::expr
