// Two network namespaces joined by a cable: one is guarded, the other is the attacker's.
//
//   attacker: attack0  198.18.77.66, .67, .68, .10   ──veth──   guarded: guard0  198.18.77.1
//
// They have no name and no process of their own: they end with the last descriptor and process in them, also
// when the test is killed.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/time.h"

namespace testudo::life {

/// The calling thread lives in the network namespace `fd` until the end of the scope.
class InNamespace {
 public:
  explicit InNamespace(const Fd& fd);
  ~InNamespace();

 private:
  Fd home_;
};

class Network {
 public:
  static constexpr const char* kGuarded = "198.18.77.1";
  static constexpr const char* kAttacker = "198.18.77.66";
  static constexpr const char* kSecond = "198.18.77.67";
  static constexpr const char* kThird = "198.18.77.68";
  static constexpr const char* kInnocent =
      "198.18.77.10";  ///< never bans: its packets tell when others are due

  Network();
  const Fd& guarded() const { return guarded_; }
  const Fd& attacker() const { return attacker_; }

  /// Sends `count` datagrams from an address of the attacker's; how many of them arrived. One of the innocent
  /// follows and is waited for: what has not arrived before it never will.
  int delivered(const std::string& from, int count = 5);
  /// `ip link del`, and the same cable once more.
  void unplug();
  void plug();

 private:
  Fd guarded_, attacker_;
};

/// Packets without a pause, from construction to stop(): for what must hold at every moment.
class Stream {
 public:
  struct Seen {
    int sent = 0, received = 0;
    int64_t last_received_ns = 0;  ///< monotonic_ns() at which the last one that arrived was sent; 0: none
  };
  Stream(Network& network, const std::string& from);
  ~Stream() { stop(); }
  Seen stop();

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
  Seen seen_;
};

}  // namespace testudo::life
