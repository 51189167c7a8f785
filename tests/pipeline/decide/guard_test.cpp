// Allowlists, protected addresses, sessions, simulation: who must not be banned.
#include <pwd.h>
#include <unistd.h>
#include <utmpx.h>

#include <cstring>

#include "decide/allow.h"
#include "decide/machine.h"
#include "decide/protect.h"
#include "decide/sessions.h"
#include "decide/simulation.h"
#include "support.h"

namespace testudo {
namespace {

const TimePoint noon = from_unix_seconds(1'800'000'000);

AllowlistItem item(const std::string& value, const std::string& comment = "",
                   std::optional<TimePoint> end = {}) {
  AllowlistItem row;
  row.value = value;
  row.prefix = prefix(value);
  row.comment = comment;
  row.expires_at = end;
  return row;
}

struct MatchCase {
  const char* sentence;
  const char* listed;
  const char* value;
  bool hit;
};

TEST(Allowlists, MatchInBothDirectionsWithinOneFamily) {
  const MatchCase cases[] = {
      {"the address itself", "192.0.2.1", "192.0.2.1", true},
      {"an address inside the item", "192.0.2.0/24", "192.0.2.77", true},
      {"the item inside a range", "192.0.2.1", "192.0.2.0/24", true},
      {"the item at the end of a range", "192.0.2.255", "192.0.2.0/24", true},
      {"the same range", "192.0.2.0/24", "192.0.2.0/24", true},
      {"a neighbour", "192.0.2.1", "192.0.2.2", false},
      {"a range beside it", "192.0.2.1", "192.0.3.0/24", false},
      {"IPv6 in a range", "2001:db8::/32", "2001:db8:1::5", true},
      {"an IPv6 item in a /64", "2001:db8::5", "2001:db8::/64", true},
      {"the bytes of another family", "32.1.13.184", "2001:db8::/32", false},
      {"everything of the other family", "0.0.0.0/0", "2001:db8::1", false},
  };
  for (const MatchCase& c : cases) {
    Allowlists lists;
    Allowlist list;
    list.name = "office";
    list.items = {item(c.listed)};
    lists.assign({list});
    EXPECT_EQ(lists.touches(prefix(c.value), noon), c.hit) << c.sentence;
    EXPECT_EQ(!lists.matches(prefix(c.value), noon).empty(), c.hit) << c.sentence;
  }
}

TEST(Allowlists, NameListAndCommentSortedByList) {
  Allowlists lists;
  Allowlist b, a;
  b.name = "b";
  b.items = {item("192.0.2.0/24", "office")};
  a.name = "a";
  a.items = {item("192.0.2.1")};
  lists.assign({b, a});
  EXPECT_EQ(lists.matches(prefix("192.0.2.1"), noon),
            (std::vector<std::string>{"192.0.2.1 from a", "192.0.2.0/24 from b (office)"}));
}

TEST(Allowlists, AnItemEndsAtItsTime) {
  Allowlists lists;
  Allowlist list;
  list.name = "guests";
  list.items = {item("192.0.2.1", "", noon + 1h)};
  lists.assign({list});
  EXPECT_TRUE(lists.touches(prefix("192.0.2.1"), noon));
  EXPECT_FALSE(lists.touches(prefix("192.0.2.1"), noon + 1h));
  EXPECT_FALSE(lists.expire(noon));
  EXPECT_TRUE(lists.expire(noon + 1h));
  EXPECT_TRUE(lists.lists()[0].items.empty());
}

TEST(AllowTable, SaysOnlyDifferences) {
  AllowTable table;
  using R = AllowChange::Reason;
  EXPECT_EQ(table.move_to({{prefix("192.0.2.1"), R::list}, {prefix("192.0.2.2"), R::own}}).size(), 2u);
  EXPECT_TRUE(table.move_to({{prefix("192.0.2.1"), R::list}, {prefix("192.0.2.2"), R::own}}).empty());
  const auto changes = table.move_to({{prefix("192.0.2.2"), R::session}});
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].op, AllowChange::Op::set);
  EXPECT_EQ(changes[0].reason, R::session);
  EXPECT_EQ(changes[1].op, AllowChange::Op::clear);
  EXPECT_EQ(changes[1].prefix, prefix("192.0.2.1"));
}

struct ProtectCase {
  const char* sentence;
  const char* value;
  bool refused, refused_with_force;
};

TEST(Protection, RefusesWhatWouldHarmItsMaker) {
  Protection protection;
  protection.set_machine(
      {{ip("198.51.100.7"), "own address of eth0"}, {ip("2001:db8:7::1"), "default gateway"}});
  protection.set_configured({ip("198.51.100.50")});
  protection.set_sessions({ip("203.0.113.5")});
  PrefixMap<std::string> cdn;
  cdn.at(prefix("104.16.0.0/13")) = "Cloudflare";
  cdn.at(prefix("2606:4700::/32")) = "Cloudflare";
  protection.set_cdn(std::move(cdn));
  const ProtectCase cases[] = {
      {"loopback", "127.0.0.1", true, false},
      {"all of loopback", "127.9.9.9", true, false},
      {"loopback of IPv6", "::1", true, false},
      {"unspecified", "0.0.0.0", true, false},
      {"unspecified of IPv6", "::", true, false},
      {"multicast", "224.0.0.251", true, false},
      {"multicast of IPv6", "ff02::1", true, false},
      {"broadcast", "255.255.255.255", true, false},
      {"an own address", "198.51.100.7", true, false},
      {"a range around an own address", "198.51.100.0/24", true, false},
      {"a gateway", "2001:db8:7::1", true, false},
      {"the /64 of a gateway", "2001:db8:7::/64", true, false},
      {"a configured address", "198.51.100.50", true, false},
      {"an administrator's session, always", "203.0.113.5", true, true},
      {"a range around a session, always", "203.0.113.0/24", true, true},
      {"everything, always, while a session is there", "0.0.0.0/0", true, true},
      {"an address of a CDN", "104.17.1.1", true, false},
      {"an address of a CDN, IPv6", "2606:4700::1", true, false},
      {"a range that touches a CDN", "104.0.0.0/8", true, false},
      {"wider than /8", "96.0.0.0/7", true, false},
      {"wider than /19 of IPv6", "2a00::/18", true, false},
      {"/8 is wide, but allowed", "96.0.0.0/8", false, false},
      {"/19 of IPv6", "2a00::/19", false, false},
      {"a stranger", "192.0.2.9", false, false},
      {"the neighbour of an own address", "198.51.100.8", false, false},
      {"the neighbour of a session", "203.0.113.6", false, false},
      {"a private address is a stranger like others", "10.1.2.3", false, false},
  };
  for (const ProtectCase& c : cases) {
    const auto refusal = protection.refuse(prefix(c.value), false);
    EXPECT_EQ(refusal.has_value(), c.refused) << c.sentence;
    if (refusal) {
      EXPECT_FALSE(refusal->why.empty()) << c.sentence;
    }
    EXPECT_EQ(protection.refuse(prefix(c.value), true).has_value(), c.refused_with_force) << c.sentence;
  }
}

TEST(Protection, TheShippedCdnRangesLoadAndHoldCloudflare) {
  auto ranges = load_cdn_ranges(std::string(TESTUDO_SOURCE_DIR) + "/config/cdn-ranges.txt");
  ASSERT_TRUE(ranges) << ranges.error().text();
  EXPECT_GT(ranges->size(), 100u);
  Protection protection;
  protection.set_cdn(std::move(*ranges));
  EXPECT_NE(protection.protects(ip("172.64.1.1")).find("Cloudflare"), std::string::npos);
  EXPECT_EQ(protection.protects(ip("192.0.2.1")), "");
}

TEST(Protection, ABadLineOfTheCdnFileIsNamed) {
  const TempFolder folder;
  const auto ranges = load_cdn_ranges(folder.file("cdn.txt", "# A\n192.0.2.0/24\nnonsense\n"));
  ASSERT_FALSE(ranges);
  EXPECT_EQ(ranges.error().code, Code::bad_config);
  EXPECT_EQ(ranges.error().where.line, 3);
}

TEST(Machine, ReadsGatewaysAndResolvers) {
  MachineAddresses found;
  add_gateways_v4(
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
      "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n",
      found);
  add_gateways_v6(
      "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
      "20010db8000700000000000000000001 00000400 00000001 00000000 00000003     eth0\n"
      "20010db8000700000000000000000000 40 00000000000000000000000000000000 00 "
      "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n",
      found);
  add_resolvers(
      "# nameserver 192.0.2.99\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\nnameserver 127.0.0.53\n",
      found);
  EXPECT_EQ(found.size(), 4u);
  EXPECT_EQ(found[ip("192.0.2.1")], "default gateway on eth0");
  EXPECT_EQ(found[ip("2001:db8:7::1")], "default gateway on eth0");
  EXPECT_EQ(found[ip("192.0.2.53")], "resolver in /etc/resolv.conf");
  EXPECT_TRUE(found.contains(ip("fe80::1")));
}

TEST(Machine, BrokenTablesAreNotRead) {
  MachineAddresses found;
  add_gateways_v4("eth0\tzz\t\t\nshort\n\n", found);
  add_gateways_v6(
      "xx\n00000000000000000000000000000000 00 0 00 zz010db8000700000000000000000001 0 0 0 0 eth0\n", found);
  add_resolvers("nameserver\nnameserver not-an-address\n", found);
  EXPECT_TRUE(found.empty());
}

std::string utmp_row(const std::string& user, const Ip& from, pid_t pid, short type) {
  utmpx row{};
  row.ut_type = type;
  row.ut_pid = pid;
  std::memcpy(row.ut_user, user.data(), std::min(user.size(), sizeof row.ut_user));
  std::memcpy(row.ut_addr_v6, from.bytes.data(), 16);
  return std::string(reinterpret_cast<const char*>(&row), sizeof row);
}

TEST(Sessions, UtmpGivesLivingSessionsOfAdministratorsOnly) {
  const TempFolder folder;
  const passwd* nobody = getpwnam("nobody");
  ASSERT_NE(nobody, nullptr);
  const std::string content = utmp_row("root", ip("192.0.2.1"), getpid(), USER_PROCESS) +
                              utmp_row("root", ip("2001:db8::1"), getpid(), USER_PROCESS) +
                              utmp_row("nobody", ip("192.0.2.2"), getpid(), USER_PROCESS) +
                              utmp_row("no-such-user", ip("192.0.2.3"), getpid(), USER_PROCESS) +
                              utmp_row("root", ip("192.0.2.4"), 0x3ffffff0, USER_PROCESS) +
                              utmp_row("root", ip("192.0.2.5"), getpid(), DEAD_PROCESS) +
                              utmp_row("root", ip("192.0.2.6"), getpid(), LOGIN_PROCESS) +
                              utmp_row("root", ip("0.0.0.0"), getpid(), USER_PROCESS) + "half a row";
  const std::string path = folder.file("utmp", content);
  const auto users = std::make_shared<AdminUsers>(std::vector<std::string>{"sudo"});
  EXPECT_EQ(utmp_sessions(users, path)->addresses(), (std::vector<Ip>{ip("192.0.2.1"), ip("2001:db8::1")}));
  EXPECT_TRUE(utmp_sessions(users, folder.path + "/missing")->addresses().empty());
}

TEST(Sessions, AGroupMakesAnAdministrator) {
  // nobody's primary group, under whatever name this system has.
  AdminUsers of_group({"nogroup", "nobody"}), of_other({"sudo"});
  EXPECT_TRUE(of_group.is_admin(std::string("nobody")));
  EXPECT_FALSE(of_other.is_admin(std::string("nobody")));
  EXPECT_TRUE(of_other.is_admin(uint32_t(0)));
  EXPECT_TRUE(of_other.is_admin(std::string("root")));
}

TEST(Sessions, AnAddressIsRememberedForTheGraceAfterItsSession) {
  SessionMemory memory(4h);
  EXPECT_TRUE(memory.update({ip("192.0.2.1"), ip("127.0.0.1")}, noon));
  EXPECT_EQ(memory.addresses(), std::vector<Ip>{ip("192.0.2.1")});
  EXPECT_FALSE(memory.update({ip("192.0.2.1")}, noon + 1h));
  EXPECT_FALSE(memory.update({}, noon + 5h));
  EXPECT_TRUE(memory.update({}, noon + 5h + 1s));
  EXPECT_TRUE(memory.addresses().empty());
}

TEST(Sessions, TheMemoryIsBounded) {
  SessionMemory memory(4h);
  for (uint32_t i = 0; i < 1500; ++i)
    memory.update({Ip::v4(0xC6336400u + i)}, noon + std::chrono::seconds(i));
  EXPECT_EQ(memory.addresses().size(), 1000u);
}

struct SimulationCase {
  const char* sentence;
  const char* text;
  bool listed, other;  ///< is test/listed simulated, is test/other?
};

TEST(Simulation, DefaultAndExclusions) {
  const SimulationCase cases[] = {
      {"nothing", "", false, false},
      {"off", "simulation: false\n", false, false},
      {"off but for the listed", "simulation: false\nexclusions:\n - test/listed\n", true, false},
      {"on", "simulation: true\n", true, true},
      {"on but for the listed", "simulation: true\nexclusions: [test/listed]\n", false, true},
  };
  for (const SimulationCase& c : cases) {
    const TempFolder folder;
    const auto simulation = Simulation::load(folder.file("simulation.yaml", c.text));
    ASSERT_TRUE(simulation) << c.sentence << ": " << simulation.error().text();
    EXPECT_EQ(simulation->simulates("test/listed"), c.listed) << c.sentence;
    EXPECT_EQ(simulation->simulates("test/other"), c.other) << c.sentence;
  }
}

TEST(Simulation, TheLocalFileIsMergedOver) {
  const TempFolder folder;
  folder.file("simulation.yaml.local", "exclusions: [test/listed]\n");
  const auto simulation =
      Simulation::load(folder.file("simulation.yaml", "simulation: true\nexclusions: [test/x]\n"));
  ASSERT_TRUE(simulation);
  EXPECT_FALSE(simulation->simulates("test/listed"));
  EXPECT_TRUE(simulation->simulates("test/x"));
}

TEST(Simulation, UnknownKeysAreErrorsWithPlace) {
  const TempFolder folder;
  const auto simulation =
      Simulation::load(folder.file("simulation.yaml", "simulation: false\nexclusion: []\n"));
  ASSERT_FALSE(simulation);
  EXPECT_EQ(simulation.error().code, Code::bad_config);
  EXPECT_EQ(simulation.error().where.line, 2);
  EXPECT_TRUE(Simulation::load(folder.path + "/missing.yaml").ok());
}

}  // namespace
}  // namespace testudo
