// What one line leaves for later ones (engine-spec §1.10).
#include "parse/stash.h"

#include "nodes.h"

namespace testudo::parse {
namespace {

const TimePoint kNoon = *parse_rfc3339("2026-06-01T12:00:00Z");

StashCache cache(StashStrategy strategy, size_t size) {
  StashCache out;
  out.configure({strategy, size, 60s});
  return out;
}
void put(StashCache& cache, std::initializer_list<const char*> keys) {
  for (const char* key : keys) cache.set(key, std::string("value of ") + key, kNoon + 60s);
}
/// Which of these keys are there; nobody notices.
std::string there(const StashCache& cache, std::initializer_list<const char*> keys) {
  std::string out;
  for (const char* key : keys)
    if (cache.peek(key, kNoon)) out += key;
  return out;
}

TEST(StashCache, GivesWhatWasSetUntilItsTimeIsOver) {
  StashCache c = cache(StashStrategy::lru, 2);
  put(c, {"a"});
  ASSERT_TRUE(c.get("a", kNoon + 59s));
  EXPECT_EQ(*c.get("a", kNoon + 59s), "value of a");
  EXPECT_FALSE(c.get("a", kNoon + 60s));
  EXPECT_EQ(c.size(), 0u) << "what has expired is gone";
  EXPECT_FALSE(c.get("b", kNoon));
}

TEST(StashCache, LruForgetsWhatWasNotAskedForLongest) {
  StashCache c = cache(StashStrategy::lru, 2);
  put(c, {"a", "b"});
  c.get("a", kNoon);
  put(c, {"c"});
  EXPECT_EQ(there(c, {"a", "b", "c"}), "ac");
}

TEST(StashCache, LfuForgetsWhatWasAskedForLeast) {
  StashCache c = cache(StashStrategy::lfu, 2);
  put(c, {"a", "b"});
  c.get("a", kNoon);
  c.get("a", kNoon);
  c.get("b", kNoon);
  put(c, {"c"});
  EXPECT_EQ(there(c, {"a", "b", "c"}), "ac");
  put(c, {"d"});
  EXPECT_EQ(there(c, {"a", "b", "c", "d"}), "ad");
}

TEST(StashCache, ArcKeepsWhatWasWantedAgainThroughACrowdOfOthers) {
  StashCache c = cache(StashStrategy::arc, 4);
  put(c, {"a", "b"});
  c.get("a", kNoon);
  c.get("b", kNoon);
  for (int i = 0; i < 100; ++i) c.set("crowd" + std::to_string(i), "", kNoon + 60s);
  EXPECT_EQ(there(c, {"a", "b"}), "ab");
  EXPECT_EQ(c.size(), 4u);
}

TEST(StashCache, ArcLearnsFromKeysThatComeBack) {
  StashCache c = cache(StashStrategy::arc, 2);
  put(c, {"a"});
  c.get("a", kNoon);
  put(c, {"b", "c"});  // b goes, its key is remembered
  EXPECT_EQ(there(c, {"a", "b", "c"}), "ac");
  put(c, {"b"});  // back: its list was too short, the other one gives way
  EXPECT_EQ(there(c, {"a", "b", "c"}), "bc");
  EXPECT_EQ(c.size(), 2u);
}

TEST(StashCache, StaysWithinItsBoundsWhateverComes) {
  for (const auto strategy : {StashStrategy::lru, StashStrategy::lfu, StashStrategy::arc}) {
    StashCache c = cache(strategy, 16);
    uint64_t random = 1;
    for (int i = 0; i < 20000; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const std::string key = std::to_string(random >> 58);
      if (random & 1 << 20) {
        c.set(key, key, kNoon + std::chrono::seconds(random >> 40 & 15));
      } else if (const std::string* value = c.get(key, kNoon + 5s)) {
        EXPECT_EQ(*value, key);
      }
      ASSERT_LE(c.size(), 16u);
    }
    c.configure({strategy, 3, 60s});
    EXPECT_LE(c.size(), 3u);
  }
}

TEST(StashCache, LongValuesDoNotFillMemory) {
  for (const auto strategy : {StashStrategy::lru, StashStrategy::lfu, StashStrategy::arc}) {
    StashCache c = cache(strategy, 1000);
    for (int i = 0; i < 24; ++i) c.set("k" + std::to_string(i), std::string(1 << 20, 'x'), kNoon + 60s);
    EXPECT_LE(c.bytes(), StashCache::kMaxBytes);
    for (int i = 0; i < 24; ++i) c.set(std::string(1 << 20, 'k') + std::to_string(i), "", kNoon + 60s);
    EXPECT_LE(c.bytes(), StashCache::kMaxBytes);
    EXPECT_GT(c.size(), 1u);
  }
}

constexpr const char* kLeave = R"y(
name: leave
nodes:
  - grok: {pattern: '^start %{WORD:pid} %{WORD:program}$', apply_on: Line.Raw}
    stash: [{name: programs, key: evt.Parsed.pid, value: evt.Parsed.program, ttl: 1m, size: 2}]
  - grok:
      pattern: '^end %{WORD:pid}$'
      apply_on: Line.Raw
      statics: [{meta: program, expression: "GetFromStash('programs', evt.Parsed.pid)"
}]
)y";

struct StashNodes : testing::Test {
  StashNodes() {
    EXPECT_TRUE(parsers.add("s00-raw", kLeave));
    lines.emplace(parsers);
    stash.declare(parsers.set.stashes);
    lines->context.stash = &stash;
  }
  Parsers parsers;
  Stash stash;
  std::optional<Lines> lines;
};

TEST_F(StashNodes, LeaveAValueThatALaterLineFinds) {
  lines->run("start 1 nginx");
  lines->run("end 1");
  EXPECT_EQ(lines->meta("program"), "nginx");
  lines->run("end 2");
  EXPECT_EQ(lines->meta("program"), "(absent)") << "an unknown key reads as \"\"";
  lines->run("start 2 sshd");
  lines->run("start 3 cron");
  lines->run("end 1");
  EXPECT_EQ(lines->meta("program"), "(absent)") << "two entries have room";
}

TEST_F(StashNodes, ForgetByTheClockOfTheBatch) {
  lines->context.enrich.replay = false;
  lines->run("start 1 nginx");
  lines->context.enrich.today += 61s;
  lines->run("end 1");
  EXPECT_EQ(lines->meta("program"), "(absent)");
}

TEST_F(StashNodes, WithoutAMatchOfTheGrokLeaveNothing) {
  lines->run("stop 1 nginx");
  EXPECT_EQ(stash.entries("programs"), 0u);
}

TEST_F(StashNodes, ASecondLookChangesNothing) {
  lines->run("start 1 nginx");
  lines->run("start 2 sshd");
  lines->context.silent = true;
  lines->run("start 3 cron");
  EXPECT_EQ(stash.entries("programs"), 2u);
  lines->run("end 1");
  EXPECT_EQ(lines->meta("program"), "nginx") << "it finds what is there";
  lines->context.silent = false;
  lines->run("start 3 cron");
  lines->run("end 1");
  EXPECT_EQ(lines->meta("program"), "(absent)") << "and was not noticed when it asked";
}

struct CountTurns : StashTurn {
  void before_stash() override { ++turns; }
  int turns = 0;
};

TEST_F(StashNodes, AskForTheirTurnOnceABatchAndOnlyWhenTheStashIsUsed) {
  CountTurns turn;
  lines->context.stash_turn = &turn;
  lines->run("neither start nor end");
  EXPECT_EQ(turn.turns, 0);
  lines->run("start 1 nginx");
  lines->run("end 1");
  EXPECT_EQ(turn.turns, 1);
  lines->context.begin_batch();
  lines->run("end 1");
  EXPECT_EQ(turn.turns, 2);
}

TEST_F(StashNodes, SurviveAReloadUnlessNobodyDeclaresThemAnyMore) {
  lines->run("start 1 nginx");
  stash.declare(parsers.set.stashes);
  EXPECT_EQ(stash.entries("programs"), 1u);
  stash.declare({});
  EXPECT_EQ(stash.entries("programs"), 0u);
}

TEST_F(StashNodes, KeysAndValuesMustBeText) {
  Parsers odd;
  ASSERT_TRUE(odd.add("s00-raw", R"y(
name: a
stash: [{name: c, key: "1 + 1", value: "'v'", ttl: 1m}]
statics: [{meta: after, value: ran}]
)y"));
  Lines other(odd);
  stash.declare(odd.set.stashes);
  other.context.stash = &stash;
  EXPECT_EQ(other.run("x"), Outcome::parsed);
  EXPECT_EQ(other.meta("after"), "ran");
  EXPECT_EQ(stash.entries("c"), 0u);
  EXPECT_EQ(other.context.expression_errors, 1u);
}

TEST_F(StashNodes, SetInStashLeavesAValueToo) {
  Parsers set;
  ASSERT_TRUE(set.add("s00-raw", R"y(
name: a
stash: [{name: programs, key: "'k'", value: "'v'", ttl: 1m}]
statics:
  - {meta: set, expression: "SetInStash('programs', 'x', evt.Line.Raw, duration('5m'))"
}
  - {meta: got, expression: "GetFromStash('programs', 'x')"}
  - {meta: none, expression: "SetInStash('nobody', 'x', 'y')"}
)y"));
  Lines other(set);
  stash.declare(set.set.stashes);
  other.context.stash = &stash;
  EXPECT_EQ(other.run("hello"), Outcome::parsed);
  EXPECT_EQ(other.meta("got"), "hello");
  EXPECT_EQ(other.context.expression_errors, 1u) << "a cache that nobody declares";
}

}  // namespace
}  // namespace testudo::parse
