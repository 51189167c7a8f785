#include <fmt/format.h>

#include "answer.h"
#include "base/text.h"
#include "net/url.h"
#include "table.h"

namespace testudo::cli {
namespace {

constexpr Flag flags[] = {{"-d,--details", "", "Show the events too"}};

std::string line(const char* label, const std::string& text) {
  return fmt::format(" - {:<13}: {}\n", label, escape_for_terminal(text));
}

void print_pairs(const json::array& pairs) {
  Table table({"Key", "Value"});
  for (const json::value& pair : pairs) table.add({text_of(pair, "key"), text_of(pair, "value")});
  print(table.human(boxes_wanted()));
}

void show(const json::value& alert, bool details) {
  const json::value& source = at(alert, "source");
  print(line("ID", text_of(alert, "id")) + line("Date", text_of(alert, "created_at")) +
        line("Machine", text_of(alert, "machine_id")) + line("Simulation", text_of(alert, "simulated")) +
        line("Remediation", true_of(alert, "remediation") ? "true" : "false") +
        line("Reason", text_of(alert, "scenario")) + line("Message", text_of(alert, "message")) +
        line("Events Count", text_of(alert, "events_count")) +
        line("Scope:Value", text_of(source, "scope") + ":" + text_of(source, "value")) +
        line("Country", text_of(source, "cn")) +
        line("AS", text_of(source, "as_number") + " " + text_of(source, "as_name")) +
        line("Begin", text_of(alert, "start_at")) + line("End", text_of(alert, "stop_at")) +
        line("UUID", text_of(alert, "uuid")));
  Table decisions({"ID", "scope:value", "action", "expiration"});
  for (const json::value& decision : array_of(alert, "decisions"))
    decisions.add({text_of(decision, "id"), text_of(decision, "scope") + ":" + text_of(decision, "value"),
                   text_of(decision, "type"), text_of(decision, "duration")});
  if (!decisions.empty()) print("\n - Decisions:\n" + decisions.human(boxes_wanted()));
  if (!array_of(alert, "meta").empty()) {
    print("\n - Context:\n");
    print_pairs(array_of(alert, "meta"));
  }
  if (!details) return;
  for (const json::value& event : array_of(alert, "events")) {
    print("\n - Event of " + escape_for_terminal(text_of(event, "timestamp")) + ":\n");
    print_pairs(array_of(event, "meta"));
  }
}

int run(const Invocation& call) {
  bool first = true;
  for (const std::string& id : call.args) {
    const auto alert = ask_json(call, "GET", "/v1/alerts/" + percent_encode(id));
    if (!alert) {
      Error error = alert.error();
      if (error.code == Code::not_found)
        error = {Code::not_found,
                 fmt::format("there is no alert with id {}", id),
                 {},
                 "testudo alerts list shows them"};
      return fail(error);
    }
    if (call.format != Format::human) {
      print_json(*alert);
    } else {
      if (!first) print("\n");
      show(*alert, call.has("details"));
    }
    first = false;
  }
  return 0;
}

}  // namespace

extern const Command alerts_inspect_command;
const Command alerts_inspect_command{"alerts inspect",
                                     "One alert with its decisions, context and events",
                                     "  testudo alerts inspect 17\n  testudo alerts inspect -d 17",
                                     flags,
                                     "ID",
                                     1,
                                     -1,
                                     run};

}  // namespace testudo::cli
