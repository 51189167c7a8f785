// testudo hubtest run | coverage: the hub's tests against this engine; no daemon, no kernel, no network.
#include "engine/hubtest.h"

#include <algorithm>
#include <cstdio>
#include <thread>

#include "ask.h"
#include "base/text.h"
#include "commands.h"
#include "content_args.h"
#include "engine/hubtest_coverage.h"
#include "table.h"

namespace testudo::cli {
namespace {
using Kind = OptionSpec::Kind;
using Outcome = HubTestResult::Outcome;

constexpr OptionSpec kRunOptions[] = {
    {"NAME", "tests to run", Kind::positionals},
    {"--all", "every test", Kind::flag},
    {"--hub", "folder that holds parsers/, scenarios/ … (default: the content folders)"},
    {"--tests", "folder that holds the tests (default HUB/.tests)"},
    {"--data", "folder of data files and .mmdb files (default paths.data)"},
    {"--now", "stands for now where a log has no year (RFC 3339 or a date)"},
    {"--strict", "a false assertion fails even where the format forgives it", Kind::flag},
    {"--failures", "say every failing assertion, not the first alone", Kind::flag},
};

const char* word(Outcome outcome) {
  return outcome == Outcome::passed ? "passed" : outcome == Outcome::failed ? "failed" : "skipped";
}

HubTestOptions options_of(Context& context, const Args& args) {
  HubTestOptions options;
  options.hub =
      args.has("hub") ? std::vector<std::string>{args.text("hub")} : context.settings().paths.content;
  options.tests = args.text("tests", (options.hub.empty() ? "." : options.hub.front()) + "/.tests");
  options.data = args.text("data", context.settings().paths.data);
  options.patterns_folder = context.settings().patterns_folder();
  options.strict = args.flag("strict");
  return options;
}

std::string remark(const HubTestResult& result) {
  if (result.outcome != Outcome::passed || result.forgiven == 0) return result.reason;
  return counted(result.forgiven, "false assertion", "false assertions") + " forgiven by the format";
}

void print(const Context& context, const HubTestResult& result, bool every) {
  if (context.output == Output::json) {
    json::object row{{"name", result.name}, {"result", word(result.outcome)}, {"reason", remark(result)}};
    if (every) row["failures"] = json::array(result.failures.begin(), result.failures.end());
    std::puts(json_line(row).c_str());
    return;
  }
  if (context.output == Output::raw) {
    std::printf("%s,%s,%s\n", csv_field(result.name).c_str(), word(result.outcome),
                csv_field(remark(result)).c_str());
    return;
  }
  std::string outcome = word(result.outcome);
  if (result.outcome == Outcome::passed) outcome = green(context, outcome);
  if (result.outcome == Outcome::failed) outcome = red(context, outcome);
  const std::string reason = remark(result);
  std::printf("%s %s%s%s\n", outcome.c_str(), escape_for_terminal(result.name).c_str(),
              reason.empty() ? "" : ": ", escape_for_terminal(reason).c_str());
  for (size_t i = 1; every && i < result.failures.size(); ++i)
    std::printf("    %s\n", escape_for_terminal(result.failures[i]).c_str());
}

int run(Context& context, const Args& args) {
  auto time = now_argument(args);
  if (!time) return usage("--now: " + time.error().text());
  HubTestOptions options = options_of(context, args);
  options.today = *time;
  const HubTests tests(options);
  const std::vector<std::string> all = tests.names();
  std::vector<std::string> names = args.list("NAME");
  if (args.flag("all") == !names.empty()) return usage("name the tests to run, or --all");
  if (args.flag("all")) names = all;
  if (names.empty())
    return fail(Error{Code::not_found,
                      "there is no test in " + options.tests,
                      {},
                      "--tests names the folder that holds them"});
  for (const std::string& name : names)
    if (std::find(all.begin(), all.end(), name) == all.end()) {
      const std::string near = nearest(name, all);
      return fail(Error{Code::not_found,
                        "there is no test " + name + " in " + options.tests,
                        {},
                        near.empty() ? "" : "did you mean " + near + "?"});
    }
  size_t counts[3] = {};
  if (context.output == Output::raw) std::puts("name,result,reason");
  tests.run(names, std::max(1u, std::thread::hardware_concurrency()), [&](const HubTestResult& result) {
    ++counts[size_t(result.outcome)];
    print(context, result, args.flag("failures"));
  });
  std::fprintf(context.output == Output::human ? stdout : stderr, "%zu passed, %zu failed, %zu skipped\n",
               counts[0], counts[1], counts[2]);
  return counts[1] ? 1 : 0;
}

constexpr OptionSpec kCoverageOptions[] = {
    {"--hub", "folder that holds parsers/, scenarios/ … (default: the content folders)"},
    {"--tests", "folder that holds the tests (default HUB/.tests)"},
    {"--percent", "only the percentages", Kind::flag},
};

struct Share {
  ItemType type;
  size_t items = 0, tested = 0;
  double percent() const { return items ? 100.0 * double(tested) / double(items) : 100.0; }
};

int coverage(Context& context, const Args& args) {
  const HubTestOptions options = options_of(context, args);
  const HubIndex index(options.hub);
  if (index.items().empty())
    return fail(Error{Code::not_found,
                      "there is no content in " + index.root(),
                      {},
                      "--hub names a folder that holds parsers/, scenarios/ …"});
  const HubCoverage found = hub_coverage(index, options.tests);
  for (const Error& e : found.errors) fail(e);
  std::vector<Share> shares{{ItemType::parser}, {ItemType::scenario}, {ItemType::postoverflow}};
  for (const ItemCoverage& item : found.items)
    for (Share& share : shares)
      if (share.type == item.type) {
        ++share.items;
        share.tested += !item.tests.empty();
      }
  const bool percent = args.flag("percent");
  if (context.output == Output::json) {
    json::object out;
    for (const Share& share : shares)
      out[item_type_name(share.type)] =
          json::object{{"items", share.items}, {"tested", share.tested}, {"percent", share.percent()}};
    if (!percent) {
      json::array rows;
      for (const ItemCoverage& item : found.items)
        rows.push_back(json::object{{"type", item_type_name(item.type)},
                                    {"name", item.id},
                                    {"tests", json::array(item.tests.begin(), item.tests.end())}});
      out["items"] = std::move(rows);
    }
    print_json(out);
    return 0;
  }
  if (context.output == Output::raw && !percent) {
    std::puts("type,name,tests");
    for (const ItemCoverage& item : found.items)
      std::printf("%s,%s,%zu\n", item_type_name(item.type), csv_field(item.id).c_str(), item.tests.size());
    return 0;
  }
  if (context.output == Output::raw) std::puts("type,items,tested,percent");
  for (const Share& share : shares)
    std::printf(
        context.output == Output::raw ? "%s,%zu,%zu,%.1f\n" : "%-13s  %4zu items, %4zu tested (%.1f%%)\n",
        item_type_name(share.type), share.items, share.tested, share.percent());
  if (percent || context.output == Output::raw) return 0;
  for (const Share& share : shares) {
    if (share.tested == share.items) continue;
    std::printf("\n%s without a test:\n", item_type_name(share.type));
    for (const ItemCoverage& item : found.items)
      if (item.type == share.type && item.tests.empty())
        std::printf("  %s\n", escape_for_terminal(item.id).c_str());
  }
  return 0;
}

}  // namespace

extern const Command hubtest_coverage_command{"hubtest coverage", "which items of a hub have no test",
                                              "  testudo hubtest coverage --hub ./hub --tests ./hub/.tests\n"
                                              "  testudo hubtest coverage --hub ./hub --percent -o json\n",
                                              kCoverageOptions, coverage};
extern const Command hubtest_run_command{
    "hubtest run", "run tests of hub content: logs and what must come of them",
    "  testudo hubtest run --hub ./hub --tests ./hub/.tests --data ./data --all\n"
    "  testudo hubtest run --hub ./hub ssh-bf --failures\n",
    kRunOptions, run};

}  // namespace testudo::cli
