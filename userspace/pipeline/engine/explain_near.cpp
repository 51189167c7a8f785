#include "engine/explain_near.h"

#include <algorithm>

#include "base/text.h"
#include "pattern/grok_expand.h"

namespace testudo {
namespace {

constexpr size_t kMaxKept = 4096;  // compiled beginnings of patterns
constexpr size_t kMaxPattern = 32 * 1024;
constexpr size_t kMaxShown = 80;
constexpr int kMaxDepth = 6;
constexpr int kMaxQuestions = 400;  // matches that one search may try
constexpr size_t kMaxAlternatives = 16;

bool word_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/// Cuts a pattern from the left. It need not refuse anything: what it reads wrong does not compile, or does
/// not match, and is then no near miss.
class Cutter {
 public:
  explicit Cutter(std::string_view text) : text_(text) {}

  std::vector<std::vector<PatternPart>> alternatives() {
    std::vector<std::vector<PatternPart>> out(1);
    while (at_ < text_.size()) {
      if (text_[at_] == '|') {
        ++at_;
        out.emplace_back();
        continue;
      }
      PatternPart part = one();
      std::vector<PatternPart>& parts = out.back();
      // Characters that stand for themselves make one part together.
      if (part.kind == PatternPart::Kind::literal && !parts.empty() &&
          parts.back().kind == PatternPart::Kind::literal) {
        parts.back().text = {parts.back().text.data(), parts.back().text.size() + part.text.size()};
        continue;
      }
      parts.push_back(part);
    }
    return out;
  }

 private:
  PatternPart one() {
    PatternPart part;
    const size_t start = at_;
    if (text_.substr(at_, 2) == "%{" && reference(part)) {
      part.kind = PatternPart::Kind::reference;
    } else if (text_[at_] == '(') {
      group(part);
    } else if (text_[at_] == '[') {
      at_ = class_end(at_);
    } else if (text_[at_] == '\\') {
      // An escaped sign is a literal; \d, \s, \b and the like are not.
      const bool sign = at_ + 1 < text_.size() && !word_character(text_[at_ + 1]);
      at_ = std::min(at_ + 2, text_.size());
      if (at_ < text_.size() && text_[at_] == '{' &&
          (text_[at_ - 1] == 'x' || text_[at_ - 1] == 'p' || text_[at_ - 1] == 'P'))
        at_ = std::min(text_.find('}', at_), text_.size() - 1) + 1;
      if (sign) part.kind = PatternPart::Kind::literal;
    } else {
      const char c = text_[at_];
      if (c != '^' && c != '$' && c != '.') part.kind = PatternPart::Kind::literal;
      next_utf8(text_, at_);
    }
    const size_t bare = at_;
    quantifier(part);
    if (bare != at_ && part.kind == PatternPart::Kind::literal) part.kind = PatternPart::Kind::other;
    part.text = text_.substr(start, at_ - start);
    return part;
  }

  bool reference(PatternPart& part) {
    size_t end = at_ + 2;
    while (end < text_.size() && word_character(text_[end])) ++end;
    part.reference = text_.substr(at_ + 2, end - at_ - 2);
    if (end < text_.size() && text_[end] == ':')
      while (++end < text_.size() && word_character(text_[end])) {
      }
    if (part.reference.empty() || end >= text_.size() || text_[end] != '}') return false;
    at_ = end + 1;
    return true;
  }

  void group(PatternPart& part) {
    const size_t start = at_++;
    size_t inside = at_;
    if (text_.substr(at_, 1) == "?") {
      // (?:…) (?i:…) (?P<name>…); (?i) has nothing inside.
      inside = text_.find_first_of(":)>", at_);
      inside = inside == std::string_view::npos ? text_.size() : inside + (text_[inside] != ')');
    }
    int depth = 1;
    for (at_ = inside; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\\')
        ++at_;
      else if (c == '[')
        at_ = class_end(at_) - 1;
      else if (c == '(')
        ++depth;
      else if (c == ')' && --depth == 0)
        break;
    }
    const size_t close = std::min(at_, text_.size());
    at_ = std::min(close + 1, text_.size());
    if (close <= inside) return;
    part.kind = PatternPart::Kind::group;
    part.opener = text_.substr(start, inside - start);
    part.body = text_.substr(inside, close - inside);
  }

  size_t class_end(size_t at) const {
    size_t end = at + 1;
    if (end < text_.size() && text_[end] == '^') ++end;
    if (end < text_.size() && text_[end] == ']') ++end;
    while (end < text_.size() && text_[end] != ']') {
      if (text_[end] == '\\')
        ++end;
      else if (text_.substr(end, 2) == "[:")
        end = std::min(text_.find(":]", end), text_.size() - 1) + 1;
      ++end;
    }
    return std::min(end + 1, text_.size());
  }

  void quantifier(PatternPart& part) {
    if (at_ >= text_.size()) return;
    const char c = text_[at_];
    if (c == '{') {
      size_t end = at_ + 1;
      while (end < text_.size() && ((text_[end] >= '0' && text_[end] <= '9') || text_[end] == ',')) ++end;
      if (end >= text_.size() || text_[end] != '}' || end == at_ + 1) return;
      part.optional = text_[at_ + 1] == '0';
      part.repeated = text_.substr(at_, end - at_) != "{1";
      at_ = end + 1;
    } else if (c == '*' || c == '+' || c == '?') {
      part.optional = c != '+';
      part.repeated = c != '?';
      ++at_;
    } else {
      return;
    }
    if (at_ < text_.size() && text_[at_] == '?') ++at_;
  }

  std::string_view text_;
  size_t at_ = 0;
};

/// Whole words at the start of a literal that the text has as well: bytes of the literal and of the text.
std::pair<size_t, size_t> common_words(std::string_view literal, std::string_view text) {
  std::pair<size_t, size_t> words{0, 0};
  size_t i = 0, t = 0;
  while (i < literal.size()) {
    if (literal[i] == ' ') words = {i, t};
    if (literal[i] == '\\') ++i;
    if (i >= literal.size() || t >= text.size() || literal[i] != text[t]) break;
    ++i, ++t;
  }
  return words;
}

/// "\." → ".": what a person expects to read in a log.
std::string shown(std::string_view pattern) {
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size() && !word_character(pattern[i + 1])) ++i;
    out += pattern[i];
  }
  if (out.size() <= kMaxShown) return out;
  size_t at = 0;
  while (at < kMaxShown) next_utf8(out, at);
  return out.substr(0, at) + "…";
}

}  // namespace

std::vector<std::vector<PatternPart>> split_pattern(std::string_view pattern) {
  return Cutter(pattern).alternatives();
}

const Regex* NearMisses::compiled(const std::string& pattern) {
  const auto found = regexes_.find(pattern);
  if (found != regexes_.end()) return found->second.get();
  if (regexes_.size() >= kMaxKept) regexes_.clear();
  std::unique_ptr<Regex> made;
  if (auto expansion = expand_grok(table_, pattern))
    if (auto regex = Regex::compile(expansion->regex)) made = std::make_unique<Regex>(std::move(*regex));
  return regexes_.emplace(pattern, std::move(made)).first->second.get();
}

int NearMisses::weight_of(const PatternPart& part) {
  switch (part.kind) {
    case PatternPart::Kind::literal:
      return int(2 * std::min<size_t>(part.text.size(), 50));
    case PatternPart::Kind::reference: {
      // A pattern that takes anything says nothing by matching.
      const Regex* regex = compiled("^(?:" + std::string(part.text) + ")$");
      return !regex || regex->test("any text, of 3 kinds!", scratch_) ? 0 : 3;
    }
    case PatternPart::Kind::group:
      return part.optional ? 0 : 2;
    case PatternPart::Kind::other: {
      // Anchors and flags match where nothing is.
      for (const char* nothing : {"^", "$", "(?", "\\b", "\\B", "\\A", "\\z", "."})
        if (part.text.starts_with(nothing)) return 0;
      return part.optional ? 0 : 1;
    }
  }
  return 0;
}

struct NearMisses::Search {
  NearMisses& owner;
  std::string_view text;
  int questions = 0;

  /// Where a match of the beginning of a pattern ends; nothing when there is none.
  std::optional<std::pair<size_t, size_t>> match(const std::string& pattern) {
    if (++questions > kMaxQuestions || pattern.size() > kMaxPattern) return std::nullopt;
    const Regex* regex = owner.compiled(pattern);
    if (!regex || !regex->match(text, owner.scratch_, owner.captures_)) return std::nullopt;
    const std::string_view whole = owner.captures_[0];
    const auto begin = size_t(whole.data() - text.data());
    return std::pair{begin, begin + whole.size()};
  }

  /// `before` and `after` enclose the part that is searched: "^a (?:b|" and ")".
  void search(const std::string& before, std::string_view pattern, const std::string& after, int weight,
              int depth, NearMiss& best) {
    const auto alternatives = split_pattern(pattern);
    for (size_t a = 0; a < std::min(alternatives.size(), kMaxAlternatives); ++a)
      sequence(before, alternatives[a], after, weight, depth, best);
  }

  void sequence(const std::string& before, const std::vector<PatternPart>& parts, const std::string& after,
                int weight, int depth, NearMiss& best) {
    const auto beginning = [&](size_t count) {
      std::string out = before;
      for (size_t i = 0; i < count; ++i) out += parts[i].text;
      return out;
    };
    // A longer beginning matches only where the shorter one does.
    size_t low = 0, high = parts.size();
    while (low < high) {
      const size_t middle = (low + high + 1) / 2;
      if (match(beginning(middle) + after))
        low = middle;
      else
        high = middle - 1;
    }
    if (low == parts.size()) return;  // what stopped it is not in here
    auto span = match(beginning(low) + after);
    if (!span) return;
    for (size_t i = 0; i < low; ++i) weight += owner.weight_of(parts[i]);
    const PatternPart& part = parts[low];
    size_t words = 0;
    if (part.kind == PatternPart::Kind::literal) {
      const auto [of_literal, of_text] = common_words(part.text, text.substr(span->second));
      words = of_literal;
      span->second += of_text;
      weight += int(2 * std::min<size_t>(of_text, 50));
    }
    if (weight > best.weight) {
      std::string expected(part.text.substr(words));
      if (low + 1 < parts.size()) expected += parts[low + 1].text;
      best = {span->first, span->second, shown(expected), weight};
      if (parts[low].text == "$") best.expected = "the end of the line";
    }
    if (depth >= kMaxDepth) return;
    if (part.kind == PatternPart::Kind::group) {
      search(beginning(low) + std::string(part.opener), part.body, ")" + after, weight, depth + 1, best);
    } else if (part.kind == PatternPart::Kind::reference) {
      if (const std::string* body = owner.table_.find(part.reference))
        search(beginning(low), *body, after, weight, depth + 1, best);
    }
  }
};

std::optional<NearMiss> NearMisses::find(std::string_view pattern, std::string_view text) {
  if (pattern.size() > kMaxPattern) return std::nullopt;
  Search search{*this, text};
  NearMiss best;
  search.search("", pattern, "", 0, 0, best);
  if (best.weight == 0) return std::nullopt;
  return best;
}

}  // namespace testudo
