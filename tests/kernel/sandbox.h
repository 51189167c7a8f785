// tests/kernel/sandbox.h: a server and a client in network namespaces of their own, joined by a veth pair.
//
//   client: client0  192.0.2.2 … 192.0.2.9, 2001:db8::2 … 9   ──veth──   server: server0  192.0.2.1,
//   2001:db8::1
//
// All names hold the process id, so that runs side by side do not meet; the destructor removes everything.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "base/files.h"
#include "base/ip.h"
#include "enforce/backend.h"

namespace testudo::test {

/// A reason to skip, or "" when tests of the kernel can run here.
std::string why_not_here();

/// The calling thread lives in the network namespace NAME until the end of the scope.
class Inside {
 public:
  explicit Inside(const std::string& name);
  ~Inside();

 private:
  Fd home_;
};

/// Removes pins (links too) below /sys/fs/bpf/testudo-test-PID.
class PinFolder {
 public:
  PinFolder();
  ~PinFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class Sandbox {
 public:
  Sandbox();
  ~Sandbox();
  std::string server() const { return prefix_ + "s"; }
  std::string client() const { return prefix_ + "c"; }
  const std::string& pin() const { return pin_.path(); }
  EnforceOptions options() const;

  /// Sends `count` datagrams from an address of the client; the number that the server's socket received.
  int delivered(const std::string& from, int count = 5, size_t bytes = 5);
  /// The other way: from the server to an address of the client.
  int delivered_to(const std::string& to, int count = 5);
  /// Connects to a port of the server that listens; 0 or errno (ETIMEDOUT after `milliseconds`).
  int connects(const std::string& from, int milliseconds = 1000);
  /// The client takes frames that the server's program sends back by XDP_TX (veth drops them otherwise).
  void client_takes_answers();

  /// Makes the veth pair anew, as after `ip link del`.
  void make_link();
  void remove_link();

 private:
  PinFolder pin_;
  std::string prefix_;
};

/// Runs the command line; true when it exits 0.
bool shell(const std::string& command);

/// A process that owns the backend until it is killed: `work` runs in it, then it waits.
class Owner {
 public:
  /// Returns once `work` is done; its result is `ok()`.
  Owner(const std::string& name_space, const EnforceOptions& options,
        const std::function<bool(Backend&)>& work);
  ~Owner() { kill_hard(); }
  bool ok() const { return ok_; }
  void kill_hard();

 private:
  pid_t pid_ = -1;
  bool ok_ = false;
};

DecisionChange ban(const std::string& prefix, Remediation remediation = Remediation::ban, Duration left = 1h);
DecisionChange lift(const std::string& prefix);
AllowChange allowed(const std::string& prefix, AllowChange::Reason reason = AllowChange::Reason::list);

}  // namespace testudo::test
