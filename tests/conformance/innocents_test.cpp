// A week of people and machines that look bad, attackers among them (scripts/lib/innocents.py writes it,
// seeded): own content bans no innocent, and at least 95 of 100 attackers who did enough to be told apart.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "engine/replay.h"
#include "support/process.h"

namespace testudo {
namespace {

struct Truth {
  bool attacker = false;
  std::string kind;
  int acts = 0, most_in_an_hour = 0;
  /// innocents_truth.py says why.
  bool enough() const { return acts >= 10 && most_in_an_hour >= 6; }
};

std::map<std::string, Truth> read_truth(const std::string& file) {
  std::map<std::string, Truth> out;
  std::istringstream in(support::slurp(file));
  std::string line, address, side;
  std::getline(in, line);  // the header
  while (std::getline(in, line)) {
    std::istringstream row(line);
    Truth t;
    row >> address >> side >> t.kind >> t.acts >> t.most_in_an_hour;
    t.attacker = side == "attacker";
    out[address] = t;
  }
  return out;
}

class Innocents : public testing::TestWithParam<int> {};

TEST_P(Innocents, AreLeftInPeaceAndAttackersAreNot) {
  const support::TempDir dir;
  const support::Finished written = support::run(
      {"/usr/bin/env", "PYTHONDONTWRITEBYTECODE=1", "python3", TESTUDO_SOURCE_DIR "/scripts/lib/innocents.py",
       "--lines", "120000", "--seed", std::to_string(GetParam()), dir.path()});
  ASSERT_EQ(written.status, 0) << written.err;
  const auto truth = read_truth(dir.path() + "/truth.tsv");
  ASSERT_GT(truth.size(), 300u);

  ProgramOptions options;
  options.content.folders = {TESTUDO_SOURCE_DIR "/config/content"};
  options.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
  auto program = load_program(options);
  ASSERT_TRUE(program.ok());
  std::map<std::string, std::string> banned;
  for (const auto& [name, type] : std::map<std::string, std::string>{{"auth.log", "syslog"},
                                                                     {"mail.log", "syslog"},
                                                                     {"access.log", "nginx"},
                                                                     {"error.log", "nginx"},
                                                                     {"vsftpd.log", "vsftpd"}}) {
    ReplayOptions run;
    run.file = dir.path() + "/" + name;
    run.type = type;
    run.today = *parse_rfc3339("2026-02-09T00:00:00Z");
    auto result = replay(*program, run);
    ASSERT_TRUE(result.ok()) << name;
    for (const Alert& a : result->alerts)
      if (a.remediation && !a.ambiguous) banned.emplace(a.source.value, a.scenario);
  }
  for (const auto& [address, scenario] : banned) {
    ASSERT_TRUE(truth.contains(address)) << address;
    EXPECT_TRUE(truth.at(address).attacker) << truth.at(address).kind << " is banned by " << scenario;
  }
  int enough = 0, caught = 0;
  std::map<std::string, int> missed;
  for (const auto& [address, t] : truth) {
    if (!t.attacker || !t.enough()) continue;
    ++enough;
    if (banned.contains(address))
      ++caught;
    else
      ++missed[t.kind];
  }
  std::string names;
  for (const auto& [kind, count] : missed) names += kind + " " + std::to_string(count) + " ";
  EXPECT_GE(caught * 100, enough * 95) << "missed: " << names;
}

INSTANTIATE_TEST_SUITE_P(Seeds, Innocents, testing::Values(11, 12));

}  // namespace
}  // namespace testudo
