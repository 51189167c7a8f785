// Single frames through the program, as if they had arrived: what is dropped, what passes, what is counted.
#include "packet_table.h"

namespace testudo::test {
namespace {

struct PacketCase {
  const char* sentence;
  std::vector<DecisionChange> decisions;
  std::vector<AllowChange> allows;
  Frame frame;
  Verdict verdict;
};

const std::vector<PacketCase>& packet_cases() {
  static const std::vector<PacketCase> cases = {
      {"a banned source is dropped",
       {ban("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"its neighbour passes", {ban("203.0.113.7")}, {}, frame().ip4("203.0.113.8").udp(), Verdict::pass},
      {"nothing banned, nothing dropped", {}, {}, frame().ip4("203.0.113.7").udp(), Verdict::pass},
      {"behind a VLAN tag",
       {ban("203.0.113.7")},
       {},
       frame().vlan(5).ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"behind QinQ tags",
       {ban("203.0.113.7")},
       {},
       frame().qinq(9).vlan(5).ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"two plain tags",
       {ban("203.0.113.7")},
       {},
       frame().vlan(9).vlan(5).ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"IPv6 behind a tag",
       {ban("2001:db8::7")},
       {},
       frame().vlan(5).ip6("2001:db8::7").udp(),
       Verdict::drop},
      {"a third tag is not looked behind",
       {ban("203.0.113.7")},
       {},
       frame().vlan(1).vlan(2).vlan(3).ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"with IPv4 options", {ban("203.0.113.7")}, {}, frame().ip4("203.0.113.7", 40).udp(), Verdict::drop},
      {"a later fragment",
       {ban("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7", 0, 185).raw(8),
       Verdict::drop},
      {"a first fragment",
       {ban("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7", 0, 0x2000).udp(),
       Verdict::drop},
      {"an IPv4 header without payload", {ban("203.0.113.7")}, {}, frame().ip4("203.0.113.7"), Verdict::drop},
      {"ARP passes", {ban("0.0.0.0/0")}, {}, frame().type(0x0806).raw(28), Verdict::pass},
      {"an impossible header length passes as malformed",
       {ban("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7").udp().byte(14, 0x44),
       Verdict::pass},
      {"an IPv4 type with version 6 passes as malformed",
       {ban("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7").udp().byte(14, 0x65),
       Verdict::pass},
      {"a /24 drops its members",
       {ban("203.0.113.0/24")},
       {},
       frame().ip4("203.0.113.255").udp(),
       Verdict::drop},
      {"a /24 leaves the next one",
       {ban("203.0.113.0/24")},
       {},
       frame().ip4("203.0.114.0").udp(),
       Verdict::pass},
      {"a /25 leaves its other half",
       {ban("203.0.113.0/25")},
       {},
       frame().ip4("203.0.113.128").udp(),
       Verdict::pass},
      {"a /8 drops its last address",
       {ban("10.0.0.0/8")},
       {},
       frame().ip4("10.255.255.255").udp(),
       Verdict::drop},
      {"a /0 drops everything", {ban("0.0.0.0/0")}, {}, frame().ip4("192.0.2.1").udp(), Verdict::drop},
      {"a /31 drops both", {ban("192.0.2.4/31")}, {}, frame().ip4("192.0.2.5").udp(), Verdict::drop},
      {"an IPv6 address", {ban("2001:db8::7")}, {}, frame().ip6("2001:db8::7").udp(), Verdict::drop},
      {"its neighbour in the same /64 passes",
       {ban("2001:db8::7")},
       {},
       frame().ip6("2001:db8::8").udp(),
       Verdict::pass},
      {"an IPv6 /64",
       {ban("2001:db8:0:1::/64")},
       {},
       frame().ip6("2001:db8:0:1:ffff::9").udp(),
       Verdict::drop},
      {"the next /64 passes",
       {ban("2001:db8:0:1::/64")},
       {},
       frame().ip6("2001:db8:0:2::9").udp(),
       Verdict::pass},
      {"an IPv6 /48", {ban("2001:db8:1::/48")}, {}, frame().ip6("2001:db8:1:f::1").udp(), Verdict::drop},
      {"an IPv6 /96", {ban("2001:db8::/96")}, {}, frame().ip6("2001:db8::ffff:1").udp(), Verdict::drop},
      {"outside an IPv6 /96",
       {ban("2001:db8::/96")},
       {},
       frame().ip6("2001:db8::1:0:1").udp(),
       Verdict::pass},
      {"behind IPv6 extension headers",
       {ban("2001:db8::7")},
       {},
       frame().ip6("2001:db8::7", {0, 43, 60, 44}).udp(),
       Verdict::drop},
      {"an IPv4 address in IPv6 form is IPv4 on the wire",
       {ban("::ffff:203.0.113.7")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"the allowlist wins over an exact ban",
       {ban("203.0.113.7")},
       {allowed("203.0.113.7")},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"an allowed range wins over an exact ban",
       {ban("203.0.113.7")},
       {allowed("203.0.113.0/24")},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"an allowed address wins over a banned range",
       {ban("203.0.113.0/24")},
       {allowed("203.0.113.7")},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"but not for the rest of the range",
       {ban("203.0.113.0/24")},
       {allowed("203.0.113.7")},
       frame().ip4("203.0.113.9").udp(),
       Verdict::drop},
      {"the allowlist wins for IPv6",
       {ban("2001:db8::/32")},
       {allowed("2001:db8::7")},
       frame().ip6("2001:db8::7").udp(),
       Verdict::pass},
      {"an allowed IPv6 /56 wins over a banned /64",
       {ban("2001:db8:0:1::/64")},
       {allowed("2001:db8::/56")},
       frame().ip6("2001:db8:0:1::7").udp(),
       Verdict::pass},
      {"log-only passes", {log_only("203.0.113.7")}, {}, frame().ip4("203.0.113.7").udp(), Verdict::pass},
      {"log-only does not shield from a banned range",
       {log_only("203.0.113.7"), ban("203.0.113.0/24")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"a log-only range does not shield from a wider ban",
       {log_only("203.0.113.0/24"), ban("203.0.0.0/16")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"a log-only /64 does not shield from a banned address",
       {log_only("2001:db8::/64"), ban("2001:db8::7")},
       {},
       frame().ip6("2001:db8::7").udp(),
       Verdict::drop},
      {"a ban inside a log-only range",
       {log_only("203.0.0.0/16"), ban("203.0.113.0/24")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"a captcha is for web servers",
       {ban("203.0.113.7", Remediation::captcha)},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"what becomes a captcha is not dropped any more",
       {ban("203.0.113.7"), ban("203.0.113.7", Remediation::captcha)},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"what is lifted passes",
       {ban("203.0.113.7"), lift("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
      {"a lifted address inside a banned range stays dropped",
       {ban("203.0.113.7"), ban("203.0.113.0/24"), lift("203.0.113.7")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"a lifted /24 leaves the /25 inside it",
       {ban("203.0.113.0/24"), ban("203.0.113.0/25"), lift("203.0.113.0/24")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"a lifted /25 leaves the /24 around it",
       {ban("203.0.113.0/24"), ban("203.0.113.0/25"), lift("203.0.113.0/25")},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::drop},
      {"a lifted /16 leaves the /28 inside it",
       {ban("203.0.0.0/16"), ban("203.0.113.16/28"), lift("203.0.0.0/16")},
       {},
       frame().ip4("203.0.113.17").udp(),
       Verdict::drop},
      {"what ended before it began is not in force",
       {ban("203.0.113.7", Remediation::ban, -1s)},
       {},
       frame().ip4("203.0.113.7").udp(),
       Verdict::pass},
  };
  return cases;
}

TEST_F(PacketTable, EveryRowHolds) {
  for (const PacketCase& row : packet_cases()) {
    SCOPED_TRACE(row.sentence);
    ASSERT_TRUE(backend->reconcile({}, {}).ok());
    apply(row.decisions);
    allow(row.allows);
    EXPECT_EQ(run(row.frame), row.verdict);
  }
}

TEST_F(PacketTable, AFrameCutAtAnyByteIsDroppedOnceItsSourceIsThereAndPassesBefore) {
  apply({ban("203.0.113.7"), ban("2001:db8::7")});
  struct Cut {
    const char* sentence;
    Frame whole;
    size_t complete;  // from this size on the fixed header is whole
  };
  const Cut cuts[] = {
      {"IPv4", frame().ip4("203.0.113.7").udp(), 14 + 20},
      {"IPv4 in QinQ", frame().qinq(1).vlan(2).ip4("203.0.113.7").udp(), 22 + 20},
      {"IPv6", frame().ip6("2001:db8::7").udp(), 14 + 40},
      {"IPv6 in a VLAN", frame().vlan(2).ip6("2001:db8::7").udp(), 18 + 40},
  };
  for (const Cut& cut : cuts) {
    const uint64_t malformed = totals().malformed;
    uint64_t expected = 0;
    for (size_t size = 14; size <= cut.whole.bytes().size(); ++size) {
      SCOPED_TRACE(std::string(cut.sentence) + " cut to " + std::to_string(size));
      Frame frame = cut.whole;
      EXPECT_EQ(run(frame.cut(size)), size >= cut.complete ? Verdict::drop : Verdict::pass);
      expected += size < cut.complete;
    }
    EXPECT_EQ(totals().malformed - malformed, expected);
  }
}

TEST_F(PacketTable, AnExpiredEntryPassesWithoutAnybodyRemovingIt) {
  apply({ban("203.0.113.7", Remediation::ban, 1s)});
  EXPECT_TRUE(drops("203.0.113.7"));
  // Written as it would stand in the kernel once its time is over, rather than waiting for it.
  ban_value over{};
  over.expiry_s = uint32_t(boottime_ns() / 1'000'000'000);
  over.policy = 1;
  ASSERT_TRUE(backend->tables().set(entry_key(*Prefix::parse("203.0.113.7")), over).ok());
  EXPECT_FALSE(drops("203.0.113.7"));
  EXPECT_EQ(backend->status().bans, 1u);
  EXPECT_TRUE(backend->list(nullptr)->empty()) << "what is over is not in force";
}

TEST_F(PacketTable, ExpiredEntriesDoNotShieldFromTheRangesAroundThem) {
  ban_value over{};
  over.expiry_s = 1;
  over.policy = 1;
  for (const char* text : {"203.0.113.7", "203.0.113.0/24", "2001:db8::7", "2001:db8::/64", "2001:db8::/48"})
    ASSERT_TRUE(backend->tables().set(entry_key(*Prefix::parse(text)), over).ok());
  EXPECT_FALSE(drops("203.0.113.7"));
  EXPECT_FALSE(drops("2001:db8::7"));
  apply({ban("203.0.0.0/16"), ban("2001:db8::/32")});
  EXPECT_TRUE(drops("203.0.113.7"));
  EXPECT_TRUE(drops("2001:db8::7"));
}

TEST_F(PacketTable, TheOutermostOfThirtyNestedRangesIsFound) {
  ban_value over{};
  over.expiry_s = 1;
  over.policy = 1;
  for (int length = 2; length < 32; ++length)
    ASSERT_TRUE(backend->tables().set(entry_key(Prefix::of(*Ip::parse("203.0.113.7"), length)), over).ok());
  EXPECT_FALSE(drops("203.0.113.7"));
  apply({ban("128.0.0.0/1")});
  EXPECT_TRUE(drops("203.0.113.7"));
}

TEST_F(PacketTable, LogOnlyCountsItsPacketsAndTheRestIsCountedToo) {
  apply({ban("203.0.113.7"), log_only("203.0.113.8"), ban("203.0.113.9")});
  allow({allowed("203.0.113.9")});
  const PacketTotals before = totals();
  EXPECT_TRUE(drops("203.0.113.7"));
  EXPECT_FALSE(drops("203.0.113.8"));
  EXPECT_FALSE(drops("203.0.113.9"));
  EXPECT_FALSE(drops("203.0.113.10"));
  const PacketTotals after = totals();
  EXPECT_EQ(after.dropped - before.dropped, 1u);
  EXPECT_EQ(after.passed - before.passed, 3u);
  EXPECT_EQ(after.logged - before.logged, 1u);
  EXPECT_EQ(after.allowed - before.allowed, 1u);

  uint64_t logged = 0;
  for (const DropCounter& row : backend->counters())
    if (row.remediation == remediation_name(Remediation::log_only)) logged += row.packets;
  EXPECT_EQ(logged, 1u);
}

}  // namespace
}  // namespace testudo::test
