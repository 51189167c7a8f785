// Near-misses built against every pattern of ours and of the hub: what one line costs, worst first. For each
// pattern a line of the hub's tests that it matches is cut, and what is left repeated; and lines of a few
// letters that loops like. Beside it RE2 on the same line. Goal: 10 us for lines below 1 KB, 50 MB/s for
// longer ones.
//
//   bench_hostile_patterns HUB      the folder that holds hub/ and tests/
#include <re2/re2.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "pattern/grok.h"
#include "yaml/yaml.h"

namespace {

using namespace testudo;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Named {
  std::string name;
  Regex regex;
};

void read_node(const YamlNode& node, GrokTable& table, std::vector<std::string>& patterns) {
  if (const YamlNode* syntax = node.find("pattern_syntax"))
    for (const auto& [name, text] : syntax->entries()) table.add(name, text.text());
  if (const YamlNode* grok = node.find("grok"); grok && grok->is_map()) {
    if (const YamlNode* text = grok->find("pattern")) patterns.push_back(text->text());
    if (const YamlNode* name = grok->find("name")) patterns.push_back("%{" + name->text() + "}");
  }
  if (const YamlNode* nodes = node.find("nodes"))
    for (const YamlNode& child : nodes->items()) read_node(child, table, patterns);
}

std::vector<std::string> files(const fs::path& root, const std::string& extension) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.path().extension() == extension) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

double ns_of(const auto& run, int times) {
  const auto since = Clock::now();
  for (int i = 0; i < times; ++i) run();
  return std::chrono::duration<double, std::nano>(Clock::now() - since).count() / times;
}

std::string repeated(const std::string& unit, size_t size) {
  std::string made;
  while (made.size() < size) made += unit;
  made.resize(size);
  return made;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_hostile_patterns HUB\n");
    return 2;
  }
  const std::string hub = argv[1];
  GrokTable table;
  if (!table.load_folder(TESTUDO_SOURCE_DIR "/config/patterns")) return 1;
  std::vector<std::string> texts = {"a[a-y]*z", "^a*[a-y]*z", "(a|b)*c", "(?:a+)+$", "^(\\S+ )+\\d+$"}, lines;
  for (const char* kind : {"/hub/parsers", "/hub/postoverflows"})
    for (const std::string& file : files(hub + kind, ".yaml"))
      if (const auto documents = load_yaml(file))
        for (const YamlNode& document : *documents) read_node(document, table, texts);
  for (const std::string& file : files(hub + "/tests", ".log")) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);)
      if (!line.empty() && line.size() < 4000) lines.push_back(line);
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());

  struct Row {
    double ours, peer;
    size_t size;
    std::string pattern, line;
  };
  std::vector<Row> shorts, longs;
  RegexScratch scratch;
  Captures captures;
  size_t patterns = 0, wrong = 0;
  for (const std::string& text : texts) {
    const auto grok = table.compile(text);
    if (!grok) continue;
    ++patterns;
    const Regex& regex = grok->regex;
    RE2::Options options;
    options.set_max_mem(64 << 20);
    options.set_log_errors(false);
    const RE2 peer(regex.pattern(), options);
    std::set<std::string> units = {"a", "a-", "1.", "a ", "\"", ":", "0a:", "Failed "};
    for (const std::string& line : lines) {
      if (units.size() >= 14) break;
      if (!regex.match(line, scratch, captures)) continue;
      const std::string whole(captures[0]);
      if (whole.empty()) continue;
      units.insert(whole.substr(0, whole.size() / 2));
      units.insert(whole.substr(0, whole.size() - 1));
      units.insert(whole.substr(0, whole.size() - 1) + "\x01");
    }
    // The engines are made when a line first needs them; that is not what is measured.
    for (const char* warm : {"warm", "\xc3\xa9"}) regex.match(warm, scratch, captures);
    regex.match(repeated("warm ", 2000), scratch, captures);
    for (const std::string& unit : units)
      for (const size_t size : {250u, 1000u, 8000u, 64000u}) {
        if (unit.empty()) continue;
        const std::string line = repeated(unit, size);
        const int times = size > 1000 ? 20 : 200;
        bool ours = false, theirs = false;
        const double ns = ns_of([&] { ours = regex.match(line, scratch, captures); }, times);
        theirs = peer.Match(line, 0, line.size(), RE2::UNANCHORED, nullptr, 0);
        wrong += ours != theirs;
        const double re2 = ns_of(
            [&] { theirs = peer.Match(line, 0, line.size(), RE2::UNANCHORED, nullptr, 0); }, times / 10);
        (size <= 1000 ? shorts : longs).push_back({ns, re2, size, text, unit});
      }
  }
  for (auto* rows : {&shorts, &longs}) {
    const auto price = [](const Row& row) {
      return row.size <= 1000 ? row.ours : row.ours / double(row.size);
    };
    std::sort(rows->begin(), rows->end(), [&](const Row& a, const Row& b) { return price(a) > price(b); });
    const bool is_short = rows == &shorts;
    const auto misses = std::count_if(rows->begin(), rows->end(), [&](const Row& row) {
      return is_short ? row.ours > 10'000 : row.ours > 20 * double(row.size);
    });
    std::printf("%s: %zu lines, %ld over the goal\n", is_short ? "below 1 KB, us" : "longer, MB/s",
                rows->size(), long(misses));
    for (size_t i = 0; i < std::min<size_t>(rows->size(), 12); ++i) {
      const Row& row = (*rows)[i];
      if (is_short)
        std::printf("  %8.2f  re2 %8.2f  %6zu bytes  %.60s  <- %.40s\n", row.ours / 1e3, row.peer / 1e3,
                    row.size, row.pattern.c_str(), row.line.c_str());
      else
        std::printf("  %8.1f  re2 %8.1f  %6zu bytes  %.60s  <- %.40s\n", double(row.size) * 1e3 / row.ours,
                    double(row.size) * 1e3 / row.peer, row.size, row.pattern.c_str(), row.line.c_str());
    }
  }
  std::printf("%zu patterns; %zu answers differ from RE2's\n", patterns, wrong);
  return wrong ? 1 : 0;
}
