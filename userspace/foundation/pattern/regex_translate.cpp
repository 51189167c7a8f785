#include "pattern/regex_translate.h"

#include <fmt/format.h>

#include <algorithm>

#include "pattern/regex_lead.h"

namespace testudo {
namespace {

using Kind = RegexNode::Kind;

bool alphanumeric(char32_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

class Writer {
 public:
  Writer(SubjectKind subject, const std::vector<int>& captured) : subject_(subject), captured_(captured) {}

  std::string take(const RegexNode& tree) {
    write(tree);
    return std::move(out_);
  }

 private:
  void write(const RegexNode& node) {
    switch (node.kind) {
      case Kind::empty:
        return;
      case Kind::literal:
        fold(node.fold);
        rune(node.rune);
        return;
      case Kind::any:
        out_ += '.';
        return;
      case Kind::any_but_newline:
        out_ += "\\N";
        return;
      case Kind::set:
        fold(node.fold);
        set(node);
        return;
      case Kind::begin_text:
        out_ += "\\A";
        return;
      case Kind::end_text:
        out_ += "\\z";
        return;
      case Kind::begin_line:
        out_ += "(?m:^)";
        return;
      case Kind::end_line:
        out_ += "(?m:$)";
        return;
      case Kind::word_boundary:
        out_ += "\\b";
        return;
      case Kind::not_word_boundary:
        out_ += "\\B";
        return;
      case Kind::capture:
        group(captures(++groups_) ? "(" : "(?:", node.children.front());
        return;
      case Kind::repeat:
        repeat(node);
        return;
      case Kind::concat:
        for (const RegexNode& child : node.children) {
          if (child.kind == Kind::alternate)
            group("(?:", child);
          else
            write(child);
        }
        return;
      case Kind::alternate:
        alternatives(node);
        return;
    }
  }

  bool captures(int group) const { return std::binary_search(captured_.begin(), captured_.end(), group); }

  // Many alternatives are refused at once where none of them can begin: a look ahead at what all of them need
  // changes nothing but that. (An address that is no IPv6 address fails eight alternatives otherwise.)
  void alternatives(const RegexNode& node) {
    constexpr size_t kMany = 5;
    const auto lead = node.children.size() >= kMany ? common_lead(node) : std::nullopt;
    const bool outside = folding_;
    if (lead) {
      out_ += "(?=";
      if (lead->most > 0) {
        set(lead->run);
        out_ += fmt::format("{{{},{}}}", lead->least, lead->most);
      }
      set(lead->next);
      out_ += ")(?:";
      folding_ = outside;
    }
    for (size_t i = 0; i < node.children.size(); ++i) {
      if (i) out_ += '|';
      write(node.children[i]);
    }
    if (!lead) return;
    out_ += ')';
    folding_ = outside;
  }

  void set(const CodeRanges& ranges) {
    RegexNode one;
    one.kind = Kind::set;
    one.ranges = ranges;
    fold(false);
    set(one);
  }

  void group(const char* opening, const RegexNode& body) {
    const bool outside = folding_;
    out_ += opening;
    write(body);
    out_ += ')';
    folding_ = outside;  // an inline option ends with its group
  }

  void repeat(const RegexNode& node) {
    const RegexNode& body = node.children.front();
    const bool single = body.kind == Kind::literal || body.kind == Kind::set || body.kind == Kind::any ||
                        body.kind == Kind::any_but_newline || body.kind == Kind::capture;
    if (single)
      write(body);
    else
      group("(?:", body);
    if (node.min == 0 && node.max == -1)
      out_ += '*';
    else if (node.min == 1 && node.max == -1)
      out_ += '+';
    else if (node.min == 0 && node.max == 1)
      out_ += '?';
    else if (node.max == -1)
      out_ += fmt::format("{{{},}}", node.min);
    else
      out_ += fmt::format("{{{},{}}}", node.min, node.max);
    if (!node.greedy) out_ += '?';
  }

  void fold(bool wanted) {
    if (wanted == folding_) return;
    out_ += wanted ? "(?i)" : "(?-i)";
    folding_ = wanted;
  }

  void rune(char32_t c) {
    if (alphanumeric(c) || c == ' ' || c == '_')
      out_ += static_cast<char>(c);
    else if (c < 0x80 && c > ' ' && c != 0x7F)
      out_ += {'\\', static_cast<char>(c)};
    else if (c >= 0x80 && subject_ == SubjectKind::ascii)
      ascii_fold_of(c);
    else
      out_ += fmt::format("\\x{{{:x}}}", static_cast<uint32_t>(c));
  }

  void set(const RegexNode& node) {
    CodeRanges ranges = node.ranges;
    bool negated = node.negated;
    // Written the short way round. Not under folding: that comes before the negation.
    if (!node.fold && !ranges.empty() && ranges.back().second == 0x10FFFF) {
      ranges = complement(ranges);
      negated = !negated;
    }
    if (subject_ == SubjectKind::ascii) {
      if (node.fold) add_ascii_folds(ranges);
      std::erase_if(ranges, [](const auto& range) { return range.first >= 0x80; });
      if (!ranges.empty()) ranges.back().second = std::min<char32_t>(ranges.back().second, 0x7F);
    }
    if (ranges.empty()) {
      out_ += negated ? "." : nothing();
      return;
    }
    out_ += negated ? "[^" : "[";
    for (const auto& [low, high] : ranges) {
      member(low);
      if (high == low) continue;
      if (high > low + 1) out_ += '-';
      member(high);
    }
    out_ += ']';
  }

  void member(char32_t c) {
    if (alphanumeric(c))
      out_ += static_cast<char>(c);
    else
      out_ += fmt::format("\\x{{{:x}}}", static_cast<uint32_t>(c));
  }

  /// A set without members.
  const char* nothing() const {
    return subject_ == SubjectKind::ascii ? "[^\\x00-\\x{ff}]" : "[^\\x00-\\x{10ffff}]";
  }

  // Two characters outside ASCII fold into it: U+017F (long s) and U+212A (the kelvin sign).
  void ascii_fold_of(char32_t c) {
    if (folding_ && c == kLongS)
      out_ += 's';
    else if (folding_ && c == kKelvin)
      out_ += 'k';
    else
      out_ += nothing();
  }

  static void add_ascii_folds(CodeRanges& ranges) {
    const CodeRanges before = ranges;
    for (const auto& [low, high] : before) {
      if (low <= kLongS && kLongS <= high) ranges.emplace_back('s', 's');
      if (low <= kKelvin && kKelvin <= high) ranges.emplace_back('k', 'k');
    }
    ranges = normalised(std::move(ranges));
  }

  static constexpr char32_t kLongS = 0x17F;
  static constexpr char32_t kKelvin = 0x212A;

  SubjectKind subject_;
  const std::vector<int>& captured_;
  int groups_ = 0;  ///< opened so far, those that do not capture any more included
  bool folding_ = false;
  std::string out_;
};

/// Does a literal or set of the tree ignore case (or, with `fold` false: not ignore it)?
bool has_letters(const RegexNode& tree, bool fold) {
  const bool here = (tree.kind == Kind::literal || tree.kind == Kind::set) && tree.fold == fold;
  return here || std::any_of(tree.children.begin(), tree.children.end(),
                             [fold](const auto& c) { return has_letters(c, fold); });
}

}  // namespace

bool translatable(const RegexNode& tree) {
  if (tree.kind == Kind::repeat) {
    if (tree.max == 0) return false;
    if (tree.max != 1 && tree.children.front().nullable()) return false;
  }
  // RE2 joins single characters of alternatives into one set, and forgets to fold what the set holds already:
  // [ab]|(?i:a) does not match "A".
  if (tree.kind == Kind::alternate && has_letters(tree, true) && has_letters(tree, false)) return false;
  return std::all_of(tree.children.begin(), tree.children.end(), translatable);
}

bool begins_text(const RegexNode& tree) {
  switch (tree.kind) {
    case Kind::begin_text:
      return true;
    case Kind::capture:
    case Kind::concat:
      return begins_text(tree.children.front());
    case Kind::alternate:
      return std::all_of(tree.children.begin(), tree.children.end(), begins_text);
    default:
      return false;
  }
}

int lead_byte(const RegexNode& tree) {
  switch (tree.kind) {
    case Kind::literal:
      return tree.rune < 0x80 && !(tree.fold && alphanumeric(tree.rune)) ? int(tree.rune) : -1;
    case Kind::capture:
    case Kind::concat:
      return lead_byte(tree.children.front());
    default:
      return -1;
  }
}

bool fails_early(const RegexNode& tree) {
  switch (tree.kind) {
    case Kind::literal:
    case Kind::begin_text:
      return true;
    case Kind::capture:
    case Kind::concat:
      return fails_early(tree.children.front());
    case Kind::alternate:
      return std::all_of(tree.children.begin(), tree.children.end(), fails_early);
    default:
      return false;
  }
}

std::string to_pcre2(const RegexNode& tree, SubjectKind subject, const std::vector<int>& captured) {
  return Writer(subject, captured).take(tree);
}

}  // namespace testudo
