// Captures of two hub patterns, ns per line: ours beside RE2's own. Each engine must return the same captures
// (checked first). The hostile line stands beside the friendly one.
#include <benchmark/benchmark.h>
#include <re2/re2.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "pattern/grok.h"

namespace {

using namespace testudo;

struct Case {
  const char* name;
  const char* expression;
  std::string line;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"syslog_header", "^%{SYSLOGLINE}",
       "May  1 10:00:00 web-1 sshd[4711]: Failed password for root from 192.0.2.7 port 55555 ssh2"},
      {"syslog_header_utf8", "^%{SYSLOGLINE}",
       "May  1 10:00:00 web-1 sshd[4711]: Failed password for ren\xc3\xa9 from 192.0.2.7 port 55555 ssh2"},
      {"syslog_header_near_miss", "^%{SYSLOGLINE}",
       "May  1 10:00:00 web_1 sshd[4711] Failed password for root from 192.0.2.7 port 55555 ssh2"},
      {"syslog_header_hostile", "^%{SYSLOGLINE}",
       "May  1 10:00:00 a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a! x"},
      {"sshd_fail", "%{SSHD_FAIL}", "Failed password for root from 192.0.2.7 port 55555 ssh2"},
      {"sshd_fail_v6", "%{SSHD_FAIL}", "Failed password for root from 2001:db8::7 port 55555 ssh2"},
      {"sshd_fail_near_miss", "%{SSHD_FAIL}", "Failed password for root from nowhere port 55555 ssh2"},
  };
  return all;
}

GrokTable& table() {
  static GrokTable loaded;
  if (loaded.size() == 0 && !loaded.load_folder(TESTUDO_SOURCE_DIR "/config/patterns")) std::abort();
  return loaded;
}

Grok compile(const Case& what) {
  auto grok = table().compile(what.expression);
  if (!grok) std::abort();
  return std::move(*grok);
}

void ours(benchmark::State& state, const Case& what, bool captures) {
  const Grok grok = compile(what);
  RegexScratch scratch;
  Captures groups;
  for (auto _ : state)
    benchmark::DoNotOptimize(captures ? grok.regex.match(what.line, scratch, groups)
                                      : grok.regex.test(what.line, scratch));
}

void peer(benchmark::State& state, const Case& what, bool captures) {
  RE2::Options options;
  options.set_max_mem(64 << 20);
  const RE2 re2(compile(what).regex.pattern(), options);
  std::vector<re2::StringPiece> groups(re2.NumberOfCapturingGroups() + 1);
  const int count = captures ? static_cast<int>(groups.size()) : 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(
        re2.Match(what.line, 0, what.line.size(), RE2::UNANCHORED, groups.data(), count));
}

void check_equal(const Case& what) {
  const Grok grok = compile(what);
  RE2::Options options;
  options.set_max_mem(64 << 20);
  const RE2 re2(grok.regex.pattern(), options);
  RegexScratch scratch;
  Captures groups;
  std::vector<re2::StringPiece> expected(re2.NumberOfCapturingGroups() + 1);
  const bool matched = grok.regex.match(what.line, scratch, groups);
  bool same = matched == re2.Match(what.line, 0, what.line.size(), RE2::UNANCHORED, expected.data(),
                                   static_cast<int>(expected.size()));
  for (size_t i = 0; same && matched && i < expected.size(); ++i)
    same = groups[i].data() == expected[i].data() && groups[i].size() == expected[i].size();
  if (same) return;
  std::fprintf(stderr, "%s: the engines differ\n", what.name);
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  for (const Case& what : cases()) {
    check_equal(what);
    const std::string name = what.name;
    for (const bool captures : {true, false}) {
      const std::string kind = captures ? "captures/" : "test/";
      benchmark::RegisterBenchmark((kind + name + "/testudo").c_str(), ours, what, captures);
      benchmark::RegisterBenchmark((kind + name + "/re2").c_str(), peer, what, captures);
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
