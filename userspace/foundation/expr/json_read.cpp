#include "expr/json_read.h"

#include <charconv>
#include <vector>

#include "expr/case_map.h"

namespace testudo::expr {
namespace {

class Reader {
 public:
  Reader(Machine& m, std::string_view text) : m_(m), text_(text) {}

  bool whole(Value& out) {
    if (!value(out, 0)) return false;
    blank();
    return at_ == text_.size() || bad();
  }

 private:
  bool bad() { return m_.fail({"not JSON: ", text_.substr(std::min(at_, text_.size()), 20)}); }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void blank() {
    while (at_ < text_.size() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) ++at_;
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool value(Value& out, int depth) {
    if (depth > kMaxValueDepth) return m_.fail({"JSON is nested too deep"});
    blank();
    out = Value();
    if (peek() == '{') return object(out, depth);
    if (peek() == '[') return list(out, depth);
    if (peek() == '"') {
      std::string_view text;
      if (!string(text)) return false;
      out = Value::of(text);
      return true;
    }
    if (take("null")) return true;
    if (take("true")) return out = Value::of(true), true;
    if (take("false")) return out = Value::of(false), true;
    return number(out);
  }

  bool number(Value& out) {
    const size_t start = at_;
    const auto digits = [&] {
      const size_t from = at_;
      while (peek() >= '0' && peek() <= '9') ++at_;
      return at_ > from;
    };
    take("-");
    if (take("0") ? false : !digits()) return bad();
    if (take(".") && !digits()) return bad();
    if (take("e") || take("E")) {
      if (!take("+")) take("-");
      if (!digits()) return bad();
    }
    double real = 0;
    const auto [end, error] = std::from_chars(text_.data() + start, text_.data() + at_, real);
    if (error != std::errc() || end != text_.data() + at_) return bad();
    out = Value::of(real);
    return true;
  }

  bool code(uint32_t& c) {
    c = 0;
    if (at_ + 4 > text_.size()) return bad();
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, c, 16);
    if (error != std::errc() || end != text_.data() + at_ + 4) return bad();
    at_ += 4;
    return true;
  }

  bool escape(char* to, size_t& size) {
    static constexpr std::string_view letters = "\"\\/bfnrt", bytes = "\"\\/\b\f\n\r\t";
    const char c = peek();
    ++at_;
    if (const size_t i = c ? letters.find(c) : std::string_view::npos; i != std::string_view::npos) {
      to[size++] = bytes[i];
      return true;
    }
    uint32_t first = 0, second = 0;
    if (c != 'u') return bad();
    if (!code(first)) return false;
    if (first >= 0xd800 && first < 0xdc00) {
      const size_t mark = at_;
      if (take("\\u")) {
        if (!code(second)) return false;
        if (second >= 0xdc00 && second < 0xe000)
          first = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        else
          at_ = mark;
      }
    }
    if (first >= 0xd800 && first < 0xe000) first = 0xfffd;  // half of a pair
    size += encode_utf8(first, to + size);
    return true;
  }

  bool string(std::string_view& out) {
    const size_t start = ++at_;
    while (at_ < text_.size() && peek() != '"' && peek() != '\\' && uint8_t(peek()) >= 0x20) ++at_;
    if (peek() == '"' && at_ < text_.size()) {  // without escapes: a view
      out = text_.substr(start, at_++ - start);
      return true;
    }
    size_t end = at_;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) return bad();
    char* to = m_.text(end - start);  // an escape is never shorter than what it stands for
    if (!to) return false;
    size_t size = at_ - start;
    if (size) std::memcpy(to, text_.data() + start, size);
    while (at_ < end) {
      if (uint8_t(peek()) < 0x20) return bad();
      if (peek() == '\\') {
        ++at_;
        if (!escape(to, size)) return false;
      } else {
        to[size++] = text_[at_++];
      }
    }
    ++at_;
    out = {to, size};
    return true;
  }

  bool list(Value& out, int depth) {
    ++at_;
    std::vector<Value> items;
    blank();
    if (!take("]")) {
      do {
        if (items.size() >= m_.left.elements)
          return m_.fail({"more than 1,000,000 elements: the expression was stopped"});
        if (!value(items.emplace_back(), depth + 1)) return false;
        blank();
      } while (take(","));
      if (!take("]")) return bad();
    }
    Value* kept = m_.array(items.size());
    if (!kept) return false;
    std::copy(items.begin(), items.end(), kept);
    return make_array(m_, kept, items.size(), ClassId::none, out);
  }

  bool object(Value& out, int depth) {
    ++at_;
    std::vector<ValueMapEntry> entries;
    blank();
    if (!take("}")) {
      do {
        blank();
        std::string_view key;
        Value one;
        if (peek() != '"') return bad();
        if (!string(key)) return false;
        blank();
        if (!take(":")) return bad();
        if (!value(one, depth + 1) || !m_.spend(entries.size() / 8 + 1)) return false;
        size_t i = 0;  // a key that repeats: the last value wins
        while (i < entries.size() && entries[i].key != key) ++i;
        if (i == entries.size()) entries.emplace_back();
        entries[i] = {key, one};
        blank();
      } while (take(","));
      if (!take("}")) return bad();
    }
    ValueMapEntry* kept = m_.entries(entries.size());
    if (!kept) return false;
    std::copy(entries.begin(), entries.end(), kept);
    return make_map(m_, kept, entries.size(), ClassId::none, out);
  }

  Machine& m_;
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

bool read_json(Machine& m, std::string_view text, Value& out) { return Reader(m, text).whole(out); }

}  // namespace testudo::expr
