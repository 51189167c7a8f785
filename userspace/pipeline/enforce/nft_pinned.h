// enforce/nft_pinned.h: the nftables table with no daemon: look, empty, remove. Of the network namespace of
// the calling thread.
#pragma once

#include "enforce/backend.h"
#include "enforce/nft_layout.h"
#include "enforce/nft_socket.h"

namespace testudo {

/// The table's name, from the folder of pins that tells installations apart: "testudo" for the default.
std::string nft_table(const std::string& pin);

/// Removes every ban, not the allowlist, and leaves the flush mark: a counter named flushed.NANOSECONDS, so
/// that mark and removal are one transaction, and a daemon that lives sees both.
Result<FlushReport> nft_flush(const std::string& table);
/// The newest mark in the table; 0 = none.
int64_t nft_flush_mark_unix_ns(const std::string& table);
/// not_found where there is no table.
Result<EnforceStatus> nft_status(const std::string& table);
/// `too_large` where a set is too big to be read back in reasonable time; one address is always found.
Result<std::vector<KernelEntry>> nft_list(const Prefix* only, const std::string& table);
/// Removes the table; nothing there is fine.
Result<void> nft_remove(const std::string& table);

namespace nft {

/// Reading more back costs seconds of walking in the kernel, with the square of the number.
inline constexpr size_t kReadable = 131072;

/// What a set holds, whichever kind it is: intervals come as the prefixes that cover them.
struct ReadEntry {
  std::vector<Prefix> prefixes;
  std::string counter;
  bool times_out = false;
  uint64_t left_ms = 0;
};
struct ReadSet {
  std::vector<ReadEntry> entries;
  bool more = false;  ///< beyond the limit
};
Result<ReadSet> read_set(Socket& socket, const std::string& table, const SetId& set, size_t limit);

std::vector<DropCounter> drop_counters(const std::vector<CounterState>& counters);
/// Packets and bytes that were dropped, and those that were not, into `status`.
void add_totals(const std::vector<CounterState>& counters, EnforceStatus& status);
int64_t newest_flush_mark(const std::vector<CounterState>& counters);

}  // namespace nft
}  // namespace testudo
