#include "commands.h"

#include "command.h"

namespace testudo::cli {

#define X(name) extern const Command name##_command;
TESTUDO_COMMANDS(X)
#undef X

std::span<const Command* const> all_commands() {
#define X(name) &name##_command,
  static const Command* const commands[] = {TESTUDO_COMMANDS(X)};
#undef X
  return commands;
}

std::span<const Group> all_groups() {
  static constexpr Group groups[] = {
      {"decisions", "decision", "What is in force: list, add, delete"},
      {"alerts", "alert", "What happened: list, inspect"},
      {"allowlists", "allowlist", "Who is never banned"},
      {"kernel", "", "What the kernel holds; works with the daemon down"},
  };
  return groups;
}

}  // namespace testudo::cli
