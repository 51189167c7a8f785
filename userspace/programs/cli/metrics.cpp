// testudo metrics: the daemon's counters, section by section.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <span>

#include "ask.h"
#include "base/text.h"
#include "commands.h"
#include "table.h"

namespace testudo::cli {
namespace {
using Kind = OptionSpec::Kind;

struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;

  std::string label(const char* key) const {
    const auto found = labels.find(key);
    return found == labels.end() ? "" : found->second;
  }
};

/// A column is a metric, or one value of the label that the section counts by.
struct Column {
  const char* key;
  const char* title;
};

struct Section {
  const char* name;  ///< as it is asked for: `testudo metrics drops`
  const char* title;
  const char* first;                     ///< title of the first column
  std::span<const char* const> row;      ///< labels that name a row
  std::span<const char* const> metrics;  ///< names that belong here
  const char* column_label;              ///< label that names the column; "" = the metric's name does
  std::span<const Column> columns;
};

constexpr const char* kDropRow[] = {"origin", "scenario", "remediation", "family"};
constexpr const char* kDrops[] = {"testudo_dropped_packets_total", "testudo_dropped_bytes_total"};
constexpr Column kDropColumns[] = {{kDrops[0], "Packets"}, {kDrops[1], "Bytes"}};
constexpr const char* kDecisionRow[] = {"origin", "scenario", "remediation"};
constexpr const char* kDecisions[] = {"testudo_decisions_active"};
constexpr Column kDecisionColumns[] = {{kDecisions[0], "Count"}};
constexpr const char* kLineRow[] = {"source"};
constexpr const char* kLines[] = {"testudo_lines_total"};
constexpr Column kLineColumns[] = {
    {"read", "Lines read"}, {"parsed", "Parsed"}, {"unparsed", "Unparsed"}, {"whitelisted", "Whitelisted"}};
constexpr const char* kNameRow[] = {"name"};
constexpr const char* kBuckets[] = {"cs_bucket_poured_total", "cs_bucket_overflowed_total",
                                    "cs_bucket_instantiation_total", "cs_bucket_underflowed_total"};
constexpr Column kBucketColumns[] = {{kBuckets[0], "Poured"},
                                     {kBuckets[1], "Overflows"},
                                     {kBuckets[2], "Instantiated"},
                                     {kBuckets[3], "Expired"}};
constexpr const char* kNodes[] = {"cs_node_hits_total", "cs_node_hits_ok_total", "cs_node_hits_ko_total"};
constexpr Column kNodeColumns[] = {{kNodes[0], "Hits"}, {kNodes[1], "Parsed"}, {kNodes[2], "Unparsed"}};

constexpr Section kSections[] = {
    {"drops", "Dropped in the kernel", "Origin · Reason · Action · Family", kDropRow, kDrops, "",
     kDropColumns},
    {"decisions", "Decisions in force", "Origin · Reason · Action", kDecisionRow, kDecisions, "",
     kDecisionColumns},
    {"acquisition", "Sources", "Source", kLineRow, kLines, "result", kLineColumns},
    {"scenarios", "Scenarios", "Scenario", kNameRow, kBuckets, "", kBucketColumns},
    {"parsers", "Parsers", "Parser", kNameRow, kNodes, "", kNodeColumns},
};

/// name{a="b",…} value → its parts; false for comments.
bool read_sample(std::string_view line, Sample& out) {
  out.labels.clear();
  if (line.empty() || line[0] == '#') return false;
  size_t at = line.find_first_of("{ ");
  if (at == std::string_view::npos) return false;
  out.name = line.substr(0, at);
  if (line[at] == '{') {
    ++at;
    while (at < line.size() && line[at] != '}') {
      const size_t eq = line.find("=\"", at);
      if (eq == std::string_view::npos) return false;
      std::string& text = out.labels[std::string(line.substr(at, eq - at))];
      size_t i = eq + 2;
      for (; i < line.size() && line[i] != '"'; ++i) {
        if (line[i] == '\\' && i + 1 < line.size()) ++i;
        text += line[i];
      }
      at = i + 1;
      if (at < line.size() && line[at] == ',') ++at;
    }
    ++at;
  }
  if (at > line.size()) return false;
  out.value = std::strtod(std::string(line.substr(at)).c_str(), nullptr);
  return true;
}

std::vector<Sample> read_samples(std::string_view exposition) {
  std::vector<Sample> out;
  Sample sample;
  for (const std::string_view line : split(exposition, '\n'))
    if (read_sample(line, sample)) out.push_back(sample);
  return out;
}

bool belongs(const Section& section, const Sample& sample) {
  return std::find(section.metrics.begin(), section.metrics.end(), sample.name) != section.metrics.end();
}

void print_section(const Context& context, const Section& section, const std::vector<Sample>& samples) {
  std::map<std::string, std::map<std::string, double>> rows;
  for (const Sample& sample : samples) {
    if (!belongs(section, sample)) continue;
    std::string row;
    for (const char* label : section.row) row += (row.empty() ? "" : " · ") + sample.label(label);
    rows[row][*section.column_label ? sample.label(section.column_label) : sample.name] += sample.value;
  }
  if (rows.empty()) return;
  std::puts(bold(context, section.title).c_str());
  std::vector<std::string> header{section.first};
  for (const Column& c : section.columns) header.emplace_back(c.title);
  Table table(header);
  for (const auto& [key, values] : rows) {
    std::vector<std::string> cells{key};
    for (const Column& c : section.columns) {
      const auto found = values.find(c.key);
      cells.push_back(found == values.end() ? "-" : short_number(uint64_t(found->second)));
    }
    table.row(std::move(cells));
  }
  table.print_human();
}

constexpr OptionSpec kOptions[] = {
    {"SECTION", "drops, decisions, acquisition, scenarios, parsers (default: all)", Kind::positionals}};

Result<std::vector<const Section*>> chosen(const std::vector<std::string>& names) {
  std::vector<const Section*> out;
  std::vector<std::string> known;
  for (const Section& section : kSections) {
    known.emplace_back(section.name);
    if (names.empty()) out.push_back(&section);
  }
  for (const std::string& name : names) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      const std::string near = nearest(name, known);
      return Error{Code::bad_input, "there is no section '" + name + "'; " +
                                        (near.empty() ? "`testudo metrics --help` lists them"
                                                      : "did you mean '" + near + "'?")};
    }
    out.push_back(&kSections[found - known.begin()]);
  }
  return out;
}

int run(Context& context, const Args& args) {
  const auto sections = chosen(args.list("SECTION"));
  if (!sections) return usage(sections.error().message);
  const bool everything = args.list("SECTION").empty();
  auto answer = ask_text(context, "GET", "/v1/testudo/metrics");
  if (!answer) return fail(answer.error());
  if (context.output == Output::raw && everything) {
    std::fputs(answer->c_str(), stdout);
    return 0;
  }
  std::vector<Sample> samples = read_samples(*answer);
  if (context.output == Output::human) {
    for (const Section* section : *sections) print_section(context, *section, samples);
    return 0;
  }
  if (!everything)
    std::erase_if(samples, [&](const Sample& sample) {
      return std::none_of(sections->begin(), sections->end(),
                          [&](const Section* section) { return belongs(*section, sample); });
    });
  if (context.output == Output::raw) {
    Table table({"name", "labels", "value"});
    for (const Sample& sample : samples) {
      std::string labels;
      for (const auto& [key, value] : sample.labels)
        labels += (labels.empty() ? "" : " ") + key + "=" + value;
      table.row({sample.name, labels, json::serialize(json::value(sample.value))});
    }
    table.print_raw({"name", "labels", "value"});
    return 0;
  }
  json::array all;
  for (const Sample& sample : samples) {
    json::object labels;
    for (const auto& [key, value] : sample.labels) labels[key] = value;
    all.push_back(
        json::object{{"name", sample.name}, {"labels", std::move(labels)}, {"value", sample.value}});
  }
  print_json(all);
  return 0;
}

}  // namespace

extern const Command metrics_command{"metrics", "counters: drops first, then sources, scenarios, parsers",
                                     "  testudo metrics\n  testudo metrics drops scenarios\n  testudo "
                                     "metrics -o raw   # as Prometheus sees them\n",
                                     kOptions, run};

}  // namespace testudo::cli
