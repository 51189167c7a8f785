#include "daemon.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <poll.h>

#include <algorithm>
#include <set>

#include "api/exposition.h"
#include "base/files.h"
#include "base/log.h"
#include "base/privileges.h"
#include "decide/flush_mark.h"
#include "early.h"
#include "engine/transform.h"
#include "status.h"
#include "witness.h"

namespace testudo {
namespace {

void say(const Errors& errors, const char* event) {
  for (const Error& e : errors) log::warn(event, {{"what", e.text()}});
}

Result<void> own_folder(const std::string& path, int mode, const char* key) {
  auto made = make_directories(path, mode);
  if (!made && made.error().remedy.empty()) {
    Error error = made.error();
    error.remedy =
        "run as root, or let the user of the daemon write the folder that " + std::string(key) + " names";
    return error;
  }
  return made;
}

/// Drivers take their time at a boot; an interface that does not come in time is taken up by the daemon.
void wait_for_interfaces(Backend& backend, Duration limit) {
  const int64_t end = monotonic_ns() + limit.count();
  const auto missing = [&] {
    const EnforceStatus status = backend.status();
    return std::any_of(status.interfaces.begin(), status.interfaces.end(),
                       [](const InterfaceStatus& i) { return i.mode == "off"; });
  };
  while (missing() && monotonic_ns() < end) {
    pollfd news{backend.interfaces_fd(), POLLIN, 0};
    ::poll(&news, news.fd < 0 ? 0 : 1, 250);
    backend.refresh_interfaces();
  }
}

}  // namespace

Daemon::Daemon(Settings settings) : settings_(std::move(settings)) {}

Daemon::~Daemon() {
  // Against the stream: nothing new comes in, then what is inside runs out, then it is committed. The kernel
  // keeps what it has.
  api_.reset();
  metrics_server_.reset();
  if (acquirer_) acquirer_->stop();
  if (engine_) {
    engine_->stop();
    if (running_) save_buckets();
  }
  acquirer_.reset();
  engine_.reset();
  decider_.reset();
  lists_.reset();
  backend_.reset();
  store_.reset();
}

ProgramOptions Daemon::program_options() const {
  ProgramOptions options;
  options.content.folders = settings_.paths.content;
  options.patterns_folder = settings_.patterns_folder();
  options.data_folder = settings_.paths.data;
  options.keep_texts = true;
  return options;
}

Result<void> Daemon::start() {
  started_ = now();
  if (settings_.file.empty())
    log::warn("config.absent", {{"path", kDefaultConfig},
                                {"meaning", "the defaults are in force"},
                                {"remedy", "sudo scripts/install puts the shipped one there"}});
  TESTUDO_CHECK(own_folder(settings_.paths.state, 0750, "paths.state"));
  TESTUDO_CHECK(own_folder(settings_.paths.run, 0755, "paths.run"));
  TESTUDO_CHECK(open_store());
  TESTUDO_CHECK(open_decider());
  watch_lists(started_);
  TESTUDO_CHECK(load_engine());
  TESTUDO_CHECK(open_sources());
  TESTUDO_CHECK(open_servers());
  restore_buckets();
  engine_->start();
  TESTUDO_CHECK(acquirer_->start());
  // Ready means that from here on no line is lost: what is killed now finds on disk where it began.
  if (auto saved = decider_->barrier(); !saved)
    log::warn("start.positions", {{"what", saved.error().text()}});
  running_ = true;
  say_what_runs();
  return {};
}

Result<void> Daemon::open_store() {
  Store::Options options;
  options.path = settings_.paths.state + "/testudo.db";
  TESTUDO_TRY(store_, Store::open(options));
  return {};
}

Result<uint64_t> Daemon::restore() {
  started_ = now();
  const std::string database = settings_.paths.state + "/testudo.db";
  const TimePoint last = last_written(database);
  // Nothing was ever decided here: nothing to make true, and no reason to make files.
  if (last == TimePoint{}) return 0;
  const TimePoint believed = believed_time(started_, last);
  if (believed != started_)
    log::warn("restore.clock", {{"clock", format_rfc3339_seconds(started_)},
                                {"believed", format_rfc3339_seconds(believed)},
                                {"why", "the store was last written then"}});
  if (settings_.enforce.interfaces.empty())
    settings_.enforce.interfaces = remembered_interfaces(settings_.paths.state);
  TESTUDO_CHECK(open_store());
  TESTUDO_CHECK(open_decider(started_ - believed));
  watch_lists(started_);
  wait_for_interfaces(*backend_, 10s);
  return backend_->status().bans + backend_->status().ranges;
}

Result<void> Daemon::open_decider(Duration clock_ahead) {
  TESTUDO_TRY(backend_, open_backend(settings_.enforce));
  backend_ = with_clock_ahead(std::move(backend_), clock_ahead);
  WitnessOptions witness = open_witness(settings_);
  // What asks for more (mounting bpffs, a foreign program) is done; no other thread runs yet.
  TESTUDO_TRY(const std::string kept, drop_privileges());
  log::info("privileges", {{"kept", kept}});
  DeciderOptions options;
  if (clock_ahead != Duration::zero()) options.clock = [clock_ahead] { return now() - clock_ahead; };
  options.profile_files = settings_.profiles;
  options.simulation_file = settings_.decide.simulation_file;
  options.simulate_all = settings_.decide.simulation;
  if (settings_.decide.cdn_ranges != "none")
    options.cdn_ranges_file = settings_.decide.cdn_ranges.empty() ? settings_.shipped("cdn-ranges.txt")
                                                                  : settings_.decide.cdn_ranges;
  options.admin_groups = settings_.decide.admin_groups;
  options.session_grace = settings_.decide.session_grace;
  options.ipv6_prefix = int(settings_.decide.ipv6_prefix);
  options.state_folder = settings_.paths.state;
  options.pin = settings_.enforce.pin;
  options.witness = std::move(witness);
  options.data_folder = settings_.paths.data;
  options.max_prefixes = std::min<size_t>(settings_.enforce.max_entries, options.max_prefixes);
  TESTUDO_TRY(decider_, Decider::open(std::move(options), *store_, backend_.get(), metrics_));
  // The backend is filled: what another mode left of an earlier run has nobody who would lift it.
  if (auto done = retire_others(settings_.enforce, *backend_); !done)
    log::warn("enforce.leftover", {{"why", done.error().text()}});
  return {};
}

Result<void> Daemon::load_engine() {
  TESTUDO_TRY(auto program, load_program(program_options()));
  say(program->errors, "content.off");
  for (const std::string& note : program->notes) log::info("content.note", {{"what", note}});
  EngineOptions options;
  options.zone = settings_.detect.zone;
  options.shard.max_buckets = size_t(settings_.detect.max_buckets);
  options.threads = size_t(settings_.detect.workers);
  if (!resolver_) resolver_ = parse::system_resolver();
  options.resolver = resolver_.get();
  options.is_banned = [this](std::string_view address) { return decider_->banned(address); };
  EngineHooks hooks;
  hooks.on_alert = [this](Alert&& alert) {
    last_alert_ns_.store(unix_nanos(now()), std::memory_order_relaxed);
    decider_->on_alert(std::move(alert));
  };
  hooks.on_done = [this](std::vector<Position> positions) { decider_->remember(std::move(positions)); };
  engine_ = std::make_unique<Engine>(std::move(program), options, metrics_, std::move(hooks));
  return {};
}

// The read positions that are committed at a stop and the buckets that are saved there belong together. After
// a crash there is no snapshot: what was read since then is read again, in log time.
void Daemon::save_buckets() {
  auto saved = write_file_atomic(settings_.paths.state + "/buckets", engine_->save_buckets(), 0600);
  if (!saved)
    log::warn("buckets.lost", {{"what", saved.error().text()}, {"meaning", "slow attackers start anew"}});
}

void Daemon::restore_buckets() {
  const std::string path = settings_.paths.state + "/buckets";
  if (!file_exists(path)) return;
  const auto bytes = read_file(path, 1u << 30);
  // Gone at once: a snapshot is good for the stop that made it only.
  ::unlink(path.c_str());
  const auto restored = bytes ? engine_->restore_buckets(*bytes) : Result<size_t>(bytes.error());
  if (restored)
    log::info("buckets.restored", {{"buckets", *restored}});
  else
    log::warn("buckets.lost", {{"what", restored.error().text()}});
}

Result<void> Daemon::open_sources() {
  Errors errors;
  std::vector<AcquisDocument> documents = load_acquis(settings_.acquire.files, errors);
  for (const YamlNode& node : settings_.acquire.sources) {
    auto more = read_acquis(node, errors);
    std::move(more.begin(), more.end(), std::back_inserter(documents));
  }
  drop_bad_transforms(documents, *engine_->program(), errors);
  SourceContext context;
  auto positions = std::make_shared<std::map<std::string, std::string>>();
  TESTUDO_TRY(const auto saved, store_->positions());
  for (const Position& position : saved) positions->emplace(position.key, position.value);
  context.saved_position = [positions](const std::string& key) -> std::optional<std::string> {
    const auto found = positions->find(key);
    if (found == positions->end()) return std::nullopt;
    return found->second;
  };
  // Where a source begins that was never read before: nothing of it is on its way, so this need not wait
  // behind the lines of others.
  auto begun = std::make_shared<std::set<std::string>>();
  for (const Position& position : saved) begun->insert(position.key);
  context.sink = [this, begun](LineBatch&& batch) {
    if (begun->insert(batch.resume.key).second && batch.lines.empty()) {
      decider_->remember({std::move(batch.resume)});
      return true;
    }
    return engine_->push(std::move(batch));
  };
  context.metrics = &metrics_;
  context.pin = settings_.enforce.pin;
  context.witnessed = [this](const Ip& address) { return decider_->on_the_wire(address); };
  acquirer_ = Acquirer::open(documents, std::move(context), errors);
  say(errors, "acquire.off");
  return {};
}

Result<void> Daemon::open_servers() {
  if (backend_) add_kernel_collector(metrics_, *backend_);
  add_process_collector(metrics_);
  add_age_collector();
  ApiOptions options;
  options.socket = settings_.api.socket;
  options.version = TESTUDO_VERSION;
  ApiHooks hooks;
  hooks.status_json = [this] { return status_json(); };
  hooks.reload = [this] { return reload(); };
  TESTUDO_TRY(api_,
              ApiServer::start(std::move(options), *decider_, backend_.get(), metrics_, std::move(hooks)));
  if (!settings_.metrics.listen.empty()) {
    TESTUDO_TRY(metrics_server_, MetricsServer::start(settings_.metrics.listen, metrics_));
  }
  return {};
}

/// On the thread that ticks: half a second for a list of millions, in which decisions go on.
void Daemon::watch_lists(TimePoint at) {
  if (!lists_) {
    lists_ = std::make_unique<ListWatch>(settings_.enforce.lists, settings_.enforce.max_entries, *backend_);
    lists_->drop_unknown();
  }
  lists_->tick(at, [&] {
    return std::max(flush_mark_unix_ns(settings_.enforce.pin),
                    unix_nanos(read_flush_mark(settings_.paths.state)));
  });
}

/// Silence is the failure that no error counter shows.
void Daemon::add_age_collector() {
  metrics_.add_collector([this](std::vector<MetricFamily>& out) {
    const TimePoint at = now();
    MetricFamily lines{"testudo_last_line_age_seconds",
                       "Since the last line of a source; since the start where none came.",
                       MetricType::gauge,
                       {}};
    for (const SourceStatus& s : acquirer_->status()) {
      if (!s.exists) continue;
      const Duration age = at - std::max(s.last_line, started_);
      lines.samples.push_back(
          {{{"source", s.type + ":" + s.name}, {"type", s.type}}, double(age.count()) / 1e9, nullptr});
    }
    out.push_back(std::move(lines));
    const int64_t last = last_alert_ns_.load(std::memory_order_relaxed);
    const Duration age = at - (last == 0 ? started_ : from_unix_nanos(last));
    out.push_back({"testudo_last_alert_age_seconds",
                   "Since the last alert of detection; since the start where none came.",
                   MetricType::gauge,
                   {{{}, double(age.count()) / 1e9, nullptr}}});
  });
}

Result<void> Daemon::reload() {
  const std::lock_guard lock(reload_);
  ::sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", static_cast<long long>(monotonic_ns() / 1000));
  struct Ready {
    ~Ready() { ::sd_notify(0, "READY=1"); }
  } ready;
  TESTUDO_CHECK(decider_->reload());
  TESTUDO_TRY(auto program, load_program(program_options(), engine_->program().get()));
  say(program->errors, "content.off");
  log::info("reload", {{"parsers", program->parser_ids.size()},
                       {"scenarios", program->scenarios->scenarios.size()},
                       {"off", program->off},
                       {"read", "content, profiles, simulation file"},
                       {"restart_for", "testudo.yaml, acquis.yaml, acquis.d"}});
  engine_->reload(std::move(program));
  return {};
}

void Daemon::say_what_runs() {
  const auto program = engine_->program();
  size_t present = 0;
  for (const SourceStatus& s : acquirer_->status()) {
    present += s.exists && s.problem.empty();
    if (s.exists)
      log::info("reads", {{"source", shown_name(s)}, {"type", s.log_type}, {"problem", s.problem}});
  }
  if (present == 0)
    log::warn("reads.nothing",
              {{"why", "no source that is configured exists yet; each is read once it does"},
               {"remedy",
                "describe a log in /etc/testudo/acquis.d; a stock Debian 12 logs sshd to the "
                "journal, which needs systemd-journald"}});
  const EnforceStatus kernel = backend_->status();
  for (const InterfaceStatus& i : kernel.interfaces)
    log::info("guards", {{"interface", i.name}, {"mode", i.mode}, {"why_not_better", i.why_not_better}});
  if (kernel.interfaces.empty())
    log::warn("guards.nothing",
              {{"backend", kernel.backend}, {"remedy", "see enforce.interfaces and enforce.mode"}});
  log::info("content", {{"parsers", program->parser_ids.size()},
                        {"scenarios", program->scenarios->scenarios.size()},
                        {"off", program->off}});
  if (settings_.decide.simulation)
    log::warn("simulation", {{"meaning", "alerts are kept, nobody is banned"}});
  log::info("next", {{"allowlist_yourself", "testudo allowlists add office YOUR-ADDRESS"},
                     {"try_safely", "testudo rehearse --since 7d"},
                     {"locked_out", "testudo flush"}});
}

void Daemon::warn_silent(TimePoint at) {
  if (at - last_silence_check_ < 1min) return;
  last_silence_check_ = at;
  for (const SourceStatus& s : acquirer_->status()) {
    if (!s.exists) continue;
    const Duration silent = at - std::max(s.last_line, started_);
    Duration& said = silence_said_[shown_name(s)];
    if (silent < 10min) {
      said = {};
    } else if (silent >= 2 * said) {
      // After 10, 20, 40 … minutes: a log with nothing to say must not fill ours.
      said = silent;
      log::warn("source.silent",
                {{"source", shown_name(s)},
                 {"minutes", silent / 1min},
                 {"problem", s.problem},
                 {"remedy", "does the service still log there? `testudo status` shows all"}});
    }
  }
}

void Daemon::run() {
  sigset_t set;
  sigemptyset(&set);
  for (int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, s);
  const Fd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  int64_t refreshed = 0;
  bool changed = true;
  for (;;) {
    const TimePoint at = now();
    const Duration next = decider_->tick(at);
    const Duration since(monotonic_ns() - refreshed);
    if (since >= 5s || (changed && since >= 100ms)) {
      backend_->refresh_interfaces();
      remember_interfaces(settings_.paths.state, backend_->status());
      refreshed = monotonic_ns();
      changed = false;
    }
    watch_lists(at);
    warn_silent(at);
    // While containers come and go interfaces do so by the hundred: they are looked at ten times a second.
    const auto wait = std::clamp<Duration>(next, 50ms, changed ? 100ms : 1s);
    pollfd wake[] = {{signals.get(), POLLIN, 0}, {changed ? -1 : backend_->interfaces_fd(), POLLIN, 0}};
    ::poll(wake, 2, int(wait / 1ms));
    changed = changed || wake[1].revents != 0;
    signalfd_siginfo info{};
    while (::read(signals.get(), &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGHUP) {
        if (auto done = reload(); !done)
          log::error("reload.failed",
                     {{"what", done.error().text()}, {"meaning", "what ran before goes on"}});
        continue;
      }
      log::info("stop", {{"signal", int(info.ssi_signo)}, {"drops", "stay in force until they expire"}});
      ::sd_notify(0, "STOPPING=1");
      return;
    }
  }
}

std::string Daemon::status_json() {
  StatusInput input;
  input.version = TESTUDO_VERSION;
  input.started = started_;
  input.sources = acquirer_->status();
  input.progress = engine_->progress();
  input.program = engine_->program();
  input.kernel = backend_->status();
  input.simulation = settings_.decide.simulation;
  input.store_problem = decider_->store_problem();
  input.witness = decider_->witness_status();
  input.witness_wanted = settings_.decide.witness.mode == "on";
  for (const AreaStatus& area : decider_->areas())
    if (!area.problem.empty() && input.not_in_kernel.size() < 5)
      input.not_in_kernel.push_back(area.type + " of " + area.scope + " " + area.value + ": " +
                                    (area.prefixes == 0 ? "not in the kernel: " : "") + area.problem);
  return write_status(input, now());
}

}  // namespace testudo
