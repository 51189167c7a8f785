#include <fmt/format.h>

#include "answer.h"
#include "base/text.h"
#include "net/url.h"
#include "table.h"

namespace testudo::cli {
namespace {

std::string safe(const json::value& object, std::string_view name) {
  return escape_for_terminal(text_of(object, name));
}

void show_decisions(const char* title, const json::array& decisions) {
  if (decisions.empty()) return;
  Table table({"ID", "Value", "Action", "Origin", "Reason", "Left", "Alert ID"});
  for (const json::value& d : decisions)
    table.add({text_of(d, "id"), text_of(d, "value"),
               (true_of(d, "simulated") ? "(simul)" : "") + text_of(d, "type"), text_of(d, "origin"),
               text_of(d, "scenario"), text_of(d, "duration"), text_of(d, "alert_id")});
  print(std::string("\n") + title + ":\n" + table.human(boxes_wanted()));
}

void show_alerts(const json::array& alerts) {
  for (const json::value& alert : alerts) {
    print(fmt::format("\nAlert {} at {}: {}\n", safe(alert, "id"), safe(alert, "start_at"),
                      safe(alert, "message")));
    if (const std::string why = safe(alert, "simulated_why"); !why.empty())
      print("  only simulated: " + why + "\n");
    if (const std::string line = safe(alert, "line"); !line.empty()) print("  the line: " + line + "\n");
    if (const std::string source = safe(alert, "source_name"); !source.empty())
      print("  from " + source + "\n");
  }
}

int run(const Invocation& call) {
  const auto answer = ask_json(call, "GET", "/v1/testudo/why/" + percent_encode(call.args[0]));
  if (!answer) return fail(answer.error());
  const json::value& why = *answer;
  if (call.format != Format::human) {
    print_json(why);
    return 0;
  }
  print(safe(why, "address") + (true_of(why, "banned") ? " is banned\n" : " is not banned\n"));
  for (const json::value& entry : array_of(why, "allowlisted_by"))
    if (entry.is_string())
      print("allowlisted: " + escape_for_terminal(std::string_view(entry.get_string())) + "\n");
  if (const std::string by = safe(why, "protected_by"); !by.empty()) print("protected: " + by + "\n");
  for (const json::value& entry : array_of(why, "kernel"))
    print(fmt::format("in the kernel: {} {} for {}, {} packets, last hit {}\n", safe(entry, "remediation"),
                      safe(entry, "value"), safe(entry, "duration"), safe(entry, "packets"),
                      at(entry, "last_hit").is_null() ? "never" : safe(entry, "last_hit")));
  show_decisions("In force", array_of(why, "active"));
  show_decisions("Over, or only simulated", array_of(why, "recent"));
  show_alerts(array_of(why, "alerts"));
  for (const json::value& alert : array_of(why, "unheard")) {
    print(fmt::format("\nAt {}: {} led to nothing ({}): {}\n", safe(alert, "at"), safe(alert, "scenario"),
                      safe(alert, "verdict"), safe(alert, "why")));
    if (const std::string line = safe(alert, "line"); !line.empty()) print("  the line: " + line + "\n");
  }
  if (!true_of(why, "banned") && array_of(why, "alerts").empty() && array_of(why, "unheard").empty())
    print("nothing is known of it\n");
  return 0;
}

}  // namespace

extern const Command why_command;
const Command why_command{"why",
                          "Why an address is banned, or why it is not",
                          "  testudo why 192.0.2.7\n  testudo why 2001:db8::1 -o json",
                          {},
                          "ADDRESS",
                          1,
                          1,
                          run};

}  // namespace testudo::cli
