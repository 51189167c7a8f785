// enforce/nft_socket.h: the wire to the kernel's nf_tables: transactions out, dumps in.
//
// Not thread-safe. Everything is synchronous: the kernel has answered when send() of a transaction returns.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/result.h"
#include "enforce/nft_batch.h"

namespace testudo::nft {

/// One message that the kernel refused; the whole transaction is then undone.
struct Refusal {
  int error = 0;  ///< errno
  uint32_t message = 0;
  uint32_t tag = Batch::kNoTag;  ///< of the element that failed, where it is known
};

/// A counter as the kernel has it.
struct CounterState {
  std::string name, comment;
  uint64_t packets = 0, bytes = 0;
};

struct ElementState {
  std::string key;  ///< 4 or 16 bytes
  bool interval_end = false;
  std::string counter;
  bool times_out = false;
  uint64_t left_ms = 0;  ///< where it times out
};

struct RuleState {
  std::string chain;
  uint64_t handle = 0;
  auto operator<=>(const RuleState&) const = default;
};

class Socket {
 public:
  static Result<Socket> open();

  /// Nothing refused = done. An Error where the kernel took the transaction for none at all.
  Result<std::vector<Refusal>> send(Batch& batch);
  /// send(), where no refusal is expected: the first one becomes an Error that names `what`.
  Result<void> commit(Batch& batch, const std::string& what);

  Result<bool> has_table(const std::string& table);
  Result<std::vector<std::string>> sets(const std::string& table);
  Result<std::vector<RuleState>> rules(const std::string& table);
  Result<std::vector<CounterState>> counters(const std::string& table);
  /// Elements that are in force, at most `limit`; true when there are more. Sets are walked anew for each
  /// 32 KB of answer: beyond some 100,000 elements this takes seconds.
  Result<bool> elements(const std::string& table, const std::string& set, size_t limit,
                        const std::function<void(const ElementState&)>& each);
  /// One element of a set without intervals.
  Result<std::optional<ElementState>> element(const std::string& table, const std::string& set,
                                              std::string_view key);

  uint32_t port() const { return port_; }

 private:
  using Fill = std::function<void(nlmsghdr*)>;
  using Answer = std::function<bool(const nlmsghdr*)>;  ///< false ends the reading, and the socket's use
  /// errno; EINTR where a dump met a change and must be begun anew.
  int ask(uint16_t message, uint16_t flags, const Fill& fill, const Answer& answer);
  /// A dump of what `fill` names, begun anew while changes come between; `restart` forgets what was read.
  Result<void> dump(uint16_t message, const Fill& fill, const std::function<void()>& restart,
                    const Answer& answer);

  Fd fd_;
  uint32_t port_ = 0;
  uint32_t sequence_ = 1;
};

/// errno of nf_tables for people, with a remedy where there is one.
Error error_of(int err, const std::string& what);

}  // namespace testudo::nft
