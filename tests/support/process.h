// Real programs under test: started with what they write in files of their own, ended by pid, never left
// behind.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/temp_dir.h"

namespace testudo::support {

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Asks until it is true, for at most `limit`; the last answer.
inline bool wait_until(const std::function<bool()>& done,
                       std::chrono::milliseconds limit = std::chrono::seconds(8)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

/// What a program that has ended left behind. `status`: its exit status, or minus the signal that ended it.
struct Finished {
  int status = -1;
  std::string out, err;
};

class Process {
 public:
  /// `arguments[0]` is the program. `prepare` runs in the child before exec (namespaces, identity). The child
  /// dies with the test.
  explicit Process(const std::vector<std::string>& arguments, const std::function<void()>& prepare = {}) {
    const std::string out = dir_.path() + "/out", err = dir_.path() + "/err";
    std::vector<char*> argv;
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto to = [](const std::string& path, int fd) {
      ::dup2(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), fd);
    };
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    to(out, 1);
    to(err, 2);
    ::unsetenv("TESTUDO_CONFIG");
    if (prepare) prepare();
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (running()) end(SIGKILL);
  }

  pid_t pid() const { return pid_; }
  std::string out() const { return slurp(dir_.path() + "/out"); }
  std::string err() const { return slurp(dir_.path() + "/err"); }

  bool running() {
    if (pid_ <= 0 || done_) return false;
    int raw = 0;
    if (::waitpid(pid_, &raw, WNOHANG) == 0) return true;
    done_ = true;
    status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : -WTERMSIG(raw);
    return false;
  }
  /// Waits for its end; kills what takes longer.
  Finished finish(std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    if (!wait_until([&] { return !running(); }, limit)) end(SIGKILL);
    return {status_, out(), err()};
  }
  Finished end(int signal) {
    if (running()) {
      ::kill(pid_, signal);
      if (signal == SIGKILL) wait_until([&] { return !running(); });
    }
    return signal == SIGKILL ? Finished{status_, out(), err()} : finish();
  }

 private:
  TempDir dir_;
  pid_t pid_ = -1;
  bool done_ = false;
  int status_ = -1;
};

/// Runs a program to its end.
inline Finished run(const std::vector<std::string>& arguments, const std::function<void()>& prepare = {}) {
  return Process(arguments, prepare).finish();
}

}  // namespace testudo::support
