// engine/hubtest.h: runs tests in the hub's format: content, a log, and assertions on what comes of it.
//
//   TESTS/NAME/config.yaml      which items, which log, which type its lines have
//   TESTS/NAME/parser.assert    expressions over what each parser node made of each line
//   TESTS/NAME/scenario.assert  expressions over the overflows
//
// Each line of a log goes through the engine as in a replay (UTC, the log's own time), one after the other.
// Nothing is written and nothing is fetched. Test folders may be hostile: log, assertions and what is kept
// are bounded, and a test that passes a bound fails with its name.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace testudo {

struct HubTestOptions {
  /// Folders that hold parsers/, scenarios/ …; paths in a test's configuration start from the first one.
  std::vector<std::string> hub;
  std::string tests;            ///< folder that holds one folder for each test
  std::string data;             ///< data files, by the last part of their source_url, else by dest_file
  std::string patterns_folder;  ///< our own grok library
  TimePoint today{};            ///< stands for today where a log has no year
  bool strict = false;          ///< false assertions fail even where the format forgives them
};

struct HubTestResult {
  enum class Outcome : uint8_t { passed, failed, skipped };
  std::string name;
  Outcome outcome = Outcome::passed;
  std::string reason;                 ///< the first failing assertion, or why it was skipped
  std::vector<std::string> failures;  ///< at most 100 of them, the first included
  size_t assertions = 0;              ///< that were evaluated
  size_t forgiven = 0;                ///< false ones that the format forgives
};

class HubTests {
 public:
  explicit HubTests(HubTestOptions options);
  ~HubTests();

  /// Names of all tests, sorted.
  std::vector<std::string> names() const;
  /// Thread-safe.
  HubTestResult run(const std::string& name) const;
  /// Runs them on `threads` threads; `told` gets the results in the order of `names`, on this thread.
  void run(const std::vector<std::string>& names, unsigned threads,
           const std::function<void(const HubTestResult&)>& told) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace testudo
