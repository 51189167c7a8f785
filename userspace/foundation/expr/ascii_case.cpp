#include "expr/ascii_case.h"

#include <cstdint>
#include <cstring>

namespace testudo::expr {
namespace {

using Block = uint8_t __attribute__((vector_size(16)));  // the compiler's own: every machine has some

// 0xff where a byte is a letter of the other case.
Block other_case(Block bytes, bool upper) {
  const uint8_t low = upper ? 'a' : 'A';
  return Block(uint8_t(26) > bytes - low);
}

Block load(const char* from, size_t size) {
  Block block = {};
  std::memcpy(&block, from, size);
  return block;
}

bool any(Block block) {
  uint64_t halves[2];
  std::memcpy(halves, &block, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

}  // namespace

AsciiLetters ascii_letters(std::string_view text, bool upper) {
  Block seen = {}, letters = {};
  const char* at = text.data();
  size_t left = text.size();
  const auto look = [&](Block block) {
    seen |= block;
    letters |= other_case(block, upper);
  };
  for (; left >= sizeof(Block); at += sizeof(Block), left -= sizeof(Block)) look(load(at, sizeof(Block)));
  if (left) look(load(at, left));
  return {!any(seen & uint8_t(0x80)), any(letters)};
}

void change_ascii(std::string_view text, bool upper, char* to) {
  const char* at = text.data();
  size_t left = text.size();
  const auto change = [&](size_t size) {
    Block block = load(at, size);
    block ^= other_case(block, upper) & uint8_t(0x20);
    std::memcpy(to, &block, size);
  };
  for (; left >= sizeof(Block); at += sizeof(Block), to += sizeof(Block), left -= sizeof(Block))
    change(sizeof(Block));
  if (left) change(left);
}

}  // namespace testudo::expr
