#include "api/model_json.h"

#include "base/text.h"

namespace testudo {
namespace {

/// The zero time of Go: what clients take for "no expiry".
constexpr std::string_view kNever = "0001-01-01T00:00:00.000Z";

void write_meta(JsonWriter& json, const MetaPairs& meta) {
  json.begin_array();
  for (const auto& [key, value] : meta)
    json.begin_object().field("key", key).field("value", value).end_object();
  json.end_array();
}

/// Ours, and absent from nearly all decisions: what CrowdSec's clients are told stays as they know it.
void write_params(JsonWriter& json, const Decision& decision) {
  if (!decision.params.empty()) json.key("params").raw(decision.params);
}

void write_decision(JsonWriter& json, const Decision& decision, TimePoint now, bool inside_alert) {
  json.begin_object().field("duration", time_left(decision.until, now));
  if (decision.id != 0) json.field("id", decision.id);
  json.field("origin", decision.origin);
  write_params(json, decision);
  json.field("scenario", decision.scenario).field("scope", decision.scope);
  if (inside_alert) json.field("simulated", decision.simulated);
  json.field("type", decision.type).field("value", decision.value).end_object();
}

void write_source(JsonWriter& json, const AlertSource& source) {
  const auto optional = [&](const char* name, const std::string& text) {
    if (!text.empty()) json.field(name, text);
  };
  json.begin_object();
  optional("as_name", source.as_name);
  optional("as_number", source.as_number);
  optional("cn", source.cn);
  optional("ip", source.ip);
  if (source.latitude != 0) json.field("latitude", source.latitude);
  if (source.longitude != 0) json.field("longitude", source.longitude);
  optional("range", source.range);
  json.field("scope", source.scope).field("value", source.value).end_object();
}

/// CrowdSec shows the times of events as Go prints them; what is no time is shown as it is.
std::string event_time(const std::string& text) {
  const auto time = parse_rfc3339(text);
  return time ? format_go_time(*time) : text;
}

/// `own` adds what only we know: the line that overflowed, and why an alert was only simulated.
void write_alert(JsonWriter& json, const Alert& alert, TimePoint now, bool with_decisions, bool own) {
  json.begin_object()
      .field("capacity", alert.capacity)
      .field("created_at", format_rfc3339_seconds(alert.created_at));
  json.key("decisions");
  if (!with_decisions || alert.decisions.empty()) {
    json.null();
  } else {
    json.begin_array();
    for (const Decision& decision : alert.decisions) write_decision(json, decision, now, true);
    json.end_array();
  }
  json.key("events");
  if (alert.events.empty()) {
    json.null();
  } else {
    json.begin_array();
    for (const AlertEvent& event : alert.events) {
      json.begin_object().key("meta");
      write_meta(json, event.meta);
      json.field("timestamp", event_time(event.timestamp)).end_object();
    }
    json.end_array();
  }
  json.field("events_count", alert.events_count).field("id", alert.id);
  if (!alert.kind.empty()) json.field("kind", alert.kind);
  json.key("labels");
  if (alert.labels.empty()) {
    json.null();
  } else {
    json.begin_array();
    for (const std::string& label : alert.labels) json.value(label);
    json.end_array();
  }
  json.field("leakspeed", alert.leakspeed);
  if (own) json.field("line", alert.line);
  json.field("machine_id", alert.machine_id.empty() ? std::string("N/A") : alert.machine_id);
  json.field("message", alert.message);
  if (!alert.meta.empty()) {
    json.key("meta");
    write_meta(json, alert.meta);
  }
  if (alert.remediation) json.field("remediation", true);
  json.field("scenario", alert.scenario)
      .field("scenario_hash", alert.scenario_hash)
      .field("scenario_version", alert.scenario_version)
      .field("simulated", alert.simulated);
  if (own)
    json.field("simulated_remedy", alert.simulated_why == kNoWitness ? no_witness_remedy(alert) : "")
        .field("simulated_why", alert.simulated_why);
  json.key("source");
  write_source(json, alert.source);
  if (own) json.field("source_name", alert.source_name);
  json.field("start_at", alert.start_text.empty() ? format_rfc3339(alert.start_at) : alert.start_text);
  json.field("stop_at", alert.stop_text.empty() ? format_rfc3339(alert.stop_at) : alert.stop_text);
  if (!alert.uuid.empty()) json.field("uuid", alert.uuid);
  json.end_object();
}

void write_allowlist(JsonWriter& json, const Allowlist& list, bool with_content) {
  json.begin_object().field("created_at", format_rfc3339_millis(list.created_at));
  if (!list.description.empty()) json.field("description", list.description);
  json.key("items").begin_array();
  if (with_content) {
    for (const AllowlistItem& item : list.items) {
      json.begin_object()
          .field("created_at", format_rfc3339_millis(item.created_at))
          .field("description", item.comment)
          .field("expiration",
                 item.expires_at ? format_rfc3339_millis(*item.expires_at) : std::string(kNever))
          .field("value", item.value)
          .end_object();
    }
  }
  json.end_array();
  json.field("name", list.name).field("updated_at", format_rfc3339_millis(list.updated_at)).end_object();
}

void write_full_decision(JsonWriter& json, const Decision& decision, TimePoint now) {
  json.begin_object()
      .field("alert_id", decision.alert_id)
      .field("created_at", format_rfc3339_seconds(decision.created_at))
      .field("duration", time_left(decision.until, now))
      .field("id", decision.id)
      .field("origin", decision.origin);
  write_params(json, decision);
  json.field("scenario", decision.scenario)
      .field("scope", decision.scope)
      .field("simulated", decision.simulated)
      .field("type", decision.type)
      .field("until", format_rfc3339_seconds(decision.until))
      .field("uuid", decision.uuid)
      .field("value", decision.value)
      .end_object();
}

void write_kernel_entry(JsonWriter& json, const KernelEntry& entry) {
  json.begin_object().field("bytes", entry.bytes).field("duration", format_duration_seconds(entry.left));
  json.key("last_hit");
  if (entry.last_hit_unix_ns == 0)
    json.null();
  else
    json.value(format_rfc3339_seconds(from_unix_nanos(entry.last_hit_unix_ns)));
  json.field("origin", entry.origin)
      .field("packets", entry.packets)
      .field("remediation", remediation_name(entry.remediation))
      .field("scenario", entry.scenario)
      .field("value", entry.prefix.text())
      .end_object();
}

}  // namespace

std::string time_left(TimePoint until, TimePoint now) {
  const Duration left = until - now;
  if (left <= Duration::zero()) return format_duration_seconds(left);
  return format_duration_seconds(std::chrono::ceil<std::chrono::seconds>(left));
}

std::string decisions_json(const std::vector<Decision>& decisions, TimePoint now) {
  JsonWriter json;
  if (decisions.empty()) return "null";
  json.begin_array();
  for (const Decision& decision : decisions) write_decision(json, decision, now, false);
  return json.end_array().take();
}

std::string alerts_json(const std::vector<Alert>& alerts, TimePoint now, bool with_decisions) {
  if (alerts.empty()) return "null";
  JsonWriter json;
  json.begin_array();
  for (const Alert& alert : alerts) write_alert(json, alert, now, with_decisions, false);
  return json.end_array().take();
}

std::string alert_json(const Alert& alert, TimePoint now) {
  JsonWriter json;
  write_alert(json, alert, now, true, false);
  return json.take();
}

std::string allowlists_json(const std::vector<Allowlist>& lists, bool with_content) {
  JsonWriter json;
  json.begin_array();
  for (const Allowlist& list : lists) write_allowlist(json, list, with_content);
  return json.end_array().take();
}

std::string allowlist_json(const Allowlist& list, bool with_content) {
  JsonWriter json;
  write_allowlist(json, list, with_content);
  return json.take();
}

std::string why_json(const WhyReport& report, TimePoint now) {
  JsonWriter json;
  json.begin_object().key("active").begin_array();
  for (const Decision& decision : report.active) write_full_decision(json, decision, now);
  json.end_array().field("address", report.address).key("alerts").begin_array();
  for (const Alert& alert : report.alerts) write_alert(json, alert, now, true, true);
  json.end_array().key("allowlisted_by").begin_array();
  for (const std::string& entry : report.allowlisted_by) json.value(entry);
  json.end_array().field("banned", report.banned).key("kernel").begin_array();
  for (const KernelEntry& entry : report.kernel) write_kernel_entry(json, entry);
  json.end_array().key("notes").begin_array();
  for (const std::string& note : report.notes) json.value(note);
  json.end_array().field("protected_by", report.protected_by).key("recent").begin_array();
  for (const Decision& decision : report.recent) write_full_decision(json, decision, now);
  json.end_array().key("unheard").begin_array();
  for (const Unheard& alert : report.unheard) {
    json.begin_object()
        .field("at", format_rfc3339_seconds(alert.at))
        .field("line", alert.line)
        .field("scenario", alert.scenario)
        .field("scope", alert.scope)
        .field("source_name", alert.source_name)
        .field("value", alert.value)
        .field("verdict", verdict_name(alert.verdict))
        .field("why", alert.why)
        .end_object();
  }
  return json.end_array().field("wire", report.wire).end_object().take();
}

std::string areas_json(const std::vector<AreaStatus>& areas) {
  JsonWriter json;
  json.begin_array();
  for (const AreaStatus& area : areas) {
    json.begin_object()
        .field("addresses", area.addresses)
        .field("id", area.id)
        .field("prefixes", area.prefixes)
        .field("problem", area.problem)
        .field("scope", area.scope)
        .field("simulated", area.simulated)
        .field("type", area.type)
        .field("value", area.value)
        .end_object();
  }
  return json.end_array().take();
}

void write_enforce_status(JsonWriter& json, const EnforceStatus& status) {
  json.begin_object()
      .field("adopted", status.adopted)
      .field("allowed", status.allowed)
      .field("backend", status.backend)
      .field("bans", status.bans)
      .field("dropped_bytes", status.dropped_bytes)
      .field("dropped_packets", status.dropped_packets)
      .key("interfaces")
      .begin_array();
  for (const InterfaceStatus& interface : status.interfaces) {
    json.begin_object()
        .field("mode", interface.mode)
        .field("name", interface.name)
        .field("why_not_better", interface.why_not_better)
        .end_object();
  }
  json.end_array().key("last_drop");
  if (status.last_drop_unix_ns == 0)
    json.null();
  else
    json.value(format_rfc3339_seconds(from_unix_nanos(status.last_drop_unix_ns)));
  json.field("passed_packets", status.passed_packets).field("ranges", status.ranges).end_object();
}

void write_witness_status(JsonWriter& json, const WitnessStatus& status) {
  json.begin_object();
  const WitnessRoom room = status.room.value_or(WitnessRoom{});
  json.field("addresses", room.addresses4 + room.addresses6).key("answers").begin_object();
  for (const WitnessAnswer answer :
       {WitnessAnswer::absent, WitnessAnswer::off, WitnessAnswer::seen, WitnessAnswer::unknown})
    json.field(witness_answer_name(answer), status.answers[size_t(answer)]);
  json.end_object().field("on", status.on).field("room", room.room).key("since");
  if (status.room)
    json.value(format_rfc3339_seconds(room.since));
  else
    json.null();
  json.field("why_off", status.why_off).field("window", format_duration_short(status.window)).end_object();
}

std::string kernel_json(const EnforceStatus& status, const std::vector<KernelEntry>& entries, size_t total) {
  JsonWriter json;
  json.begin_object().key("entries").begin_array();
  for (const KernelEntry& entry : entries) write_kernel_entry(json, entry);
  json.end_array().field("entries_total", total).key("status");
  write_enforce_status(json, status);
  return json.end_object().take();
}

}  // namespace testudo
