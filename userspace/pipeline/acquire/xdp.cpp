// acquire/xdp.cpp: the kernel program as a log: `source: xdp`.
//
// What crossed a threshold in the kernel becomes one line in a form of our own
// (config/content/parsers/…/xdp.yaml reads it). Nothing in it was chosen by a stranger but the address, and
// whether that completed a handshake lately is asked here, at the moment it is seen.
#include <net/if.h>

#include <algorithm>

#include "acquire/common.h"
#include "acquire/stats.h"
#include "acquire/xdp_line.h"
#include "base/log.h"
#include "xdp/observer.h"

namespace testudo {
namespace {

constexpr KeySpec kKeys[] = {
    {"window", "duration", "10s", "packets are counted in windows of this length, 1s to 1h"},
    {"syns", "int", "300", "connection attempts of one address in a window; 0 = not looked at"},
    {"ports", "int", "20",
     "distinct ports that one address tries in a window, at most 256; 0 = not looked at"},
    {"datagrams", "int", "50000", "UDP datagrams of one address in a window, counted by samples"},
    {"icmp", "int", "5000", "ICMP packets of one address in a window, counted by samples"},
    {"bad_flags", "int", "20", "TCP segments with flags that no stack sends, of one address in a window"},
    {"network_factor", "int", "16",
     "a /24 or /64 may do this many times as much; 0 = networks are not looked at"},
    {"syn_exact", "int", "20000",
     "connection attempts a second and CPU that are counted one by one; above, one of 64 or 1,024"},
};

constexpr Duration kReopen = 5s;

struct XdpConfig {
  CommonKeys common;
  observe_config observe{};
};

Result<uint32_t> number(const YamlNode& section, const char* key, uint32_t fallback, uint32_t most) {
  const YamlNode* node = section.find(key);
  if (node == nullptr) return fallback;
  TESTUDO_TRY(const int64_t value, node->as_int(key));
  if (value < 0 || value > int64_t(most))
    return node->error(std::string(key) + " must be between 0 and " + std::to_string(most) + ", not " +
                       std::to_string(value));
  return uint32_t(value);
}

Result<XdpConfig> read_config(const YamlNode& section) {
  constexpr uint32_t kMost = 1'000'000'000;
  XdpConfig config;
  TESTUDO_TRY(config.common, read_common(section));
  if (config.common.once)
    return section.error("mode: cat has no meaning for source xdp", "leave the key out");
  observe_config& o = config.observe;
  Duration window = 10s;
  if (const YamlNode* node = section.find("window")) {
    TESTUDO_TRY(window, node->as_duration("window"));
    if (window < 1s || window > 1h)
      return node->error("window must be between 1s and 1h, not " + node->text());
  }
  o.window_s = uint32_t(window / 1s);
  TESTUDO_TRY(o.syn_exact, number(section, "syn_exact", 20000, kMost));
  TESTUDO_TRY(o.threshold[TESTUDO_OBSERVED_SYN], number(section, "syns", 300, kMost));
  TESTUDO_TRY(o.threshold[TESTUDO_OBSERVED_PORTS], number(section, "ports", 20, 256));
  TESTUDO_TRY(o.threshold[TESTUDO_OBSERVED_UDP], number(section, "datagrams", 50000, kMost));
  TESTUDO_TRY(o.threshold[TESTUDO_OBSERVED_ICMP], number(section, "icmp", 5000, kMost));
  TESTUDO_TRY(o.threshold[TESTUDO_OBSERVED_BAD_FLAGS], number(section, "bad_flags", 20, kMost));
  TESTUDO_TRY(const uint32_t factor, number(section, "network_factor", 16, 65536));
  for (int kind = 0; kind < TESTUDO_OBSERVED_KINDS; ++kind)
    // Neighbours try different ports: a bitmap of 256 says nothing of a network.
    if (kind != TESTUDO_OBSERVED_PORTS)
      o.networks[kind] = uint32_t(std::min<uint64_t>(uint64_t(o.threshold[kind]) * factor, kMost));
  return config;
}

class XdpSource final : public Source {
 public:
  XdpSource(XdpConfig config, SourceContext& context)
      : config_(std::move(config)),
        pin_(context.pin),
        sink_(context.sink),
        witnessed_(context.witnessed),
        info_(config_.common.info("xdp", "xdp", context)),
        stats_(std::make_shared<SourceStats>("xdp", "xdp", config_.common.log_type(), context.metrics,
                                             config_.common.name)) {
    board_.add(stats_);
    if (context.metrics == nullptr) return;
    seen_ = &context.metrics->counter("testudo_xdp_observed_packets_total",
                                      "Packets that passed and were counted for their source.");
    sampled_ =
        &context.metrics->counter("testudo_xdp_skipped_syns_total",
                                  "Connection attempts not looked at one by one, for there were too many.");
    lost_ = &context.metrics->counter("testudo_xdp_lost_observations_total",
                                      "Observations that found their ring full.");
  }

  Result<void> start() override {
    open();
    return {};
  }
  int poll_fd() const override { return observer_ ? observer_->fd() : -1; }
  Duration poll_interval() const override { return observer_ ? Duration(10s) : kReopen; }
  std::vector<SourceStatus> status() const override { return board_.snapshot(); }

  bool poll() override {
    if (!observer_ && monotonic_ns() >= reopen_ns_) open();
    if (!observer_) return false;
    text_ = std::make_shared<std::string>();
    ends_.clear();
    const auto read = observer_->read();
    if (!read) {
      stats_->set_problem(read.error().text());
      observer_.reset();
      reopen_ns_ = monotonic_ns() + kReopen.count();
      return false;
    }
    count_load();
    return !ends_.empty() && hand_over();
  }

 private:
  void open() {
    reopen_ns_ = monotonic_ns() + kReopen.count();
    auto observer = xdp::Observer::open(pin_, [this](const testudo_observation& seen) { append(seen); });
    if (observer)
      if (auto done = (*observer)->configure(config_.observe); !done) observer = done.error();
    // Another mode than XDP has no such maps: information, as with a file that does not exist.
    stats_->set_exists(observer.ok() || observer.error().code != Code::not_found);
    stats_->set_problem(observer.ok() || observer.error().code == Code::not_found ? ""
                                                                                  : observer.error().text());
    if (!observer) return;
    observer_ = std::move(*observer);
    counted_ = observer_->load();
  }

  void append(const testudo_observation& seen) {
    const TimePoint at = now();
    std::string_view handshake = "unknown";
    const Prefix who = prefix_of(seen.source);
    if (witnessed_ && who.is_host())
      if (const auto answer = witnessed_(who.ip)) handshake = *answer ? "yes" : "no";
    char name[IF_NAMESIZE] = "";
    append_xdp_line(seen, at, ::if_indextoname(seen.ifindex, name) ? name : "", handshake, *text_);
    if (ends_.empty() ? text_->empty() : text_->size() == ends_.back()) return;
    ends_.push_back(text_->size());
  }

  bool hand_over() {
    LineBatch batch;
    size_t begin = 0;
    for (const size_t end : ends_) {
      batch.lines.emplace_back(text_->data() + begin, end - begin);
      begin = end;
    }
    stats_->count(batch.lines.size(), text_->size(), now());
    batch.bytes = std::move(text_);
    batch.source = info_;
    batch.arrived = now();
    batch.arrived_mono = monotonic_ns();
    batch.resume = {"xdp", ""};  // what was not read is gone: the ring is the kernel's
    return sink_(std::move(batch));
  }

  /// Counters of the kernel begin anew with its maps.
  void count_load() {
    if (seen_ == nullptr) return;
    const observe_load load = observer_->load();
    const auto more = [](uint64_t before, uint64_t after) {
      return after >= before ? after - before : after;
    };
    seen_->add(more(counted_.seen, load.seen));
    sampled_->add(more(counted_.sampled, load.sampled));
    lost_->add(more(counted_.lost, load.lost));
    counted_ = load;
  }

  XdpConfig config_;
  std::string pin_;
  std::function<bool(LineBatch&&)> sink_;
  std::function<std::optional<bool>(const Ip&)> witnessed_;
  std::shared_ptr<const SourceInfo> info_;
  std::shared_ptr<SourceStats> stats_;
  StatsBoard board_;
  std::unique_ptr<xdp::Observer> observer_;
  int64_t reopen_ns_ = 0;
  std::shared_ptr<std::string> text_ = std::make_shared<std::string>();
  std::vector<size_t> ends_;
  observe_load counted_{};
  Counter *seen_ = nullptr, *sampled_ = nullptr, *lost_ = nullptr;
};

Result<std::unique_ptr<Source>> open_xdp(const YamlNode& section, SourceContext& context) {
  TESTUDO_TRY(XdpConfig config, read_config(section));
  return std::unique_ptr<Source>(std::make_unique<XdpSource>(std::move(config), context));
}

Result<void> check_xdp(const YamlNode& section) {
  TESTUDO_TRY(const XdpConfig config, read_config(section));
  (void)config;
  return {};
}

}  // namespace

extern const SourceKind xdp_source;
const SourceKind xdp_source = {"xdp", "what the kernel program saw: floods, port scans, impossible flags",
                               kKeys, open_xdp, check_xdp};

}  // namespace testudo
