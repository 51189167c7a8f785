// Lines that real daemons wrote for attackers who chose names, URLs and greetings so as to accuse others
// (scripts/lib/forge.py --thin wrote forged/): nobody but an attacker is banned for them, whatever content
// reads them.
#include <gtest/gtest.h>

#include <set>

#include "engine/replay.h"
#include "support/hub.h"
#include "support/process.h"

namespace testudo {
namespace {

const std::string kForged = TESTUDO_SOURCE_DIR "/tests/conformance/forged/";
struct Log {
  const char* name;
  const char* type;
};
constexpr Log kLogs[] = {{"syslog", "syslog"},
                         {"access", "nginx"},
                         {"access-vhost", "nginx"},
                         {"error", "nginx"},
                         {"vsftpd", "vsftpd"}};

std::vector<Alert> replay_all(const ProgramOptions& options) {
  std::vector<Alert> all;
  auto program = load_program(options);
  EXPECT_TRUE(program.ok());
  for (const Log& log : kLogs) {
    ReplayOptions run;
    run.file = kForged + log.name + ".log";
    run.type = log.type;
    run.today = *parse_rfc3339("2026-11-25T12:00:00Z");
    auto result = replay(*program, run);
    EXPECT_TRUE(result.ok()) << log.name;
    EXPECT_GT(result->counts.read, 50u) << log.name;
    for (Alert& a : result->alerts) all.push_back(std::move(a));
  }
  return all;
}

/// Attackers have addresses of these two nets only; victims never do.
bool attacker(const std::string& address) {
  return address.starts_with("198.18.") || address.starts_with("2001:db8:a::");
}

void expect_no_third_party(const std::vector<Alert>& alerts) {
  std::set<std::string> attackers;
  for (const Alert& a : alerts) {
    if (a.ambiguous || !a.remediation) continue;
    EXPECT_TRUE(attacker(a.source.value)) << a.scenario << " accuses " << a.source.value << ": " << a.line;
    attackers.insert(a.source.value);
  }
  EXPECT_GT(attackers.size(), 10u) << "attackers themselves are banned";
}

TEST(ForgedLines, AccuseNobodyElseWithOwnContent) {
  ProgramOptions options;
  options.content.folders = {TESTUDO_SOURCE_DIR "/config/content"};
  options.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
  expect_no_third_party(replay_all(options));
}

TEST(ForgedLines, AccuseNobodyElseWithAllOfTheHub) {
  TESTUDO_NEED_HUB();
  ProgramOptions options;
  options.content.folders = {support::hub() + "/hub"};
  options.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
  options.data_folder = support::hub() + "/data";
  expect_no_third_party(replay_all(options));
}

}  // namespace
}  // namespace testudo
