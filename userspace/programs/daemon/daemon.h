// daemon/daemon.h: wires the roles together and keeps them running.
//
//   acquirer (I/O thread) ─▶ engine (worker thread) ─▶ decider ─▶ kernel, store (commit thread)
//   API and metrics servers answer from their own threads; this thread ticks, reloads and stops.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "acquire/acquirer.h"
#include "api/server.h"
#include "config/settings.h"
#include "decide/decider.h"
#include "enforce/list_watch.h"
#include "engine/engine.h"
#include "parse/resolver.h"
#include "store/store.h"

namespace testudo {

class Daemon {
 public:
  explicit Daemon(Settings settings);
  ~Daemon();

  /// Everything up, or the error that a user can act on. Content that is broken is off and said; it does not
  /// keep the daemon from starting.
  Result<void> start();
  /// Instead of start(), before the network is up: what the store knows goes into the kernel, and stays there
  /// when this process ends. The number of bans in force.
  Result<uint64_t> restore();
  /// Until SIGTERM or SIGINT; SIGHUP reloads. The signals must be blocked in every thread.
  void run();
  /// Reads content, profiles and the simulation file anew; testudo.yaml and acquisition are read at a start.
  /// On an error everything old goes on.
  Result<void> reload();
  /// Body of GET /v1/testudo/status.
  std::string status_json();

 private:
  Result<void> open_store();
  /// `clock_ahead`: how far the wall clock is from the time that is believed.
  Result<void> open_decider(Duration clock_ahead = {});
  Result<void> load_engine();
  Result<void> open_sources();
  Result<void> open_servers();
  ProgramOptions program_options() const;
  void save_buckets();
  void restore_buckets();
  void add_age_collector();
  void watch_lists(TimePoint at);
  void say_what_runs();
  void warn_silent(TimePoint at);

  Settings settings_;
  Metrics metrics_;
  TimePoint started_{};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Decider> decider_;
  std::unique_ptr<ListWatch> lists_;
  std::unique_ptr<parse::Resolver> resolver_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Acquirer> acquirer_;
  std::unique_ptr<ApiServer> api_;
  std::unique_ptr<MetricsServer> metrics_server_;
  std::mutex reload_;
  std::atomic<int64_t> last_alert_ns_{0};
  TimePoint last_silence_check_{};
  std::map<std::string, Duration> silence_said_;  ///< by source: how long the silence was at the last warning
  bool running_ = false;
};

}  // namespace testudo
