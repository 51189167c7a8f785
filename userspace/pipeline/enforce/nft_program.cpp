#include "enforce/nft_program.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/files.h"
#include "base/text.h"
#include "base/time.h"

namespace testudo::nft {
namespace {

constexpr int64_t kPatience_ns = 10'000'000'000;
constexpr const char* kPlaces[] = {"/usr/sbin/nft", "/sbin/nft", "/usr/local/sbin/nft", "/usr/bin/nft"};

/// A daemon that has dropped root keeps CAP_NET_ADMIN, but a program that it starts has only what is ambient.
/// Capabilities belong to the thread: no other thread's child inherits what is raised here.
class AmbientNetAdmin {
 public:
  AmbientNetAdmin() {
    if (::geteuid() == 0) return;
    if (::syscall(SYS_capget, &header_, before_) != 0) return;
    __user_cap_data_struct wanted[2] = {before_[0], before_[1]};
    constexpr uint32_t bit = 1u << CAP_NET_ADMIN;
    if (!(before_[0].permitted & bit)) return;
    wanted[0].inheritable |= bit;
    if (::syscall(SYS_capset, &header_, wanted) != 0) return;
    changed_ = true;
    was_set_ = ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_NET_ADMIN, 0, 0) == 1;
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0);
  }
  ~AmbientNetAdmin() {
    if (!changed_) return;
    if (!was_set_) ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_NET_ADMIN, 0, 0);
    ::syscall(SYS_capset, &header_, before_);
  }
  AmbientNetAdmin(const AmbientNetAdmin&) = delete;
  AmbientNetAdmin& operator=(const AmbientNetAdmin&) = delete;

 private:
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct before_[2] = {};
  bool changed_ = false, was_set_ = false;
};

/// The script as a file without a name.
Result<Fd> file_with(const std::string& script) {
  Fd file(::memfd_create("nft-script", MFD_CLOEXEC));
  if (!file) return errno_error("cannot keep the nft script", errno);
  for (size_t done = 0; done < script.size();) {
    const ssize_t n = ::write(file.get(), script.data() + done, script.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return errno_error("cannot keep the nft script", errno);
    done += size_t(n);
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return errno_error("cannot keep the nft script", errno);
  return file;
}

Result<pid_t> start(const std::string& program, int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, output, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // The daemon waits for signals with them blocked; the program shall not.
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  const char* arguments[] = {"nft", "-f", "-", nullptr};
  const char* environment[] = {"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", nullptr};
  pid_t pid = -1;
  int err;
  {
    const AmbientNetAdmin capable;
    err = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, const_cast<char**>(arguments),
                        const_cast<char**>(environment));
  }
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (err != 0) return errno_error("cannot run " + program, err);
  return pid;
}

/// What it says until it ends, the first 4 KB of it; false when it has not ended in time.
bool listen(const Fd& output, std::string& said) {
  const int64_t end = monotonic_ns() + kPatience_ns;
  char buffer[1024];
  for (;;) {
    const int64_t left = end - monotonic_ns();
    pollfd ready{output.get(), POLLIN, 0};
    if (left <= 0) return false;
    if (::poll(&ready, 1, int(left / 1'000'000) + 1) <= 0) continue;
    const ssize_t n = ::read(output.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return true;
    if (said.size() < 4096) said.append(buffer, size_t(n));
  }
}

}  // namespace

Result<std::string> find_program() {
  for (const char* place : kPlaces)
    if (::access(place, X_OK) == 0) return std::string(place);
  return Error{Code::unsupported,
               "mode nftables needs the program nft, and it is not installed",
               {},
               "apt-get install nftables"};
}

Result<void> run_script(const std::string& program, const std::string& script) {
  TESTUDO_TRY(const Fd input, file_with(script));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("cannot run " + program, errno);
  const Fd output(ends[0]);
  Fd writer(ends[1]);
  TESTUDO_TRY(const pid_t pid, start(program, input.get(), writer.get()));
  writer.reset();
  std::string said;
  const bool ended = listen(output, said);
  if (!ended) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!ended) return Error{Code::unavailable, program + " has not ended within ten seconds and was stopped"};
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string line(trim(said.substr(0, said.find('\n'))));
  if (line.find("Operation not permitted") != std::string::npos)
    return Error{Code::permission, "nft: " + line, {}, "nftables needs root or CAP_NET_ADMIN"};
  return Error{Code::io,
               "nft refused the rules: " + escape_for_terminal(line),
               {},
               "`nft list ruleset` shows what is there; nftables 1.0.6 is what this was made with"};
}

}  // namespace testudo::nft
