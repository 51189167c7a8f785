#include <fmt/format.h>

#include "answer.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "model/decision.h"
#include "table.h"

namespace testudo::cli {
namespace {

constexpr Flag flags[] = {
    {"-i,--ip", "ADDRESS", "Address (short for --scope Ip --value ADDRESS)"},
    {"-r,--range", "PREFIX", "Range (short for --scope Range --value PREFIX)"},
    {"-d,--duration", "DURATION", "How long: 30m, 4h, 7d", "4h"},
    {"-v,--value", "VALUE", "Value in the scope"},
    {"--scope", "SCOPE", "Scope: Ip, Range, Country, AS or another", "Ip"},
    {"-R,--reason", "TEXT", "Why; shown by list and why"},
    {"-t,--type", "TYPE", "What is done: ban, captcha, throttle", "ban"},
    {"--force", "",
     "Ban a very wide range or an address of this machine all the same; the allowlist still wins"},
};

std::string posted(const std::string& scope, const std::string& value, const Invocation& call) {
  const std::string type = *call.option("type"), stamp = format_rfc3339_seconds(now());
  const std::string reason = call.option("reason").value_or(fmt::format("manual '{}' from 'testudo'", type));
  JsonWriter json;
  json.begin_array().begin_object().field("capacity", 0).key("decisions").begin_array().begin_object();
  json.field("duration", *call.option("duration")).field("origin", "cscli").field("scenario", reason);
  json.field("scope", scope).field("type", type).field("value", value).end_object().end_array();
  json.key("events")
      .begin_array()
      .end_array()
      .field("events_count", 1)
      .field("kind", "cscli")
      .field("leakspeed", "0");
  json.field("message", reason)
      .field("remediation", true)
      .field("scenario", reason)
      .field("scenario_hash", "");
  json.field("scenario_version", "").field("simulated", false).key("source").begin_object();
  if (normalize_scope(scope) == "Ip") json.field("ip", value);
  json.field("scope", scope)
      .field("value", value)
      .end_object()
      .field("start_at", stamp)
      .field("stop_at", stamp);
  return json.end_object().end_array().take();
}

int run(const Invocation& call) {
  std::string scope = *call.option("scope"), value = call.option("value").value_or("");
  if (const auto ip = call.option("ip")) {
    scope = "Ip";
    value = *ip;
  } else if (const auto range = call.option("range")) {
    scope = "Range";
    value = *range;
  }
  if (value.empty()) return fail_usage("a value is required (--ip, --range or --scope and --value)");
  const auto answer = ask_json(call, "POST", call.has("force") ? "/v1/alerts?force=true" : "/v1/alerts",
                               posted(scope, value, call));
  if (!answer) return fail(answer.error());
  const json::array& ids = as_array(*answer);
  if (ids.empty() || !ids[0].is_string())
    return fail(
        {Code::refused, fmt::format("{} was not stored", value), {}, "journalctl -u testudo says why"});
  const std::string id(ids[0].get_string());
  if (call.format == Format::json)
    print(JsonWriter().begin_object().field("alert_id", id).end_object().take() + "\n");
  else if (call.format == Format::raw)
    print(id + "\n");
  else
    print(fmt::format("Decision added: {} {}:{} for {} (alert {})\n",
                      escape_for_terminal(*call.option("type")), escape_for_terminal(scope),
                      escape_for_terminal(value), escape_for_terminal(*call.option("duration")), id));
  return 0;
}

}  // namespace

extern const Command decisions_add_command;
const Command decisions_add_command{"decisions add",
                                    "Ban an address, a range or anything else by hand",
                                    "  testudo decisions add --ip 192.0.2.7\n  testudo decisions add --range "
                                    "192.0.2.0/24 --duration 7d --reason 'port scans'\n"
                                    "  testudo decisions add --scope Country --value FR --type captcha",
                                    flags,
                                    "",
                                    0,
                                    0,
                                    run};

}  // namespace testudo::cli
