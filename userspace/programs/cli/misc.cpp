// testudo metrics | reload | version
#include <cstdio>
#include <cstdlib>
#include <map>

#include "ask.h"
#include "base/text.h"
#include "commands.h"
#include "table.h"

namespace testudo::cli {
namespace {

/// name{a="b",…} value → its parts; false for comments.
bool sample(std::string_view line, std::string& name, std::map<std::string, std::string>& labels,
            double& value) {
  labels.clear();
  if (line.empty() || line[0] == '#') return false;
  size_t at = line.find_first_of("{ ");
  if (at == std::string_view::npos) return false;
  name = line.substr(0, at);
  if (line[at] == '{') {
    ++at;
    while (at < line.size() && line[at] != '}') {
      const size_t eq = line.find("=\"", at);
      if (eq == std::string_view::npos) return false;
      const std::string key(line.substr(at, eq - at));
      std::string text;
      size_t i = eq + 2;
      for (; i < line.size() && line[i] != '"'; ++i) {
        if (line[i] == '\\' && i + 1 < line.size()) ++i;
        text += line[i];
      }
      labels[key] = text;
      at = i + 1;
      if (at < line.size() && line[at] == ',') ++at;
    }
    ++at;
  }
  value = std::strtod(std::string(line.substr(at)).c_str(), nullptr);
  return true;
}

using Rows = std::map<std::string, std::map<std::string, double>>;

void section(const Context& context, const char* title, const char* first,
             const std::vector<std::pair<const char*, const char*>>& columns, const Rows& rows) {
  if (rows.empty()) return;
  std::puts(bold(context, title).c_str());
  std::vector<std::string> header{first};
  for (const auto& c : columns) header.emplace_back(c.second);
  Table table(header);
  for (const auto& [key, values] : rows) {
    std::vector<std::string> cells{key};
    for (const auto& c : columns) {
      const auto found = values.find(c.first);
      cells.push_back(found == values.end() ? "-" : short_number(uint64_t(found->second)));
    }
    table.row(std::move(cells));
  }
  table.print_human();
}

int metrics(Context& context, const Args&) {
  auto answer = ask_text(context, "GET", "/v1/testudo/metrics");
  if (!answer) return fail(answer.error());
  if (context.output == Output::raw) {
    std::fputs(answer->c_str(), stdout);
    return 0;
  }
  Rows drops, lines, scenarios, parsers, decisions;
  json::array all;
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
  for (std::string_view line : split(*answer, '\n')) {
    if (!sample(line, name, labels, value)) continue;
    if (context.output == Output::json) {
      json::object l;
      for (const auto& [k, v] : labels) l[k] = v;
      all.push_back(json::object{{"name", name}, {"labels", std::move(l)}, {"value", value}});
      continue;
    }
    const auto add = [&](Rows& rows, const std::string& key, const std::string& column) {
      rows[key][column] += value;
    };
    if (name == "testudo_dropped_packets_total" || name == "testudo_dropped_bytes_total")
      add(drops,
          labels["origin"] + " · " + labels["scenario"] + " · " + labels["remediation"] + " · " +
              labels["family"],
          name);
    if (name == "testudo_lines_total") add(lines, labels["source"], labels["result"]);
    if (name.starts_with("cs_bucket_") && labels.contains("name")) add(scenarios, labels["name"], name);
    if (name.starts_with("cs_node_hits")) add(parsers, labels["name"], name);
    if (name == "testudo_decisions_active")
      add(decisions, labels["origin"] + " · " + labels["scenario"] + " · " + labels["remediation"], "n");
  }
  if (context.output == Output::json) {
    print_json(all);
    return 0;
  }
  section(context, "Dropped in the kernel", "Origin · Reason · Action · Family",
          {{"testudo_dropped_packets_total", "Packets"}, {"testudo_dropped_bytes_total", "Bytes"}}, drops);
  section(context, "Decisions in force", "Origin · Reason · Action", {{"n", "Count"}}, decisions);
  section(context, "Sources", "Source",
          {{"read", "Lines read"},
           {"parsed", "Parsed"},
           {"unparsed", "Unparsed"},
           {"whitelisted", "Whitelisted"}},
          lines);
  section(context, "Scenarios", "Scenario",
          {{"cs_bucket_poured_total", "Poured"},
           {"cs_bucket_overflowed_total", "Overflows"},
           {"cs_bucket_instantiation_total", "Instantiated"},
           {"cs_bucket_underflowed_total", "Expired"}},
          scenarios);
  section(context, "Parsers", "Parser",
          {{"cs_node_hits_total", "Hits"},
           {"cs_node_hits_ok_total", "Parsed"},
           {"cs_node_hits_ko_total", "Unparsed"}},
          parsers);
  return 0;
}

int reload(Context& context, const Args&) {
  auto answer = ask(context, "POST", "/v1/testudo/reload");
  if (!answer) return fail(answer.error());
  std::puts("reloaded");
  return 0;
}

int version(Context& context, const Args&) {
  if (context.output == Output::json)
    print_json(json::object{{"version", TESTUDO_VERSION}});
  else
    std::printf("testudo %s\n", TESTUDO_VERSION);
  return 0;
}

}  // namespace

extern const Command metrics_command{
    "metrics",
    "counters: drops first, then sources, scenarios, parsers",
    "  testudo metrics\n  testudo metrics -o raw   # as Prometheus sees them\n",
    {},
    metrics};
extern const Command reload_command{
    "reload", "read content and profiles anew, without losing a bucket", "  testudo reload\n", {}, reload};
extern const Command version_command{"version", "print the version", "  testudo version\n", {}, version};

}  // namespace testudo::cli
