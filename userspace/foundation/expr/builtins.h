// expr/builtins.h: the language's own functions without closures, as rows. A function is one row.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "expr/code.h"

namespace testudo::expr {

struct Builtin {
  std::string_view name;
  /// Types of the arguments; checked at compile time where known, and before each call. unknown = any.
  std::vector<Type> params;
  size_t required;  ///< how many of them must be given
  StaticType result;
  bool (*call)(Machine&, const Value* args, size_t count, Value& out);
  bool variadic = false;  ///< the last parameter may repeat
  bool pure = true;
};

const Builtin* find_builtin(std::string_view name);
std::vector<std::string> builtin_names();

// One file per group.
std::span<const Builtin> text_builtins();
std::span<const Builtin> number_builtins();
std::span<const Builtin> list_builtins();
std::span<const Builtin> convert_builtins();
std::span<const Builtin> time_builtins();

}  // namespace testudo::expr
