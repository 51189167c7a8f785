// cli/commands.h: to add a command, write cli/NAME.cpp with `const Command NAME_command`, add NAME here.
#pragma once

#define TESTUDO_COMMANDS(X)                                                                              \
  X(status)                                                                                              \
  X(why) X(metrics) X(flush) X(reload) X(version) X(decisions_list) X(decisions_add) X(decisions_delete) \
      X(decisions_flush) X(alerts_list) X(alerts_inspect) X(allowlists_list) X(allowlists_inspect)       \
          X(allowlists_create) X(allowlists_add) X(allowlists_remove) X(allowlists_check)                \
              X(allowlists_delete) X(kernel_status) X(kernel_list) X(kernel_flush)
