// testudod: reads the configuration, runs the roles in the foreground until SIGTERM.
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/log.h"
#include "check.h"
#include "daemon.h"

namespace {

constexpr const char* kHelp =
    R"(testudod: the Testudo daemon: reads logs, finds attackers, drops their packets.

Usage: testudod [--config FILE] [--check | --restore] [--debug]

  --config FILE   configuration (default /etc/testudo/testudo.yaml, or TESTUDO_CONFIG)
  --check         read and compile everything, print every error with file:line:column, touch nothing
  --restore       put what the store knows into the kernel and end: for the time before the network is up
  --debug         say more in the log
  --version       print the version
  --help          this text

It runs in the foreground, logs to standard error, prints one line when it is ready, reloads on SIGHUP and
stops on SIGTERM; drops stay in force when it stops. `testudo status` shows what it does.
)";

}  // namespace

int main(int argc, char** argv) {
  using namespace testudo;
  const char* from_environment = std::getenv("TESTUDO_CONFIG");
  std::string config = from_environment ? from_environment : kDefaultConfig;
  bool check = false, restore = false;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--help" || arg == "-h") {
      std::fputs(kHelp, stdout);
      return 0;
    }
    if (arg == "--version") {
      std::printf("testudod %s\n", TESTUDO_VERSION);
      return 0;
    }
    if (arg == "--check" || arg == "-t")
      check = true;
    else if (arg == "--restore")
      restore = true;
    else if (arg == "--debug")
      log::set_level(log::Level::debug);
    else if ((arg == "--config" || arg == "-c") && i + 1 < argc)
      config = argv[++i];
    else if (arg.starts_with("--config="))
      config = arg.substr(std::strlen("--config="));
    else {
      std::fprintf(stderr, "testudod: unknown argument '%s'\n\n%s", arg.c_str(), kHelp);
      return 2;
    }
  }
  Errors errors;
  Settings settings = read_settings(config, errors);
  if (check) return check_everything(settings, std::move(errors)) ? 0 : 1;
  if (errors.empty()) check_startable(settings, errors);
  if (!errors.empty()) {
    for (const Error& e : errors) std::fprintf(stderr, "testudod: %s\n", e.text().c_str());
    return 1;
  }
  if (std::getenv("JOURNAL_STREAM")) log::set_journal_format(true);
  // A handful of threads that allocate little: more arenas would only hold memory.
  ::mallopt(M_ARENA_MAX, 2);
  // Each followed log holds a descriptor.
  if (rlimit files{}; ::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);

  Daemon daemon(std::move(settings));
  if (restore) {
    const auto done = daemon.restore();
    if (!done) {
      // A daemon that runs already has done more than this would.
      const bool runs = done.error().code == Code::refused || done.error().code == Code::conflict;
      std::fprintf(stderr, "testudod: %s\n", done.error().text().c_str());
      return runs ? 0 : 1;
    }
    std::printf("testudod: %llu bans are in force before the network is up\n",
                static_cast<unsigned long long>(*done));
    return 0;
  }
  if (auto started = daemon.start(); !started) {
    std::fprintf(stderr, "testudod: %s\n", started.error().text().c_str());
    return 1;
  }
  ::malloc_trim(0);
  std::printf("testudod %s is ready\n", TESTUDO_VERSION);
  std::fflush(stdout);
  ::sd_notify(0, "READY=1");
  daemon.run();
  return 0;
}
