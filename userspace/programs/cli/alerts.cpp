// testudo alerts list | inspect
#include <cstdio>
#include <map>

#include "ask.h"
#include "base/text.h"
#include "commands.h"
#include "table.h"

namespace testudo::cli {
namespace {
using Kind = OptionSpec::Kind;

constexpr OptionSpec kList[] = {
    {"-a,--all", "no limit", Kind::flag},
    {"-i,--ip", "with a decision that covers this address"},
    {"-r,--range", "with a decision that covers this range"},
    {"-v,--value", "of exactly this source"},
    {"--scope", "Ip, Range …"},
    {"-s,--scenario", "of this scenario"},
    {"--type", "with a decision of this type"},
    {"--origin", "with a decision of this origin"},
    {"--since", "that began at most this long ago (4h, 7d)"},
    {"--until", "that began at least this long ago"},
    {"-l,--limit", "at most so many (default 50)"},
};

/// "ban:1 captcha:2", "(simul)ban:1".
std::string decisions_of(const json::value& alert) {
  std::map<std::string, int> count;
  for (const json::value& d : items(alert, "decisions"))
    ++count[(text(d, "simulated") == "true" ? "(simul)" : "") + text(d, "type")];
  std::string out;
  for (const auto& [type, n] : count) out += (out.empty() ? "" : " ") + type + ":" + std::to_string(n);
  return out;
}

int list(Context& context, const Args& args) {
  auto answer = ask(context, "GET",
                    "/v1/alerts" + query({{"ip", args.text("ip")},
                                          {"range", args.text("range")},
                                          {"value", args.text("value")},
                                          {"scope", args.text("scope")},
                                          {"scenario", args.text("scenario")},
                                          {"decision_type", args.text("type")},
                                          {"origin", args.text("origin")},
                                          {"since", args.text("since")},
                                          {"until", args.text("until")},
                                          {"limit", args.flag("all") ? "0" : args.text("limit", "50")}}));
  if (!answer) return fail(answer.error());
  if (context.output == Output::json) {
    print_json(answer->is_null() ? json::value(json::array()) : *answer);
    return 0;
  }
  const bool raw = context.output == Output::raw;
  Table table({"ID", "Value", "Reason", "Country", "AS", "Decisions", "Created at", "Kind"});
  for (const json::value& a : items(*answer)) {
    const std::string as = text(a, "source", "as_number") +
                           (text(a, "source", "as_name").empty() ? "" : " " + text(a, "source", "as_name"));
    if (raw)
      table.row({text(a, "id"), text(a, "source", "scope"), text(a, "source", "value"), text(a, "scenario"),
                 text(a, "source", "cn"), as, decisions_of(a), text(a, "created_at"), text(a, "kind")});
    else
      table.row({text(a, "id"), text(a, "source", "scope") + ":" + text(a, "source", "value"),
                 text(a, "scenario"), text(a, "source", "cn"), as, decisions_of(a), text(a, "created_at"),
                 text(a, "kind")});
  }
  if (raw)
    table.print_raw({"id", "scope", "value", "reason", "country", "as", "decisions", "created_at", "kind"});
  else if (table.empty())
    std::puts("No active alerts");
  else
    table.print_human();
  return 0;
}

constexpr OptionSpec kInspect[] = {
    {"ID", "alert ids, as `alerts list` shows them", Kind::positionals, true},
    {"-d,--details", "every event with its fields", Kind::flag},
};

void show(const json::value& a, bool details) {
  const auto line = [](const char* name, const std::string& value) {
    std::printf(" - %-13s: %s\n", name, escape_for_terminal(value).c_str());
  };
  std::puts("");
  line("ID", text(a, "id"));
  line("Date", text(a, "created_at"));
  line("Machine", text(a, "machine_id"));
  line("Simulation", text(a, "simulated"));
  line("Remediation", text(a, "remediation").empty() ? "false" : text(a, "remediation"));
  line("Reason", text(a, "scenario"));
  line("Events Count", text(a, "events_count"));
  line("Scope:Value", text(a, "source", "scope") + ":" + text(a, "source", "value"));
  line("Country", text(a, "source", "cn"));
  line("AS", text(a, "source", "as_name"));
  line("Begin", text(a, "start_at"));
  line("End", text(a, "stop_at"));
  line("UUID", text(a, "uuid"));
  Table decisions({"ID", "Scope:Value", "Action", "Expiration"});
  for (const json::value& d : items(a, "decisions"))
    if (!text(d, "duration").starts_with('-'))
      decisions.row({text(d, "id"), text(d, "scope") + ":" + text(d, "value"),
                     (text(d, "simulated") == "true" ? "(simul)" : "") + text(d, "type"),
                     text(d, "duration")});
  if (!decisions.empty()) {
    std::puts("\n - Active decisions:");
    decisions.print_human();
  }
  if (!details) return;
  for (const json::value& event : items(a, "events")) {
    std::printf("\n - Event at %s\n", escape_for_terminal(text(event, "timestamp")).c_str());
    Table fields({"Key", "Value"});
    for (const json::value& pair : items(event, "meta")) fields.row({text(pair, "key"), text(pair, "value")});
    fields.print_human();
  }
}

int inspect(Context& context, const Args& args) {
  json::array all;
  for (const std::string& id : args.list("ID")) {
    auto answer = ask(context, "GET", "/v1/alerts/" + encode(id));
    if (!answer)
      return fail(Error{Code::not_found,
                        "can't find alert with id " + id + ": " + answer.error().message,
                        {},
                        answer.error().remedy});
    all.push_back(std::move(*answer));
  }
  if (context.output != Output::human) {
    print_json(all.size() == 1 ? all[0] : json::value(all));
    return 0;
  }
  for (const json::value& alert : all) show(alert, args.flag("details"));
  return 0;
}

}  // namespace

extern const Command alerts_list_command{
    "alerts list", "what was seen lately",
    "  testudo alerts list --since 24h\n  testudo alerts list --value 203.0.113.7\n", kList, list};
extern const Command alerts_inspect_command{"alerts inspect", "one alert with its decisions and events",
                                            "  testudo alerts inspect 42 --details\n", kInspect, inspect};

}  // namespace testudo::cli
