#include <fmt/format.h>

#include <set>

#include "answer.h"
#include "table.h"

namespace testudo::cli {
namespace {

constexpr Flag flags[] = {
    {"-a,--all", "", "Community and list decisions too, without limit"},
    {"--since", "DURATION", "Alerts that began at most so long ago (7d, 1h30m)"},
    {"--until", "DURATION", "Alerts that began at least so long ago"},
    {"-t,--type", "TYPE", "Only this type (ban, captcha)"},
    {"--scope", "SCOPE", "Only this scope of the alert (Ip, Range, Country)"},
    {"--origin", "ORIGIN", "Only this origin (crowdsec, cscli, cscli-import)"},
    {"-v,--value", "VALUE", "Only this value of the alert"},
    {"-s,--scenario", "SCENARIO", "Only this scenario"},
    {"-i,--ip", "ADDRESS", "Decisions that cover this address"},
    {"-r,--range", "PREFIX", "Decisions that cover this range"},
    {"-l,--limit", "N", "Number of alerts, 0 = all", "100"},
    {"--no-simu", "", "Leave simulated ones out"},
    {"--contained", "", "Decisions that lie inside the range, instead"},
    {"--all-duplicates", "", "Show several decisions on the same value"},
};

bool in_force(const json::value& decision) {
  const std::string left = text_of(decision, "duration");
  return !left.starts_with('-') && left != "0s";
}

/// The alerts with those of their decisions that are in force and wanted; duplicates counted in `skipped`.
json::array filtered(const Invocation& call, const json::value& answer, size_t& skipped) {
  json::array out;
  std::set<std::string> seen;
  const auto type = call.option("type"), origin = call.option("origin");
  for (const json::value& alert : as_array(answer)) {
    json::array kept;
    for (const json::value& decision : array_of(alert, "decisions")) {
      if (!in_force(decision)) continue;
      if (type && text_of(decision, "type") != *type) continue;
      if (origin && text_of(decision, "origin") != *origin) continue;
      if (call.has("no-simu") && true_of(decision, "simulated")) continue;
      const std::string key =
          fmt::format("{}\n{}\n{}\n{}", text_of(decision, "simulated"), text_of(decision, "type"),
                      text_of(decision, "scope"), text_of(decision, "value"));
      if (!seen.insert(key).second && !call.has("all-duplicates")) {
        ++skipped;
        continue;
      }
      kept.push_back(decision);
    }
    if (kept.empty()) continue;
    json::value copy = alert;
    copy.get_object()["decisions"] = std::move(kept);
    out.push_back(std::move(copy));
  }
  return out;
}

std::string as_text(const json::value& source) {
  const std::string number = text_of(source, "as_number"), name = text_of(source, "as_name");
  return number.empty() ? name : name.empty() ? number : number + " " + name;
}

int run(const Invocation& call) {
  Query query;
  query.add("has_active_decision", "true").add("include_capi", call.has("all") ? "true" : "false");
  query.add("limit", call.has("all") ? "0" : call.option("limit"));
  query.add("since", call.option("since"))
      .add("until", call.option("until"))
      .add("decision_type", call.option("type"));
  query.add("scope", call.option("scope"))
      .add("origin", call.option("origin"))
      .add("value", call.option("value"));
  query.add("scenario", call.option("scenario"))
      .add("ip", call.option("ip"))
      .add("range", call.option("range"));
  if (call.has("no-simu")) query.add("simulated", "false");
  if (call.has("contained")) query.add("contains", "false");
  const auto answer = ask_json(call, "GET", "/v1/alerts" + query.text());
  if (!answer) return fail(answer.error());
  size_t skipped = 0;
  const json::array alerts = filtered(call, *answer, skipped);
  if (call.format == Format::json) {
    print_json(alerts);
    return 0;
  }
  const bool raw = call.format == Format::raw;
  Table table(raw ? std::vector<std::string>{"id", "source", "ip", "reason", "action", "country", "as",
                                             "events_count", "expiration", "simulated", "alert_id"}
                  : std::vector<std::string>{"ID", "Source", "Scope:Value", "Reason", "Action", "Country",
                                             "AS", "Events", "expiration", "Alert ID"});
  for (const json::value& alert : alerts) {
    const json::value& source = at(alert, "source");
    for (const json::value& decision : array_of(alert, "decisions")) {
      const std::string simulated = true_of(decision, "simulated") ? "true" : "false";
      std::vector<std::string> row{text_of(decision, "id"),
                                   text_of(decision, "origin"),
                                   text_of(decision, "scope") + ":" + text_of(decision, "value"),
                                   text_of(decision, "scenario"),
                                   (!raw && simulated == "true" ? "(simul)" : "") + text_of(decision, "type"),
                                   text_of(source, "cn"),
                                   as_text(source),
                                   text_of(alert, "events_count"),
                                   text_of(decision, "duration")};
      if (raw) row.push_back(simulated);
      row.push_back(text_of(alert, "id"));
      table.add(std::move(row));
    }
  }
  if (raw) {
    print(table.csv());
  } else if (table.empty()) {
    print("No active decisions\n");
  } else {
    print(table.human(boxes_wanted()));
    if (skipped > 0) print(fmt::format("{} duplicated entries skipped\n", skipped));
  }
  return 0;
}

}  // namespace

extern const Command decisions_list_command;
const Command decisions_list_command{"decisions list",
                                     "What is in force, newest alert first",
                                     "  testudo decisions list\n  testudo decisions list -i 192.0.2.7\n  "
                                     "testudo decisions list --origin cscli -o json\n"
                                     "  testudo decisions list -r 192.0.2.0/24 --contained -o raw",
                                     flags,
                                     "",
                                     0,
                                     0,
                                     run};

}  // namespace testudo::cli
