// A ban that rests on a log needs an address that was on the wire: who is asked, what an answer means, and
// what becomes of the alert.
#include "decide/witness.h"

#include "house.h"
#include "model/event.h"

namespace testudo {
namespace {

/// Has seen what the test says, and misses nothing from `complete` on.
struct FakeWire final : WitnessSource {
  std::map<Ip, TimePoint> known;
  TimePoint complete{};
  int asked = 0;

  std::string_view name() const override { return "fake"; }
  std::optional<TimePoint> seen(const Ip& address) override {
    ++asked;
    const auto found = known.find(address);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  }
  TimePoint complete_since(Family, Duration) override { return complete; }
  std::string describe(const Ip& address) override { return known.contains(address) ? "was here" : ""; }
};

AlertEvent event_of(const std::string& service, const std::string& machine = "") {
  AlertEvent event;
  if (!machine.empty()) event.meta.emplace_back("machine", machine);
  if (!service.empty()) event.meta.emplace_back("service", service);
  return event;
}

struct WitnessTest : House {
  WitnessTest() {
    wire->complete = clock.load() - 24h;
    options.witness.on = true;
    options.witness.window = 10min;
    options.witness.own_names = {"web1.example.com"};
    options.witness.sources = {wire};
    options.witness.serves_quic = [this] { return quic; };
    start();
  }
  /// An alert of sshd on this machine.
  Alert ssh(const std::string& value) {
    Alert alert = alert_of(value, clock.load());
    alert.witness = witness::kByService;
    alert.source_name = "file:/var/log/auth.log";
    alert.events = {event_of("ssh", "web1")};
    return alert;
  }
  Alert doubtful(const std::string& value, std::vector<std::string> rivals) {
    Alert alert = ssh(value);
    alert.ambiguous = true;
    alert.rivals = std::move(rivals);
    return alert;
  }
  void on_the_wire(const std::string& address, Duration ago = 0s) {
    wire->known[ip(address)] = clock.load() - ago;
  }
  double counted(const std::string& answer) const {
    for (const MetricFamily& family : metrics.collect())
      if (family.name == "testudo_witness_total")
        for (const MetricSample& sample : family.samples)
          if (sample.labels.at(0).second == answer) return sample.value;
    return -1;
  }
  std::string why_simulated(const std::string& address) {
    const auto report = decider->why(ip(address));
    return report && !report->alerts.empty() ? report->alerts[0].simulated_why : "?";
  }

  std::shared_ptr<FakeWire> wire = std::make_shared<FakeWire>();
  bool quic = false;
};

TEST_F(WitnessTest, WhoCompletedAHandshakeIsBanned) {
  on_the_wire("192.0.2.1", 1min);
  EXPECT_EQ(decider->on_alert(ssh("192.0.2.1")).verdict, Verdict::decided);
  EXPECT_TRUE(kernel.has("192.0.2.1"));
  EXPECT_EQ(counted("seen"), 1);
}

TEST_F(WitnessTest, WhoNeverDidIsNotAndTheReasonIsKept) {
  const auto outcome = decider->on_alert(ssh("8.8.8.8"));
  EXPECT_EQ(outcome.verdict, Verdict::simulated);
  EXPECT_NE(outcome.why.find(kNoWitness), std::string::npos) << outcome.why;
  EXPECT_FALSE(kernel.drops("8.8.8.8"));  // its packets are counted, as of any simulated ban
  EXPECT_EQ(active(), 0u);
  EXPECT_EQ(active(true), 1u);
  EXPECT_EQ(why_simulated("8.8.8.8"), kNoWitness);
  EXPECT_EQ(counted("absent"), 1);
  const WitnessStatus status = decider->witness_status();
  EXPECT_TRUE(status.on);
  EXPECT_EQ(status.answers[size_t(WitnessAnswer::absent)], 1u);
  EXPECT_EQ(status.last_absent, "8.8.8.8");
  EXPECT_EQ(status.last_absent_source, "file:/var/log/auth.log");
}

TEST_F(WitnessTest, WhoWasHereBeforeTheWindowWasNotHere) {
  on_the_wire("192.0.2.1", 10min + 1s);
  EXPECT_EQ(decider->on_alert(ssh("192.0.2.1")).verdict, Verdict::simulated);
  on_the_wire("192.0.2.1", 10min);
  EXPECT_EQ(decider->on_alert(ssh("192.0.2.1")).verdict, Verdict::decided);
}

TEST_F(WitnessTest, ALineThatIsReadLateIsMeasuredByItsOwnTime) {
  on_the_wire("192.0.2.1", 65min);
  Alert late = ssh("192.0.2.1");
  late.start_at = late.stop_at = clock.load() - 60min;
  EXPECT_EQ(decider->on_alert(late).verdict, Verdict::decided);
}

TEST_F(WitnessTest, ATimerSaysNothingOfWhenTheLastLineWasWritten) {
  on_the_wire("192.0.2.1", 65min);
  Alert counted_out = ssh("192.0.2.1");
  counted_out.start_at = clock.load() - 60min;
  counted_out.line.clear();
  EXPECT_EQ(decider->on_alert(counted_out).verdict, Verdict::decided);
}

TEST_F(WitnessTest, WhatTheWitnessCouldNotSeeIsBannedAsWithoutIt) {
  wire->complete = clock.load() - 5min;  // attached less than a window ago
  EXPECT_EQ(decider->on_alert(ssh("192.0.2.1")).verdict, Verdict::decided);
  EXPECT_EQ(counted("unknown"), 1);
  clock = clock.load() + 5min;
  EXPECT_EQ(decider->on_alert(ssh("192.0.2.2")).verdict, Verdict::simulated);
}

TEST_F(WitnessTest, AMapThatRanOverIsNoWitness) {
  wire->complete = TimePoint::max();
  EXPECT_EQ(decider->on_alert(ssh("192.0.2.1")).verdict, Verdict::decided);
  EXPECT_EQ(counted("unknown"), 1);
}

TEST_F(WitnessTest, OneSourceThatSawItIsEnough) {
  auto second = std::make_shared<FakeWire>();
  second->complete = TimePoint::max();
  second->known[ip("192.0.2.1")] = clock.load();
  options.witness.sources = {wire, second};
  restart();
  EXPECT_EQ(decider->on_alert(ssh("192.0.2.1")).verdict, Verdict::decided);
  EXPECT_EQ(decider->on_alert(ssh("192.0.2.2")).verdict, Verdict::simulated);
}

struct AskedCase {
  const char* sentence;
  uint8_t policy;
  std::vector<AlertEvent> events;
  const char* answer;
};

TEST_F(WitnessTest, WhoIsAsked) {
  using namespace witness;
  const AskedCase cases[] = {
      {"sshd of this machine", kByService, {event_of("ssh", "web1")}, "absent"},
      {"by any of its names, in any case", kByService, {event_of("ssh", "WEB1.example.com")}, "absent"},
      {"a line that names no machine", kByService, {event_of("http")}, "absent"},
      {"a line of localhost", kByService, {event_of("ssh", "localhost")}, "absent"},
      {"not a line of another machine", kByService, {event_of("ssh", "mail7")}, "off"},
      {"not of a machine whose name only begins alike", kByService, {event_of("ssh", "web12")}, "off"},
      {"not a service that may be UDP", kByService, {event_of("asterisk", "web1")}, "off"},
      {"nor one that is not named", kByService, {event_of("", "web1")}, "off"},
      {"nor an alert without events", kByService, {}, "off"},
      {"one line of this machine among others is enough",
       kByService,
       {event_of("ssh", "mail7"), event_of("ssh", "web1")},
       "absent"},
      {"`witness: off` at its source", kOff, {event_of("ssh", "web1")}, "off"},
      {"`witness: on`: whatever it is", kAlways, {event_of("asterisk", "mail7")}, "absent"},
      {"two sources of which one is always asked", kByService | kAlways, {event_of("asterisk")}, "absent"},
  };
  for (const AskedCase& c : cases) {
    const double before = counted(c.answer);
    Alert alert = ssh("192.0.2.9");
    alert.witness = c.policy;
    alert.events = c.events;
    const auto outcome = decider->on_alert(alert);
    EXPECT_EQ(counted(c.answer), before + 1) << c.sentence;
    EXPECT_EQ(outcome.verdict, std::string(c.answer) == "absent" ? Verdict::simulated : Verdict::decided)
        << c.sentence;
  }
}

TEST_F(WitnessTest, HttpMayComeOverQuic) {
  Alert web = ssh("192.0.2.1");
  web.events = {event_of("http")};
  EXPECT_EQ(decider->on_alert(web).verdict, Verdict::simulated);
  quic = true;
  web.uuid = "another";
  EXPECT_EQ(decider->on_alert(web).verdict, Verdict::decided);
  EXPECT_EQ(decider->on_alert(ssh("192.0.2.2")).verdict, Verdict::simulated) << "sshd does not";
}

TEST_F(WitnessTest, ARangeIsJudgedByAnAddressThatTookPart) {
  Alert range = ssh("198.51.100.7");
  range.source.scope = "Range";
  range.source.value = "198.51.100.0/24";
  EXPECT_EQ(decider->on_alert(range).verdict, Verdict::simulated);
  on_the_wire("198.51.100.7");
  range.uuid = "another";
  EXPECT_EQ(decider->on_alert(range).verdict, Verdict::decided);
}

TEST_F(WitnessTest, AMappedAddressIsTheIPv4One) {
  on_the_wire("192.0.2.1");
  EXPECT_EQ(decider->on_alert(ssh("::ffff:192.0.2.1")).verdict, Verdict::decided);
}

TEST_F(WitnessTest, BansByHandAndThroughTheApiAskNobody) {
  ASSERT_TRUE(by_hand("203.0.113.5"));
  EXPECT_TRUE(kernel.has("203.0.113.5"));
  Alert posted = ssh("203.0.113.6");
  ASSERT_TRUE(decider->post_alerts({posted}));
  EXPECT_TRUE(kernel.has("203.0.113.6"));
  EXPECT_EQ(wire->asked, 0);
}

TEST_F(WitnessTest, AnAlertThatBansNobodyIsNotCounted) {
  Alert quiet = ssh("192.0.2.1");
  quiet.remediation = false;
  decider->on_alert(quiet);
  ASSERT_TRUE(decider->add_to_allowlist("office", {item("192.0.2.2")}));
  decider->on_alert(ssh("192.0.2.2"));
  EXPECT_EQ(counted("absent"), 0);
}

TEST_F(WitnessTest, SwitchedOffItChangesNothing) {
  options.witness.on = false;
  restart();
  EXPECT_EQ(decider->on_alert(ssh("192.0.2.1")).verdict, Verdict::decided);
  EXPECT_EQ(decider->on_alert(doubtful("192.0.2.2", {"192.0.2.3"})).verdict, Verdict::simulated);
  EXPECT_EQ(counted("off"), 2);
  EXPECT_EQ(wire->asked, 0);
}

TEST_F(WitnessTest, WhySaysWhatTheWireKnows) {
  on_the_wire("192.0.2.1");
  const auto report = decider->why(ip("192.0.2.1"));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->wire, "was here");
}

// `ssh "x from 8.8.8.8"@host` from 198.51.100.9: one line, two alerts, one for each address it could mean.
TEST_F(WitnessTest, OfTwoAddressesInALineTheOneOnTheWireIsBanned) {
  on_the_wire("198.51.100.9");
  EXPECT_EQ(decider->on_alert(doubtful("8.8.8.8", {"198.51.100.9"})).verdict, Verdict::simulated);
  EXPECT_EQ(decider->on_alert(doubtful("198.51.100.9", {"8.8.8.8"})).verdict, Verdict::decided);
  EXPECT_TRUE(kernel.has("198.51.100.9"));
  EXPECT_FALSE(kernel.drops("8.8.8.8"));
  EXPECT_EQ(why_simulated("8.8.8.8"), "ambiguous line");
}

TEST_F(WitnessTest, WithBothOnTheWireNobodyIs) {
  on_the_wire("198.51.100.9");
  on_the_wire("192.0.2.80", 9min);  // a customer who was here a moment ago
  EXPECT_EQ(decider->on_alert(doubtful("192.0.2.80", {"198.51.100.9"})).verdict, Verdict::simulated);
  EXPECT_EQ(decider->on_alert(doubtful("198.51.100.9", {"192.0.2.80"})).verdict, Verdict::simulated);
  EXPECT_FALSE(kernel.drops("192.0.2.80"));
  EXPECT_FALSE(kernel.drops("198.51.100.9"));
}

TEST_F(WitnessTest, AnAmbiguousLineWhoseAuthorMayBeMissingFromItBansNobody) {
  on_the_wire("198.51.100.9");
  EXPECT_EQ(decider->on_alert(doubtful("198.51.100.9", {})).verdict, Verdict::simulated);
  EXPECT_EQ(decider->on_alert(doubtful("198.51.100.9", {"no address"})).verdict, Verdict::simulated);
}

TEST_F(WitnessTest, AnAmbiguousLineNeedsAWitnessThatCanTell) {
  wire->complete = clock.load() - 5min;
  on_the_wire("198.51.100.9");
  EXPECT_EQ(decider->on_alert(doubtful("198.51.100.9", {"8.8.8.8"})).verdict, Verdict::simulated);
}

TEST(WitnessRemedy, NamesTheSourceAndForHttpTheProxy) {
  EXPECT_NE(no_witness_remedy("file:/srv/a.log", "ssh").find("`witness: off` at file:/srv/a.log"),
            std::string::npos);
  EXPECT_NE(no_witness_remedy("file:/srv/a.log", "http").find("proxy or CDN"), std::string::npos);
}

}  // namespace
}  // namespace testudo
