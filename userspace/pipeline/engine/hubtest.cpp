#include "engine/hubtest.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <climits>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/files.h"
#include "base/text.h"
#include "engine/hubtest_assert.h"
#include "engine/hubtest_config.h"
#include "engine/hubtest_results.h"
#include "engine/worker.h"

namespace testudo {
namespace {

constexpr uint64_t kMaxLog = 64u << 20;
constexpr size_t kMaxLine = 64 * 1024;
constexpr size_t kMaxKept = 512u << 20;
constexpr size_t kMaxOverflows = 100'000;
constexpr size_t kLinesAtOnce = 1024;

bool is_file(const std::string& path) {
  struct stat st {};
  return ::stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}

std::string absolute(const std::string& path) {
  char buffer[PATH_MAX];
  return ::realpath(path.c_str(), buffer) ? buffer : path;
}

/// The log as one batch: empty lines are left out, a CR at the end is not part of a line.
Result<LineBatch> read_log(const HubTestConfig& config, TimePoint today) {
  if (config.log_file.empty())
    return Error{Code::bad_content, "no log_file is named", {config.folder + "/config.yaml"}, ""};
  if (!is_file(config.log_file))
    return Error{Code::not_found, "the log is missing, or is no file", {config.log_file}, ""};
  TESTUDO_TRY(std::string text, read_file(config.log_file, kMaxLog));
  LineBatch batch;
  batch.bytes = std::make_shared<const std::string>(std::move(text));
  int number = 0;
  for (std::string_view line : split(*batch.bytes, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kMaxLine)
      return Error{Code::too_large, "the line is longer than 64 KiB", {config.log_file, number}, ""};
    if (!line.empty()) batch.lines.push_back(line);
  }
  if (batch.lines.empty()) return Error{Code::bad_content, "the log is empty", {config.log_file}, ""};
  auto source = std::make_shared<SourceInfo>();
  source->id = 1;
  source->type = "file";
  source->name = absolute(config.log_file);
  source->labels = {{"type", config.log_type}};
  for (const auto& [key, value] : config.labels)
    if (key == "type")
      source->labels[0].second = value;
    else
      source->labels.emplace_back(key, value);
  source->log_time = true;
  batch.source = std::move(source);
  batch.arrived = today;
  return batch;
}

struct Judgement {
  HubTestResult& result;
  void take(AssertionReport report) {
    result.assertions += report.evaluated;
    result.forgiven += report.forgiven;
    for (std::string& failure : report.failures) fail(std::move(failure));
  }
  void fail(std::string why) {
    result.outcome = HubTestResult::Outcome::failed;
    if (result.failures.size() < 100) result.failures.push_back(std::move(why));
  }
};

}  // namespace

struct HubTests::Impl {
  HubTestOptions options;
  HubIndex index;

  explicit Impl(HubTestOptions o) : options(std::move(o)), index(options.hub) {}

  Result<std::shared_ptr<const Program>> program_of(const HubTestConfig& config) const {
    ProgramOptions wanted;
    TESTUDO_TRY(wanted.files, test_items(config, index));
    if (wanted.files.empty())
      return Error{Code::bad_content, "no item is named", {config.folder + "/config.yaml"}, ""};
    wanted.patterns_folder = options.patterns_folder;
    wanted.data_folder = options.data;
    wanted.data_by_url = true;
    return load_program(wanted);
  }

  Result<void> judge(const HubTestConfig& config, Judgement& judgement) const {
    const std::string parser_file = config.folder + "/parser.assert",
                      scenario_file = config.folder + "/scenario.assert";
    const bool parsers = !config.ignore_parsers && is_file(parser_file),
               scenarios = !config.scenarios.empty() && is_file(scenario_file);
    if (!parsers && !scenarios) {
      judgement.result.outcome = HubTestResult::Outcome::skipped;
      judgement.result.reason = "it asserts nothing";
      return {};
    }
    TESTUDO_TRY(const LineBatch batch, read_log(config, options.today));
    TESTUDO_TRY(const std::shared_ptr<const Program> program, program_of(config));
    // Content that is off fails the test, whatever is asserted. A data file that is missing is told only
    // where something else fails: most of what a test asserts does not need it.
    std::string missing;
    for (const Error& e : program->errors) {
      if (e.code != Code::not_found) return e;
      if (missing.empty()) missing = e.text();
    }

    WorkerOptions worker_options;
    worker_options.replay = true;
    worker_options.today = options.today;
    worker_options.line_by_line = true;
    worker_options.doubt = false;  // the tests know nothing of a line that names two addresses
    Worker worker(program, worker_options);
    NodeResults nodes(*program->slots, kMaxKept);
    OverflowResults overflows(*program->slots);
    if (parsers) worker.set_trace(&nodes);
    const OverflowSink sink = [&](detect::Emitted&& emitted) {
      if (overflows.size() <= kMaxOverflows) overflows.add(std::move(emitted.overflow));
    };
    for (size_t at = 0; at < batch.lines.size() && !nodes.full(); at += kLinesAtOnce) {
      LineBatch part = batch;
      part.lines.assign(batch.lines.begin() + ptrdiff_t(at),
                        batch.lines.begin() + ptrdiff_t(std::min(at + kLinesAtOnce, batch.lines.size())));
      worker.run(part, sink);
    }
    if (nodes.full())
      return Error{Code::too_large, "the events of this log need more than 512 MiB", {config.log_file}, ""};
    if (overflows.size() > kMaxOverflows)
      return Error{Code::too_large, "more than 100,000 overflows", {config.log_file}, ""};

    AssertionRules rules;
    rules.helpers = program->helpers();
    rules.helpers.push_back(&assertion_helpers());
    rules.slots = program->slots.get();
    rules.strict = options.strict;
    if (parsers) {
      TESTUDO_TRY(AssertionReport report, check_assertion_file(parser_file, nodes.results(), rules));
      judgement.take(std::move(report));
    }
    if (scenarios) {
      rules.scenario = true;
      TESTUDO_TRY(AssertionReport report, check_assertion_file(scenario_file, overflows.results(), rules));
      judgement.take(std::move(report));
    }
    HubTestResult& result = judgement.result;
    if (result.assertions == 0) {
      result.outcome = HubTestResult::Outcome::skipped;
      result.reason = "it asserts nothing";
    }
    if (!result.failures.empty() && !missing.empty()) result.failures.front() += " (" + missing + ")";
    return {};
  }
};

HubTests::HubTests(HubTestOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HubTests::~HubTests() = default;

std::vector<std::string> HubTests::names() const {
  std::vector<std::string> out;
  for (const std::string& name : list_directory(impl_->options.tests))
    if (is_file(impl_->options.tests + "/" + name + "/config.yaml")) out.push_back(name);
  return out;
}

HubTestResult HubTests::run(const std::string& name) const {
  HubTestResult result;
  result.name = name;
  Judgement judgement{result};
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.')) {
    judgement.fail("a test is named by its folder inside of " + impl_->options.tests);
  } else if (auto config = read_hub_test(impl_->options.tests + "/" + name); !config) {
    judgement.fail(config.error().text());
  } else if (!config->unsupported.empty()) {
    result.outcome = HubTestResult::Outcome::skipped;
    result.reason = config->unsupported;
  } else if (auto judged = impl_->judge(*config, judgement); !judged) {
    judgement.fail(judged.error().text());
  }
  if (!result.failures.empty()) result.reason = result.failures.front();
  return result;
}

void HubTests::run(const std::vector<std::string>& names, unsigned threads,
                   const std::function<void(const HubTestResult&)>& told) const {
  std::vector<HubTestResult> results(names.size());
  std::vector<char> done(names.size());
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::condition_variable finished;
  const auto work = [&] {
    for (size_t i; (i = next.fetch_add(1)) < names.size();) {
      HubTestResult result = run(names[i]);
      const std::lock_guard lock(mutex);
      results[i] = std::move(result);
      done[i] = 1;
      finished.notify_one();
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < std::clamp(threads, 1u, 64u); ++i) workers.emplace_back(work);
  for (size_t i = 0; i < names.size(); ++i) {
    std::unique_lock lock(mutex);
    finished.wait(lock, [&] { return done[i]; });
    lock.unlock();
    told(results[i]);
    results[i] = {};
  }
  for (std::thread& worker : workers) worker.join();
}

}  // namespace testudo
