#include "pattern/regex_syntax.h"

#include <algorithm>

#include "pattern/regex_classes.h"

namespace testudo {
namespace {

constexpr int kMaxDepth = 100;
constexpr size_t kMaxPattern = 64u << 10;  // PCRE2's compiled form ends at 64 KiB too
constexpr int kMaxRepeat = 1000;           // RE2's own limit

/// Thrown and caught in this file: the pattern holds something that is left to RE2.
struct GiveUp {};

struct Flags {
  bool fold = false;
  bool multi_line = false;
  bool dot_newline = false;
  bool ungreedy = false;
};

RegexNode node(RegexNode::Kind kind) {
  RegexNode made;
  made.kind = kind;
  return made;
}

RegexNode literal(char32_t rune, bool fold) {
  RegexNode made = node(RegexNode::Kind::literal);
  made.rune = rune;
  made.fold = fold;
  return made;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : cursor_(text) {}

  RegexNode whole() {
    RegexNode tree = alternation(Flags{}, 0);
    if (!cursor_.done()) throw GiveUp{};
    return tree;
  }

 private:
  using Kind = RegexNode::Kind;

  RegexNode alternation(Flags flags, int depth) {
    if (depth > kMaxDepth) throw GiveUp{};
    std::vector<RegexNode> branches;
    do {
      branches.push_back(concatenation(flags, depth));  // (?i) lasts to the group's end, `|` included
    } while (cursor_.take('|'));
    if (branches.size() == 1) return std::move(branches.front());
    RegexNode made = node(Kind::alternate);
    made.children = std::move(branches);
    return made;
  }

  RegexNode concatenation(Flags& flags, int depth) {
    RegexNode made = node(Kind::concat);
    auto& parts = made.children;
    bool repeatable = false;  // is the last part something that a repetition may stand behind?
    while (!cursor_.done() && cursor_.peek() != '|' && cursor_.peek() != ')') {
      int min = 0;
      int max = 0;
      if (repetition(min, max)) {
        const bool lazy = cursor_.take('?');
        // Behind another repetition, or behind nothing: RE2's rules for these are not worth repeating.
        if (!repeatable || parts.empty()) throw GiveUp{};
        RegexNode loop = node(Kind::repeat);
        loop.min = min;
        loop.max = max;
        loop.greedy = lazy == flags.ungreedy;
        loop.children.push_back(std::move(parts.back()));
        parts.back() = std::move(loop);
        repeatable = false;
      } else {
        repeatable = atom(flags, depth, parts);
      }
    }
    if (parts.size() == 1) {
      RegexNode only = std::move(parts.front());
      return only;
    }
    if (parts.empty()) made.kind = Kind::empty;
    return made;
  }

  /// Adds what stands here to `parts`; false when nothing was added that could be repeated.
  bool atom(Flags& flags, int depth, std::vector<RegexNode>& parts) {
    const char32_t c = cursor_.next();
    switch (c) {
      case '(':
        return group(flags, depth, parts);
      case '[':
        parts.push_back(set(flags));
        return true;
      case '\\':
        return escape(flags, parts);
      case '.':
        parts.push_back(node(flags.dot_newline ? Kind::any : Kind::any_but_newline));
        return true;
      case '^':
        parts.push_back(node(flags.multi_line ? Kind::begin_line : Kind::begin_text));
        return true;
      case '$':
        parts.push_back(node(flags.multi_line ? Kind::end_line : Kind::end_text));
        return true;
      default:
        parts.push_back(literal(c, flags.fold));
        return true;
    }
  }

  bool group(Flags& flags, int depth, std::vector<RegexNode>& parts) {
    if (cursor_.take('?')) {
      if (!cursor_.take("P<")) return flag_group(flags, depth, parts);
      while (cursor_.next() != '>') {
      }
    }
    RegexNode made = node(Kind::capture);
    made.children.push_back(alternation(flags, depth + 1));
    close();
    parts.push_back(std::move(made));
    return true;
  }

  /// `(?i)` changes the flags that follow; `(?i:…)` those of a group that does not capture.
  bool flag_group(Flags& flags, int depth, std::vector<RegexNode>& parts) {
    Flags changed = flags;
    bool on = true;
    while (true) {
      switch (cursor_.next()) {
        case 'i':
          changed.fold = on;
          break;
        case 'm':
          changed.multi_line = on;
          break;
        case 's':
          changed.dot_newline = on;
          break;
        case 'U':
          changed.ungreedy = on;
          break;
        case '-':
          on = false;
          break;
        case ')':
          flags = changed;
          return false;
        case ':': {
          parts.push_back(alternation(changed, depth + 1));
          close();
          return true;
        }
        default:
          throw GiveUp{};
      }
    }
  }

  void close() {
    if (!cursor_.take(')')) throw GiveUp{};
  }

  bool escape(const Flags& flags, std::vector<RegexNode>& parts) {
    if (cursor_.done()) throw GiveUp{};
    switch (cursor_.peek()) {
      case 'A':
        cursor_.next();
        parts.push_back(node(Kind::begin_text));
        return true;
      case 'z':
        cursor_.next();
        parts.push_back(node(Kind::end_text));
        return true;
      case 'b':
        cursor_.next();
        parts.push_back(node(Kind::word_boundary));
        return true;
      case 'B':
        cursor_.next();
        parts.push_back(node(Kind::not_word_boundary));
        return true;
      case 'Q':
        cursor_.next();
        return quoted(flags, parts);
      default:
        break;
    }
    if (const CodeRanges* ranges = perl_class(cursor_.peek())) {
      const bool negated = cursor_.next() < 'a';
      RegexNode made = node(Kind::set);
      made.ranges = *ranges;
      made.negated = negated;
      made.fold = flags.fold;
      parts.push_back(std::move(made));
      return true;
    }
    parts.push_back(literal(escaped_rune(), flags.fold));
    return true;
  }

  bool quoted(const Flags& flags, std::vector<RegexNode>& parts) {
    const size_t before = parts.size();
    while (!cursor_.done() && !cursor_.take("\\E")) parts.push_back(literal(cursor_.next(), flags.fold));
    if (parts.size() == before) throw GiveUp{};
    return true;
  }

  /// The character of an escape, the backslash being read already.
  char32_t escaped_rune() {
    const char32_t c = cursor_.next();
    switch (c) {
      case 'a':
        return '\a';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'v':
        return '\v';
      case 'x':
        return hexadecimal();
      default:
        break;
    }
    if (c >= '0' && c <= '7') {
      char32_t value = c - '0';
      int digits = 1;
      while (digits < 3 && !cursor_.done() && cursor_.peek() >= '0' && cursor_.peek() <= '7') {
        value = value * 8 + (cursor_.next() - '0');
        ++digits;
      }
      if (digits == 1 && c != '0') throw GiveUp{};
      return value;
    }
    const bool word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (c >= 0x80 || word) throw GiveUp{};
    return c;
  }

  char32_t hexadecimal() {
    const bool braces = cursor_.take('{');
    char32_t value = 0;
    int digits = 0;
    while (digits < 8 && (braces || digits < 2)) {
      if (braces && cursor_.take('}')) {
        if (digits == 0) throw GiveUp{};
        return value;
      }
      value = value * 16 + hex_digit(cursor_.next());
      ++digits;
    }
    if (braces || value > 0x10FFFF) throw GiveUp{};
    return value;
  }

  static char32_t hex_digit(char32_t c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    throw GiveUp{};
  }

  /// *, +, ?, {n}, {n,}, {n,m}; a brace that is none of these is a literal, and stays unread.
  bool repetition(int& min, int& max) {
    max = -1;
    if (cursor_.take('*')) return true;
    min = 1;
    if (cursor_.take('+')) return true;
    min = 0;
    if (cursor_.peek() == '?') {
      cursor_.next();
      max = 1;
      return true;
    }
    const auto start = cursor_.mark();
    if (!cursor_.take('{')) return false;
    bool good = number(min);
    max = min;
    if (good && cursor_.take(',')) {
      max = -1;
      if (!cursor_.done() && cursor_.peek() != '}') good = number(max);
    }
    if (good && cursor_.take('}')) return true;
    cursor_.back(start);
    return false;
  }

  /// Decimal without leading zeros.
  bool number(int& value) {
    value = 0;
    int digits = 0;
    const bool zero = !cursor_.done() && cursor_.peek() == '0';
    while (!cursor_.done() && cursor_.peek() >= '0' && cursor_.peek() <= '9') {
      value = value * 10 + static_cast<int>(cursor_.next() - '0');
      ++digits;
      if (value > kMaxRepeat) throw GiveUp{};
    }
    return digits == 1 || (digits > 1 && !zero);
  }

  RegexNode set(const Flags& flags) {
    RegexNode made = node(Kind::set);
    made.fold = flags.fold;
    made.negated = cursor_.take('^');
    CodeRanges ranges;
    bool first = true;
    while (first || cursor_.peek() != ']') {
      first = false;
      if (cursor_.starts("[:") && posix(flags, ranges)) continue;
      if (cursor_.peek() == '\\') {
        const auto start = cursor_.mark();
        cursor_.next();
        if (const CodeRanges* members = perl_class(cursor_.peek())) {
          include(*members, cursor_.next() < 'a', flags, ranges);
          continue;
        }
        cursor_.back(start);
      }
      const char32_t low = set_rune();
      char32_t high = low;
      if (cursor_.peek() == '-' && !cursor_.starts("-]")) {
        cursor_.next();
        high = set_rune();
      }
      if (high < low) throw GiveUp{};
      ranges.emplace_back(low, high);
    }
    cursor_.next();
    made.ranges = normalised(std::move(ranges));
    return made;
  }

  char32_t set_rune() {
    const char32_t c = cursor_.next();
    return c == '\\' ? escaped_rune() : c;
  }

  bool posix(const Flags& flags, CodeRanges& ranges) {
    const auto end = cursor_.rest().find(":]", 2);
    if (end == std::string_view::npos) return false;
    std::string_view name = cursor_.rest().substr(2, end - 2);
    const bool negated = !name.empty() && name.front() == '^';
    if (negated) name.remove_prefix(1);
    const CodeRanges* members = posix_class(name);
    if (!members) throw GiveUp{};
    cursor_.skip(end + 2);
    include(*members, negated, flags, ranges);
    return true;
  }

  static void include(const CodeRanges& members, bool negated, const Flags& flags, CodeRanges& ranges) {
    // Under (?i) RE2 folds before it negates; the other engine would fold afterwards.
    if (negated && flags.fold) throw GiveUp{};
    const CodeRanges added = negated ? complement(members) : members;
    ranges.insert(ranges.end(), added.begin(), added.end());
  }

  /// Characters of the pattern; reading behind the end gives up.
  class Cursor {
   public:
    explicit Cursor(std::string_view text) : text_(text) {}
    bool done() const { return at_ >= text_.size(); }
    char32_t peek() const {
      size_t at = at_;
      return read(at);
    }
    char32_t next() { return read(at_); }
    bool starts(std::string_view prefix) const { return text_.substr(at_).starts_with(prefix); }
    bool take(std::string_view prefix) {
      if (!starts(prefix)) return false;
      at_ += prefix.size();
      return true;
    }
    bool take(char c) { return take(std::string_view(&c, 1)); }
    std::string_view rest() const { return text_.substr(at_); }
    void skip(size_t bytes) { at_ += bytes; }
    size_t mark() const { return at_; }
    void back(size_t mark) { at_ = mark; }

   private:
    char32_t read(size_t& at) const {
      if (at >= text_.size()) throw GiveUp{};
      const char32_t rune = next_rune(text_, at);
      if (rune > 0x10FFFF) throw GiveUp{};
      return rune;
    }
    std::string_view text_;
    size_t at_ = 0;
  };

  Cursor cursor_;
};

}  // namespace

bool RegexNode::nullable() const {
  switch (kind) {
    case Kind::literal:
    case Kind::any:
    case Kind::any_but_newline:
    case Kind::set:
      return false;
    case Kind::repeat:
      return min == 0 || children.front().nullable();
    case Kind::capture:
      return children.front().nullable();
    case Kind::concat:
      return std::all_of(children.begin(), children.end(),
                         [](const auto& child) { return child.nullable(); });
    case Kind::alternate:
      return std::any_of(children.begin(), children.end(),
                         [](const auto& child) { return child.nullable(); });
    default:
      return true;
  }
}

bool RegexNode::has(Kind wanted) const {
  return kind == wanted || std::any_of(children.begin(), children.end(),
                                       [wanted](const auto& child) { return child.has(wanted); });
}

std::optional<RegexNode> parse_regex(std::string_view pattern) {
  if (pattern.size() > kMaxPattern) return std::nullopt;
  try {
    return Parser(pattern).whole();
  } catch (const GiveUp&) {
    return std::nullopt;
  }
}

}  // namespace testudo
