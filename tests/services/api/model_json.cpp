#include "api/model_json.h"

#include <gtest/gtest.h>

#include "services/api/samples.h"

namespace testudo {
namespace {

using samples::noon;

struct LeftCase {
  const char* sentence;
  Duration left;
  const char* text;
};
const LeftCase left_cases[] = {
    {"whole seconds stay", 4h, "4h0m0s"},
    {"a fraction is rounded up while it lasts", 3h + 59min + 59s + 800ms, "4h0m0s"},
    {"a last instant is a second, never zero: zero is for ever in some clients", 1ns, "1s"},
    {"what ends now is zero", 0s, "0s"},
    {"what is over is negative", -5s, "-5s"},
    {"and rounded towards zero", -12s - 900ms, "-12s"},
};
TEST(TimeLeft, IsInWholeSeconds) {
  for (const LeftCase& c : left_cases) EXPECT_EQ(time_left(noon + c.left, noon), c.text) << c.sentence;
}

TEST(DecisionsJson, IsTheWordNullWhenThereIsNone) { EXPECT_EQ(decisions_json({}, noon), "null"); }

TEST(DecisionsJson, HasTheFieldsThatBouncersReadInAlphabeticalOrder) {
  Decision first = samples::decision("192.0.2.10", 3h + 59min + 50s);
  first.id = 1;
  first.uuid = "4b1c3f0e-0000-4000-8000-000000000001";
  EXPECT_EQ(
      decisions_json({first}, noon),
      R"([{"duration":"3h59m50s","id":1,"origin":"crowdsec","scenario":"crowdsecurity/ssh-bf","scope":"Ip","type":"ban","value":"192.0.2.10"}])");
}

TEST(DecisionsJson, HasParamsWhereThereAreSome) {
  Decision first = samples::decision("192.0.2.10", 1h);
  first.params = R"({"rate":"100/s"})";
  EXPECT_NE(decisions_json({first}, noon).find(R"("origin":"crowdsec","params":{"rate":"100/s"},"scenario")"),
            std::string::npos);
  Alert alert = samples::alert();
  alert.decisions = {first};
  EXPECT_NE(alert_json(alert, noon).find(R"("params":{"rate":"100/s"})"), std::string::npos);
  WhyReport report;
  report.active = {first};
  report.notes = {"not as expected"};
  const std::string why = why_json(report, noon);
  EXPECT_NE(why.find(R"("params":{"rate":"100/s"})"), std::string::npos) << why;
  EXPECT_NE(why.find(R"("notes":["not as expected"])"), std::string::npos) << why;
}

TEST(AreasJson, TellWhatIsInTheKernelAndWhyNot) {
  EXPECT_EQ(areas_json({}), "[]");
  EXPECT_EQ(
      areas_json({{7, "Country", "XX", "ban", false, 3, 512, ""}}),
      R"([{"addresses":512,"id":7,"prefixes":3,"problem":"","scope":"Country","simulated":false,"type":"ban","value":"XX"}])");
}

// As recorded from CrowdSec 1.4.6, with the times of 1.7.
TEST(AlertJson, IsTheRecordedText) {
  EXPECT_EQ(
      alert_json(samples::alert(), noon),
      R"json({"capacity":5,"created_at":"2026-11-24T18:22:49Z","decisions":null,"events":[{"meta":[{"key":"log_type","value":"ssh_failed-auth"},{"key":"source_ip","value":"192.0.2.11"}],"timestamp":"2026-11-24 18:22:49 +0000 UTC"}],"events_count":6,"id":2,"labels":null,"leakspeed":"10s","machine_id":"m1","message":"Ip 192.0.2.11 performed 'crowdsecurity/ssh-bf' (6 events over 5s)","scenario":"crowdsecurity/ssh-bf","scenario_hash":"4441","scenario_version":"0.1","simulated":false,"source":{"as_name":"Example AS","as_number":"64500","cn":"FR","ip":"192.0.2.11","latitude":48.5,"longitude":2.25,"range":"192.0.2.0/24","scope":"Ip","value":"192.0.2.11"},"start_at":"2026-11-24T18:22:49Z","stop_at":"2026-11-24T18:22:49Z"})json");
}

TEST(AlertJson, HoldsDecisionsWithTheirSimulatedFlagAndOptionalFieldsWhenTheyAreSet) {
  Alert alert = samples::alert();
  alert.decisions = {samples::decision("192.0.2.11", 1h)};
  alert.kind = "crowdsec";
  alert.uuid = "u";
  alert.remediation = true;
  alert.labels = {"a", "b"};
  alert.meta = {{"target_user", "[\"root\"]"}};
  alert.machine_id = "";
  const std::string json = alert_json(alert, noon);
  for (
      const char* part :
      {R"("decisions":[{"duration":"1h0m0s","id":7,"origin":"crowdsec","scenario":"crowdsecurity/ssh-bf","scope":"Ip","simulated":false,"type":"ban","value":"192.0.2.11"}])",
       R"("id":2,"kind":"crowdsec","labels":["a","b"])", R"("machine_id":"N/A")",
       R"("meta":[{"key":"target_user","value":"[\"root\"]"}],"remediation":true)", R"("uuid":"u"})"})
    EXPECT_NE(json.find(part), std::string::npos) << part << "\n" << json;
}

TEST(AlertsJson, IsNullWhenEmptyAndLeavesDecisionsOutWhenAskedTo) {
  EXPECT_EQ(alerts_json({}, noon), "null");
  Alert alert = samples::alert();
  alert.decisions = {samples::decision("192.0.2.11", 1h)};
  EXPECT_NE(alerts_json({alert}, noon, false).find(R"("decisions":null)"), std::string::npos);
}

TEST(AlertJson, SurvivesHostileBytesFromALog) {
  Alert alert = samples::alert();
  alert.events[0].meta = {{"target_user", "\xff\x1b[31m</script>"}};
  EXPECT_NE(alert_json(alert, noon).find("\"\xef\xbf\xbd\\u001b[31m\\u003c/script\\u003e\""),
            std::string::npos);
}

TEST(AllowlistsJson, IsAnEmptyArrayWhenThereIsNone) { EXPECT_EQ(allowlists_json({}, true), "[]"); }

TEST(AllowlistsJson, ShowsItemsOnlyWhenAskedAndNoExpiryAsTheZeroTime) {
  Allowlist list{"office", "office", noon, noon, {}};
  list.items = {{"192.0.2.0/24", *Prefix::parse("192.0.2.0/24"), "router", std::nullopt, noon + 1s}};
  EXPECT_EQ(
      allowlists_json({list}, false),
      R"([{"created_at":"2026-11-24T18:22:49.000Z","description":"office","items":[],"name":"office","updated_at":"2026-11-24T18:22:49.000Z"}])");
  EXPECT_EQ(
      allowlists_json({list}, true),
      R"([{"created_at":"2026-11-24T18:22:49.000Z","description":"office","items":[{"created_at":"2026-11-24T18:22:50.000Z","description":"router","expiration":"0001-01-01T00:00:00.000Z","value":"192.0.2.0/24"}],"name":"office","updated_at":"2026-11-24T18:22:49.000Z"}])");
}

TEST(KernelJson, ShowsStatusAndEntries) {
  EnforceStatus status;
  status.backend = "xdp";
  status.bans = 1;
  status.interfaces = {{"eth0", "xdp-generic", "its driver has no native mode"}};
  KernelEntry entry{*Prefix::parse("192.0.2.10"), Remediation::ban, "cscli", "manual", {}, 90s, 3, 180, 0};
  EXPECT_EQ(
      kernel_json(status, {entry}, 5),
      R"({"entries":[{"bytes":180,"duration":"1m30s","last_hit":null,"origin":"cscli","packets":3,"remediation":"ban","scenario":"manual","value":"192.0.2.10"}],"entries_total":5,"status":{"adopted":false,"allowed":0,"backend":"xdp","bans":1,"dropped_bytes":0,"dropped_packets":0,"interfaces":[{"mode":"xdp-generic","name":"eth0","why_not_better":"its driver has no native mode"}],"last_drop":null,"passed_packets":0,"ranges":0}})");
}

TEST(WhyJson, ShowsTheLineAndTheReason) {
  WhyReport report;
  report.address = "192.0.2.11";
  report.banned = true;
  report.active = {samples::decision("192.0.2.11", 1h)};
  report.alerts = {samples::alert()};
  report.alerts[0].line = "Failed password for root";
  report.alerts[0].simulated_why = "late";
  report.allowlisted_by = {"192.0.2.0/24 from office"};
  const std::string json = why_json(report, noon);
  for (const char* part :
       {R"("address":"192.0.2.11")", R"("banned":true)", R"("line":"Failed password for root")",
        R"("simulated_why":"late")", R"("allowlisted_by":["192.0.2.0/24 from office"])",
        R"("until":"2026-11-24T19:22:49Z")", R"("recent":[])"})
    EXPECT_NE(json.find(part), std::string::npos) << part << "\n" << json;
}

}  // namespace
}  // namespace testudo
