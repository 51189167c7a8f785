#include <fmt/format.h>

#include <map>

#include "answer.h"
#include "table.h"

namespace testudo::cli {
namespace {

constexpr Flag flags[] = {
    {"-a,--all", "", "Community alerts too"},
    {"--since", "DURATION", "Began at most so long ago (7d, 1h30m)"},
    {"--until", "DURATION", "Began at least so long ago"},
    {"-i,--ip", "ADDRESS", "With a decision that covers this address"},
    {"-s,--scenario", "SCENARIO", "Only this scenario"},
    {"-r,--range", "PREFIX", "With a decision that covers this range"},
    {"--type", "TYPE", "With a decision of this type"},
    {"--scope", "SCOPE", "Only this scope"},
    {"-v,--value", "VALUE", "Only this source"},
    {"--origin", "ORIGIN", "With a decision of this origin"},
    {"--kind", "KIND", "Only this kind (crowdsec, cscli)"},
    {"--contained", "", "Decisions that lie inside the range, instead"},
    {"-l,--limit", "N", "Number of alerts, 0 = all", "50"},
};

/// "ban:1 captcha:2", "(simul)ban:1".
std::string decisions_text(const json::value& alert) {
  std::map<std::string, int> counts;
  for (const json::value& decision : array_of(alert, "decisions"))
    ++counts[(true_of(decision, "simulated") ? "(simul)" : "") + text_of(decision, "type")];
  std::string out;
  for (const auto& [type, count] : counts)
    out += (out.empty() ? "" : " ") + fmt::format("{}:{}", type, count);
  return out;
}

int run(const Invocation& call) {
  Query query;
  query.add("include_capi", call.has("all") ? "true" : "false").add("limit", call.option("limit"));
  for (const char* name : {"since", "until", "ip", "scenario", "range", "scope", "value", "origin", "kind"})
    query.add(name, call.option(name));
  query.add("decision_type", call.option("type"));
  if (call.has("contained")) query.add("contains", "false");
  const auto answer = ask_json(call, "GET", "/v1/alerts" + query.text());
  if (!answer) return fail(answer.error());
  if (call.format == Format::json) {
    print_json(*answer);
    return 0;
  }
  const bool raw = call.format == Format::raw;
  Table table(raw ? std::vector<std::string>{"id", "scope", "value", "reason", "country", "as", "decisions",
                                             "created_at", "kind"}
                  : std::vector<std::string>{"ID", "value", "reason", "country", "as", "decisions",
                                             "created_at", "kind"});
  for (const json::value& alert : as_array(*answer)) {
    const json::value& source = at(alert, "source");
    std::vector<std::string> row{text_of(alert, "id")};
    if (raw) {
      row.push_back(text_of(source, "scope"));
      row.push_back(text_of(source, "value"));
    } else {
      row.push_back(text_of(source, "scope") + ":" + text_of(source, "value"));
    }
    const std::string number = text_of(source, "as_number");
    row.insert(row.end(), {text_of(alert, "scenario"), text_of(source, "cn"),
                           number + (number.empty() ? "" : " ") + text_of(source, "as_name"),
                           decisions_text(alert), text_of(alert, "created_at"), text_of(alert, "kind")});
    table.add(std::move(row));
  }
  print(raw ? table.csv() : table.empty() ? "No active alerts\n" : table.human(boxes_wanted()));
  return 0;
}

}  // namespace

extern const Command alerts_list_command;
const Command alerts_list_command{"alerts list",
                                  "What happened, newest first",
                                  "  testudo alerts list --since 1d\n  testudo alerts list -s "
                                  "crowdsecurity/ssh-bf -o json\n  testudo alerts list -i 192.0.2.7",
                                  flags,
                                  "",
                                  0,
                                  0,
                                  run};

}  // namespace testudo::cli
