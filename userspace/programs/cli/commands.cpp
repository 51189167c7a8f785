#include "commands.h"

namespace testudo::cli {

#define X(name) extern const Command name##_command;
TESTUDO_COMMANDS(X)
#undef X

std::span<const Command* const> all_commands() {
#define X(name) &name##_command,
  static constexpr const Command* table[] = {TESTUDO_COMMANDS(X)};
#undef X
  return table;
}

}  // namespace testudo::cli
