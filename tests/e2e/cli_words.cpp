// The words of the command line: help, mistakes, what is said when no daemon runs.
#include "support/installation.h"

namespace testudo::support {
namespace {

using Words = std::vector<std::string>;

const Words kCommands[] = {
    {"status"},
    {"why"},
    {"rehearse"},
    {"flush"},
    {"decisions", "list"},
    {"decisions", "add"},
    {"decisions", "delete"},
    {"decisions", "flush"},
    {"alerts", "list"},
    {"alerts", "inspect"},
    {"allowlists", "create"},
    {"allowlists", "add"},
    {"allowlists", "list"},
    {"allowlists", "inspect"},
    {"allowlists", "remove"},
    {"allowlists", "delete"},
    {"allowlists", "check"},
    {"kernel", "status"},
    {"kernel", "list"},
    {"kernel", "flush"},
    {"kernel", "remove"},
    {"replay"},
    {"metrics"},
    {"reload"},
    {"version"},
};

std::string joined(const Words& words) {
  std::string out;
  for (const std::string& w : words) out += (out.empty() ? "" : " ") + w;
  return out;
}

TEST(CliWords, EveryCommandHasHelpWithExamples) {
  const Installation it;
  it.config();
  for (const Words& words : kCommands) {
    Words asked = words;
    asked.push_back("--help");
    const Finished done = it.testudo(asked);
    EXPECT_EQ(done.status, 0) << joined(words);
    const size_t examples = done.out.find("Examples:");
    ASSERT_NE(examples, std::string::npos) << joined(words);
    EXPECT_NE(done.out.find("testudo " + joined(words), examples), std::string::npos) << done.out;
  }
}

TEST(CliWords, AWordThatIsNoCommandIsNamed) {
  const Installation it;
  it.config();
  const struct {
    Words words;
    const char* error;
  } rows[] = {
      {{"frobnicate"}, "unknown command 'frobnicate'; `testudo --help` lists them all"},
      {{"decison", "list"}, "unknown command 'decison'; did you mean 'decisions'?"},
      {{"-o", "json", "statsu"}, "unknown command 'statsu'; did you mean 'status'?"},
      {{"decisions", "lst"}, "unknown command 'decisions lst'; did you mean 'decisions list'?"},
      {{"alert", "xyzzyx"}, "unknown command 'alerts xyzzyx'; alerts knows list, inspect"},
      {{"decisions"}, "'decisions' needs one of list, add"},
      {{"metrics", "drop"}, "there is no section 'drop'; did you mean 'drops'?"},
      {{"decisions", "list", "--frob"}, "--frob"},
      {{"decisions", "list", "-o", "yaml"}, "yaml"},
      {{"why"}, "ADDRESS"},
      {{"why", "nobody"}, "nobody is not an address"},
      {{"replay", "x.log"}, "--type"},
      {{"rehearse", "--since", "yesterday"}, "--since"},
      {{"allowlists", "add", "office", "nobody"}, "nobody is not an address or a range"},
      {{"kernel", "remove"}, "--yes"},
      {{"kernel", "list", "--limit", "many"}, "many"},
      {{}, "subcommand"},
  };
  for (const auto& row : rows) {
    const Finished done = it.testudo(row.words);
    EXPECT_EQ(done.status, 2) << joined(row.words);
    EXPECT_NE(done.err.find(row.error), std::string::npos) << joined(row.words) << ":\n" << done.err;
    EXPECT_EQ(done.out, "") << joined(row.words);
  }
}

TEST(CliWords, SingularNounsAndGlobalOptionsAnywhereWork) {
  Installation it;
  it.start();
  for (const Words& words : {Words{"decision", "list", "-o", "raw"}, Words{"-o", "raw", "alert", "list"},
                             Words{"allowlist", "-o", "raw", "list"}}) {
    const Finished done = it.testudo(words);
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(std::count(done.out.begin(), done.out.end(), '\n'), 1) << done.out;
  }
}

TEST(CliWords, WithoutADaemonItSaysSoAndWhatToDo) {
  const Installation it;
  it.config();
  for (const Words& words :
       {Words{"decisions", "list"}, Words{"decisions", "add", "--ip", "203.0.113.5"}, Words{"alerts", "list"},
        Words{"allowlists", "list"}, Words{"why", "203.0.113.5"}, Words{"status"}, Words{"metrics"},
        Words{"reload"}, Words{"kernel", "flush"}}) {
    const Finished done = it.testudo(words);
    EXPECT_EQ(done.status, 1) << joined(words);
    EXPECT_EQ(done.out, "") << joined(words);
    EXPECT_NE(done.err.find("api.sock"), std::string::npos) << joined(words) << ": " << done.err;
    EXPECT_TRUE(done.err.find("systemctl start testudo") != std::string::npos ||
                done.err.find("`testudo flush`") != std::string::npos)
        << "no remedy: " << done.err;
  }
}

TEST(CliWords, TheKernelIsAskedWithoutADaemon) {
  const Installation it;
  it.config();
  for (const Words& words : {Words{"kernel", "status"}, Words{"kernel", "list"}}) {
    const Finished done = it.testudo(words);
    EXPECT_EQ(done.status, 1) << joined(words) << done.out;
    EXPECT_NE(done.err.find(it.path("pin")), std::string::npos) << done.err;
    EXPECT_NE(done.err.find("enforce.pin"), std::string::npos) << "no remedy: " << done.err;
  }
  const Finished flush = it.testudo({"flush"});
  EXPECT_EQ(flush.status, 0) << flush.err;
  EXPECT_NE(flush.out.find("nothing of ours was in force"), std::string::npos) << flush.out;
  EXPECT_NE(flush.out.find("none is running"), std::string::npos) << flush.out;
}

TEST(CliWords, VersionIsTheSameForBothPrograms) {
  const Installation it;
  it.config();
  const Finished cli = it.testudo({"version"});
  EXPECT_EQ(cli.status, 0);
  const Finished daemon = run({TESTUDO_BINARY_DIR "/bin/testudod", "--version"});
  EXPECT_EQ(daemon.out, "testudod" + cli.out.substr(std::string("testudo").size()));
  EXPECT_EQ("testudo " + std::string(it.json({"version"}).at("version").as_string()) + "\n", cli.out);
  EXPECT_EQ(run({TESTUDO_BINARY_DIR "/bin/testudod", "--frob"}).status, 2);
}

}  // namespace
}  // namespace testudo::support
