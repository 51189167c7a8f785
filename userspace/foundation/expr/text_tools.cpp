#include "expr/text_tools.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "expr/ascii_case.h"
#include "expr/case_map.h"
#include "expr/classes.h"

namespace testudo::expr {
namespace {

Value* values(Context& ctx, size_t count) {
  return reinterpret_cast<Value*>(ctx.arena->allocate(std::max<size_t>(count, 1) * sizeof(Value)));
}

bool give_list(Context& ctx, const Value* items, size_t size, Value& out) {
  out = Value::of(new (ctx.arena->allocate(sizeof(ValueArray))) ValueArray{items, uint32_t(size)});
  out.class_id = uint8_t(ClassId::text);
  return true;
}

bool is_space(uint32_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

// Start of the last character of a text that is not empty.
size_t last_character(std::string_view text) {
  for (size_t back = 1; back <= 4 && back <= text.size(); ++back) {
    size_t at = text.size() - back;
    const size_t start = at;
    if (next_utf8(text, at) != 0xFFFFFFFF && at == text.size()) return start;
  }
  return text.size() - 1;
}

template <typename Drop>
std::string_view trim_where(std::string_view text, bool left, bool right, Drop drop) {
  while (left && !text.empty()) {
    size_t at = 0;
    const uint32_t c = next_utf8(text, at);
    if (!drop(c, text.substr(0, at))) break;
    text.remove_prefix(at);
  }
  while (right && !text.empty()) {
    const size_t start = last_character(text);
    size_t at = start;
    const uint32_t c = next_utf8(text, at);
    if (!drop(c, text.substr(start))) break;
    text = text.substr(0, start);
  }
  return text;
}

}  // namespace

bool fail(Context& ctx, std::initializer_list<std::string_view> message) {
  ctx.error.clear();
  for (const std::string_view part : message) ctx.error.append(part.substr(0, 200));
  return false;
}

bool copy_text(Context& ctx, std::string_view text, Value& out) {
  if (text.size() > kMaxMade) return fail(ctx, {"more than 16 MiB of text"});
  out = Value::of(ctx.arena->copy(text));
  return true;
}

// Nearly every text is ASCII and many are in the wanted case already.
bool change_case(Context& ctx, std::string_view text, bool upper, Value& out) {
  const AsciiLetters letters = ascii_letters(text, upper);
  if (letters.ascii && !letters.to_change) {
    out = Value::of(text);
    return true;
  }
  if (text.size() > kMaxMade / 2) return fail(ctx, {"more than 16 MiB of text"});
  if (letters.ascii) {
    char* to = ctx.arena->allocate(text.size());
    change_ascii(text, upper, to);
    out = Value::of(std::string_view(to, text.size()));
    return true;
  }
  // A character may grow from two bytes to three; invalid bytes become U+FFFD, as in Go.
  char* to = ctx.arena->allocate(text.size() * 3);
  size_t size = 0;
  for (size_t at = 0; at < text.size();) {
    const uint32_t c = next_utf8(text, at);
    size += encode_utf8(c == 0xFFFFFFFF ? 0xfffd : map_case(c, upper), to + size);
  }
  out = Value::of(std::string_view(to, size));
  return true;
}

bool upper_call(const void*, Context& ctx, const Value* args, size_t, Value& out) {
  return change_case(ctx, args[0].text(), true, out);
}
bool lower_call(const void*, Context& ctx, const Value* args, size_t, Value& out) {
  return change_case(ctx, args[0].text(), false, out);
}

std::string_view trim_set(std::string_view text, std::string_view set, bool left, bool right) {
  return trim_where(text, left, right,
                    [&](uint32_t, std::string_view c) { return set.find(c) != std::string_view::npos; });
}
std::string_view trim_space(std::string_view text) {
  return trim_where(text, true, true, [](uint32_t c, std::string_view) { return is_space(c); });
}
std::string_view without_prefix(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}
std::string_view without_suffix(std::string_view text, std::string_view suffix) {
  return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}

bool split_text(Context& ctx, std::string_view text, std::string_view separator, int64_t limit, bool keep,
                Value& out) {
  if (limit == 0) return give_list(ctx, nullptr, 0, out);
  const size_t most = limit < 0 ? kMaxParts : std::min<size_t>(size_t(limit), kMaxParts);
  // The end of the part that starts at `at`, and where the next one starts; false for the last part.
  const auto step = [&](size_t at, size_t& end, size_t& next) {
    if (separator.empty()) {
      next = at;
      if (at < text.size()) next_utf8(text, next);
      end = next;
      return next < text.size();
    }
    const size_t found = text.find(separator, at);
    if (found == std::string_view::npos) return false;
    next = found + separator.size();
    end = keep ? next : found;
    return true;
  };
  size_t count = text.empty() && separator.empty() ? 0 : 1, end = 0, next = 0;
  for (size_t at = 0; count && count < most && step(at, end, next); at = next) ++count;
  if (limit < 0 && count >= kMaxParts) return fail(ctx, {"more than 1,000,000 parts"});
  Value* parts = values(ctx, count);
  size_t at = 0;
  for (size_t i = 0; i < count; ++i) {
    const bool last = i + 1 == count;
    if (last || !step(at, end, next)) end = text.size(), next = text.size();
    parts[i] = Value::of(text.substr(at, end - at));
    at = next;
  }
  return give_list(ctx, parts, count, out);
}

bool split_fields(Context& ctx, std::string_view text, Value& out) {
  // Two walks: count, then fill.
  const auto walk = [&](auto&& take) {
    size_t start = std::string_view::npos;
    for (size_t at = 0; at < text.size();) {
      const size_t here = at;
      const bool space = is_space(next_utf8(text, at));
      if (!space && start == std::string_view::npos) start = here;
      if (space && start != std::string_view::npos) {
        take(text.substr(start, here - start));
        start = std::string_view::npos;
      }
    }
    if (start != std::string_view::npos) take(text.substr(start));
  };
  size_t count = 0, i = 0;
  walk([&](std::string_view) { ++count; });
  if (count > kMaxParts) return fail(ctx, {"more than 1,000,000 parts"});
  Value* parts = values(ctx, count);
  walk([&](std::string_view part) { parts[i++] = Value::of(part); });
  return give_list(ctx, parts, count, out);
}

bool join_texts(Context& ctx, const ValueArray& items, std::string_view separator, Value& out) {
  uint64_t size = items.size > 1 ? separator.size() * (items.size - 1) : 0;
  for (uint32_t i = 0; i < items.size; ++i) {
    if (!items.items[i].is_string()) return fail(ctx, {"join needs a list of strings"});
    size += items.items[i].size;
  }
  if (size > kMaxMade) return fail(ctx, {"more than 16 MiB of text"});
  char* const to = ctx.arena->allocate(size + 1);
  char* at = to;
  for (uint32_t i = 0; i < items.size; ++i) {
    if (i) at = std::copy(separator.begin(), separator.end(), at);
    const std::string_view part = items.items[i].text();
    at = std::copy(part.begin(), part.end(), at);
  }
  out = Value::of(std::string_view(to, size));
  return true;
}

bool replace_text(Context& ctx, std::string_view text, std::string_view from, std::string_view to,
                  int64_t limit, Value& out) {
  // With an empty `from` the new text goes before every character and to the end.
  const auto walk = [&](auto&& piece) {
    size_t at = 0, search = 0;
    for (int64_t done = 0; limit < 0 || done < limit; ++done) {
      size_t found = from.empty() ? search : text.find(from, search);
      if (found == std::string_view::npos || found > text.size()) break;
      piece(text.substr(at, found - at));
      piece(to);
      at = found + from.size();
      search = at;
      if (from.empty()) {
        if (search >= text.size()) break;
        next_utf8(text, search);
      }
    }
    piece(text.substr(at));
  };
  uint64_t size = 0;
  walk([&](std::string_view p) { size += p.size(); });
  if (size > kMaxMade) return fail(ctx, {"more than 16 MiB of text"});
  char* const made = ctx.arena->allocate(size + 1);
  char* at = made;
  walk([&](std::string_view p) { at = std::copy(p.begin(), p.end(), at); });
  out = Value::of(std::string_view(made, size));
  return true;
}

bool text_list(Context& ctx, const std::string_view* texts, size_t size, Value& out) {
  Value* items = values(ctx, size);
  for (size_t i = 0; i < size; ++i) items[i] = Value::of(texts[i]);
  return give_list(ctx, items, size, out);
}

}  // namespace testudo::expr
