// xdp/tables.h: the maps of one installation, as bpf/abi.h names them, and where they are pinned.
#pragma once

#include <span>
#include <string>

#include "xdp/map.h"

namespace testudo::xdp {

struct Tables {
  Map meta, filter4, filter6, bm24, bm32, policy, policy_text, drop_clock;
  Map ban4, ban6, ban6_64, net4, net6, allow4, allow6;
  Map counters, counters_out, totals, hits;
  Map budgets, events, next_prog;
  Map observe, sources, observations, observe_load;
  Map list4, list6, list_net4, list_net6;
};

struct TableName {
  const char* name;
  Map Tables::*map;
};
std::span<const TableName> table_names();

/// How large to create what does not exist yet; existing maps keep their size.
struct TableSizes {
  uint32_t bans = 65536;         ///< ban4, ban6 and ban6_64 each
  uint32_t filter_words = 8192;  ///< a power of two
};

/// All maps under PIN/v<ABI>. `not_found` when there are none; a set with some missing is `corrupt`.
Result<Tables> open_tables(const std::string& pin);
/// Pins those that are not pinned there yet.
Result<void> pin_tables(const Tables& tables, const std::string& pin);
/// Removes PIN/v<ABI> and, with `keep_current`, only the folders of other ABI versions.
void remove_tables(const std::string& pin, bool keep_current);
/// Whether a folder of another ABI version is there.
bool older_tables(const std::string& pin);

}  // namespace testudo::xdp
