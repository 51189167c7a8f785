// key=value pairs: ParseKV and its lax sister. Both write a map of strings into evt.Unmarshaled.
#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "expr/classes.h"
#include "expr/code.h"
#include "expr/helpers.h"
#include "expr/text_tools.h"
#include "expr/unmarshaled.h"

namespace testudo::expr {
namespace {

constexpr Type kS = Type::string;
constexpr size_t npos = std::string_view::npos;
constexpr size_t kMaxKeys = 1000;  // of one map; more are refused

// White space as regular expressions have it.
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_word(char c) { return c != '=' && !is_blank(c); }

struct Pair {
  std::string_view key, value;
};

// Place of the quote that closes the string begun before `at`; npos when there is none. A backslash takes the
// next byte with it; `lines`: it may be the end of a line.
size_t closing_quote(std::string_view text, size_t at, bool lines) {
  for (; at < text.size(); ++at) {
    if (text[at] == '"') return at;
    if (text[at] == '\\' && (++at >= text.size() || (text[at] == '\n' && !lines))) return npos;
  }
  return npos;
}

// The next pair: a run of bytes before =, then "quoted text", or a run of bytes, or nothing.
bool next_pair(std::string_view text, size_t& at, Pair& pair) {
  for (; at < text.size(); ++at) {
    const size_t start = at;
    while (at < text.size() && is_word(text[at])) ++at;
    if (at >= text.size()) return false;
    if (at == start || text[at] != '=') continue;
    pair.key = text.substr(start, at - start);
    const size_t value = ++at;
    if (value < text.size() && text[value] == '"') {
      if (const size_t end = closing_quote(text, value + 1, false); end != npos) {
        pair.value = text.substr(value + 1, end - value - 1);
        at = end + 1;
        return true;
      }
    }
    while (at < text.size() && is_word(text[at])) ++at;
    pair.value = text.substr(value, at - value);
    return true;
  }
  return false;
}

// The map that is under the key already, if it is one of strings, with room for `more`.
class Pairs {
 public:
  Pairs(Context& ctx, Event& event, std::string_view helper, std::string_view key)
      : ctx_(ctx), event_(event), helper_(helper), key_(key) {}

  bool start() {
    const Value* old = find_unmarshaled(event_, key_);
    if (!old) return true;
    if (old->kind != Value::Kind::map || ClassId(old->class_id) != ClassId::text)
      return fail(ctx_, {helper_, ": evt.Unmarshaled.", key_, " is something else already"});
    reserve(old->map->size);
    std::uninitialized_copy_n(old->map->entries, old->map->size, entries_);
    size_ = old->map->size;
    return true;
  }

  bool set(std::string_view key, std::string_view value) {
    const size_t at = place(key);
    if (at < size_) {
      entries_[at].value = Value::of(value);
      return true;
    }
    if (size_ == kMaxKeys) return fail(ctx_, {helper_, ": more than 1,000 keys"});
    reserve(size_ + 1);
    new (entries_ + size_++) ValueMapEntry{key, Value::of(value)};
    if (size_ > kFew) note(size_ - 1);
    return true;
  }

  bool finish() {
    auto* map = new (event_.arena.allocate(sizeof(ValueMap))) ValueMap{entries_, uint32_t(size_)};
    Value value = Value::of(map);
    value.class_id = uint8_t(ClassId::text);
    set_unmarshaled(event_, key_, value);
    return true;
  }

 private:
  // Few keys are compared one by one, many are hashed.
  size_t place(std::string_view key) {
    if (size_ <= kFew) {
      size_t at = 0;
      while (at < size_ && entries_[at].key != key) ++at;
      return at;
    }
    if (places_.empty()) {
      places_.assign(kPlaces, 0);
      for (size_t i = 0; i < size_; ++i) note(i);
    }
    for (size_t at = std::hash<std::string_view>{}(key) % kPlaces; places_[at]; at = (at + 1) % kPlaces)
      if (entries_[places_[at] - 1].key == key) return places_[at] - 1;
    return size_;
  }
  void note(size_t entry) {
    if (places_.empty()) return;
    size_t at = std::hash<std::string_view>{}(entries_[entry].key) % kPlaces;
    while (places_[at]) at = (at + 1) % kPlaces;
    places_[at] = uint16_t(entry + 1);
  }
  void reserve(size_t wanted) {
    if (wanted <= room_) return;
    room_ = std::max<size_t>(32, 2 * wanted);
    auto* more = reinterpret_cast<ValueMapEntry*>(event_.arena.allocate(room_ * sizeof(ValueMapEntry)));
    std::uninitialized_copy_n(entries_, size_, more);
    entries_ = more;
  }

  static constexpr size_t kFew = 32, kPlaces = 4096;
  Context& ctx_;
  Event& event_;
  std::string_view helper_, key_;
  ValueMapEntry* entries_ = nullptr;
  size_t size_ = 0, room_ = 0;
  std::vector<uint16_t> places_;  // of keys, by hash; only for a map of many
};

bool parse_kv(const void*, Context& c, const Value* a, size_t, Value& out) {
  Event* event = unmarshaled_target(c, "ParseKV", a[1]);
  if (!event) return false;
  const std::string_view text = kept_text(c, *event, a[0].text());
  Pairs pairs(c, *event, "ParseKV", a[2].text());
  Pair pair;
  size_t at = 0, count = 0;
  while (next_pair(text, at, pair)) {
    if (count++ == 0 && !pairs.start()) return false;
    if (!pairs.set(pair.key, pair.value)) return false;
  }
  if (count == 0) return fail(c, {"ParseKV: no key=value in ", text});
  out = Value();
  return pairs.finish();
}

bool is_key_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_key_byte(char c) { return is_key_start(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; }

// The next `key=` outside of quotes: its place and length.
bool next_key(std::string_view text, size_t& at, Pair& key) {
  while (at < text.size()) {
    if (text[at] == '"') {
      const size_t end = closing_quote(text, at + 1, true);
      at = end == npos ? text.size() : end + 1;
    } else if (is_key_start(text[at])) {
      const size_t start = at;
      while (at < text.size() && is_key_byte(text[at])) ++at;
      if (at >= text.size() || text[at] != '=') continue;
      key.key = text.substr(start, at - start);
      ++at;
      return true;
    } else {
      ++at;
    }
  }
  return false;
}

// Without the quotes around it, and then without the backslashes before backslashes and quotes.
std::string_view unquoted(Event& event, std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return value;
  value = value.substr(1, value.size() - 2);
  if (value.find('\\') == npos) return value;
  char* to = event.arena.allocate(value.size());
  size_t size = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size() && (value[i + 1] == '\\' || value[i + 1] == '"')) ++i;
    to[size++] = value[i];
  }
  return {to, size};
}

bool parse_kv_lax(const void*, Context& c, const Value* a, size_t, Value& out) {
  Event* event = unmarshaled_target(c, "ParseKVLax", a[1]);
  if (!event) return false;
  const std::string_view text = kept_text(c, *event, a[0].text());
  Pairs pairs(c, *event, "ParseKVLax", a[2].text());
  Pair key, next;
  size_t at = 0;
  if (!next_key(text, at, key)) return fail(c, {"ParseKVLax: no key=value in ", text});
  if (!pairs.start()) return false;
  for (bool more = true; more; key = next) {
    const size_t value = at;
    more = next_key(text, at, next);
    const size_t end = more ? size_t(next.key.data() - text.data()) : text.size();
    if (!pairs.set(key.key, unquoted(*event, trim_space(text.substr(value, end - value))))) return false;
  }
  out = Value();
  return pairs.finish();
}

const Helper rows[] = {
    {"ParseKV",
     "reads key=value pairs into evt.Unmarshaled under a key; nil. Fails when there is none",
     {kS, Type::map, kS},
     false,
     Type::nil,
     false,
     parse_kv},
    {"ParseKVLax",
     "as ParseKV; a value goes up to the next key and may hold blanks",
     {kS, Type::map, kS},
     false,
     Type::nil,
     false,
     parse_kv_lax},
};

}  // namespace

void add_pair_helpers(HelperTable& table) { table.insert(table.end(), std::begin(rows), std::end(rows)); }

}  // namespace testudo::expr
