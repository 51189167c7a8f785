// Every sample log of the hub through all of the hub: the same alerts for 1, 2 and 8 threads, and the same
// heads for who wants them alone.
#include <gtest/gtest.h>

#include "engine/replay.h"
#include "support/alert_text.h"
#include "support/hub.h"
#include "support/lines.h"
#include "yaml/yaml.h"

namespace testudo {
namespace {

struct Sample {
  std::string name, file, type;
  std::vector<std::pair<std::string, std::string>> labels;
};

std::vector<Sample> samples() {
  std::vector<Sample> out;
  const std::string root = support::hub() + "/tests";
  for (const std::string& name : list_directory(root)) {
    const auto config = load_yaml(root + "/" + name + "/config.yaml");
    if (!config || config->empty()) continue;
    Sample sample{name, "", "", {}};
    if (const YamlNode* node = (*config)[0].find("log_file"))
      sample.file = root + "/" + name + "/" + node->text();
    if (const YamlNode* node = (*config)[0].find("log_type")) sample.type = node->text();
    if (const YamlNode* node = (*config)[0].find("labels"))
      for (const auto& [key, value] : node->entries()) sample.labels.emplace_back(key, value.text());
    if (file_exists(sample.file)) out.push_back(std::move(sample));
  }
  return out;
}

TEST(HubThreads, GiveTheSameAlertsOverAllSampleLogs) {
  TESTUDO_NEED_HUB();
  ProgramOptions options;
  options.content = {{support::hub() + "/hub"}, {}};
  options.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
  options.data_folder = support::hub() + "/data";
  const auto program = load_program(options);
  ASSERT_TRUE(program.ok()) << program.error().text();
  const auto all = samples();
  EXPECT_GT(all.size(), 200u);
  size_t alerts = 0;
  for (const Sample& sample : all) {
    const auto result_of = [&](size_t threads, bool brief) {
      ReplayOptions replayed;
      replayed.file = sample.file;
      replayed.type = sample.type;
      replayed.labels = sample.labels;
      replayed.today = *parse_rfc3339("2026-06-01T00:00:00Z");
      replayed.threads = threads;
      replayed.piece = threads == 1 ? 256 * 1024 : 300;  // the samples are short: a few lines a batch
      replayed.brief = brief;
      auto result = replay(*program, replayed);
      EXPECT_TRUE(result.ok()) << sample.name;
      return result.ok() ? std::move(*result) : ReplayResult();
    };
    const auto run = [&](size_t threads) { return support::alert_texts(result_of(threads, false).alerts); };
    const ReplayResult first = result_of(1, false);
    const auto one = support::alert_texts(first.alerts);
    alerts += one.size();
    EXPECT_EQ(support::heads(result_of(1, true)), support::heads(first)) << sample.name;
    EXPECT_EQ(support::heads(result_of(8, true)), support::heads(first)) << sample.name;
    EXPECT_EQ(run(2), one) << sample.name;
    EXPECT_EQ(run(8), one) << sample.name;
  }
  EXPECT_GT(alerts, 200u);
}

}  // namespace
}  // namespace testudo
