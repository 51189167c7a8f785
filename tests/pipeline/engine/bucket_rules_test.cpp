// The rules of scenarios, each with the smallest content that shows it (engine-spec §5, §9).
#include "support/lines.h"

namespace testudo {
namespace {

using support::Content;

/// Lines are "SECONDS ADDRESS USER".
Content bruteforce(const std::string& scenario) {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
onsuccess: next_stage
grok:
  pattern: '^%{INT:second} %{NOTSPACE:ip} %{NOTSPACE:user}$'
  apply_on: Line.Raw
  statics:
    - {meta: source_ip, expression: evt.Parsed.ip}
    - {meta: user, expression: evt.Parsed.user}
    - {meta: log_type, value: fail}
    - {target: evt.StrTime, expression: "'2026-06-01T10:00:' + evt.Parsed.second + 'Z'"}
)");
  content.dates();
  content.scenario("s", scenario);
  return content;
}

const std::string kLeaky = R"(
type: leaky
name: me/bf
description: d
filter: evt.Meta.log_type == 'fail'
groupby: evt.Meta.source_ip
capacity: 2
leakspeed: 10s
labels: {remediation: true}
)";

TEST(Buckets, OverflowOnTheEventAfterTheCapacity) {
  const Content content = bruteforce(kLeaky);
  const auto alerts = content.replay("01 192.0.2.1 a\n02 192.0.2.1 b\n03 192.0.2.1 c\n");
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].events_count, 3);
  EXPECT_EQ(alerts[0].source.value, "192.0.2.1");
  EXPECT_EQ(alerts[0].start_text, "2026-06-01T10:00:01Z");
  EXPECT_EQ(alerts[0].stop_text, "2026-06-01T10:00:03Z");
  EXPECT_TRUE(alerts[0].remediation);
  EXPECT_EQ(alerts[0].message,
            "Ip 192.0.2.1 performed 'me/bf' (3 events over 2s) at 2026-06-01 10:00:03 +0000 UTC");
  EXPECT_EQ(alerts[0].line_number, 3u);
}

TEST(Buckets, KeepGroupsApart) {
  EXPECT_TRUE(
      bruteforce(kLeaky).replay("01 192.0.2.1 a\n01 192.0.2.2 a\n02 192.0.2.1 a\n02 192.0.2.2 a\n").empty());
}

TEST(Buckets, CountLeakedEventsInTheAlertButShowTheLastOnesOnly) {
  const auto alerts =
      bruteforce(kLeaky).replay("01 192.0.2.1 a\n12 192.0.2.1 b\n13 192.0.2.1 c\n14 192.0.2.1 d\n");
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].events_count, 4);
  EXPECT_EQ(alerts[0].events.size(), 3u);
}

TEST(Buckets, AreGoneAfterTheirLifetime) {
  // Lifetime: (2 + 1) × 10 s, strictly after the last event.
  EXPECT_EQ(bruteforce(kLeaky)
                .replay("01 192.0.2.1 a\n02 192.0.2.1 b\n33 192.0.2.1 c\n34 192.0.2.1 d\n35 192.0.2.1 e\n")
                .at(0)
                .events_count,
            3);
}

TEST(Buckets, DistinctCountsAValueOnceEvenAfterItLeaked) {
  const Content content = bruteforce(kLeaky + "distinct: evt.Meta.user\n");
  EXPECT_TRUE(content.replay("01 192.0.2.1 a\n02 192.0.2.1 a\n03 192.0.2.1 a\n04 192.0.2.1 b\n").empty());
  EXPECT_EQ(
      content.replay("01 192.0.2.1 a\n02 192.0.2.1 b\n03 192.0.2.1 b\n04 192.0.2.1 c\n").at(0).events_count,
      3);
}

TEST(Buckets, ABlackholeSwallowsWhatFollowsPerGroup) {
  const Content content = bruteforce(kLeaky + "blackhole: 20s\n");
  std::string lines;
  for (const char* s : {"01", "02", "03", "04", "05", "06", "40", "41", "42"})
    lines += std::string(s) + " 192.0.2.1 a\n";
  lines += "43 192.0.2.2 a\n44 192.0.2.2 a\n45 192.0.2.2 a\n";
  EXPECT_EQ(content.replay(lines).size(), 3u);
}

TEST(Buckets, KeepAsManyEventsAsTheCacheSaysPlusOne) {
  const auto alerts = bruteforce(R"(
type: leaky
name: me/bf
description: d
filter: evt.Meta.log_type == 'fail'
groupby: evt.Meta.source_ip
capacity: 5
cache_size: 1
leakspeed: 10s
)")
                          .replay(
                              "01 192.0.2.1 a\n02 192.0.2.1 b\n03 192.0.2.1 c\n04 192.0.2.1 d\n05 192.0.2.1 "
                              "e\n06 192.0.2.1 f\n");
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].events_count, 6);
  EXPECT_EQ(alerts[0].events.size(), 2u);
  EXPECT_FALSE(alerts[0].remediation);
}

TEST(Buckets, ATriggerOverflowsOnEveryEventAndIgnoresDistinct) {
  EXPECT_EQ(bruteforce(R"(
type: trigger
name: me/t
description: d
filter: evt.Meta.log_type == 'fail'
groupby: evt.Meta.source_ip
distinct: evt.Meta.user
labels: {remediation: "true"}
)")
                .replay("01 192.0.2.1 a\n02 192.0.2.1 a\n")
                .size(),
            2u);
}

TEST(Buckets, DocumentsOfOneNameFilterAndGroupShareABucket) {
  const auto alerts = bruteforce(kLeaky + "---" + kLeaky).replay("01 192.0.2.1 a\n02 192.0.2.1 b\n");
  ASSERT_EQ(alerts.size(), 1u) << "each event counts twice";
  EXPECT_EQ(alerts[0].events_count, 3);
}

TEST(Buckets, NeedASourceAddressToAlert) {
  EXPECT_TRUE(bruteforce(kLeaky).replay("01 nobody a\n02 nobody a\n03 nobody a\n").empty());
}

TEST(Buckets, AScopeOfTheirOwnTakesItsValueFromAnExpression) {
  const auto alerts = bruteforce(kLeaky + "scope: {type: username, expression: evt.Meta.user}\n")
                          .replay("01 192.0.2.1 a\n02 192.0.2.1 a\n03 192.0.2.1 a\n");
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].source.scope, "username");
  EXPECT_EQ(alerts[0].source.value, "a");
  EXPECT_EQ(alerts[0].source.ip, "");
}

TEST(Buckets, TheSameLinesGiveTheSameUuid) {
  const Content content = bruteforce(kLeaky);
  const std::string lines = "01 192.0.2.1 a\n02 192.0.2.1 b\n03 192.0.2.1 c\n";
  EXPECT_EQ(content.replay(lines).at(0).uuid, content.replay(lines).at(0).uuid);
  EXPECT_NE(content.replay(lines).at(0).uuid, content.replay("00 192.0.2.1 z\n" + lines).at(0).uuid);
}

TEST(Shard, IsBoundedAndNoNetworkPushesTheOthersOut) {
  const Content content = bruteforce(kLeaky);
  const auto program = content.load();
  detect::ShardOptions options;
  options.max_buckets = 17 * 200;  // 200 for each shard
  WorkerOptions worker_options;
  worker_options.replay = true;
  worker_options.today = *parse_rfc3339("2026-06-01T00:00:00Z");
  worker_options.shard = options;
  Worker worker(program, worker_options);
  support::Feed into;
  const std::vector<Alert>& alerts = into.alerts;
  const auto feed = [&](const std::string& line) { into(worker, line); };
  feed("01 192.0.2.1 a");
  feed("02 192.0.2.1 b");
  for (int i = 0; i < 256; ++i) feed("03 198.51.100." + std::to_string(i) + " x");
  EXPECT_LE(worker.buckets(), 1u + 16u * 10u) << "one /24 holds at most its share of 5% of each shard";
  for (int i = 0; i < 10000; ++i)
    feed("04 " + std::to_string(i % 200 + 1) + "." + std::to_string(i / 250) + "." + std::to_string(i % 250) +
         ".1 x");
  EXPECT_LE(worker.buckets(), 17u * 200u);
  feed("05 192.0.2.1 c");
  EXPECT_EQ(alerts.size(), 1u) << "the slow attacker's bucket, being fuller, was kept";
}

TEST(Reload, KeepsBucketsAndTheLinesInThem) {
  const Content content = bruteforce(kLeaky);
  const auto program = content.load();
  WorkerOptions options;
  options.replay = true;
  options.today = *parse_rfc3339("2026-06-01T00:00:00Z");
  Worker worker(program, options);
  support::Feed into;
  const std::vector<Alert>& alerts = into.alerts;
  const auto feed = [&](const std::string& line) { into(worker, line); };
  feed("01 192.0.2.1 a");
  feed("02 192.0.2.1 b");
  auto again = load_program(content.options(), program.get());
  ASSERT_TRUE(again.ok());
  worker.adopt(*again);
  feed("03 192.0.2.1 c");
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].events.at(0).meta.at(2), (std::pair<std::string, std::string>("user", "a")));
}

TEST(Snapshot, BringsBucketsAndBlackholesIntoAnotherProcess) {
  const Content content = bruteforce(kLeaky + "distinct: evt.Meta.user\nblackhole: 1m\n");
  WorkerOptions options;
  options.replay = true;
  options.today = *parse_rfc3339("2026-06-01T00:00:00Z");
  support::Feed feed;
  const std::vector<Alert>& alerts = feed.alerts;
  std::string saved;
  {
    Worker before(content.load(), options);
    for (const char* line : {"01 192.0.2.9 x", "01 192.0.2.9 y", "01 192.0.2.9 z"}) feed(before, line);
    ASSERT_EQ(alerts.size(), 1u);
    feed(before, "02 192.0.2.1 a");
    feed(before, "03 192.0.2.1 b");
    saved = before.save();
  }
  Worker after(content.load(), options);
  auto restored = after.restore(saved);
  ASSERT_TRUE(restored.ok()) << restored.error().text();
  EXPECT_EQ(*restored, 1u);
  feed(after, "04 192.0.2.1 b");
  EXPECT_EQ(alerts.size(), 1u) << "b was seen before";
  for (const char* line : {"04 192.0.2.9 x", "04 192.0.2.9 y", "04 192.0.2.9 z"}) feed(after, line);
  EXPECT_EQ(alerts.size(), 1u) << "the blackhole goes on";
  feed(after, "05 192.0.2.1 c");
  ASSERT_EQ(alerts.size(), 2u);
  EXPECT_EQ(alerts[1].events_count, 3);
  EXPECT_EQ(alerts[1].start_text, "2026-06-01T10:00:02Z");
  EXPECT_EQ(alerts[1].events.at(0).meta.at(2), (std::pair<std::string, std::string>("user", "a")));
}

TEST(Snapshot, RefusesDamagedBytesWhole) {
  const Content content = bruteforce(kLeaky);
  WorkerOptions options;
  options.replay = true;
  Worker worker(content.load(), options);
  const std::string good = worker.save();
  for (size_t cut = 0; cut < good.size(); ++cut) {
    Worker other(content.load(), options);
    EXPECT_FALSE(other.restore(std::string_view(good).substr(0, cut)).ok());
  }
  std::string flipped = good;
  flipped[10] = char(flipped[10] ^ 1);
  EXPECT_FALSE(worker.restore(flipped).ok());
  EXPECT_EQ(worker.buckets(), 0u);
}

struct BadScenario {
  const char* sentence;
  const char* change;
  const char* error;
};
class BadScenarios : public testing::TestWithParam<BadScenario> {};
TEST_P(BadScenarios, AreNamedByFileLineAndColumn) {
  Content content;
  content.scenario("s", std::string("name: me/s\ndescription: d\n") + GetParam().change);
  const auto errors = content.errors();
  ASSERT_EQ(errors.size(), 1u) << GetParam().sentence;
  EXPECT_EQ(errors[0].substr(0, std::string_view(GetParam().error).size()), GetParam().error);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, BadScenarios,
    testing::Values(
        BadScenario{"no filter", "type: leaky\n", "content/scenarios/s.yaml:1:1: a scenario needs a filter"},
        BadScenario{"a leaky bucket without capacity", "filter: 'true'\nleakspeed: 1s\n",
                    "content/scenarios/s.yaml:1:1: the capacity of a leaky bucket must be 1 or more"},
        BadScenario{"a capacity that is no number", "filter: 'true'\ncapacity: many\nleakspeed: 1s\n",
                    "content/scenarios/s.yaml:4:11: capacity must be a whole number"},
        BadScenario{"a leakspeed without unit", "filter: 'true'\ncapacity: 1\nleakspeed: 10\n",
                    "content/scenarios/s.yaml:5:12: leakspeed: '10' is not a duration"},
        BadScenario{"a trigger with capacity", "type: trigger\nfilter: 'true'\ncapacity: 5\n",
                    "content/scenarios/s.yaml:5:11: a trigger takes no capacity"},
        BadScenario{"a type that nobody knows", "type: sieve\nfilter: 'true'\n",
                    "content/scenarios/s.yaml:3:7: unknown bucket type 'sieve'"},
        BadScenario{"a bayesian bucket that believes nothing", "type: bayesian\nfilter: 'true'\n",
                    "content/scenarios/s.yaml:1:1: bayesian_prior is missing"},
        BadScenario{"a filter that is no boolean", "type: trigger\nfilter: evt.Meta.x\n",
                    "content/scenarios/s.yaml:4:18: "},
        BadScenario{"a data file that is not there",
                    "type: trigger\nfilter: \"any(File('x.txt'), {# == 'a'})\"\ndata: [{source_url: "
                    "'https://e.org/x', dest_file: x.txt, type: string}]\n",
                    "content/scenarios/s.yaml:5:7: the data file "}));

}  // namespace
}  // namespace testudo
