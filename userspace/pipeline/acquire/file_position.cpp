#include "acquire/file_position.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"

namespace testudo {
namespace {

constexpr size_t kMaxMarks = 64;

bool number(std::string_view text, auto& out, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string encode(const FilePosition& position) {
  std::string out = fmt::format("v1 {}", position.seen);
  for (const FileMark& m : position.marks)
    fmt::format_to(std::back_inserter(out), " {:x}:{}:{}:{}:{}:{:x}:{}:{:x}", m.device, m.inode, m.offset,
                   m.skipping ? 1 : 0, m.head_size, m.head_hash, m.tail_size, m.tail_hash);
  return out;
}

std::optional<FilePosition> decode_file_position(std::string_view text) {
  const std::vector<std::string_view> words = split(text, ' ');
  FilePosition position;
  if (words.size() < 2 || words.size() > kMaxMarks + 2 || words[0] != "v1" ||
      !number(words[1], position.seen, 10))
    return std::nullopt;
  for (size_t i = 2; i < words.size(); ++i) {
    const std::vector<std::string_view> f = split(words[i], ':');
    FileMark m;
    int skipping = 0;
    if (f.size() != 8 || !number(f[0], m.device, 16) || !number(f[1], m.inode, 10) ||
        !number(f[2], m.offset, 10) || !number(f[3], skipping, 10) || !number(f[4], m.head_size, 10) ||
        !number(f[5], m.head_hash, 16) || !number(f[6], m.tail_size, 10) || !number(f[7], m.tail_hash, 16))
      return std::nullopt;
    if (m.head_size > kHeadBytes || m.tail_size > kTailBytes || m.tail_size > m.offset ||
        m.head_size > m.offset || m.offset > uint64_t(INT64_MAX))
      return std::nullopt;
    m.skipping = skipping != 0;
    position.marks.push_back(m);
  }
  return position;
}

}  // namespace testudo
