// What a line leaves in the stash is there for the next line and not for the one before, however many threads
// parse.
#include "support/alert_text.h"
#include "support/lines.h"

namespace testudo {
namespace {

using support::Content;

/// "set KEY VALUE" leaves, "get KEY" alerts for what it finds.
Content content() {
  Content out;
  out.parser("s00-raw", "a", R"(
name: a
onsuccess: next_stage
nodes:
  - grok: {pattern: '^set %{WORD:key} %{INT:value}$', apply_on: Line.Raw}
    stash: [{name: c, key: evt.Parsed.key, value: evt.Parsed.value, ttl: 1h, size: 100}]
  - grok: {pattern: '^get %{WORD:asked}$', apply_on: Line.Raw}
    statics:
      - meta: found
        expression: GetFromStash('c', evt.Parsed.asked)
  - grok: {pattern: '^talk %{WORD:talk}$', apply_on: Line.Raw}
)");
  out.parser("s01-parse", "b", R"(
name: b
statics:
  - {meta: source_ip, value: 192.0.2.1}
  - {target: evt.StrTime, value: '2026-06-01T10:00:00Z'}
  - {method: ParseDate, expression: evt.StrTime}
  - {target: MarshaledTime, expression: evt.Enriched.MarshaledTime}
)");
  out.scenario("s", "type: trigger\nname: me/s\ndescription: d\nfilter: evt.Meta.found != ''\n");
  return out;
}

TEST(StashOrder, IsThatOfTheLinesForAnyNumberOfThreads) {
  std::string lines;
  std::vector<std::string> expected;
  for (int i = 0; i < 4000; ++i) {
    const std::string key = "k" + std::to_string(i % 7);
    for (int n = 0; n < i % 5; ++n) lines += "talk nothing\n";
    lines += "set " + key + " " + std::to_string(i) + "\nget " + key + "\n";
    expected.push_back(std::to_string(i));
  }
  const Content c = content();
  const auto program = c.load();
  ASSERT_TRUE(program->errors.empty()) << program->errors[0].text();
  const support::TempDir dir;
  for (const size_t threads : {1, 2, 8}) {
    ReplayOptions options;
    options.file = dir.write("log", lines);
    options.type = "t";
    options.today = *parse_rfc3339("2026-06-01T00:00:00Z");
    options.threads = threads;
    options.piece = 200;
    auto result = replay(program, options);
    ASSERT_TRUE(result.ok());
    std::vector<std::string> found;
    for (const Alert& a : result->alerts) found.push_back(*a.events.at(0).find("found"));
    EXPECT_EQ(found, expected) << threads << " threads";
  }
}

}  // namespace
}  // namespace testudo
