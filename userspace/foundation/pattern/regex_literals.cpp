#include "pattern/regex_literals.h"

#include <algorithm>
#include <optional>

namespace testudo {
namespace {

using Kind = RegexNode::Kind;
using Texts = std::vector<std::string>;

constexpr size_t kMaxTexts = 32;
constexpr size_t kMaxLength = 64;
constexpr size_t kMaxSet = 4;
constexpr size_t kMinLength = 2;

/// `exact`: all that the part can match, when that is a short list. `needed`: one of them occurs in whatever
/// the part matches (empty: nothing is known).
struct Found {
  std::optional<Texts> exact;
  Texts needed;
};

size_t shortest(const Texts& texts) {
  size_t length = texts.empty() ? 0 : SIZE_MAX;
  for (const auto& text : texts) length = std::min(length, text.size());
  return length;
}

/// Long texts are rare texts; among equals, fewer.
const Texts& better(const Texts& a, const Texts& b) {
  const size_t la = shortest(a);
  const size_t lb = shortest(b);
  if (la != lb) return la > lb ? a : b;
  return a.size() <= b.size() ? a : b;
}

void append_utf8(std::string& text, char32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0 | (c >> 6));
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0 | (c >> 12));
    text += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    text += static_cast<char>(0xF0 | (c >> 18));
    text += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    text += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (c & 0x3F));
  }
}

bool has_case(char32_t c) { return c >= 0x80 || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// Without regard to case every text is written in small letters: it stands for all its spellings in ASCII.
enum class Letters { exact, any_case };

void small_letters(Texts& texts) {
  for (std::string& text : texts)
    for (char& c : text)
      if (c >= 'A' && c <= 'Z') c = char(c | 0x20);
}

Found exactly(Texts texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  Found found;
  if (shortest(texts) > 0) found.needed = texts;
  if (texts.size() <= kMaxTexts)
    found.exact = std::move(texts);
  else
    found.needed.clear();
  return found;
}

Found look(const RegexNode& node, Letters letters);

Found look_set(const RegexNode& node, Letters letters) {
  if (node.fold || node.negated) return {};
  Texts texts;
  for (const auto& [low, high] : node.ranges) {
    for (char32_t c = low; c <= high; ++c) {
      if (texts.size() == kMaxSet) return {};
      append_utf8(texts.emplace_back(), c);
    }
  }
  if (letters == Letters::any_case) small_letters(texts);
  return texts.empty() ? Found{} : exactly(std::move(texts));
}

Found look_concat(const RegexNode& node, Letters letters) {
  Found all;
  std::optional<Texts> run = Texts{""};  // exact text of the parts since the last one that has none
  bool exact = true;
  const auto end_run = [&] {
    if (shortest(*run) > 0) all.needed = better(all.needed, *run);
    run = Texts{""};
    exact = false;
  };
  for (const RegexNode& child : node.children) {
    Found part = look(child, letters);
    if (!part.exact) {
      end_run();
      all.needed = better(all.needed, part.needed);
      continue;
    }
    size_t longest = 0;
    for (const auto& text : *run) longest = std::max(longest, text.size());
    if (run->size() * part.exact->size() > kMaxTexts || longest > kMaxLength) end_run();
    Texts product;
    for (const auto& head : *run)
      for (const auto& tail : *part.exact) product.push_back(head + tail);
    run = std::move(product);
  }
  if (exact) return exactly(std::move(*run));
  end_run();
  return all;
}

Found look_alternate(const RegexNode& node, Letters letters) {
  bool exact = true;
  bool needed = true;
  Texts exact_texts;
  Found all;
  for (const RegexNode& child : node.children) {
    const Found part = look(child, letters);
    exact = exact && part.exact;
    if (exact) exact_texts.insert(exact_texts.end(), part.exact->begin(), part.exact->end());
    needed = needed && !part.needed.empty();
    if (needed) all.needed.insert(all.needed.end(), part.needed.begin(), part.needed.end());
    needed = needed && all.needed.size() <= kMaxTexts;
    if (exact_texts.size() > kMaxTexts) exact = false;
    if (!exact && !needed) return {};
  }
  if (exact) return exactly(std::move(exact_texts));
  return all;
}

Found look_repeat(const RegexNode& node, Letters letters) {
  Found body = look(node.children.front(), letters);
  if (node.min > 0) {
    if (node.max != 1) body.exact.reset();
    return body;
  }
  if (node.max != 1 || !body.exact) return {};
  body.exact->emplace_back();
  return exactly(std::move(*body.exact));
}

Found look(const RegexNode& node, Letters letters) {
  switch (node.kind) {
    case Kind::literal: {
      // Letters beyond ASCII may be spelt in ASCII: U+017F is an s.
      if (node.fold && has_case(node.rune) && (letters == Letters::exact || node.rune >= 0x80)) return {};
      Texts text(1);
      append_utf8(text.front(), node.rune);
      if (letters == Letters::any_case) small_letters(text);
      return exactly(std::move(text));
    }
    case Kind::set:
      return look_set(node, letters);
    case Kind::any:
    case Kind::any_but_newline:
      return {};
    case Kind::capture:
      return look(node.children.front(), letters);
    case Kind::repeat:
      return look_repeat(node, letters);
    case Kind::concat:
      return look_concat(node, letters);
    case Kind::alternate:
      return look_alternate(node, letters);
    default:
      return exactly({""});  // assertions
  }
}

Texts needed(const RegexNode& tree, Letters letters, size_t least) {
  Texts texts = look(tree, letters).needed;
  if (shortest(texts) < least) return {};
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

}  // namespace

std::vector<std::string> required_literals(const RegexNode& tree) {
  return needed(tree, Letters::exact, kMinLength);
}
std::vector<std::string> required_in_any_case(const RegexNode& tree) {
  return needed(tree, Letters::any_case, kMinLength);
}

}  // namespace testudo
