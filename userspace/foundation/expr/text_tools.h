// expr/text_tools.h: what builtins and helpers do to strings alike; results live in ctx.arena.
//
// A call that would make more than kMaxMade bytes or parts fails with ctx.error set.
#pragma once

#include <string_view>

#include "expr/expr.h"

namespace testudo::expr {

inline constexpr size_t kMaxMade = 16 << 20;
inline constexpr size_t kMaxParts = 1'000'000;

bool fail(Context& ctx, std::initializer_list<std::string_view> message);
bool copy_text(Context& ctx, std::string_view text, Value& out);

/// Unicode case mapping, one character to one.
bool change_case(Context& ctx, std::string_view text, bool upper, Value& out);
/// The helpers Upper and Lower. What is found in a text without regard to case tells what is in theirs.
bool upper_call(const void*, Context& ctx, const Value* args, size_t, Value& out);
bool lower_call(const void*, Context& ctx, const Value* args, size_t, Value& out);

/// Removes characters (code points) of `set` from the ends.
std::string_view trim_set(std::string_view text, std::string_view set, bool left, bool right);
/// Unicode white space at both ends.
std::string_view trim_space(std::string_view text);
std::string_view without_prefix(std::string_view text, std::string_view prefix);
std::string_view without_suffix(std::string_view text, std::string_view suffix);

/// As Go's strings.SplitN: an empty separator splits into characters; limit 0 gives nil, < 0 is no limit.
bool split_text(Context& ctx, std::string_view text, std::string_view separator, int64_t limit, bool keep,
                Value& out);
/// Words between white space.
bool split_fields(Context& ctx, std::string_view text, Value& out);
bool join_texts(Context& ctx, const ValueArray& items, std::string_view separator, Value& out);
/// limit < 0: all.
bool replace_text(Context& ctx, std::string_view text, std::string_view from, std::string_view to,
                  int64_t limit, Value& out);
/// A list of strings; `texts` may be in any memory that outlives the event.
bool text_list(Context& ctx, const std::string_view* texts, size_t size, Value& out);

}  // namespace testudo::expr
