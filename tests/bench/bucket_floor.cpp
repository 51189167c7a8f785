// What six sshd buckets a line cost: our Shards beside the same six written by hand, on the same events, ns
// per event that fills six buckets. The hub's sshd scenarios are the task: two leaky buckets, the same two by
// distinct users, and the median of the last four intervals, with and without distinct users; each with its
// blackhole. Both must give as many alerts (checked).
//
//   bench_bucket_floor HUB DATA SSHD.LOG [brief|full]     full: our Shards keep events, as a daemon's do
//
// Events are parsed and matched batch by batch, as in a replay; only the buckets are timed, theirs after ours
// in every batch, so that both find their tables as cold as the parser leaves them.
#include <fcntl.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/text.h"
#include "detect/ahead.h"
#include "detect/shards.h"
#include "engine/file_feed.h"
#include "engine/parse_worker.h"

namespace {

using namespace testudo;

constexpr int64_t kSecond = 1'000'000'000;
constexpr uint8_t kUsers = 12;      // a leaky bucket that has seen one more has overflowed
constexpr uint8_t kSlowUsers = 64;  // more than there are in the log

/// All that is remembered of an address: twelve cache lines, mostly nine of them, found by one look-up, no
/// pointers.
struct alignas(64) Source {
  uint64_t key = 0;
  int64_t blackhole[6] = {};
  struct Leaky {
    double tokens = 0;
    int64_t first = 0, last = INT64_MIN / 4;
    int32_t total = 0;
  } leaky[4];
  struct Slow {
    int64_t first = 0, last = INT64_MIN / 4, times[4] = {};
    int32_t total = 0, kept = 0;
  } slow[2];
  uint8_t users[3] = {};
  uint32_t seen[2][kUsers] = {};  ///< hashes of users
  uint32_t slow_seen[kSlowUsers] = {};
};

class Floor {
 public:
  Floor() : table_(1 << 16) {}
  void prefetch(uint64_t key) const {
    const char* at = reinterpret_cast<const char*>(&table_[key & (table_.size() - 1)]);
    for (size_t i = 0; i <= offsetof(Source, slow_seen); i += 64) detect::ask_for(at + i);
  }
  void pour(uint64_t key, uint32_t user, int64_t t, uint64_t& alerts) {
    Source& s = find(key);
    alerts += leak(s, 0, 5, 10 * kSecond, nullptr, user, t);
    alerts += leak(s, 1, 5, 10 * kSecond, &s.users[0], user, t);
    alerts += leak(s, 2, 10, 60 * kSecond, nullptr, user, t);
    alerts += leak(s, 3, 10, 60 * kSecond, &s.users[1], user, t);
    alerts += slow(s, 0, nullptr, user, t);
    alerts += slow(s, 1, &s.users[2], user, t);
  }
  /// A login that succeeds ends the two that look at the median; that of distinct users only with a new user.
  void cancel(uint64_t key, uint32_t user) {
    Source& s = find(key);
    s.slow[0].total = 0;
    const uint32_t* seen = s.slow_seen;
    if (std::find(seen, seen + s.users[2], user) == seen + s.users[2]) s.slow[1].total = 0;
  }
  size_t bytes() const { return table_.size() * sizeof(Source); }

 private:
  Source& find(uint64_t key) {
    for (size_t i = key;; ++i) {
      Source& s = table_[i & (table_.size() - 1)];
      if (s.key == key) return s;
      if (s.key == 0) {
        s.key = key;
        return s;
      }
    }
  }
  static bool seen_before(Source& s, uint8_t* users, uint32_t user) {
    const bool slow = users == &s.users[2];
    uint32_t* seen = slow ? s.slow_seen : s.seen[users - s.users];
    for (uint8_t i = 0; i < *users; ++i)
      if (seen[i] == user) return true;
    if (*users < (slow ? kSlowUsers : kUsers)) seen[(*users)++] = user;
    return false;
  }
  static bool swallowed(Source& s, int which, int64_t t, int64_t length) {
    if (s.blackhole[which] > t) return true;
    s.blackhole[which] = t + length;
    return false;
  }
  static bool leak(Source& s, int which, int capacity, int64_t speed, uint8_t* users, uint32_t user,
                   int64_t t) {
    Source::Leaky& b = s.leaky[which];
    if (b.total == 0 || t - b.last > (capacity + 1) * speed) {
      b = {double(capacity), t, t, 0};
      if (users) *users = 0;
    }
    if (users && seen_before(s, users, user)) return false;
    const double elapsed = double(t - b.last);
    ++b.total;
    b.last = t;
    if (elapsed > 0) b.tokens = std::min(double(capacity), b.tokens + elapsed / double(speed));
    if ((1.0 - b.tokens) * double(speed) < 1.0) {
      b.tokens -= 1.0;
      return false;
    }
    b.total = 0;
    return !swallowed(s, which, t, 60 * kSecond);
  }
  static bool slow(Source& s, int which, uint8_t* users, uint32_t user, int64_t t) {
    Source::Slow& b = s.slow[which];
    if (b.total == 0 || t - b.last > 7200 * kSecond) {
      b = {t, t, {}, 0, 0};
      if (users) *users = 0;
    }
    if (users && seen_before(s, users, user)) return false;
    ++b.total;
    b.last = t;
    b.times[b.kept++ & 3] = t;
    if (b.kept < 4) return false;
    int64_t times[4];
    std::memcpy(times, b.times, sizeof times);
    std::sort(times, times + 4);
    int64_t gaps[3] = {times[1] - times[0], times[2] - times[1], times[3] - times[2]};
    std::sort(gaps, gaps + 3);
    if (gaps[1] <= 600 * kSecond) return false;
    b.total = 0;
    return !swallowed(s, 4 + which, t, 300 * kSecond);
  }
  std::vector<Source> table_;
};

/// Events that fill six buckets, as the matcher gives them: address, user, time.
struct Row {
  std::string_view address, user;
  int64_t t;
  bool failed = false;  ///< a login that failed: fills the six
  bool cancels = false;
};
std::vector<Row> rows_of(const detect::PourBatch& batch, const detect::ScenarioSet& set) {
  std::vector<Row> rows(batch.events.size());
  for (uint32_t list = 0; list < detect::kShards; ++list) {
    if (!(batch.lists >> list & 1)) continue;
    for (const detect::PourRecord& record : batch.records[list]) {
      if (record.group.empty()) continue;
      Row& row = rows[record.event];
      // The conditions look at failed logins: who passes their predicate is one.
      row.failed = row.failed || record.passes == detect::PourRecord::Passes::yes;
      row.address = record.group;
      row.t = unix_nanos(batch.events[record.event].t);
      const auto& documents = set.partitions[set.rules[record.scenario].partition].scenarios;
      for (size_t i = 0; record.keys != detect::PourRecord::kNoKeys && i < documents.size(); ++i) {
        const detect::PourKey& key = batch.keys[record.keys + i];
        if (key.has_distinct) row.user = key.distinct;
        row.cancels = row.cancels || key.cancel;
      }
    }
  }
  size_t kept = 0;
  for (size_t i = 0; i < rows.size(); ++i)
    if (rows[i].failed || rows[i].cancels) rows[kept++] = rows[i];
  rows.resize(kept);
  return rows;
}

struct NoTurn : parse::StashTurn {
  void before_stash() override {}
};

int run(const char* hub, const char* data, const char* log, bool brief) {
  ProgramOptions content;
  content.content.folders = {hub};
  content.content.items = {"crowdsecurity/linux", "crowdsecurity/sshd"};
  content.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
  content.data_folder = data;
  const auto program = load_program(content);
  if (!program) return std::fprintf(stderr, "%s\n", program.error().text().c_str()), 1;
  const TimePoint today = *parse_rfc3339("2026-06-01T00:00:00Z");
  auto source = std::make_shared<SourceInfo>();
  source->labels = {{"type", "syslog"}};
  source->log_time = true;
  parse::Stash stash;
  NoTurn turn;
  ParseOptions options;
  options.replay = true;
  options.brief = brief;
  options.today = today;
  options.seed = 0x7e57;
  options.stash = &stash;
  ParseWorker parser(options, turn);
  detect::ShardOptions bounds;
  bounds.seed = options.seed;
  bounds.brief = brief;
  detect::Shards shards((*program)->scenarios, (*program)->slots, bounds);
  Floor floor;
  Fd fd(::open(log, O_RDONLY | O_CLOEXEC));
  if (!fd) return std::fprintf(stderr, "cannot open %s\n", log), 1;
  FileFeed feed(std::move(fd), log, source, today, 256 * 1024);

  uint64_t events = 0, alerts = 0;
  int64_t ours = 0, theirs = 0;
  std::vector<detect::Emitted> out;
  Work work;
  uint64_t our_alerts = 0;
  for (work.program = *program; work.reset(), feed.fill(work);) {
    parser.run(work);
    const std::vector<Row> rows = rows_of(work.pours, *(*program)->scenarios);
    for (const Row& row : rows) events += !row.cancels;
    const int64_t start = monotonic_ns();
    out.clear();
    shards.take(work.pours, out);
    const int64_t between = monotonic_ns();
    constexpr size_t kAhead = 8;
    uint64_t keys[kAhead];
    for (size_t i = 0; i < rows.size() + kAhead; ++i) {
      const uint64_t next = i < rows.size() ? table_hash(rows[i].address, options.seed) | 1 : 0;
      if (next) floor.prefetch(next);
      if (i >= kAhead) {
        const Row& row = rows[i - kAhead];
        const auto user = uint32_t(table_hash(row.user, options.seed));
        if (row.cancels)
          floor.cancel(keys[i % kAhead], user);
        else
          floor.pour(keys[i % kAhead], user, row.t, alerts);
      }
      keys[i % kAhead] = next;
    }
    theirs += monotonic_ns() - between;
    ours += between - start;
    for (const detect::Emitted& one : out) our_alerts += one.overflow.alerts.size();
  }
  std::printf("events with six buckets: %llu; alerts: ours %llu, by hand %llu\n",
              static_cast<unsigned long long>(events), static_cast<unsigned long long>(our_alerts),
              static_cast<unsigned long long>(alerts));
  std::printf("ours    %7.0f ns/event, %5zu KiB\nby hand %7.0f ns/event, %5zu KiB (table)\n",
              double(ours) / double(events), shards.bytes() >> 10, double(theirs) / double(events),
              floor.bytes() >> 10);
  // The hash of an address stands for it by hand.
  const double apart = double(our_alerts) / double(std::max<uint64_t>(1, alerts));
  return apart > 0.999 && apart < 1.001 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: bench_bucket_floor HUB DATA SSHD.LOG [brief|full]\n"), 1;
  return run(argv[1], argv[2], argv[3], argc < 5 || std::strcmp(argv[4], "full") != 0);
}
