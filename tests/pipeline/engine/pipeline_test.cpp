// However many threads carry the lines, what comes out is the same.
#include "engine/pipeline.h"

#include "base/text.h"
#include "engine/engine.h"
#include "support/alert_text.h"
#include "support/lines.h"

namespace testudo {
namespace {

using support::Content;

/// Lines are "STAMP ADDRESS USER"; a leaky scenario by address, a slow one by user, a trigger, and one that
/// counts overflows of the first by network.
Content busy_content() {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
onsuccess: next_stage
grok:
  pattern: '^%{TIMESTAMP_ISO8601:stamp} %{IP:ip} %{NOTSPACE:user}$'
  apply_on: Line.Raw
  statics:
    - {meta: source_ip, expression: evt.Parsed.ip}
    - {meta: user, expression: evt.Parsed.user}
    - {meta: log_type, value: fail}
    - meta: SourceRange
      expression: IpToRange(evt.Parsed.ip, '/24')
    - {target: evt.StrTime, expression: evt.Parsed.stamp}
)");
  content.dates();
  content.scenario("bf", R"(
type: leaky
name: me/bf
description: d
filter: evt.Meta.log_type == 'fail'
groupby: evt.Meta.source_ip
distinct: evt.Meta.user
capacity: 3
leakspeed: 20s
blackhole: 1m
reprocess: true
labels: {remediation: true}
)");
  content.scenario("users", R"(
type: leaky
name: me/users
description: d
filter: evt.Meta.log_type == 'fail' && evt.Meta.user startsWith 'u1'
groupby: evt.Meta.user
capacity: 40
leakspeed: 10s
)");
  content.scenario("root", R"(
type: trigger
name: me/root
description: d
filter: evt.Meta.user == 'root'
)");
  content.scenario("network", R"(
type: leaky
name: me/network
description: d
filter: evt.GetType() == 'overflow' && evt.Overflow.Alert.Remediation == true
groupby: evt.Overflow.Alert.Source.Range
distinct: evt.Overflow.Alert.Source.IP
capacity: 2
leakspeed: 5m
scope: {type: Range}
)");
  return content;
}

/// A seeded log: a few attackers among many addresses, stamps that sometimes go back.
std::string busy_log(int lines) {
  uint64_t random = 7;
  const auto draw = [&](uint64_t n) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (random >> 33) % n;
  };
  std::string out;
  const TimePoint begin = *parse_rfc3339("2026-06-01T00:00:00Z");
  for (int i = 0; i < lines; ++i) {
    const TimePoint t = begin + i * 50ms - 1s * int64_t(draw(20) == 0);
    const bool attacker = draw(4) == 0;
    out += format_rfc3339(t) + " " +
           (attacker ? "203.0." + std::to_string(draw(3)) + "." + std::to_string(draw(40))
                     : "198." + std::to_string(draw(60)) + "." + std::to_string(draw(250)) + ".7") +
           " " + (draw(5000) == 0 ? "root" : "u" + std::to_string(draw(300))) + "\n";
    if (draw(50) == 0) out += "a line that nobody knows\n\n";
  }
  return out;
}

TEST(Pipeline, GivesTheSameAlertsForAnyNumberOfThreads) {
  const Content content = busy_content();
  const std::string log = busy_log(60'000);
  const auto one = support::alert_texts(content.replay(log, "t", 1));
  const LineCounts counts = content.counts;
  EXPECT_GT(one.size(), 200u);
  size_t networks = 0;
  for (const std::string& a : one) networks += a.find("me/network") != std::string::npos;
  EXPECT_GT(networks, 3u) << "overflows of overflows are part of it";
  for (const size_t threads : {2, 3, 8}) {
    EXPECT_EQ(support::alert_texts(content.replay(log, "t", threads)), one) << threads << " threads";
    EXPECT_EQ(content.counts.read, counts.read);
    EXPECT_EQ(content.counts.parsed, counts.parsed);
    EXPECT_EQ(content.counts.unparsed, counts.unparsed);
  }
}

TEST(Pipeline, GivesTheSameWhetherLinesComeOneByOneOrInOneBatch) {
  const Content content = busy_content();
  const std::string log = busy_log(3000);
  const auto program = content.load();
  const auto run = [&](bool line_by_line) {
    WorkerOptions options;
    options.replay = true;
    options.today = *parse_rfc3339("2026-06-01T00:00:00Z");
    options.line_by_line = line_by_line;
    Worker worker(program, options);
    LineBatch batch;
    batch.bytes = std::make_shared<const std::string>(log);
    for (const std::string_view line : split(*batch.bytes, '\n'))
      if (!line.empty()) batch.lines.push_back(line);
    auto source = std::make_shared<SourceInfo>();
    source->type = "file";
    source->labels = {{"type", "t"}};
    batch.source = source;
    std::vector<Alert> alerts;
    worker.run(batch, alerts);
    return support::alert_texts(alerts);
  };
  const auto whole = run(false);
  EXPECT_GT(whole.size(), 10u);
  EXPECT_EQ(run(true), whole);
}

/// A live engine of some threads, fed with batches of a few lines.
struct Fed {
  std::vector<std::string> alerts;
  std::vector<std::string> done;
  LineCounts counts;
};
Fed feed_engine(const Content& content, const std::string& log, size_t threads, bool reload) {
  Fed out;
  Metrics metrics;
  EngineOptions options;
  options.threads = threads;
  EngineHooks hooks;
  hooks.on_alert = [&](Alert&& alert) { out.alerts.push_back(support::alert_text(alert)); };
  hooks.on_done = [&](std::vector<Position> positions) {
    for (const Position& p : positions) out.done.push_back(p.value);
  };
  auto program = content.load();
  Engine engine(program, options, metrics, hooks);
  engine.start();
  auto source = std::make_shared<SourceInfo>();
  source->id = 1;
  source->type = "file";
  source->name = "log";
  source->labels = {{"type", "t"}};
  source->log_time = true;
  const auto bytes = std::make_shared<const std::string>(log);
  std::vector<std::string_view> lines;
  for (const std::string_view line : split(*bytes, '\n'))
    if (!line.empty()) lines.push_back(line);
  int number = 0;
  for (size_t at = 0; at < lines.size(); at += 97) {
    LineBatch batch;
    batch.bytes = bytes;
    batch.lines.assign(lines.begin() + ptrdiff_t(at),
                       lines.begin() + ptrdiff_t(std::min(at + 97, lines.size())));
    batch.source = source;
    batch.arrived = *parse_rfc3339("2026-06-01T12:00:00Z");
    batch.resume = {"file:log", std::to_string(number++)};
    EXPECT_TRUE(engine.push(std::move(batch)));
    if (reload && number % 40 == 0) {
      auto next = load_program(content.options(), program.get());
      EXPECT_TRUE(next.ok());
      program = *next;
      engine.reload(program);
    }
  }
  engine.stop();
  for (const SourceProgress& p : engine.progress()) out.counts.add(p.counts);
  return out;
}

TEST(Engine, LosesNoLineAndNoBucketToReloadsUnderLoadWithFourWorkers) {
  const Content content = busy_content();
  const std::string log = busy_log(20'000);
  const Fed quiet = feed_engine(content, log, 1, false);
  EXPECT_GT(quiet.alerts.size(), 50u);
  const Fed busy = feed_engine(content, log, 4, true);
  EXPECT_EQ(busy.alerts, quiet.alerts);
  EXPECT_EQ(busy.counts.read, quiet.counts.read);
  EXPECT_EQ(busy.counts.parsed, quiet.counts.parsed);
  std::vector<std::string> in_order;
  for (size_t i = 0; i < quiet.done.size(); ++i) in_order.push_back(std::to_string(i));
  EXPECT_EQ(busy.done, in_order) << "a position is told once its batch and all before it are done";
}

TEST(Engine, TellsLateLinesInTheOrderOfBatchesWhoeverParsesThem) {
  Content content = busy_content();
  const TimePoint begin = from_unix_seconds(unix_seconds(now()));  // timers of live buckets must not run out
  const auto run = [&](size_t threads) {
    Metrics metrics;
    EngineOptions options;
    options.threads = threads;
    std::vector<std::string> alerts;
    EngineHooks hooks;
    hooks.on_alert = [&](Alert&& alert) { alerts.push_back(support::alert_text(alert)); };
    hooks.on_done = [](std::vector<Position>) {};
    Engine engine(content.load(), options, metrics, hooks);
    engine.start();
    auto source = std::make_shared<SourceInfo>();
    source->id = 1;
    source->type = "file";
    source->labels = {{"type", "t"}};
    // A clock that is an hour off, learned after a minute; then lines that are later than usual.
    for (int i = 0; i < 400; ++i) {
      const bool late = i > 200 && i % 7 == 0;
      LineBatch batch;
      batch.arrived = begin + i * 1s;
      batch.bytes =
          std::make_shared<const std::string>(format_rfc3339(batch.arrived - 1h - (late ? 60s : 0s)) +
                                              " 192.0.2." + std::to_string(i % 5) + " u" + std::to_string(i));
      batch.lines = {*batch.bytes};
      batch.source = source;
      EXPECT_TRUE(engine.push(std::move(batch)));
    }
    engine.stop();
    EXPECT_EQ(engine.progress().at(0).counts.read, 400u);
    return std::pair(engine.progress().at(0).counts.late, alerts);
  };
  const auto one = run(1);
  EXPECT_GT(one.first, 60u);
  EXPECT_LT(one.first, 100u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(4), one);
}

}  // namespace
}  // namespace testudo
