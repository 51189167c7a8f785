#include "pattern/regex_classes.h"

#include <algorithm>

namespace testudo {
namespace {

struct NamedClass {
  std::string_view name;
  CodeRanges ranges;
};

const std::vector<NamedClass>& classes() {
  static const std::vector<NamedClass> all = {
      {"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
      {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
      {"ascii", {{0, 0x7F}}},
      {"blank", {{'\t', '\t'}, {' ', ' '}}},
      {"cntrl", {{0, 0x1F}, {0x7F, 0x7F}}},
      {"digit", {{'0', '9'}}},
      {"graph", {{'!', '~'}}},
      {"lower", {{'a', 'z'}}},
      {"print", {{' ', '~'}}},
      {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
      {"space", {{'\t', '\r'}, {' ', ' '}}},
      {"upper", {{'A', 'Z'}}},
      {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
      {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
  };
  return all;
}

}  // namespace

const CodeRanges* perl_class(char32_t letter) {
  static const CodeRanges space = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
  switch (letter) {
    case 'd':
    case 'D':
      return posix_class("digit");
    case 's':
    case 'S':
      return &space;
    case 'w':
    case 'W':
      return posix_class("word");
    default:
      return nullptr;
  }
}

const CodeRanges* posix_class(std::string_view name) {
  for (const NamedClass& row : classes())
    if (row.name == name) return &row.ranges;
  return nullptr;
}

CodeRanges normalised(CodeRanges ranges) {
  std::sort(ranges.begin(), ranges.end());
  CodeRanges joined;
  for (const auto& range : ranges) {
    if (!joined.empty() && range.first <= joined.back().second + 1)
      joined.back().second = std::max(joined.back().second, range.second);
    else
      joined.push_back(range);
  }
  return joined;
}

CodeRanges complement(const CodeRanges& ranges) {
  CodeRanges others;
  char32_t next = 0;
  for (const auto& [low, high] : ranges) {
    if (low > next) others.emplace_back(next, low - 1);
    next = high + 1;
  }
  if (next <= 0x10FFFF) others.emplace_back(next, 0x10FFFF);
  return others;
}

}  // namespace testudo
