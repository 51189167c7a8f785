#include <fmt/format.h>

#include "answer.h"
#include "base/text.h"
#include "table.h"

namespace testudo::cli {
namespace {

std::string safe(const json::value& object, std::string_view name) {
  return escape_for_terminal(text_of(object, name));
}

std::string ago(const json::value& object, std::string_view name) {
  const auto time = parse_rfc3339(text_of(object, name));
  return time ? format_duration_short(std::max(Duration(0), now() - *time)) + " ago" : "never";
}

void show_sources(const json::array& sources) {
  if (sources.empty()) return;
  Table table({"Source", "Type", "Lines", "Parsed", "Last line", "Scenarios fed"});
  for (const json::value& s : sources) {
    std::string fed;
    for (const json::value& name : array_of(s, "fed"))
      if (name.is_string()) fed += (fed.empty() ? "" : " ") + std::string(name.get_string());
    const std::string problem = text_of(s, "problem");
    const bool exists = true_of(s, "exists");
    table.add({text_of(s, "type") + ":" + text_of(s, "name"), text_of(s, "log_type"), text_of(s, "lines"),
               text_of(s, "parsed"),
               !problem.empty() ? problem
               : exists         ? ago(s, "last_line")
                                : "does not exist",
               fed});
  }
  print("\n" + table.human(boxes_wanted()));
}

int run(const Invocation& call) {
  const auto answer = ask_json(call, "GET", "/v1/testudo/status");
  if (!answer) return fail(answer.error());
  const json::value& status = *answer;
  const bool guarded = true_of(status, "protected");
  if (call.format != Format::human) {
    print_json(status);
    return guarded ? 0 : 1;
  }
  const json::value &kernel = at(status, "kernel"), &content = at(status, "content");
  print(fmt::format("testudo {}: this machine is {}\n", safe(status, "version"),
                    guarded ? "protected" : "NOT protected"));
  print(fmt::format("running since {} ({})\n", safe(status, "started_at"), ago(status, "started_at")));
  print(fmt::format("content: {} parsers, {} scenarios, {} off\n", safe(content, "parsers"),
                    safe(content, "scenarios"), safe(content, "off")));
  print(fmt::format("kernel: {} bans, {} ranges, {} allowed; {} packets dropped, the last {}\n",
                    safe(kernel, "bans"), safe(kernel, "ranges"), safe(kernel, "allowed"),
                    safe(kernel, "dropped_packets"), ago(kernel, "last_drop")));
  for (const json::value& interface : array_of(kernel, "interfaces")) {
    const std::string why = safe(interface, "why_not_better");
    print(fmt::format("  {}: {}{}\n", safe(interface, "name"), safe(interface, "mode"),
                      why.empty() ? "" : " (" + why + ")"));
  }
  show_sources(array_of(status, "sources"));
  for (const json::value& problem : array_of(status, "problems")) {
    print("\n! " + safe(problem, "what") + "\n");
    if (const std::string remedy = safe(problem, "remedy"); !remedy.empty()) print("  → " + remedy + "\n");
  }
  return guarded ? 0 : 1;
}

}  // namespace

extern const Command status_command;
const Command status_command{"status",
                             "Is this machine protected, and if not, what to do; exit 1 when it is not",
                             "  testudo status\n  testudo status -o json",
                             {},
                             "",
                             0,
                             0,
                             run};

}  // namespace testudo::cli
