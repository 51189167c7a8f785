// Our ban page's 403s must not feed detection, or a ban would prolong itself for ever: what a web server
// refused to an address that is banned is not poured.
#include "support/lines.h"

namespace testudo {
namespace {

using support::Content;

/// Lines are "ADDRESS STATUS" of a web server, or "ADDRESS" of anything else; every line overflows.
Content web() {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
nodes:
  - grok:
      pattern: '^%{IP:ip} %{INT:status}$'
      apply_on: Line.Raw
      statics: [{meta: http_status, expression: evt.Parsed.status}, {meta: source_ip, expression: evt.Parsed.ip}]
  - grok:
      pattern: '^%{IP:ip}( [0-9]+)?$'
      apply_on: Line.Raw
      statics: [{meta: source_ip, expression: evt.Parsed.ip}]
)");
  content.scenario("s", "type: trigger\nname: me/s\ndescription: d\nfilter: 'true'\n");
  return content;
}

struct Case {
  const char* line;
  size_t alerts;
};

TEST(OwnRefusals, AreNotPouredWhileTheirSourceIsBanned) {
  WorkerOptions options;
  options.is_banned = [](std::string_view address) { return address == "192.0.2.1"; };
  const Content content = web();
  Worker worker(content.load(), options);
  auto source = std::make_shared<SourceInfo>();
  source->labels = {{"type", "t"}};
  const Case cases[] = {
      {"192.0.2.1 403", 0},                        // our page
      {"192.0.2.1 444", 0},                        // nginx closed the connection for us
      {"192.0.2.1 502", 0}, {"192.0.2.1 200", 1},  // went through: no refusal of ours
      {"192.0.2.1", 1},                            // no web server
      {"192.0.2.2 403", 1},                        // not banned
  };
  uint64_t refusals = 0;
  for (const Case& c : cases) {
    LineBatch batch;
    batch.bytes = std::make_shared<const std::string>(c.line);
    batch.lines = {*batch.bytes};
    batch.source = source;
    batch.arrived = *parse_rfc3339("2026-06-01T00:00:00Z");
    std::vector<Alert> alerts;
    refusals += worker.run(batch, alerts).refusals;
    EXPECT_EQ(alerts.size(), c.alerts) << c.line;
  }
  EXPECT_EQ(refusals, 3u);
}

}  // namespace
}  // namespace testudo
