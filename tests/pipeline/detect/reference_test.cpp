// Random streams of events against a reference written from the rules alone (engine-spec §5.2 to §5.6): maps,
// strings, no sharing, no hashes.
#include <cmath>
#include <set>

#include "pipeline/detect/rig.h"

namespace testudo::detect {
namespace {

struct Kind {
  std::string name, type;
  int capacity;
  double leak, blackhole;
  bool distinct, cancel;
  int condition_at;  ///< "the queue holds this many": 0 = no condition
  int cache;
  std::string yaml() const {
    std::string out = "type: " + type + "\nname: " + name +
                      "\ndescription: d\nfilter: evt.Meta.kind == 'x'\ngroupby: evt.Meta.source_ip\n";
    if (type != "trigger")
      out += "capacity: " + std::to_string(capacity) + "\nleakspeed: " + std::to_string(leak) + "s\n";
    if (blackhole > 0) out += "blackhole: " + std::to_string(blackhole) + "s\n";
    if (distinct) out += "distinct: evt.Meta.user\n";
    if (cancel) out += "cancel_on: evt.Meta.user == 'u0'\n";
    if (condition_at) out += "condition: len(queue.Queue) >= " + std::to_string(condition_at) + "\n";
    if (cache) out += "cache_size: " + std::to_string(cache) + "\n";
    return out;
  }
};

class Reference {
 public:
  explicit Reference(Kind kind) : kind_(std::move(kind)) {}
  /// "" or what overflowed: scenario, source, count, first, last, users of the queue.
  std::string pour(double t, const std::string& ip, const std::string& user) {
    if (kind_.type == "trigger") return overflow({1, t, t, 0, t, {}, {user}}, t, ip);
    auto found = buckets_.find(ip);
    const double life = kind_.type == "leaky" ? (kind_.capacity + 1) * kind_.leak : kind_.leak;
    if (found != buckets_.end() && t > found->second.last + life) {
      buckets_.erase(found);
      found = buckets_.end();
    }
    if (found == buckets_.end())
      found = buckets_.emplace(ip, Bucket{0, 0, 0, double(kind_.capacity), 0, {}, {}}).first;
    Bucket& b = found->second;
    if (kind_.distinct && !b.seen.insert(user).second) return "";
    if (kind_.cancel && user == "u0") {
      buckets_.erase(found);
      return "";
    }
    if (b.total++ == 0) b.first = b.taken = t;
    b.last = t;
    b.users.push_back(user);
    const int limit = kind_.cache > 0 && kind_.cache <= kind_.capacity ? kind_.cache : kind_.capacity;
    if (kind_.capacity >= 0 && int(b.users.size()) > limit + 1) b.users.erase(b.users.begin());
    bool full = false;
    if (kind_.type == "leaky") {
      b.tokens = std::min(double(kind_.capacity), b.tokens + std::max(0.0, t - b.taken) / kind_.leak);
      full = (1 - b.tokens) * kind_.leak >= 1e-9;
      if (!full) {
        b.tokens -= 1;
        b.taken = t;
      }
    }
    if (!full && kind_.condition_at) full = int(b.users.size()) >= kind_.condition_at;
    if (!full) return "";
    const Bucket gone = b;
    buckets_.erase(found);
    return overflow(gone, t, ip);
  }

 private:
  struct Bucket {
    int total;
    double first, last, tokens, taken;
    std::set<std::string> seen;
    std::vector<std::string> users;
  };
  std::string overflow(const Bucket& b, double t, const std::string& ip) {
    if (kind_.blackhole > 0) {
      if (const auto hole = holes_.find(ip); hole != holes_.end() && hole->second > t) return "";
      holes_[ip] = t + kind_.blackhole;
    }
    std::string out = kind_.name + " " + ip + " " + std::to_string(b.total) + " " +
                      format_rfc3339(Rig::at(b.first)) + " " + format_rfc3339(Rig::at(t));
    for (const std::string& user : b.users) out += " " + user;
    return out;
  }
  Kind kind_;
  std::map<std::string, Bucket> buckets_;
  std::map<std::string, double> holes_;
};

std::string text_of(const Alert& alert) {
  std::string out = alert.scenario + " " + alert.source.value + " " + std::to_string(alert.events_count) +
                    " " + alert.start_text + " " + alert.stop_text;
  for (const AlertEvent& event : alert.events) out += " " + *event.find("user");
  return out;
}

const std::vector<Kind> kinds = {
    {"me/plain", "leaky", 3, 2, 0, false, false, 0, 0},
    {"me/distinct", "leaky", 2, 5, 0, true, false, 0, 0},
    {"me/blackhole", "leaky", 1, 1, 20, false, false, 0, 0},
    {"me/cancel", "leaky", 4, 3, 0, false, true, 0, 0},
    {"me/cached", "leaky", 6, 4, 0, false, false, 0, 2},
    {"me/long", "leaky", 40, 30, 0, false, false, 0, 0},
    {"me/gate", "leaky", 5, 2, 0, false, false, 3, 0},
    {"me/cond", "conditional", -1, 6, 7, false, true, 9, 0},
    {"me/trigger", "trigger", 0, 0, 3, true, false, 0, 0},
};

TEST(Reference, GivesTheSameAlertsForRandomStreams) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    uint64_t random = seed;
    const auto next = [&](uint64_t n) {
      random = random * 6364136223846793005ULL + 1442695040888963407ULL;
      return (random >> 33) % n;
    };
    std::string yaml;
    std::vector<Reference> references;
    for (const Kind& kind : kinds) {
      yaml += (yaml.empty() ? "" : "---\n") + kind.yaml();
      references.emplace_back(kind);
    }
    Rig rig(yaml);
    double t = 0;
    size_t alerts = 0;
    for (int i = 0; i < 4000; ++i) {
      // Quarters of a second are exact; now and then the log goes back, now and then it rests.
      t += next(20) == 0 ? -double(next(40)) / 4 : next(50) == 0 ? double(next(400)) : double(next(4)) / 4;
      const std::string ip = "192.0.2." + std::to_string(next(6)), user = "u" + std::to_string(next(12));
      std::vector<std::string> expected, got;
      for (Reference& reference : references)
        if (std::string one = reference.pour(t, ip, user); !one.empty()) expected.push_back(std::move(one));
      for (const Alert& alert : rig.pour(t, from(ip, {{"user", user}}))) got.push_back(text_of(alert));
      ASSERT_EQ(got, expected) << "seed " << seed << ", event " << i << " at " << t;
      alerts += got.size();
    }
    EXPECT_GT(alerts, 500u);
  }
}

TEST(Batches, MayBeCutAnywhere) {
  std::string yaml;
  for (const Kind& kind : kinds) yaml += (yaml.empty() ? "" : "---\n") + kind.yaml();
  const auto run = [&](size_t cut) {
    Rig rig(yaml);
    uint64_t random = 99;
    std::vector<std::string> out;
    PourBatch batch;
    std::vector<Emitted> emitted;
    const auto take = [&] {
      rig.shards_.take(batch, emitted);
      batch.reset();
    };
    for (int i = 0; i < 3000; ++i) {
      random = random * 6364136223846793005ULL + 1442695040888963407ULL;
      const double t = i / 8.0;
      rig.make(t, from("192.0.2." + std::to_string(random >> 60),
                       {{"user", "u" + std::to_string(random >> 40 & 7)}}));
      rig.run_keep(t, batch);
      if (batch.events.size() >= cut) take();
    }
    take();
    for (const Emitted& one : emitted)
      out.push_back(text_of(one.overflow.alerts.at(0)) + " " + one.overflow.alerts[0].uuid);
    return out;
  };
  const auto whole = run(SIZE_MAX);
  EXPECT_GT(whole.size(), 100u);
  for (const size_t cut : {1u, 2u, 7u, 256u}) EXPECT_EQ(run(cut), whole) << cut;
}

}  // namespace
}  // namespace testudo::detect
