#include "support/daemon.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "base/text.h"

namespace testudo::life {
namespace {

const std::string kBin = TESTUDO_BINARY_DIR "/bin/";
const std::string kSource = TESTUDO_SOURCE_DIR;

/// Mounts of the tests are seen by nobody else, and end with this process.
void live_apart() {
  // In a chroot whose root is no mount point nothing can be made private, and nothing spreads (EINVAL).
  static const bool done =
      ::unshare(CLONE_NEWNS) == 0 &&
      (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 || errno == EINVAL);
  if (!done) throw std::runtime_error("cannot make a mount namespace");
}

pid_t spawn(const std::vector<std::string>& command, int net_namespace, int out, int err,
            const std::function<void()>& before) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  if (net_namespace >= 0 && ::setns(net_namespace, CLONE_NEWNET) != 0) ::_exit(127);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  if (before) before();
  ::execvp(argv[0], argv.data());
  std::fprintf(stderr, "cannot run %s\n", argv[0]);
  ::_exit(127);
}

std::string content_of(const Fd& file) {
  std::string text;
  char buffer[65536];
  for (off_t at = 0;;) {
    const ssize_t n = ::pread(file.get(), buffer, sizeof buffer, at);
    if (n <= 0) return text;
    text.append(buffer, size_t(n));
    at += n;
  }
}

/// Waits for the end of a child; its exit status, 128 + signal, or nothing when `limit` is over first.
std::optional<int> wait_for(pid_t pid, Duration limit) {
  const Fd handle(int(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd wait{handle.get(), POLLIN, 0};
  if (::poll(&wait, 1, int(limit / 1ms)) <= 0) return std::nullopt;
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return std::nullopt;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Ran run(const std::vector<std::string>& command, int net_namespace, const std::function<void()>& before) {
  const Fd out(::memfd_create("out", MFD_CLOEXEC)), err(::memfd_create("err", MFD_CLOEXEC));
  const pid_t pid = spawn(command, net_namespace, out.get(), err.get(), before);
  Ran ran;
  if (const auto status = wait_for(pid, 20s)) {
    ran.status = *status;
  } else {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  ran.out = content_of(out);
  ran.err = content_of(err);
  return ran;
}

bool eventually(const std::function<bool()>& question, Duration limit) {
  const int64_t end = monotonic_ns() + limit.count();
  while (!question()) {
    if (monotonic_ns() > end) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

std::string why_no_daemon() {
  if (::geteuid() != 0) return "needs root: network namespaces, XDP";
  if (run({"ip", "-V"}).status != 0) return "needs ip (iproute2)";
  return "";
}

Machine::Machine() {
  live_apart();
  ::chmod(dir_.path().c_str(), 0755);
  ::mkdir(path("bpf").c_str(), 0755);
  if (::mount("bpf", path("bpf").c_str(), "bpf", 0, nullptr) != 0)
    throw std::runtime_error("cannot mount a bpf file system");
  mounts_.push_back(path("bpf"));
  dir_.write("auth.log", "");
  configure();
}

Machine::~Machine() {
  for (const std::string& mount : mounts_) ::umount2(mount.c_str(), MNT_DETACH);
}

void Machine::mount_small(const std::string& name, size_t bytes) {
  ::mkdir(path(name).c_str(), 0755);
  if (::mount("tmpfs", path(name).c_str(), "tmpfs", 0, ("size=" + std::to_string(bytes)).c_str()) != 0)
    throw std::runtime_error("cannot mount a tmpfs");
  mounts_.push_back(path(name));
}

std::string Machine::configure(const std::string& name) const {
  const auto or_default = [](const std::string& text, const std::string& otherwise) {
    return text.empty() ? otherwise : text;
  };
  const std::string state = or_default(plan.state, path("state")), run = or_default(plan.run, path("run"));
  return dir_.write(name + ".yaml",
                    "paths: {state: " + state + ", run: " + run + ", data: " + state + "/data, content: [" +
                        or_default(plan.content, kSource + "/config/content") + "]}\n" +
                        "acquire: {files: [], sources: [{filenames: [" + path("auth.log") +
                        "], labels: {type: syslog}}]}\n" + "detect: {}\nprofiles: [" +
                        or_default(plan.profiles, kSource + "/config/profiles.yaml") + "]\n" +
                        "api: {socket: " + run + "/api.sock}\n" + "enforce: {interfaces: " + plan.interfaces +
                        ", mode: " + plan.mode + ", pin: " + or_default(plan.pin, path("bpf") + "/testudo") +
                        ", max_entries: 65536}\nmetrics: {listen: \"" + plan.metrics + "\"}\n" + plan.extra);
}

Ran Machine::cli(std::vector<std::string> args) const {
  args.insert(args.begin(), {kBin + "testudo", "--config", path("testudo.yaml")});
  return run(args, net.guarded().get());
}

int Machine::count(std::vector<std::string> args) const {
  args.insert(args.end(), {"-o", "json"});
  const Ran ran = cli(std::move(args));
  boost::system::error_code broken;
  const boost::json::value list = boost::json::parse(ran.out, broken);
  return ran.status == 0 && !broken && list.is_array() ? int(list.as_array().size()) : -1;
}

std::string Machine::scrape() const {
  const InNamespace inside(net.guarded());
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(6060);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      ::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != ssize_t(request.size()))
    return "";
  std::string answer;
  char buffer[65536];
  for (ssize_t n; (n = ::recv(fd.get(), buffer, sizeof buffer, 0)) > 0;) answer.append(buffer, size_t(n));
  return answer;
}

double Machine::metric(const std::string& family, const std::string& part) const {
  const std::string all = scrape();
  double sum = 0;
  for (const std::string_view line : split(all, '\n')) {
    if (!line.starts_with(family) || line.find(part) == std::string_view::npos) continue;
    if (line.size() == family.size() || (line[family.size()] != '{' && line[family.size()] != ' ')) continue;
    sum +=
        std::strtod(std::string(line.substr(line.rfind(' ', line.find_last_not_of(" \r")))).c_str(), nullptr);
  }
  return sum;
}

void Machine::append(const std::string& text) const {
  const Fd fd(::open(path("auth.log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (::write(fd.get(), text.data(), text.size()) != ssize_t(text.size()))
    throw std::runtime_error("cannot append to the log");
}

void Machine::failures(const std::string& address, int n, TimePoint from, Duration apart) const {
  std::string lines;
  for (int i = 0; i < n; ++i) {
    const time_t seconds = time_t(unix_nanos(from + i * apart) / 1'000'000'000);
    tm local{};
    ::localtime_r(&seconds, &local);
    char stamp[32];
    std::strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &local);
    lines += std::string(stamp) + " guarded sshd[" + std::to_string(2100 + i) +
             "]: Failed password for root from " + address + " port " + std::to_string(40000 + i) + " ssh2\n";
  }
  append(lines);
}

Daemon::Daemon(Machine& machine, const std::string& config, std::function<void()> before) {
  static int runs = 0;
  log_file_ = machine.path("testudod-" + std::to_string(++runs) + ".log");
  const Fd err(::open(log_file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  out_.reset(ends[0]);
  Fd write_end(ends[1]);
  pid_ = spawn({kBin + "testudod", "--config", config.empty() ? machine.path("testudo.yaml") : config},
               machine.net.guarded().get(), write_end.get(), err.get(), before);
  write_end.reset();  // its end is the daemon's end
  std::string said;
  pollfd wait{out_.get(), POLLIN, 0};
  while (!ready_ && ::poll(&wait, 1, 10'000) > 0) {
    char buffer[256];
    const ssize_t n = ::read(out_.get(), buffer, sizeof buffer);
    if (n <= 0) break;
    said.append(buffer, size_t(n));
    ready_ = said.find(" is ready\n") != std::string::npos;
  }
}

Daemon::~Daemon() {
  kill_hard();
  if (::testing::Test::HasFailure()) std::fprintf(stderr, "--- log of the daemon\n%s---\n", log().c_str());
}

void Daemon::reap(Duration limit) {
  if (pid_ <= 0) return;
  if (const auto ended = wait_for(pid_, limit)) {
    status_ = *ended;
    pid_ = -1;
  }
}

int Daemon::status() {
  reap(5s);
  return status_;
}

void Daemon::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

Duration Daemon::stop() {
  const int64_t from = monotonic_ns();
  signal(SIGTERM);
  reap(10s);
  return Duration(monotonic_ns() - from);
}

void Daemon::kill_hard() {
  signal(SIGKILL);
  reap(10s);
}

std::string Daemon::log() const {
  const auto text = read_file(log_file_, 16u << 20);
  return text ? *text : "";
}

size_t Daemon::resident() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return size_t(std::strtoull(line.c_str() + 6, nullptr, 10)) * 1024;
  return 0;
}

}  // namespace testudo::life
