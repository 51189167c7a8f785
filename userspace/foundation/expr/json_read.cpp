#include "expr/json_read.h"

#include <charconv>
#include <functional>

#include "expr/json_text.h"

namespace testudo::expr {
namespace {

class Reader {
 public:
  Reader(Machine& m, JsonScratch& scratch, std::string_view text) : m_(m), scratch_(scratch), text_(text) {}

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

  bool string(std::string_view& out) {
    const size_t start = ++at_;
    const size_t end = json_string_end(text_, start);
    if (end == std::string_view::npos) return bad();
    const std::string_view raw = text_.substr(start, end - start);
    bool escaped = false;
    for (const char c : raw) {
      if (uint8_t(c) < 0x20) return bad();
      escaped |= c == '\\';
    }
    at_ = end + 1;
    out = raw;
    if (!escaped) return true;  // a view
    char* to = m_.text(raw.size());
    size_t size = 0;
    if (!to) return false;
    if (!unescape_json(raw, to, size)) return at_ = start, bad();
    out = {to, size};
    return true;
  }

  bool list(Value& out, int depth) {
    ++at_;
    const size_t first = scratch_.items.size();
    blank();
    if (!take("]")) {
      do {
        Value one;
        if (scratch_.items.size() >= m_.left.elements)
          return m_.fail({"more than 1,000,000 elements: the expression was stopped"});
        if (!value(one, depth + 1)) return false;
        scratch_.items.push_back(one);
        blank();
      } while (take(","));
      if (!take("]")) return bad();
    }
    const size_t size = scratch_.items.size() - first;
    Value* kept = m_.array(size);
    if (!kept) return false;
    std::copy_n(scratch_.items.begin() + ptrdiff_t(first), size, kept);
    scratch_.items.resize(first);
    return make_array(m_, kept, size, ClassId::none, out);
  }

  bool object(Value& out, int depth) {
    ++at_;
    const size_t first = scratch_.members.size();
    blank();
    if (!take("}")) {
      do {
        blank();
        ValueMapEntry one;
        if (scratch_.members.size() >= m_.left.elements)
          return m_.fail({"more than 1,000,000 elements: the expression was stopped"});
        if (peek() != '"') return bad();
        if (!string(one.key)) return false;
        blank();
        if (!take(":")) return bad();
        if (!value(one.value, depth + 1) || !m_.spend(1)) return false;
        scratch_.members.push_back(one);
        blank();
      } while (take(","));
      if (!take("}")) return bad();
    }
    size_t size = 0;
    if (!unique(first, size)) return false;
    ValueMapEntry* kept = m_.entries(size);
    if (!kept) return false;
    std::copy_n(scratch_.members.begin() + ptrdiff_t(first), size, kept);
    scratch_.members.resize(first);
    return make_map(m_, kept, size, ClassId::none, out);
  }

  // A key that repeats: the last value wins. Few members are compared one by one, many are hashed: an object
  // of ten thousand keys in a log line must not cost their square.
  bool unique(size_t first, size_t& kept) {
    ValueMapEntry* members = scratch_.members.data() + first;
    const size_t size = scratch_.members.size() - first;
    constexpr size_t kFew = 16;
    size_t mask = 0;
    if (size > kFew) {
      for (mask = 64; mask < 2 * size;) mask *= 2;
      scratch_.places.assign(mask--, 0);
    }
    kept = 0;
    for (size_t i = 0; i < size; ++i) {
      size_t place = 0;
      if (size <= kFew) {
        while (place < kept && members[place].key != members[i].key) ++place;
      } else {
        size_t at = std::hash<std::string_view>{}(members[i].key) & mask, probes = 1;
        while (scratch_.places[at] && members[scratch_.places[at] - 1].key != members[i].key) {
          at = (at + 1) & mask;
          ++probes;
        }
        if (!m_.spend(probes)) return false;
        if (!scratch_.places[at]) scratch_.places[at] = uint32_t(kept) + 1;
        place = scratch_.places[at] - 1;
      }
      members[place] = members[i];
      kept += place == kept;
    }
    return true;
  }

  Machine& m_;
  JsonScratch& scratch_;
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

bool read_json(Machine& m, std::string_view text, Value& out, JsonScratch* scratch) {
  JsonScratch local;
  JsonScratch& used = scratch ? *scratch : local;
  used.items.clear();
  used.members.clear();
  return Reader(m, used, text).whole(out);
}

}  // namespace testudo::expr
