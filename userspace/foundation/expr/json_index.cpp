#include "expr/json_index.h"

#include <charconv>
#include <cstring>

#include "expr/json_text.h"

namespace testudo::expr {
namespace {

constexpr size_t npos = std::string_view::npos;
constexpr size_t kMaxObjects = 64;  // noted at a time
constexpr int kMaxRoots = 8;        // values side by side: {…} {…}

bool is_place(std::string_view key) { return key.size() > 2 && key.front() == '[' && key.back() == ']'; }

}  // namespace

void JsonIndex::read(std::string_view text) {
  text_ = text.size() <= kMaxText ? text : std::string_view();
  members_.clear();
  objects_.clear();
}

JsonIndex::Found JsonIndex::find(std::string_view path) {
  Found found;
  bool first = true;
  for (size_t at = 0; at <= path.size();) {
    // A key ends at a dot, or where a bracket opens behind it.
    size_t end = at;
    while (end < path.size() && path[end] != '.' && (path[end] != '[' || end == at)) ++end;
    const std::string_view key = path.substr(at, end - at);
    found = first ? at_root(key) : find_in(found, key);
    if (found.kind == Kind::absent) return found;
    first = false;
    if (end >= path.size()) break;
    at = path[end] == '.' ? end + 1 : end;
  }
  return found;
}

JsonIndex::Found JsonIndex::find_in(const Found& in, std::string_view key) {
  if (in.text.empty()) return {};
  const size_t start = size_t(in.text.data() - text_.data());
  if (in.kind == Kind::array && is_place(key)) return element(start, key);
  if (in.kind == Kind::object && !is_place(key)) return member(start, key);
  return {};
}

// What stands before the first value is passed over, and so are values of the wrong kind.
JsonIndex::Found JsonIndex::at_root(std::string_view key) {
  int roots = 0;
  for (size_t at = 0; at < text_.size() && roots < kMaxRoots; ++at) {
    const char c = text_[at];
    if (c == '"') {
      at = json_string_end(text_, at + 1);
    } else if (c == '[' || c == '{') {
      ++roots;
      if (is_place(key) && c == '[') return element(at, key);
      size_t end = npos;
      if (!is_place(key) && c == '{') {
        const Found found = member(at, key, &end);
        if (found.kind != Kind::absent) return found;
      } else {
        end = block_end(at);
      }
      at = end;
    }
    if (at == npos) break;
  }
  return {};
}

JsonIndex::Found JsonIndex::member(size_t start, std::string_view key, size_t* end) {
  const Object& object = object_at(start);
  if (end) *end = object.end;
  for (uint32_t i = object.first; i < object.first + object.count; ++i)
    if (same_key(members_[i], key)) return members_[i].value;
  return {};
}

bool JsonIndex::same_key(const Member& member, std::string_view key) {
  if (!member.escaped) return member.key == key;
  unescaped_.resize(member.key.size());
  size_t size = 0;
  return unescape_json(member.key, unescaped_.data(), size) &&
         std::string_view(unescaped_).substr(0, size) == key;
}

const JsonIndex::Object& JsonIndex::object_at(size_t start) {
  for (const Object& object : objects_)
    if (object.start == start) return object;
  if (objects_.size() == kMaxObjects || members_.size() >= kMaxMembers) {
    members_.clear();
    objects_.clear();
  }
  Object& object = objects_.emplace_back();
  object.start = start;
  note_members(object);
  return object;
}

// Stops where the text is no object any more: what was noted until then counts.
void JsonIndex::note_members(Object& object) {
  object.first = uint32_t(members_.size());
  object.end = npos;
  size_t at = blank(object.start + 1);
  while (at < text_.size() && members_.size() < kMaxMembers) {
    if (text_[at] == '}') {
      object.end = at;
      return;
    }
    if (text_[at] == ',') {
      at = blank(at + 1);
      continue;
    }
    if (text_[at] != '"') return;
    const size_t quote = json_string_end(text_, at + 1);
    if (quote == npos) return;
    Member member;
    member.key = text_.substr(at + 1, quote - at - 1);
    member.escaped = std::memchr(member.key.data(), '\\', member.key.size()) != nullptr;
    at = blank(quote + 1);
    if (at >= text_.size() || text_[at] != ':') return;
    member.value = value_at(++at);
    if (at == npos) return;
    members_.push_back(member);
    ++object.count;
    at = blank(at);
  }
}

JsonIndex::Found JsonIndex::element(size_t start, std::string_view place) const {
  uint32_t wanted = 0;
  const char* end = place.data() + place.size() - 1;
  const auto [stop, error] = std::from_chars(place.data() + 1, end, wanted);
  if (error != std::errc() || stop != end) return {};
  size_t at = blank(start + 1);
  for (uint32_t i = 0; at < text_.size() && text_[at] != ']'; ++i) {
    const Found found = value_at(at);
    if (i == wanted || at == npos) return found;
    at = blank(at);
    if (at >= text_.size() || text_[at] != ',') return {};
    at = blank(at + 1);
  }
  return {};
}

// The value there; `at` moves behind it, to npos when it does not end.
JsonIndex::Found JsonIndex::value_at(size_t& at) const {
  at = blank(at);
  const size_t start = at;
  Found found;
  if (at >= text_.size()) return at = npos, found;
  const char c = text_[at];
  if (c == '"') {
    at = json_string_end(text_, at + 1);
    if (at == npos) return found;
    return ++at, Found{Kind::string, text_.substr(start + 1, at - start - 2)};
  }
  if (c == '{' || c == '[') {
    at = block_end(at);
    if (at == npos) return found;
    return ++at, Found{c == '{' ? Kind::object : Kind::array, text_.substr(start, at - start)};
  }
  while (at < text_.size() && std::string_view(" \t\r\n,]}").find(text_[at]) == npos) ++at;
  found.text = text_.substr(start, at - start);
  if (found.text == "true" || found.text == "false")
    found.kind = Kind::boolean;
  else if (found.text == "null")
    found.kind = Kind::null;
  else if (c == '-' || (c >= '0' && c <= '9'))
    found.kind = Kind::number;
  if (found.kind != Kind::absent) return found;
  if (found.text.empty()) at = npos;  // nothing that could be a value: no way on
  return {};
}

// Place of the bracket that closes the one at `at`. Brackets of the other kind are not counted: a forged text
// may nest them as it likes.
size_t JsonIndex::block_end(size_t at) const {
  const char open = text_[at], close = open == '{' ? '}' : ']';
  size_t depth = 0;
  for (; at < text_.size(); ++at) {
    const char c = text_[at];
    if (c == '"') {
      at = json_string_end(text_, at + 1);
      if (at == npos) return npos;
    } else if (c == open) {
      ++depth;
    } else if (c == close && --depth == 0) {
      return at;
    }
  }
  return npos;
}

size_t JsonIndex::blank(size_t at) const {
  while (at < text_.size() &&
         (text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\n' || text_[at] == '\r'))
    ++at;
  return at;
}

}  // namespace testudo::expr
