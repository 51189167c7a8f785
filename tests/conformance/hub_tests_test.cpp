// The hub's own tests, unmodified: each must pass. They are data, beside the checkout; none is copied here.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "engine/hubtest.h"
#include "support/hub.h"

namespace testudo {
namespace {

TEST(HubTests, AllPass) {
  TESTUDO_NEED_HUB();
  HubTestOptions options;
  options.hub = {support::hub() + "/hub"};
  options.tests = support::hub() + "/tests";
  options.data = support::hub() + "/data";
  options.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
  options.today = *parse_rfc3339("2026-06-01T00:00:00Z");
  const HubTests tests(options);
  const std::vector<std::string> names = tests.names();
  EXPECT_GE(names.size(), 262u);
  size_t assertions = 0, forgiving = 0;
  tests.run(names, std::max(1u, std::thread::hardware_concurrency()), [&](const HubTestResult& result) {
    assertions += result.assertions;
    forgiving += result.forgiven > 0;
    EXPECT_EQ(result.outcome, HubTestResult::Outcome::passed) << result.name << ": " << result.reason;
  });
  EXPECT_GT(assertions, 40'000u) << "what is not evaluated cannot fail";
  EXPECT_LE(forgiving, 1u) << "one test of the hub needs a false line to be forgiven; more hide a fault";
}

}  // namespace
}  // namespace testudo
