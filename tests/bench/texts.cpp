// The hub's Sysmon filters (7,600 contains on one field) over Sysmon events, ns per event: each filter by
// itself, with the shared scan, and only those whose guard allows it. All must find the same (checked first).
//
//   bench_texts HUB SYSMON.LOG [benchmark options]   one event a line, XML; the hub's root folder
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "expr/text_tests.h"
#include "yaml/yaml.h"

namespace {

using namespace testudo;
using expr::Expression;

struct Content {
  SlotNames slots;
  expr::TextTests tests;
  std::vector<Expression> filters;
  std::vector<std::vector<uint32_t>> by_row;  ///< filters whose guard has the row
  std::vector<uint32_t> always;               ///< filters without a guard

  void compile(const std::vector<std::string>& texts, bool shared) {
    for (const std::string& text : texts) {
      expr::CompileOptions options;
      options.slots = &slots;
      options.helpers = {&expr::pure_helpers()};
      options.texts = shared ? &tests : nullptr;
      auto filter = Expression::compile(text, {}, options);
      if (filter) filters.push_back(std::move(*filter));
    }
    tests.finish();
    by_row.resize(tests.rows());
    for (uint32_t i = 0; i < filters.size(); ++i) {
      for (const uint32_t row : filters[i].guard()) by_row[row].push_back(i);
      if (filters[i].guard().empty()) always.push_back(i);
    }
  }
};

std::vector<std::string> hub_filters(const std::string& hub) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths, filters;
  for (const auto& entry : fs::recursive_directory_iterator(hub + "/scenarios"))
    if (entry.path().extension() == ".yml" || entry.path().extension() == ".yaml")
      paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    const auto documents = load_yaml(path);
    if (!documents) continue;
    for (const YamlNode& document : *documents) {
      const YamlNode* filter = document.find("filter");
      if (filter && filter->text().find("'sysmon'") != std::string::npos) filters.push_back(filter->text());
    }
  }
  return filters;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

std::vector<Fields> events(const std::string& path) {
  std::ifstream file(path);
  std::vector<Fields> all;
  for (std::string line; all.size() < 5000 && std::getline(file, line);) {
    Fields fields;
    for (size_t at = 0; (at = line.find("<Data Name=\"", at)) != std::string::npos;) {
      const size_t name = at + 12, quote = line.find('"', name), end = line.find("</Data>", quote);
      if (end == std::string::npos) break;
      fields.emplace_back(line.substr(name, quote - name), line.substr(quote + 2, end - quote - 2));
      at = end;
    }
    const size_t id = line.find("<EventID>");
    if (id != std::string::npos)
      fields.emplace_back("EventID", line.substr(id + 9, line.find('<', id + 9) - id - 9));
    all.push_back(std::move(fields));
  }
  return all;
}

std::vector<Fields> lines;

struct Machine {
  Content& content;
  Event event;
  RegexScratch regex;
  expr::TextScan scan;
  expr::Context ctx;
  std::vector<std::vector<std::pair<SlotRef, std::string_view>>> known;
  SlotRef service;
  std::vector<uint32_t> rows, asked;
  uint64_t evaluated = 0;

  explicit Machine(Content& c, bool shared) : content(c), event(c.slots), scan(c.tests) {
    service = c.slots.intern(Bag::meta, "service");
    ctx.event = &event;
    ctx.arena = &event.arena;
    ctx.regex = &regex;
    if (shared) ctx.texts = &scan;
    for (const Fields& fields : lines) {
      auto& out = known.emplace_back();
      for (const auto& [name, value] : fields)
        if (const auto slot = c.slots.find(Bag::parsed, name)) out.emplace_back(*slot, value);
    }
  }
  void write(size_t i) {
    event.reset();
    event.set(service, "sysmon");
    for (const auto& [slot, value] : known[i]) event.set(slot, value);
  }
  size_t ask_all(std::vector<uint32_t>* which = nullptr) {
    size_t yes = 0;
    for (uint32_t i = 0; i < content.filters.size(); ++i)
      if (content.filters[i].test(ctx) == Expression::Truth::yes) {
        ++yes;
        if (which) which->push_back(i);
      }
    evaluated += content.filters.size();
    return yes;
  }
  size_t ask_guarded(std::vector<uint32_t>* which = nullptr) {
    rows.clear();
    scan.found(ctx, rows);
    asked = content.always;
    for (const uint32_t row : rows)
      asked.insert(asked.end(), content.by_row[row].begin(), content.by_row[row].end());
    std::sort(asked.begin(), asked.end());
    asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
    size_t yes = 0;
    for (const uint32_t i : asked)
      if (content.filters[i].test(ctx) == Expression::Truth::yes) {
        ++yes;
        if (which) which->push_back(i);
      }
    evaluated += asked.size();
    return yes;
  }
};

void run(benchmark::State& state, Content& content, bool shared, bool guarded) {
  Machine machine(content, shared);
  size_t at = 0, yes = 0, count = 0;
  for (auto _ : state) {
    machine.write(at);
    yes += guarded ? machine.ask_guarded() : machine.ask_all();
    at = at + 1 == lines.size() ? 0 : at + 1;
    ++count;
  }
  state.counters["true_per_event"] = double(yes) / double(count);
  state.counters["filters_per_event"] = double(machine.evaluated) / double(count);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench_texts HUB SYSMON.LOG [benchmark options]\n");
    return 2;
  }
  const std::vector<std::string> filters = hub_filters(argv[1]);
  lines = events(argv[2]);
  std::vector<std::string> ten;
  for (size_t i = 0; i < 10 && !filters.empty(); ++i) ten.push_back(filters[i * filters.size() / 10]);
  if (filters.empty() || lines.empty()) {
    std::fprintf(stderr, "no filters or no events\n");
    return 2;
  }
  Content alone, shared, few;
  alone.compile(filters, false);
  shared.compile(filters, true);
  few.compile(ten, true);
  {
    Machine a(alone, false), b(shared, true);
    for (size_t i = 0; i < lines.size(); ++i) {
      std::vector<uint32_t> x, y, z;
      a.write(i);
      b.write(i);
      a.ask_all(&x);
      b.ask_guarded(&y);
      b.ask_all(&z);
      if (x == y && x == z) continue;
      std::fprintf(stderr, "event %zu: %zu filters alone, %zu guarded, %zu shared\n", i, x.size(), y.size(),
                   z.size());
      return 1;
    }
  }
  std::printf("%zu filters, %zu rows, %zu without a guard, %zu guard subjects, %zu KiB\n",
              shared.filters.size(), shared.tests.rows(), shared.always.size(),
              shared.tests.guard_subjects().size(), shared.tests.bytes() / 1024);
  benchmark::RegisterBenchmark("all/alone", run, std::ref(alone), false, false);
  benchmark::RegisterBenchmark("all/shared", run, std::ref(shared), true, false);
  benchmark::RegisterBenchmark("all/guarded", run, std::ref(shared), true, true);
  benchmark::RegisterBenchmark("ten/guarded", run, std::ref(few), true, true);
  argc -= 2;
  std::rotate(argv + 1, argv + 3, argv + argc + 2);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
