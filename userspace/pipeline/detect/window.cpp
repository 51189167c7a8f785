#include "detect/window.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "detect/tokens.h"

namespace testudo::detect {
namespace {

using Tokens = std::vector<Token>;
using Kind = Token::Kind;

/// Walks over tokens; everything out of bounds is an empty sign.
class Reader {
 public:
  explicit Reader(const Tokens& tokens) : tokens_(tokens) {}
  const Token& at(size_t i) const {
    static const Token none{Kind::sign, {}};
    return i < tokens_.size() ? tokens_[i] : none;
  }
  size_t size() const { return tokens_.size(); }
  /// Do these signs and names stand at `i`? "#" stands for itself, "n" for a number, which is stored.
  bool match(size_t i, std::initializer_list<std::string_view> words, uint32_t* number = nullptr) const {
    for (const std::string_view word : words) {
      const Token& t = at(i++);
      if (word == "n") {
        uint32_t value = 0;
        const auto read = std::from_chars(t.text.data(), t.text.data() + t.text.size(), value);
        if (t.kind != Kind::number || read.ptr != t.text.data() + t.text.size()) return false;
        if (number) *number = value;
      } else if ((t.kind != Kind::name && t.kind != Kind::sign) || t.text != word) {
        return false;
      }
    }
    return true;
  }
  /// The place behind the bracket that closes the one at `i`.
  size_t behind(size_t i) const {
    int depth = 0;
    for (; i < size(); ++i) {
      const Token& t = at(i);
      if (t.kind != Kind::sign) continue;
      depth += t.text == "(" || t.text == "[" || t.text == "{";
      depth -= t.text == ")" || t.text == "]" || t.text == "}";
      if (depth == 0) return i + 1;
    }
    return i;
  }

 private:
  const Tokens& tokens_;
};

class Analysis {
 public:
  explicit Analysis(std::string_view text) : tokens_(tokens_of(text)), in_(tokens_) {}

  std::optional<Window> run() {
    size_t i = 0;
    while (in_.at(i).name("let")) {
      if (!read_let(i)) return std::nullopt;
    }
    body_ = i;
    for (; i < in_.size(); ++i) {
      if (in_.at(i).name("leaky")) return std::nullopt;
      const bool direct = in_.match(i, {"queue", ".", "Queue"});
      if (in_.at(i).name("queue") && !direct) return std::nullopt;
      if (!direct && !is_list(in_.at(i))) continue;
      if (in_.at(i - 1).sign(".") && !direct) continue;  // a field of the same name
      // All uses are of one kind: of the queue itself, or of what passed the filter.
      if (direct != names_.empty()) return std::nullopt;
      if (!read_use(i, direct ? 3 : 1)) return std::nullopt;
    }
    if (window_.size == 0 || window_.size > Window::kMost) return std::nullopt;
    read_conjunction();
    return window_;
  }

 private:
  bool is_list(const Token& t) const {
    return t.kind == Kind::name && std::find(names_.begin(), names_.end(), t.text) != names_.end();
  }

  /// `let x = filter(queue.Queue, {P});`
  bool read_let(size_t& i) {
    if (in_.at(i + 1).kind != Kind::name ||
        !in_.match(i + 2, {"=", "filter", "(", "queue", ".", "Queue", ",", "{"}))
      return false;
    const size_t open = i + 9, close = in_.behind(open);
    std::string predicate;
    for (size_t k = open + 1; k + 1 < close; ++k) {
      const Token& t = in_.at(k);
      // What the predicate reads of elsewhere may change its answer for an old event.
      if (t.name("queue") || t.name("evt") || t.name("leaky") || t.name("let") || t.text == "#index" ||
          t.name("index") || is_list(t))
        return false;
    }
    const char* begin = in_.at(open).text.data() + 1;
    predicate.assign(begin, size_t(in_.at(close - 1).text.data() - begin));
    if (!names_.empty() && predicate != window_.predicate) return false;
    if (!in_.match(close, {")", ";"})) return false;
    names_.push_back(in_.at(i + 1).text);
    window_.predicate = std::move(predicate);
    i = close + 2;
    return true;
  }

  void need(uint32_t events) { window_.size = std::max(window_.size, events); }

  /// `len(X) >= n`, `X[-k]`, `X[-k:]`.
  bool read_use(size_t i, size_t width) {
    uint32_t n = 0;
    if (in_.match(i + width, {"[", "-", "n", "]"}, &n) ||
        in_.match(i + width, {"[", "-", "n", ":", "]"}, &n)) {
      need(n);
      return n > 0;
    }
    if (i < 2 || !in_.match(i - 2, {"len", "("}) || !in_.at(i + width).sign(")")) return false;
    for (const std::string_view sign : {">=", ">", "<", "<=", "==", "!="})
      if (in_.match(i + width + 1, {sign, "n"}, &n)) {
        need(std::min(n, Window::kMost) + 1);
        return true;
      }
    return false;
  }

  /// The operands of a conjunction that can be answered by themselves.
  void read_conjunction() {
    bool complete = true;
    std::vector<size_t> starts{body_};
    for (size_t i = body_; i < in_.size(); ++i) {
      const Token& t = in_.at(i);
      if (t.sign("(") || t.sign("[") || t.sign("{")) {
        i = in_.behind(i) - 1;
      } else if (t.sign("&&") || t.name("and")) {
        starts.push_back(i + 1);
      } else if (t.sign("||") || t.name("or") || t.sign("?") || t.sign("??") || t.sign("|") || t.name("if") ||
                 t.name("not") || t.sign("!") || t.sign(";")) {
        return;
      }
    }
    starts.push_back(in_.size() + 1);
    for (size_t k = 0; k + 1 < starts.size(); ++k)
      complete = read_operand(starts[k], starts[k + 1] - 1) && complete;
    window_.complete = complete && window_.least > 0 && window_.least >= window_.median_of;
  }

  size_t list_width(size_t i) const {
    if (names_.empty()) return in_.match(i, {"queue", ".", "Queue"}) ? 3 : 0;
    return is_list(in_.at(i)) ? 1 : 0;
  }

  /// True when the operand's answer is known without evaluation.
  bool read_operand(size_t i, size_t end) {
    uint32_t n = 0;
    if (in_.match(i, {"len", "("})) {
      const size_t width = list_width(i + 2), after = i + 2 + width;
      if (!width || end != after + 3) return false;
      if (in_.match(after, {")", ">=", "n"}, &n))
        window_.least = std::max(window_.least, n);
      else if (in_.match(after, {")", ">", "n"}, &n))
        window_.least = std::max(window_.least, n + 1);
      else
        return false;
      return true;
    }
    // MedianInterval(map(X[-k:], {#.Time})) >= duration("10m")
    if (window_.median_of || !in_.match(i, {"MedianInterval", "(", "map", "("})) return false;
    const size_t width = list_width(i + 4);
    size_t at = i + 4 + width;
    if (!width || !in_.match(at, {"[", "-", "n", ":", "]", ",", "{"}, &n)) return false;
    at += 7;
    if (in_.at(at).sign("#")) ++at;
    if (!in_.match(at, {".", "Time", "}", ")", ")"})) return false;
    at += 5;
    const bool equal = in_.at(at).sign(">=");
    if ((!equal && !in_.at(at).sign(">")) || !in_.match(at + 1, {"duration", "("}) ||
        in_.at(at + 3).kind != Kind::string || !in_.at(at + 4).sign(")") || end != at + 5)
      return false;
    const auto length = parse_duration(in_.at(at + 3).text);
    if (!length || in_.at(at + 3).odd || n < 2) return false;
    window_.median_of = n;
    window_.median = *length;
    window_.median_equal = equal;
    return true;
  }

  Tokens tokens_;
  Reader in_;
  std::vector<std::string_view> names_;
  size_t body_ = 0;
  Window window_;
};

/// `#.Meta.log_type == 'x'`
void read_equality(Window& window, const SlotNames& names) {
  const Tokens tokens = tokens_of(window.predicate);
  const Reader in(tokens);
  const size_t i = in.at(0).sign("#") ? 1 : 0;
  if (tokens.size() != i + 6 || !in.at(i).sign(".") || !in.at(i + 2).sign(".") || !in.at(i + 4).sign("==") ||
      in.at(i + 5).kind != Kind::string || in.at(i + 5).odd)
    return;
  static constexpr std::pair<std::string_view, Bag> bags[] = {
      {"Parsed", Bag::parsed}, {"Meta", Bag::meta}, {"Enriched", Bag::enriched}};
  for (const auto& [name, bag] : bags)
    if (in.at(i + 1).name(name)) window.equal_slot = names.find(bag, in.at(i + 3).text);
  window.equal_text = in.at(i + 5).text;
}

}  // namespace

std::optional<Window> window_of(std::string_view condition, const SlotNames& names) {
  auto window = Analysis(condition).run();
  if (window) read_equality(*window, names);
  return window;
}

bool reads_all_fields(std::string_view text) {
  const Tokens tokens = tokens_of(text);
  const Reader in(tokens);
  for (size_t i = 1; i < in.size(); ++i) {
    const Token& t = in.at(i);
    if (!t.name("Parsed") && !t.name("Meta") && !t.name("Enriched")) continue;
    const bool member = in.at(i + 1).sign(".") || in.at(i + 1).sign("?.");
    const bool constant =
        in.at(i + 1).sign("[") && in.at(i + 2).kind == Kind::string && in.at(i + 3).sign("]");
    if (!member && !constant) return true;
  }
  return false;
}

}  // namespace testudo::detect
