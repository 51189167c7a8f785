// The real testudod on a machine of its own: two network namespaces, a bpf file system, a log, a state
// folder. Everything is gone when the test ends, however it ends.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"
#include "support/network.h"
#include "support/temp_dir.h"

namespace testudo::life {

struct Ran {
  int status = -1;  ///< exit status; 128 + signal; -1: it did not end in time and was killed
  std::string out, err;
  std::string all() const { return out + err; }
};

/// Runs a command to its end, in a network namespace when one is given; `before` runs in the child before
/// exec.
Ran run(const std::vector<std::string>& command, int net_namespace = -1,
        const std::function<void()>& before = {});

/// Asks until the answer is yes; false after `limit`.
bool eventually(const std::function<bool()>& question, Duration limit = 5s);

/// A reason to skip, or "".
std::string why_no_daemon();

/// What a configuration file says; the machine fills in its own paths where a text is empty.
struct Plan {
  std::string state, run, pin, profiles, content;
  std::string interfaces = "[guard0]";
  std::string mode = "auto";
  std::string extra;  ///< more top-level sections
  std::string metrics = "127.0.0.1:6060";
};

class Machine {
 public:
  Machine();
  ~Machine();
  Machine(const Machine&) = delete;

  Network net;
  Plan plan;

  std::string path(const std::string& name) const { return dir_.path() + "/" + name; }
  const support::TempDir& dir() const { return dir_; }
  /// Writes `plan` to NAME.yaml; the path.
  std::string configure(const std::string& name = "testudo") const;
  /// An empty tmpfs of so many bytes there.
  void mount_small(const std::string& name, size_t bytes);

  /// Runs `testudo --config testudo.yaml ARGS…` in the guarded namespace.
  Ran cli(std::vector<std::string> args) const;
  /// Number of objects in the list that `testudo ARGS -o json` prints; -1 when that fails.
  int count(std::vector<std::string> args) const;
  int alerts() const { return count({"alerts", "list", "--limit", "0"}); }
  int decisions() const { return count({"decisions", "list", "--limit", "0"}); }
  int in_kernel() const { return count({"kernel", "list"}); }

  /// The metrics port of the running daemon.
  std::string scrape() const;
  /// Sum of the samples of a family whose line holds `part`.
  double metric(const std::string& family, const std::string& part = "") const;

  /// Appends to auth.log, the log that is watched.
  void append(const std::string& text) const;
  /// `n` failed logins from an address, the stamps `apart`, the first at `from`.
  void failures(const std::string& address, int n = 7, TimePoint from = now(), Duration apart = 0s) const;

 private:
  support::TempDir dir_;
  std::vector<std::string> mounts_;
};

class Daemon {
 public:
  /// Started and, unless it ends or takes more than ten seconds, ready.
  explicit Daemon(Machine& machine, const std::string& config = "", std::function<void()> before = {});
  ~Daemon();
  Daemon(const Daemon&) = delete;

  bool ready() const { return ready_; }
  /// Started without becoming ready: its exit status, once it has ended.
  int status();
  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// SIGTERM, and its end; how long that took.
  Duration stop();
  void kill_hard();
  /// All of its standard error so far.
  std::string log() const;
  bool says(const std::string& text) const { return log().find(text) != std::string::npos; }
  /// VmRSS in bytes.
  size_t resident() const;

 private:
  void reap(Duration limit);
  std::string log_file_;
  pid_t pid_ = -1;
  int status_ = -1;
  bool ready_ = false;
  Fd out_;
};

#define TESTUDO_NEED_DAEMON() \
  if (const std::string why = testudo::life::why_no_daemon(); !why.empty()) GTEST_SKIP() << why

}  // namespace testudo::life
