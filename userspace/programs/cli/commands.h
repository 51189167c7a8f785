// cli/commands.h: to add a command, write cli/FILE.cpp with `const Command NAME_command`, add NAME here.
#pragma once

#include <span>

#include "command.h"

namespace testudo::cli {

// clang-format off
#define TESTUDO_COMMANDS(X) \
  X(status) X(why) X(rehearse) X(flush) \
  X(decisions_list) X(decisions_add) X(decisions_delete) X(decisions_flush) \
  X(alerts_list) X(alerts_inspect) \
  X(allowlists_create) X(allowlists_add) X(allowlists_list) X(allowlists_inspect) \
  X(allowlists_remove) X(allowlists_delete) X(allowlists_check) \
  X(kernel_status) X(kernel_list) X(kernel_lists) X(kernel_flush) X(kernel_remove) \
  X(kernel_explain) X(kernel_top) X(kernel_watch) X(kernel_selftest) \
  X(replay) X(explain) X(hubtest_run) X(hubtest_coverage) X(metrics) X(reload) X(version)
// clang-format on

std::span<const Command* const> all_commands();

}  // namespace testudo::cli
