// What an entry does beside dropping, to whom its terms apply, and what holds when it is over.
#include <map>

#include "packet_table.h"
#include "xdp/ring.h"

namespace testudo::test {
namespace {

class Remedies : public PacketTable {
 protected:
  static DecisionChange with(const std::string& prefix, Remediation remediation, const Terms& terms) {
    DecisionChange change = ban(prefix, remediation);
    change.terms = terms;
    return change;
  }
  static DecisionChange then(DecisionChange change, Remediation remediation, const Terms& terms = {},
                             Duration left = 1h) {
    change.next = std::make_shared<Remedy>(Remedy{remediation, now() + left, "crowdsec", "test/next", terms});
    return change;
  }
  int passed(const Frame& frame, int count) {
    int passing = 0;
    for (int i = 0; i < count; ++i) passing += run(frame) == Verdict::pass;
    return passing;
  }
  /// The entry's bucket as if it had been quiet for long.
  void refill(const std::string& prefix) {
    const EntryKey key = entry_key(*Prefix::parse(prefix));
    ban_value value{};
    const xdp::Map& map = backend->tables().map(key.table);
    ASSERT_EQ(map.get(key.bytes(), &value), 0);
    value.tat = 0;
    ASSERT_EQ(map.put(key.bytes(), &value), 0);
  }
  std::vector<drop_event> events() {
    auto ring = xdp::Ring::open(pin->path());
    EXPECT_TRUE(ring.ok()) << ring.error().text();
    std::vector<drop_event> out;
    EXPECT_TRUE(ring->poll([&](const drop_event& event) { out.push_back(event); }).ok());
    return out;
  }
  void tell_one_in(uint32_t n) { backend->tables().meta().event_sample = n; }
};

const Terms kSsh{.protocol = 6, .port_first = 22, .port_last = 22};
const Terms kTcp{.protocol = 6};
const Terms kWeb{.port_first = 80, .port_last = 443};
const char* const kFour = "203.0.113.7";
const char* const kSix = "2001:db8::7";

Frame from4() { return frame().ip4(kFour); }
Frame from6(const std::vector<uint8_t>& extensions = {}) { return frame().ip6(kSix, extensions); }

struct TermsCase {
  const char* sentence;
  Terms terms;
  Frame frame;
  Verdict verdict;
};

const std::vector<TermsCase>& terms_cases() {
  static const std::vector<TermsCase> cases = {
      {"the port is hit", kSsh, from4().tcp(40000, 22), Verdict::drop},
      {"another port is not", kSsh, from4().tcp(40000, 80), Verdict::pass},
      {"the port as the sender's own does not count", kSsh, from4().tcp(22, 40000), Verdict::pass},
      {"the same port of another protocol is not hit", kSsh, from4().udp(40000, 22), Verdict::pass},
      {"behind IPv4 options", kSsh, frame().ip4(kFour, 40).tcp(40000, 22), Verdict::drop},
      {"behind two VLAN tags", kSsh, frame().qinq(3).vlan(4).ip4(kFour).tcp(1, 22), Verdict::drop},
      {"IPv6", kSsh, from6().tcp(40000, 22), Verdict::drop},
      {"IPv6, another port", kSsh, from6().tcp(40000, 23), Verdict::pass},
      {"behind IPv6 extension headers", kSsh, from6({0, 43, 60}).tcp(40000, 22), Verdict::drop},
      {"behind eight of them", kSsh, from6({0, 60, 60, 60, 60, 60, 60, 60}).tcp(40000, 22), Verdict::drop},
      {"behind eight of them, another port", kSsh, from6({0, 60, 60, 60, 60, 60, 60, 60}).tcp(1, 23),
       Verdict::pass},
      {"behind nine nobody looks, and who hides so is dropped", kSsh,
       from6({0, 60, 60, 60, 60, 60, 60, 60, 60}).tcp(40000, 23), Verdict::drop},
      {"a first fragment shows its ports", kSsh, frame().ip4(kFour, 0, 0x2000).tcp(40000, 22), Verdict::drop},
      {"a later fragment shows none and passes", kSsh, frame().ip4(kFour, 0, 185).tcp(40000, 22),
       Verdict::pass},
      {"a later IPv6 fragment likewise", kSsh, from6({44}).tcp(40000, 22).byte(14 + 40 + 3, 8),
       Verdict::pass},
      {"an entry for a protocol drops its later fragments", kTcp, frame().ip4(kFour, 0, 185).tcp(1, 2),
       Verdict::drop},
      {"and those of IPv6", kTcp, from6({44}).tcp(40000, 22).byte(14 + 40 + 3, 8), Verdict::drop},
      {"a protocol without ports is not hit by a port", kWeb, frame().ip4(kFour).raw(8).byte(14 + 9, 1),
       Verdict::pass},
      {"a segment cut before its ports hides them", kSsh, from4().tcp(40000, 23).cut(14 + 20 + 7),
       Verdict::drop},
      {"a range from its first port", kWeb, from4().tcp(1, 80), Verdict::drop},
      {"to its last", kWeb, from4().udp(1, 443), Verdict::drop},
      {"and not beyond", kWeb, from4().tcp(1, 444), Verdict::pass},
  };
  return cases;
}

TEST_F(Remedies, TermsOfABanHoldForThePacketsThatTheyName) {
  for (const TermsCase& row : terms_cases()) {
    SCOPED_TRACE(row.sentence);
    ASSERT_TRUE(backend->reconcile({}, {}).ok());
    apply({with(kFour, Remediation::ban, row.terms), with(kSix, Remediation::ban, row.terms)});
    EXPECT_EQ(run(row.frame), row.verdict);
    ASSERT_TRUE(backend->reconcile({}, {}).ok());
    apply({with("203.0.113.0/24", Remediation::ban, row.terms),
           with("2001:db8::/48", Remediation::ban, row.terms)});
    EXPECT_EQ(run(row.frame), row.verdict) << "as a prefix";
  }
}

TEST_F(Remedies, ANarrowBanShieldsNobodyFromWhatElseIsInForce) {
  apply({with(kFour, Remediation::ban, kSsh), with("203.0.113.0/24", Remediation::ban, kWeb)});
  EXPECT_EQ(run(from4().tcp(1, 22)), Verdict::drop);
  EXPECT_EQ(run(from4().tcp(1, 80)), Verdict::drop);
  EXPECT_EQ(run(from4().tcp(1, 25)), Verdict::pass);
}

TEST_F(Remedies, TheSecondHoldsWhereTheTermsOfTheFirstDoNot) {
  apply({then(with(kFour, Remediation::ban, kSsh), Remediation::log_only)});
  EXPECT_EQ(run(from4().tcp(1, 22)), Verdict::drop);
  EXPECT_EQ(run(from4().tcp(1, 80)), Verdict::pass);
  EXPECT_EQ(totals().logged, 1u);
}

TEST_F(Remedies, TheSecondGoesOnWhenTheFirstIsOver) {
  apply({then(ban(kFour, Remediation::ban, 1s), Remediation::ban), then(log_only(kSix), Remediation::ban)});
  EXPECT_TRUE(drops(kSix)) << "the more severe of two in force";
  const EntryKey key = entry_key(*Prefix::parse(kFour));
  ban_value value{};
  ASSERT_EQ(backend->tables().map(key.table).get(key.bytes(), &value), 0);
  value.expiry_s = 1;
  ASSERT_TRUE(backend->tables().set(key, value).ok());
  EXPECT_TRUE(drops(kFour));
  const auto list = backend->list(nullptr);
  ASSERT_TRUE(list.ok());
  std::map<std::string, std::string> scenarios;
  for (const KernelEntry& entry : *list) scenarios[entry.prefix.text()] = entry.scenario;
  EXPECT_EQ(scenarios[kFour], "test/next");
  value.expiry2_s = 1;
  ASSERT_TRUE(backend->tables().set(key, value).ok());
  EXPECT_FALSE(drops(kFour));
}

TEST_F(Remedies, WhereTheFirstIsNotTheKernelsTheSecondIs) {
  apply({then(ban(kFour, Remediation::captcha), Remediation::ban)});
  EXPECT_TRUE(drops(kFour));
}

TEST_F(Remedies, AThrottleLetsItsBurstPassAndNotMore) {
  const Terms slow{.rate = 1, .burst = 5};
  for (const char* prefix : {kFour, "203.0.113.0/24", kSix, "2001:db8::/64", "2001:db8::/48"}) {
    SCOPED_TRACE(prefix);
    ASSERT_TRUE(backend->reconcile({}, {}).ok());
    apply({with(prefix, Remediation::throttle, slow)});
    const PacketTotals before = totals();
    const Frame frame = Prefix::parse(prefix)->ip.is_v4() ? from4().udp() : from6().udp();
    const int passing = passed(frame, 50);
    EXPECT_GE(passing, 5);
    EXPECT_LE(passing, 6) << "a second may have passed";
    EXPECT_EQ(totals().throttled - before.throttled, uint64_t(passing));
    EXPECT_EQ(totals().dropped - before.dropped, uint64_t(50 - passing));
    refill(prefix);
    EXPECT_GE(passed(frame, 50), 5);
  }
}

TEST_F(Remedies, TheAddressesOfAThrottledPrefixShareItsBucket) {
  apply({with("203.0.113.0/24", Remediation::throttle, {.rate = 1, .burst = 4})});
  int passing = 0;
  for (int host = 1; host <= 40; ++host) passing += !drops("203.0.113." + std::to_string(host));
  EXPECT_GE(passing, 4);
  EXPECT_LE(passing, 5);
}

TEST_F(Remedies, AThrottleOfBytesCountsThem) {
  Terms bytes{.rate = 1000, .burst = 10000};
  bytes.unit = Terms::Unit::bytes;
  apply({with(kFour, Remediation::throttle, bytes)});
  const int passing = passed(from4().udp().raw(1000 - 42), 40);
  EXPECT_GE(passing, 10);
  EXPECT_LE(passing, 12);
}

TEST_F(Remedies, AFastThrottleOfBytesLetsEverythingPass) {
  Terms bytes{.rate = 100'000'000'000, .burst = 1'000'000'000};
  bytes.unit = Terms::Unit::bytes;
  apply({with(kFour, Remediation::throttle, bytes)});
  EXPECT_EQ(passed(from4().udp().raw(1000), 500), 500);
}

TEST_F(Remedies, ARenewedThrottleForgivesNothing) {
  const auto slow = with(kFour, Remediation::throttle, {.rate = 1, .burst = 5});
  apply({slow});
  EXPECT_GE(passed(from4().udp(), 20), 5);
  apply({slow});
  EXPECT_LE(passed(from4().udp(), 20), 1);
}

TEST_F(Remedies, AThrottledAddressInsideABannedRangeIsDropped) {
  apply({with(kFour, Remediation::throttle, {.rate = 1000}), ban("203.0.0.0/16"),
         with(kSix, Remediation::throttle, {.rate = 1000}), ban("2001:db8::/40")});
  EXPECT_TRUE(drops(kFour));
  EXPECT_TRUE(drops(kSix));
}

TEST_F(Remedies, TheAllowlistWinsOverEachOfThem) {
  allow({allowed(kFour)});
  for (const Remediation remediation : {Remediation::ban, Remediation::reset, Remediation::throttle}) {
    apply({with(kFour, remediation, {.rate = 1, .burst = 1})});
    EXPECT_EQ(passed(from4().tcp(1, 22), 10), 10) << remediation_name(remediation);
  }
}

TEST_F(Remedies, ASampleTellsAndPasses) {
  Terms all{.sample = 1};
  apply({with(kFour, Remediation::sample, all)});
  events();
  EXPECT_EQ(passed(from4().tcp(1234, 22), 3), 3);
  const auto told = events();
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0].verdict, TESTUDO_VERDICT_SAMPLE);
  EXPECT_EQ(totals().logged, 3u);
  apply({with(kFour, Remediation::sample, {.sample = 1000000})});
  EXPECT_EQ(passed(from4().tcp(1234, 22), 3), 3);
  EXPECT_LE(events().size(), 1u);
}

TEST_F(Remedies, AnEventTellsWhatWasDropped) {
  apply({ban(kFour), ban(kSix)});
  tell_one_in(1);
  const Frame four = frame().vlan(7).ip4(kFour).tcp(40000, 22), six = from6({0}).udp(5353, 53);
  EXPECT_TRUE(drops(four));
  EXPECT_TRUE(drops(six));
  const auto told = events();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(Ip::v4_bytes(told[0].source).text(), kFour);
  EXPECT_EQ(Ip::v4_bytes(told[0].destination).text(), "198.51.100.1");
  EXPECT_EQ(told[0].source_port, 40000);
  EXPECT_EQ(told[0].destination_port, 22);
  EXPECT_EQ(told[0].protocol, 6);
  EXPECT_EQ(told[0].family, 4);
  EXPECT_EQ(told[0].verdict, TESTUDO_VERDICT_DROP);
  EXPECT_EQ(told[0].direction, TESTUDO_INCOMING);
  EXPECT_EQ(told[0].length, four.bytes().size());
  ASSERT_EQ(told[0].header_bytes, four.bytes().size());
  EXPECT_EQ(std::memcmp(told[0].headers, four.bytes().data(), four.bytes().size()), 0);
  EXPECT_NEAR(double(told[0].time_ns), double(boottime_ns()), 60e9);
  EXPECT_EQ(Ip::v6_bytes(told[1].source).text(), kSix);
  EXPECT_EQ(told[1].destination_port, 53);
  EXPECT_EQ(told[1].header_bytes, TESTUDO_EVENT_HEADERS);
}

TEST_F(Remedies, EventsAreSampledBoundedAndTheirLossIsCounted) {
  apply({ban(kFour)});
  tell_one_in(0);
  passed(from4().udp(), 500);
  EXPECT_EQ(events().size(), 0u);
  tell_one_in(1);
  const uint64_t before = totals().events_lost;
  passed(from4().udp(), 5 * TESTUDO_EVENTS_A_SECOND);
  const size_t told = events().size();
  EXPECT_GE(told, size_t(TESTUDO_EVENTS_A_SECOND));
  EXPECT_EQ(told + (totals().events_lost - before), 5u * TESTUDO_EVENTS_A_SECOND);
}

// The internet checksum of RFC 1071 over bytes, 0 when the checksum in them is right.
uint16_t checksum(const std::vector<uint8_t>& bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) sum += uint32_t(bytes[i] << 8 | bytes[i + 1]);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return uint16_t(~sum);
}

std::vector<uint8_t> slice(const std::vector<uint8_t>& bytes, size_t at, size_t size) {
  return {bytes.begin() + long(at), bytes.begin() + long(at + size)};
}

uint32_t be32(const std::vector<uint8_t>& bytes, size_t at) {
  return uint32_t(bytes[at]) << 24 | uint32_t(bytes[at + 1]) << 16 | uint32_t(bytes[at + 2]) << 8 |
         bytes[at + 3];
}

/// Checks the answer's headers; the offset of its TCP header.
size_t expect_reset(const std::vector<uint8_t>& answer, const std::vector<uint8_t>& segment, size_t network) {
  const bool v4 = segment[network] >> 4 == 4;
  const size_t ip = v4 ? 20 : 40, tcp = network + ip, at = network + (v4 ? 12 : 8), size = v4 ? 4 : 16;
  EXPECT_EQ(answer.size(), tcp + 20);
  EXPECT_EQ(slice(answer, 0, 6), slice(segment, 6, 6));
  EXPECT_EQ(slice(answer, 6, 6), slice(segment, 0, 6));
  EXPECT_EQ(slice(answer, 12, network - 12), slice(segment, 12, network - 12)) << "its VLAN tags";
  EXPECT_EQ(slice(answer, at, size), slice(segment, at + size, size));
  EXPECT_EQ(slice(answer, at + size, size), slice(segment, at, size));
  EXPECT_EQ(v4 ? checksum(slice(answer, network, 20)) : 0, 0);
  std::vector<uint8_t> pseudo = slice(answer, at, 2 * size);
  pseudo.insert(pseudo.end(), {0, 6, 0, 20});
  const auto header = slice(answer, tcp, 20);
  pseudo.insert(pseudo.end(), header.begin(), header.end());
  EXPECT_EQ(checksum(pseudo), 0);
  return tcp;
}

struct ResetCase {
  const char* sentence;
  Frame segment;
  size_t network;
  uint8_t flags;
  uint32_t sequence, acknowledged;
};

TEST_F(Remedies, AResetAnswersASegmentWithRst) {
  apply({ban(kFour, Remediation::reset), ban(kSix, Remediation::reset)});
  const ResetCase cases[] = {
      {"SYN", from4().tcp(40000, 22, 0x02, 7000), 14, 0x14, 0, 7001},
      {"SYN, IPv6", from6().tcp(40000, 22, 0x02, 0xffffffff), 14, 0x14, 0, 0},
      {"ACK", from4().tcp(40000, 22, 0x10, 7000, 99), 14, 0x04, 99, 0},
      {"data without ACK", from4().tcp(40000, 22, 0x00, 7000).raw(100).byte(14 + 3, 140), 14, 0x14, 0, 7100},
      {"behind tags", frame().qinq(1).vlan(2).ip4(kFour).tcp(40000, 22, 0x10, 1, 5), 22, 0x04, 5, 0},
      {"behind IPv4 options", frame().ip4(kFour, 40).tcp(40000, 22, 0x10, 1, 5), 14, 0x04, 5, 0},
      {"behind extension headers", from6({0, 60}).tcp(40000, 22, 0x02, 10), 14, 0x14, 0, 11},
      {"padded", from4().tcp(40000, 22, 0x02, 10).raw(40), 14, 0x14, 0, 11},
  };
  uint64_t expected = 0;
  for (const ResetCase& row : cases) {
    SCOPED_TRACE(row.sentence);
    const auto answer = backend->program().answer(row.segment.bytes());
    ASSERT_TRUE(answer.ok()) << answer.error().text();
    ASSERT_EQ(answer->verdict, Verdict::tx);
    const size_t tcp = expect_reset(answer->frame, row.segment.bytes(), row.network);
    EXPECT_EQ(be32(answer->frame, tcp) >> 16, 22u);
    EXPECT_EQ(be32(answer->frame, tcp) & 0xffff, 40000u);
    EXPECT_EQ(be32(answer->frame, tcp + 4), row.sequence);
    EXPECT_EQ(be32(answer->frame, tcp + 8), row.acknowledged);
    EXPECT_EQ(answer->frame[tcp + 13], row.flags);
    EXPECT_LE(answer->frame.size(), row.segment.bytes().size()) << "no amplification";
    EXPECT_EQ(totals().resets, ++expected);
    EXPECT_EQ(totals().dropped, expected);
  }
}

TEST_F(Remedies, AResetDropsTheRestInSilence) {
  apply({ban(kFour, Remediation::reset), ban(kSix, Remediation::reset)});
  const std::pair<const char*, Frame> cases[] = {
      {"an RST", from4().tcp(40000, 22, 0x04)},
      {"an RST with ACK", from6().tcp(40000, 22, 0x14)},
      {"UDP", from4().udp(1, 22)},
      {"a first fragment", frame().ip4(kFour, 0, 0x2000).tcp(40000, 22)},
      {"a later fragment", frame().ip4(kFour, 0, 9).tcp(40000, 22)},
      {"a segment cut short", from4().tcp(40000, 22).cut(14 + 20 + 19)},
      {"a frame to many", from4().tcp(40000, 22).byte(0, 0x01)},
  };
  for (const auto& [sentence, segment] : cases) EXPECT_EQ(run(segment), Verdict::drop) << sentence;
  EXPECT_EQ(totals().resets, 0u);
}

TEST_F(Remedies, ResetsAreBoundedASecondAndTheRestIsDropped) {
  apply({ban(kFour, Remediation::reset)});
  int answered = 0;
  const int sent = 5 * TESTUDO_RESETS_A_SECOND;
  for (int i = 0; i < sent; ++i) {
    const Verdict verdict = run(from4().tcp(40000, 22));
    ASSERT_NE(verdict, Verdict::pass);
    answered += verdict == Verdict::tx;
  }
  EXPECT_GE(answered, TESTUDO_RESETS_A_SECOND);
  EXPECT_LT(answered, sent);
}

TEST_F(Remedies, ABanIsMoreSevereThanAResetAndBothThanTheRest) {
  apply({ban(kFour, Remediation::reset), ban("203.0.113.0/24")});
  EXPECT_EQ(run(from4().tcp(1, 22)), Verdict::drop);
  apply({lift("203.0.113.0/24"), with("203.0.113.0/24", Remediation::throttle, {.rate = 1000000})});
  EXPECT_EQ(run(from4().tcp(1, 22)), Verdict::tx);
}

TEST_F(Remedies, OnTheWayOutOnlyWhatSaysSoIsDropped) {
  Terms both{.outgoing = true};
  apply({with(kFour, Remediation::ban, both), with("2001:db8::/48", Remediation::ban, both),
         ban("203.0.113.8")});
  const auto out = [&](Frame frame) {
    const auto dropped = backend->program().drops_outgoing(frame.outgoing().bytes());
    EXPECT_TRUE(dropped.ok()) << dropped.error().text();
    return dropped && *dropped;
  };
  EXPECT_TRUE(out(from4().tcp(40000, 443)));
  EXPECT_TRUE(out(from6().udp(1, 2)));
  EXPECT_FALSE(out(frame().ip4("203.0.113.8").udp(1, 2)));
  EXPECT_FALSE(out(frame().ip4("203.0.113.9").udp(1, 2)));
  EXPECT_TRUE(drops(from4().tcp(40000, 443))) << "and on its way in";
  EXPECT_EQ(totals().outgoing_dropped, 2u);
  uint64_t counted = 0;
  for (const DropCounter& row : backend->counters()) counted += row.outgoing ? row.packets : 0;
  EXPECT_EQ(counted, 2u);
  allow({allowed(kFour)});
  EXPECT_FALSE(out(from4().tcp(40000, 443)));
}

TEST_F(Remedies, OnTheWayOutThePortOfThisHostIsTheSource) {
  Terms terms = kSsh;
  terms.outgoing = true;
  apply({with(kFour, Remediation::ban, terms)});
  const auto out = [&](Frame frame) { return *backend->program().drops_outgoing(frame.outgoing().bytes()); };
  EXPECT_TRUE(out(from4().tcp(22, 40000)));
  EXPECT_FALSE(out(from4().tcp(40000, 22)));
}

class Strict : public Remedies {
 protected:
  void SetUp() override {
    PacketTable::SetUp();
    if (IsSkipped()) return;
    backend.reset();
    EnforceOptions options;
    options.pin = pin->path();
    options.interfaces = {"testudo-none"};
    options.strict = true;
    auto opened = XdpBackend::open(options, {});
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    backend = std::move(*opened);
  }
};

TEST_F(Strict, MalformedFramesAreDroppedAndWholeOnesPass) {
  const std::pair<const char*, Frame> malformed[] = {
      {"an impossible header length", from4().udp(1, 2).byte(14, 0x44)},
      {"the wrong version", from4().udp(1, 2).byte(14, 0x65)},
      {"a total length below the header's", from4().udp(1, 2).byte(14 + 3, 19)},
      {"cut within the IP header", from6().udp(1, 2).cut(14 + 39)},
      {"cut within the TCP header", from4().tcp(1, 2).cut(14 + 20 + 19)},
      {"a TCP header length that cannot be", from4().tcp(1, 2).byte(14 + 20 + 12, 0x40)},
      {"an extension header beyond the end", from6({0}).udp(1, 2).cut(14 + 40 + 7)},
  };
  for (const auto& [sentence, each] : malformed) EXPECT_EQ(run(each), Verdict::drop) << sentence;
  EXPECT_EQ(totals().malformed, std::size(malformed));
  EXPECT_EQ(totals().dropped, std::size(malformed));
  const std::pair<const char*, Frame> whole[] = {
      {"TCP", from4().tcp(1, 2)},
      {"UDP over IPv6 behind extension headers", from6({0, 43, 60}).udp(1, 2)},
      {"a later fragment", frame().ip4(kFour, 0, 185).udp(1, 2)},
      {"ARP", frame().type(0x0806).raw(28)},
      {"three tags", frame().vlan(1).vlan(2).vlan(3).ip4(kFour).udp()},
  };
  for (const auto& [sentence, each] : whole) EXPECT_EQ(run(each), Verdict::pass) << sentence;
  EXPECT_EQ(totals().deep_tags, 1u);
}

}  // namespace
}  // namespace testudo::test
