// testudo decisions list | add | delete | flush
#include <cstdio>
#include <cstdlib>

#include "ask.h"
#include "base/ip.h"
#include "base/text.h"
#include "base/time.h"
#include "commands.h"
#include "decide/effect.h"
#include "decision_view.h"
#include "model/decision.h"
#include "table.h"

namespace testudo::cli {
namespace {
using Kind = OptionSpec::Kind;

constexpr OptionSpec kList[] = {
    {"-a,--all", "no limit", Kind::flag},
    {"-i,--ip", "decisions that cover this address"},
    {"-r,--range", "decisions that cover this range"},
    {"-v,--value", "exactly this value"},
    {"--scope", "Ip, Range, AS, Country …"},
    {"-t,--type", "ban, captcha …"},
    {"--origin", "crowdsec (by detection), cscli (by hand) …"},
    {"-s,--scenario", "of this scenario"},
    {"--since", "of alerts that began at most this long ago (4h, 7d)"},
    {"--until", "of alerts that began at least this long ago"},
    {"-l,--limit", "at most so many alerts (default 100)"},
    {"--no-simu", "leave simulated ones out", Kind::flag},
    {"--contained", "with --ip or --range: decisions inside it, not around it", Kind::flag},
};

int list(Context& context, const Args& args) {
  auto filter = DecisionView::read(args);
  if (!filter) return usage(filter.error().message);
  // Alerts are narrowed by the daemon, decisions here: an alert that fits may have decisions that do not. The
  // limit counts what is shown, so it is applied last.
  const std::string target = "/v1/alerts" + query({{"has_active_decision", "true"},
                                                   {"ip", args.text("ip")},
                                                   {"range", args.text("range")},
                                                   {"contains", args.flag("contained") ? "false" : ""},
                                                   {"decision_type", args.text("type")},
                                                   {"origin", args.text("origin")},
                                                   {"scenario", args.text("scenario")},
                                                   {"since", args.text("since")},
                                                   {"until", args.text("until")},
                                                   {"simulated", args.flag("no-simu") ? "false" : ""},
                                                   {"limit", filter->server_limit()}});
  auto answer = ask(context, "GET", target);
  if (!answer) return fail(answer.error());
  const json::array alerts = filter->apply(items(*answer));
  const std::string skipped =
      filter->duplicates ? std::to_string(filter->duplicates) + " duplicated entries skipped" : "";
  if (context.output == Output::json) {
    print_json(alerts);
    if (!skipped.empty()) std::fprintf(stderr, "%s\n", skipped.c_str());
    return 0;
  }
  const bool raw = context.output == Output::raw;
  Table table({"ID", "Source", "Scope:Value", "Reason", "Action", "Country", "AS", "Events", "Expiration",
               "Alert ID"});
  for (const json::value& alert : alerts)
    for (const json::value& d : items(alert, "decisions")) {
      const bool simulated = text(d, "simulated") == "true";
      const std::string as =
          text(alert, "source", "as_number") +
          (text(alert, "source", "as_name").empty() ? "" : " " + text(alert, "source", "as_name"));
      std::string action = (simulated && !raw ? "(simul)" : "") + text(d, "type");
      if (const std::string terms = raw ? "" : shown_terms(d); !terms.empty()) action += " " + terms;
      std::vector<std::string> row = {text(d, "id"),
                                      text(d, "origin"),
                                      text(d, "scope") + ":" + text(d, "value"),
                                      text(d, "scenario"),
                                      action,
                                      text(alert, "source", "cn"),
                                      as,
                                      text(alert, "events_count"),
                                      text(d, "duration")};
      if (raw) row.push_back(simulated ? "true" : "false");
      row.push_back(text(alert, "id"));
      table.row(std::move(row));
    }
  if (raw)
    table.print_raw({"id", "source", "ip", "reason", "action", "country", "as", "events_count", "expiration",
                     "simulated", "alert_id"});
  else if (table.empty())
    std::puts("No active decisions");
  else
    table.print_human();
  if (!skipped.empty()) std::fprintf(raw ? stderr : stdout, "%s\n", skipped.c_str());
  return 0;
}

constexpr OptionSpec kAdd[] = {
    {"-i,--ip", "address to ban"},
    {"-r,--range", "range to ban"},
    {"-v,--value", "value of another scope"},
    {"--scope", "scope of --value (default Ip)"},
    {"-d,--duration", "how long: 30m, 4h, 7d (default 4h)"},
    {"-t,--type", "ban, throttle, sample, captcha … (default ban)"},
    {"-R,--reason", "shown in lists (default manual 'TYPE')"},
    {"--rate", "throttle: 100/s, 6000/m, 2MB/s"},
    {"--burst", "throttle: so many at once (default a second's worth)"},
    {"--protocol", "only tcp, udp, icmp …"},
    {"--ports", "only to this port or range: 22, 8000-8100"},
    {"--direction", "in or both (default in); both needs enforce.outgoing"},
    {"--sample", "sample: tell one packet in so many"},
    {"--reject", "ban: answer TCP with RST, so that clients fail fast", Kind::flag},
    {"--force",
     "also a very wide range, a published CDN address or your own country; never against an allowlist",
     Kind::flag},
};

/// What narrows the decision, as the daemon reads it; empty when nothing does.
Result<std::string> params_of(const Args& args) {
  json::object params;
  for (const char* name : {"rate", "burst", "protocol", "ports", "direction", "sample"})
    if (args.has(name)) params[name] = args.text(name);
  if (args.flag("reject")) params["reject"] = true;
  if (params.empty()) return std::string();
  std::string text = json::serialize(params);
  TESTUDO_CHECK(effect_of(args.text("type", "ban"), text, false));
  return text;
}

/// A country or an AS whose prefixes are not in the kernel: nothing is dropped for it, and whoever added it
/// should know.
void warn_if_not_in_kernel(Context& context, const std::string& scope, const std::string& value) {
  if (scope != "Country" && scope != "AS") return;
  const auto areas = ask(context, "GET", "/v1/testudo/scopes");
  if (!areas) return;
  const json::array& rows = items(*areas);
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    if (text(*row, "scope") != scope || text(*row, "value") != value) continue;
    const std::string problem = text(*row, "problem");
    if (!problem.empty())
      std::fprintf(stderr, "warning: not in the kernel: %s\n", escape_for_terminal(problem).c_str());
    else if (context.output == Output::human)
      std::printf(
          "In the kernel: %s, %s addresses of IPv4\n",
          counted(std::strtoull(text(*row, "prefixes").c_str(), nullptr, 10), "prefix", "prefixes").c_str(),
          text(*row, "addresses").c_str());
    return;
  }
}

int add(Context& context, const Args& args) {
  std::string scope = args.text("scope", "Ip"), value = args.text("value");
  const std::string ip = args.text("ip"), range = args.text("range");
  if (!ip.empty()) {
    if (!Ip::parse(ip)) return usage(ip + " is not a valid ip");
    scope = "Ip";
    value = ip;
  } else if (!range.empty()) {
    if (!Prefix::parse(range)) return usage(range + " is not a valid range");
    scope = "Range";
    value = range;
  }
  if (value.empty())
    return usage("missing arguments, a value is required (--ip, --range or --scope and --value)");
  const std::string duration = args.text("duration", "4h"), type = args.text("type", "ban");
  if (auto d = parse_duration(duration); !d) return usage(d.error().text());
  const auto params = params_of(args);
  if (!params) return usage(params.error().text());
  if (remediation_of(type) == Remediation::throttle && !args.has("rate"))
    return usage("a throttle needs --rate, as in --rate 100/s");
  const std::string reason = args.text("reason", "manual '" + type + "'");
  const std::string at = format_rfc3339_seconds(now());
  json::object source{{"scope", normalize_scope(scope)}, {"value", value}};
  if (scope == "Ip") source["ip"] = value;
  if (scope == "Range") source["range"] = value;
  json::object decision{{"duration", duration}, {"origin", "cscli"},
                        {"scenario", reason},   {"scope", normalize_scope(scope)},
                        {"type", type},         {"value", value}};
  if (!params->empty()) decision["params"] = json::parse(*params);
  const json::array body{json::object{{"scenario", reason},
                                      {"scenario_hash", ""},
                                      {"scenario_version", ""},
                                      {"message", reason},
                                      {"events_count", 1},
                                      {"start_at", at},
                                      {"stop_at", at},
                                      {"capacity", 0},
                                      {"leakspeed", "0"},
                                      {"simulated", false},
                                      {"remediation", true},
                                      {"kind", "cscli"},
                                      {"events", json::array()},
                                      {"source", source},
                                      {"decisions", json::array{decision}}}};
  auto answer = ask(context, "POST", args.flag("force") ? "/v1/alerts?force=true" : "/v1/alerts",
                    json::serialize(body));
  if (!answer) return fail(answer.error());
  if (items(*answer).empty())
    return fail(Error{
        Code::refused, "no decision was added for " + value, {}, "`testudo why " + value + "` may say more"});
  if (context.output == Output::human)
    std::puts("Decision successfully added");
  else
    print_json(*answer);
  warn_if_not_in_kernel(context, normalize_scope(scope), value);
  return 0;
}

constexpr OptionSpec kDelete[] = {
    {"-i,--ip", "all that cover this address, ranges too"},
    {"-r,--range", "all that cover this range"},
    {"-v,--value", "exactly this value"},
    {"--scope", "of this scope"},
    {"-t,--type", "of this type"},
    {"-s,--scenario", "of this scenario"},
    {"--origin", "of this origin"},
    {"--contained", "with --ip or --range: those inside it, not around it", Kind::flag},
    {"--id", "this one"},
    {"--all", "all of them", Kind::flag},
};

int remove(Context& context, const Args& args) {
  std::string target;
  if (args.has("id")) {
    target = "/v1/decisions/" + encode(args.text("id"));
  } else {
    const std::string filter = query({{"ip", args.text("ip")},
                                      {"range", args.text("range")},
                                      {"contains", args.flag("contained") ? "false" : ""},
                                      {"value", args.text("value")},
                                      {"scopes", args.text("scope")},
                                      {"type", args.text("type")},
                                      {"scenario", args.text("scenario")},
                                      {"origin", args.text("origin")}});
    if (args.flag("contained") && !args.has("ip") && !args.has("range"))
      return usage("--contained needs --ip or --range");
    if (filter.empty() && !args.flag("all")) return usage("at least one filter or --all must be specified");
    target = "/v1/decisions" + filter;
  }
  auto answer = ask(context, "DELETE", target);
  if (!answer) return fail(answer.error());
  if (context.output == Output::human)
    std::printf("%s decision(s) deleted\n", text(*answer, "nbDeleted").c_str());
  else
    print_json(*answer);
  return 0;
}

int flush(Context& context, const Args&) {
  auto answer = ask(context, "DELETE", "/v1/decisions");
  if (!answer) return fail(answer.error());
  if (context.output == Output::human)
    std::printf("%s decision(s) ended; new attacks are banned as before\n",
                text(*answer, "nbDeleted").c_str());
  else
    print_json(*answer);
  return 0;
}

}  // namespace

extern const Command decisions_list_command{
    "decisions list", "who is banned now",
    "  testudo decisions list\n  testudo decisions list --ip 203.0.113.7 -o json\n", kList, list};
extern const Command decisions_add_command{"decisions add",
                                           "ban or throttle an address, a range, a country or an AS by hand",
                                           "  testudo decisions add --ip 203.0.113.7\n  testudo decisions "
                                           "add --range 203.0.113.0/24 --duration 7d --reason 'spam wave'\n"
                                           "  testudo decisions add --ip 203.0.113.7 --type throttle --rate "
                                           "100/s --protocol tcp --ports 22\n"
                                           "  testudo decisions add --scope Country --value XX\n",
                                           kAdd, add};
extern const Command decisions_delete_command{
    "decisions delete", "lift bans",
    "  testudo decisions delete --ip 203.0.113.7\n  testudo decisions delete --id 42\n", kDelete, remove};
extern const Command decisions_flush_command{"decisions flush",
                                             "lift every ban, in the store and in the kernel",
                                             "  testudo decisions flush\n",
                                             {},
                                             flush};

}  // namespace testudo::cli
