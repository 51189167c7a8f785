// Inputs that several tests share: one moment, one alert, one recorded body.
#pragma once

#include <string>

#include "model/alert.h"

namespace testudo::samples {

inline const TimePoint noon = *parse_rfc3339("2026-11-24T18:22:49Z");

inline Decision decision(const std::string& value, Duration left, const std::string& type = "ban") {
  Decision out;
  out.id = 7;
  out.origin = "crowdsec";
  out.scenario = "crowdsecurity/ssh-bf";
  out.scope = "Ip";
  out.value = value;
  out.type = type;
  out.until = noon + left;
  out.prefix = Prefix::parse(value);
  return out;
}

inline Alert alert() {
  Alert out;
  out.id = 2;
  out.scenario = "crowdsecurity/ssh-bf";
  out.scenario_version = "0.1";
  out.scenario_hash = "4441";
  out.message = "Ip 192.0.2.11 performed 'crowdsecurity/ssh-bf' (6 events over 5s)";
  out.events_count = 6;
  out.capacity = 5;
  out.leakspeed = "10s";
  out.start_at = out.stop_at = out.created_at = noon;
  out.start_text = out.stop_text = "2026-11-24T18:22:49Z";
  out.kind = "";
  out.machine_id = "m1";
  out.source = {"Ip", "192.0.2.11", "192.0.2.11", "192.0.2.0/24", "64500", "Example AS", "FR", 48.5f, 2.25f};
  out.events = {{"2026-11-24T18:22:49Z", {{"log_type", "ssh_failed-auth"}, {"source_ip", "192.0.2.11"}}}};
  return out;
}

/// An alert as agents post it; `decisions` is the JSON of that field, "null" for none.
inline std::string posted(const std::string& decisions = "null", const std::string& scope = "Ip",
                          const std::string& value = "192.0.2.10") {
  return R"({"capacity": 5, "decisions": )" + decisions +
         R"(, "events": [{"meta": [{"key": "log_type", "value": "ssh_failed-auth"}], "timestamp": "2026-11-24T18:22:49Z"}],)"
         R"( "events_count": 6, "labels": null, "leakspeed": "10s", "machine_id": "x", "message": "m", "remediation": true,)"
         R"( "scenario": "crowdsecurity/ssh-bf", "scenario_hash": "4441", "scenario_version": "0.1", "simulated": false,)"
         R"( "source": {"as_number": "64500", "cn": "FR", "ip": ")" +
         value + R"(", "latitude": 48.5, "longitude": 2.25, "scope": ")" + scope + R"(", "value": ")" +
         value + R"("}, "start_at": "2026-11-24T18:22:49Z", "stop_at": "2026-11-24T18:22:49Z"})";
}

inline std::string by_hand(const std::string& value, const std::string& duration = "4h",
                           const std::string& type = "ban", const std::string& scope = "Ip",
                           const std::string& origin = "cscli") {
  return R"([{"duration": ")" + duration + R"(", "origin": ")" + origin +
         R"(", "scenario": "manual", "scope": ")" + scope + R"(", "type": ")" + type + R"(", "value": ")" +
         value + R"("}])";
}

}  // namespace testudo::samples
