// enforce/nft_watch.h: hears when somebody else changes our table.
//
// A socket in the kernel's group of nftables news. News of our own transactions are dropped by a filter in
// the kernel (they carry the port of the socket that sent them), so that the socket is readable only when
// somebody else changed something: Docker and firewalld do so often, and hardly ever in our table.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "base/files.h"
#include "base/result.h"

namespace testudo::nft {

struct News {
  bool any = false;            ///< something was said, of whatever table
  bool lost = false;           ///< more came than the socket holds: anything may have changed
  bool table = false;          ///< our table, a chain, rule or set of it came or went
  bool flushed = false;        ///< a new flush mark lies in it
  std::set<std::string> sets;  ///< of ours, whose elements somebody else added or removed
  bool ours() const { return lost || table || flushed || !sets.empty(); }
};

class Watch {
 public:
  static Result<Watch> open(const std::string& table, uint32_t own_port);
  int fd() const { return fd_.get(); }
  /// What was said since the last time; does not wait.
  News take();
  /// While millions of elements are loaded nobody should be told of each. What is said meanwhile is missed.
  void pause();
  void resume();

 private:
  Fd fd_;
  std::string table_;
};

/// Reads one datagram of the group; for tests.
void read_news(const char* bytes, size_t size, const std::string& table, News& news);

}  // namespace testudo::nft
