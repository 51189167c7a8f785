// One pass for all literals of a set, bytes per second: ours beside a memmem for each literal and beside a
// plain Aho-Corasick automaton (a table of 256 next states for each state). All must find the same (checked
// first).
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "pattern/literal_set.h"

namespace {

using namespace testudo;
using Texts = std::vector<std::string>;

struct AhoCorasick {
  std::vector<uint32_t> next;  // 256 a state
  std::vector<std::vector<uint32_t>> out;

  explicit AhoCorasick(const Texts& literals) : next(256, 0), out(1) {
    for (uint32_t id = 0; id < literals.size(); ++id) {
      uint32_t state = 0;
      for (const char c : literals[id]) {
        const size_t edge = size_t(state) * 256 + static_cast<unsigned char>(c);
        if (next[edge] == 0) {
          next[edge] = uint32_t(out.size());
          out.emplace_back();
          next.resize(out.size() * 256, 0);
        }
        state = next[edge];
      }
      out[state].push_back(id);
    }
    std::vector<uint32_t> fail(out.size(), 0);
    std::deque<uint32_t> queue;
    for (size_t c = 0; c < 256; ++c)
      if (next[c]) queue.push_back(next[c]);
    while (!queue.empty()) {
      const uint32_t state = queue.front();
      queue.pop_front();
      out[state].insert(out[state].end(), out[fail[state]].begin(), out[fail[state]].end());
      for (size_t c = 0; c < 256; ++c) {
        uint32_t& edge = next[size_t(state) * 256 + c];
        const uint32_t fallback = next[size_t(fail[state]) * 256 + c];
        if (edge) {
          fail[edge] = fallback;
          queue.push_back(edge);
        } else {
          edge = fallback;
        }
      }
    }
  }
  void scan(std::string_view text, LiteralHits& hits) const {
    uint32_t state = 0;
    for (const char c : text) {
      state = next[size_t(state) * 256 + static_cast<unsigned char>(c)];
      for (const uint32_t id : out[state]) hits.mark(id);
    }
  }
};

// Literals like those that content looks for in command lines.
Texts literals(size_t count) {
  const char* roots[] = {"powershell", "cmd.exe /c ", "\\AppData\\Roaming\\",
                         "rundll32 ",  "http://",     "reg add "};
  std::mt19937 random(11);
  std::set<std::string> made;
  while (made.size() < count) {
    std::string one = random() % 2 ? roots[random() % std::size(roots)] : "";
    for (size_t n = 3 + random() % 20; n-- > 0;)
      one += "etaoinshrdluETAOINSHRDLU -/\\.0123456789"[random() % 39];
    made.insert(std::move(one));
  }
  return {made.begin(), made.end()};
}

enum Kind : int { kClean, kHits, kNearMisses };
const char* kind_name(int kind) { return kind == kClean ? "clean" : kind == kHits ? "hits" : "near_misses"; }

std::string text(int kind, size_t size, const Texts& known) {
  const char* words[] = {"C:\\Windows\\System32\\svchost.exe",
                         " -k netsvcs",
                         " -p",
                         " --type=renderer ",
                         "user",
                         "/prefetch:7 ",
                         "Program Files (x86)\\Common Files\\",
                         "2026-05-01T10:00:00Z ",
                         "{4f2a-11}"};
  std::mt19937 random(5);
  std::string made;
  while (made.size() < size) {
    const std::string& one = known[random() % known.size()];
    if (kind == kNearMisses)
      made += one.substr(0, one.size() - 1) + "\x01";
    else if (kind == kHits && random() % 8 == 0)
      made += one;
    else
      made += words[random() % std::size(words)];
  }
  made.resize(size);
  return made;
}

void count(benchmark::State& state, size_t size) {
  state.SetBytesProcessed(int64_t(state.iterations()) * int64_t(size));
}

void ours(benchmark::State& state, size_t set_size, int kind, size_t length) {
  const Texts known = literals(set_size);
  LiteralSet set;
  for (const auto& one : known) set.add(one);
  set.finish();
  const std::string subject = text(kind, length, known);
  LiteralHits hits;
  for (auto _ : state) {
    set.scan(subject, hits);
    benchmark::DoNotOptimize(hits.found().size());
  }
  count(state, length);
  state.counters["KiB"] = double(set.bytes()) / 1024;
}

void memmems(benchmark::State& state, size_t set_size, int kind, size_t length) {
  const Texts known = literals(set_size);
  const std::string subject = text(kind, length, known);
  LiteralHits hits;
  for (auto _ : state) {
    hits.reset(known.size());
    for (uint32_t id = 0; id < known.size(); ++id)
      if (memmem(subject.data(), subject.size(), known[id].data(), known[id].size())) hits.mark(id);
    benchmark::DoNotOptimize(hits.found().size());
  }
  count(state, length);
}

void automaton(benchmark::State& state, size_t set_size, int kind, size_t length) {
  const Texts known = literals(set_size);
  const AhoCorasick aho(known);
  const std::string subject = text(kind, length, known);
  LiteralHits hits;
  for (auto _ : state) {
    hits.reset(known.size());
    aho.scan(subject, hits);
    benchmark::DoNotOptimize(hits.found().size());
  }
  count(state, length);
  state.counters["KiB"] = double(aho.next.size()) * 4 / 1024;
}

void check_equal(size_t set_size, int kind) {
  const Texts known = literals(set_size);
  const AhoCorasick aho(known);
  LiteralSet set;
  for (const auto& one : known) set.add(one);
  set.finish();
  const std::string subject = text(kind, 4096, known);
  LiteralHits hits, expected;
  set.scan(subject, hits);
  expected.reset(known.size());
  aho.scan(subject, expected);
  for (uint32_t id = 0; id < known.size(); ++id)
    if (hits.has(id) != expected.has(id) || hits.has(id) != (subject.find(known[id]) != std::string::npos)) {
      std::fprintf(stderr, "literal %u of %zu: the searches differ\n", id, set_size);
      std::exit(1);
    }
}

}  // namespace

int main(int argc, char** argv) {
  for (const size_t set_size : {1u, 8u, 200u, 8000u})
    for (const int kind : {kClean, kHits, kNearMisses}) {
      check_equal(set_size, kind);
      for (const size_t length : {100u, 65536u}) {
        const std::string tail =
            "/" + std::to_string(set_size) + "/" + kind_name(kind) + "/" + std::to_string(length);
        benchmark::RegisterBenchmark(("testudo" + tail).c_str(), ours, set_size, kind, length);
        benchmark::RegisterBenchmark(("memmem" + tail).c_str(), memmems, set_size, kind, length);
        benchmark::RegisterBenchmark(("automaton" + tail).c_str(), automaton, set_size, kind, length);
      }
    }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
