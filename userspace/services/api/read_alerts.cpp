#include <fmt/format.h>
#include <sys/random.h>

#include "api/filters.h"
#include "api/json_value.h"
#include "api/read_json.h"
#include "base/text.h"
#include "decide/terms.h"

namespace testudo {
namespace {

using namespace json_value;

constexpr size_t kName = 255, kText = 4096, kMetaValue = 2048;
constexpr size_t kEvents = 1000, kMetas = 256, kDecisions = 50000, kEventBytes = 8191;
constexpr Duration kLongest = 876000h;  // a hundred years: "for ever" in a way that every client can count

std::string random_uuid() {
  uint8_t b[16];
  if (::getrandom(b, sizeof b, 0) != ssize_t(sizeof b)) return stable_uuid(fmt::format("{}", monotonic_ns()));
  b[6] = uint8_t((b[6] & 0x0f) | 0x40);
  b[8] = uint8_t((b[8] & 0x3f) | 0x80);
  return fmt::format(
      "{:02x}{:02x}{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}{:02x}{:02x}{:02x}{:02x}",
      b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

/// At most `limit` bytes, cut between characters, with a mark that says so.
std::string cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) return std::string(text);
  while (limit > 0 && (uint8_t(text[limit]) & 0xc0) == 0x80) --limit;
  return std::string(text.substr(0, limit)) + "<stripped>";
}

Result<MetaPairs> read_meta(const json::array& items, size_t value_limit) {
  MetaPairs out;
  for (const json::value& item : items) {
    if (!item.is_object()) return Error{Code::bad_input, "meta must be an array of {key, value}"};
    TESTUDO_TRY(std::string key, text(item.get_object(), "key", kText, false));
    const json::value* value = find(item.get_object(), "value");
    if (value && !value->is_string()) return Error{Code::bad_input, "value of a meta must be a string"};
    if (out.size() == kMetas) break;
    const std::string_view all =
        value ? std::string_view(value->get_string().data(), value->get_string().size()) : "";
    out.emplace_back(cut(key, kName), cut(all, value_limit));
  }
  return out;
}

/// One event's meta stays within what CrowdSec's schema holds: long values are cut shorter and shorter, and
/// what is too large even then loses its meta rather than the alert.
void fit_event(AlertEvent& event) {
  const auto bytes = [&] {
    size_t sum = 2;
    for (const auto& [key, value] : event.meta) sum += key.size() + value.size() + 21;
    return sum;
  };
  for (size_t limit = kMetaValue; bytes() > kEventBytes; limit /= 2) {
    if (limit < 16) return event.meta.clear();
    for (auto& [key, value] : event.meta) value = cut(value, limit);
  }
}

/// Parameters of the type, for the kernel and for bouncers of ours: kept as they are. Who decides looks at
/// what they say.
Result<std::string> read_params_text(const json::object& object) {
  const json::value* params = find(object, "params");
  if (!params) return std::string();
  if (!params->is_object()) return Error{Code::bad_input, "params of a decision must be an object"};
  if (params->get_object().empty()) return std::string();
  std::string text = json_value::write(*params);
  if (text.size() > kLongestParams)
    return Error{Code::bad_input, fmt::format("params of a decision have {} bytes, at most {} are taken",
                                              text.size(), kLongestParams)};
  return text;
}

Result<Decision> read_decision(const json::object& object, TimePoint stop, TimePoint now, bool simulated) {
  Decision out;
  TESTUDO_TRY(const std::string duration, text(object, "duration", kName, true));
  TESTUDO_TRY(out.origin, text(object, "origin", kName, true));
  TESTUDO_TRY(out.scenario, text(object, "scenario", kText, true));
  TESTUDO_TRY(const std::string scope, text(object, "scope", kName, true));
  TESTUDO_TRY(out.type, text(object, "type", kName, true));
  TESTUDO_TRY(out.value, text(object, "value", kName, true));
  TESTUDO_TRY(out.params, read_params_text(object));
  const auto length = parse_duration(duration);
  if (!length)
    return Error{Code::bad_input,
                 fmt::format("duration '{}' is not a duration", duration),
                 {},
                 "write it as 30m, 4h or 7d"};
  if (*length <= Duration::zero() || *length > kLongest)
    return Error{Code::bad_input,
                 fmt::format("duration '{}' must be more than 0 and at most 876000h", duration)};
  if (out.origin.empty()) out.origin = "cscli";
  if (out.type.empty())
    return Error{Code::bad_input, "type of a decision must not be empty", {}, "the usual one is ban"};
  const std::string type = lower_ascii(out.type);
  // Some bouncers block on whatever they find, so that such a decision would do the opposite of what it says.
  if (type == "whitelist" || type == "allow" || type == "allowlist")
    return Error{Code::bad_input,
                 fmt::format("a decision cannot be of type '{}'", out.type),
                 {},
                 fmt::format("testudo allowlists add NAME {}", out.value)};
  out.scope = normalize_scope(scope);
  if (out.value.empty()) return Error{Code::bad_input, "value of a decision must not be empty"};
  if (out.scope == "Ip" || out.scope == "Range") {
    out.prefix = parse_target_prefix(out.value);
    if (!out.prefix)
      return Error{Code::bad_input, fmt::format("{} is not a valid address or range", out.value)};
  }
  out.duration = *length;
  out.until = stop + *length;
  out.created_at = now;
  out.simulated = simulated;
  out.uuid = random_uuid();
  return out;
}

Result<AlertSource> read_source(const json::object& object) {
  AlertSource out;
  TESTUDO_TRY(const std::string scope, text(object, "scope", kName, true));
  TESTUDO_TRY(out.value, text(object, "value", kName, true));
  TESTUDO_TRY(out.ip, text(object, "ip", kName, false));
  TESTUDO_TRY(out.range, text(object, "range", kName, false));
  TESTUDO_TRY(out.as_number, text(object, "as_number", kName, false));
  TESTUDO_TRY(out.as_name, text(object, "as_name", kName, false));
  TESTUDO_TRY(out.cn, text(object, "cn", kName, false));
  out.scope = normalize_scope(scope);
  out.latitude = real(object, "latitude");
  out.longitude = real(object, "longitude");
  return out;
}

Result<void> read_events(const json::array& events, Alert& alert) {
  for (const json::value& item : events) {
    if (!item.is_object()) return Error{Code::bad_input, "events must be an array of objects"};
    AlertEvent event;
    TESTUDO_TRY(event.timestamp, text(item.get_object(), "timestamp", kName, true));
    TESTUDO_TRY(const json::array* meta, array(item.get_object(), "meta", true));
    TESTUDO_TRY(event.meta, read_meta(*meta, kMetaValue));
    fit_event(event);
    if (alert.events.size() < kEvents) alert.events.push_back(std::move(event));
  }
  return {};
}

Result<Alert> read_alert(const json::object& object, TimePoint now) {
  Alert out;
  TESTUDO_TRY(out.scenario, text(object, "scenario", kText, true));
  TESTUDO_TRY(out.scenario_hash, text(object, "scenario_hash", kName, true));
  TESTUDO_TRY(out.scenario_version, text(object, "scenario_version", kName, true));
  TESTUDO_TRY(out.message, text(object, "message", 65536, true));
  TESTUDO_TRY(out.events_count, int32(object, "events_count", true));
  TESTUDO_TRY(out.start_text, text(object, "start_at", kName, true));
  TESTUDO_TRY(out.stop_text, text(object, "stop_at", kName, true));
  TESTUDO_TRY(out.capacity, int32(object, "capacity", true));
  TESTUDO_TRY(out.leakspeed, text(object, "leakspeed", kName, true));
  TESTUDO_TRY(out.simulated, boolean(object, "simulated", true));
  TESTUDO_TRY(out.remediation, boolean(object, "remediation", false));
  TESTUDO_TRY(out.kind, text(object, "kind", kName, false));
  out.message = cut(out.message, kText);
  if (out.simulated) out.simulated_why = "simulation";

  const auto start = parse_rfc3339(out.start_text), stop = parse_rfc3339(out.stop_text);
  const auto usable = [&](const Result<TimePoint>& time) {
    return time.ok() && *time >= TimePoint{} && *time <= now + 1h;
  };
  out.start_at = usable(start) ? *start : now;
  out.stop_at = usable(stop) ? *stop : now;
  if (!usable(start)) out.start_text.clear();
  if (!usable(stop)) out.stop_text.clear();

  TESTUDO_TRY(const json::array* events, array(object, "events", true));
  TESTUDO_CHECK(read_events(*events, out));
  const json::value* source = find(object, "source");
  if (!source || !source->is_object()) return Error{Code::bad_input, "source in body is required"};
  TESTUDO_TRY(out.source, read_source(source->get_object()));
  TESTUDO_TRY(const json::array* meta, array(object, "meta", false));
  if (meta) {
    TESTUDO_TRY(out.meta, read_meta(*meta, 4095));
  }
  TESTUDO_TRY(const json::array* labels, array(object, "labels", false));
  if (labels) {
    for (const json::value& label : *labels)
      if (label.is_string() && out.labels.size() < 64)
        out.labels.push_back(cut(std::string_view(label.get_string()), kName));
  }

  TESTUDO_TRY(const json::array* decisions, array(object, "decisions", false));
  if (decisions && decisions->size() > kDecisions)
    return Error{Code::bad_input,
                 fmt::format("{} decisions in one alert, the limit is {}", decisions->size(), kDecisions)};
  std::optional<Error> first_problem;
  static const json::array none;
  for (const json::value& item : decisions ? *decisions : none) {
    if (!item.is_object()) return Error{Code::bad_input, "decisions must be an array of objects"};
    auto decision = read_decision(item.get_object(), out.stop_at, now, out.simulated);
    if (decision)
      out.decisions.push_back(std::move(*decision));
    else if (!first_problem)
      first_problem = decision.error();
  }
  // One bad address among a thousand imported ones does not spoil the rest; an alert that is left without any
  // must not be judged by the profiles instead.
  if (out.decisions.empty() && first_problem) return *first_problem;

  const bool by_hand = !out.decisions.empty() && out.decisions.front().origin.starts_with("cscli");
  if (out.kind.empty()) out.kind = by_hand ? "cscli" : "crowdsec";
  out.uuid = random_uuid();
  out.created_at = now;
  return out;
}

bool posted_by_hand(const json::object& alert) {
  const json::value* decisions = find(alert, "decisions");
  if (!decisions || !decisions->is_array() || decisions->get_array().empty()) return false;
  const json::value& first = decisions->get_array().front();
  if (!first.is_object()) return false;
  const json::value* origin = find(first.get_object(), "origin");
  return origin && origin->is_string() && origin->get_string() == "cscli";
}

}  // namespace

Result<ReadAlerts> read_alerts(std::string_view body, TimePoint now) {
  TESTUDO_TRY(const json::value document, parse(body));
  if (document.is_null()) return ReadAlerts{};
  if (!document.is_array())
    return Error{Code::bad_input,
                 fmt::format("json: cannot unmarshal {} into Go value of type models.AddAlertsRequest",
                             document.is_object()   ? "object"
                             : document.is_string() ? "string"
                             : document.is_bool()   ? "bool"
                                                    : "number")};
  ReadAlerts out;
  size_t index = 0;
  for (const json::value& item : document.get_array()) {
    Result<Alert> alert = item.is_object()
                              ? read_alert(item.get_object(), now)
                              : Result<Alert>(Error{Code::bad_input, "an alert must be an object"});
    if (alert) {
      out.alerts.push_back(std::move(*alert));
    } else {
      Error error = alert.error();
      if (document.get_array().size() > 1) error.message = fmt::format("alert {}: {}", index, error.message);
      out.skipped.push_back({std::move(error), item.is_object() && posted_by_hand(item.get_object())});
    }
    ++index;
  }
  return out;
}

}  // namespace testudo
