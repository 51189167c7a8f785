// Bans that would harm whoever makes them: refused and said, by hand and by detection.
#include <utmpx.h>

#include <cstring>
#include <filesystem>

#include "base/ip.h"
#include "support/installation.h"

namespace testudo::support {
namespace {

using Words = std::vector<std::string>;

/// An open session of root from `address`, as sshd records it in utmp.
std::string utmp_record(const std::string& address) {
  utmpx record{};
  record.ut_type = USER_PROCESS;
  record.ut_pid = ::getpid();
  std::strcpy(record.ut_user, "root");
  std::strcpy(record.ut_line, "pts/0");
  std::strncpy(record.ut_host, address.c_str(), sizeof record.ut_host - 1);
  std::memcpy(record.ut_addr_v6, Ip::parse(address)->bytes.data(), 4);
  return {reinterpret_cast<const char*>(&record), sizeof record};
}

/// A machine with the address 192.0.2.10, the gateway 192.0.2.1, the resolver 192.0.2.53 and an administrator
/// who has come from 203.0.113.90.
class InputRefusals : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "network and mount namespaces need root";
    it.write("fakerun/utmp", utmp_record("203.0.113.90"));
    it.write("resolv.conf", "nameserver 192.0.2.53\n");
    has_resolver = std::filesystem::exists("/etc/resolv.conf");
    it.start({},
             "ip link set lo up\nip link add eth0 type dummy\nip addr add 192.0.2.10/24 dev eth0\n"
             "ip link set eth0 up\nip route add default via 192.0.2.1\n" +
                 std::string(has_resolver ? "mount --bind " + it.path("resolv.conf") + " /etc/resolv.conf\n"
                                          : "") +
                 "mount --bind " + it.path("fakerun") + " /run\n");
    const Finished done = it.testudo({"allowlists", "add", "office", "203.0.113.50", "-d", "front desk"});
    ASSERT_EQ(done.status, 0) << done.err;
  }
  bool has_resolver = false;
  Installation it;
};

TEST_F(InputRefusals, AreSaidByTheCommandLine) {
  const struct {
    const char *what, *option, *value;
    const char* why;
    bool by_force;  ///< --force does it all the same
  } rows[] = {
      {"an allowlisted address", "--ip", "203.0.113.50", "office", false},
      {"an administrator's session", "--ip", "203.0.113.90", "session", false},
      {"a range around a session", "--range", "203.0.113.88/29", "session", false},
      {"loopback", "--ip", "127.0.0.1", "loopback", true},
      {"loopback of IPv6", "--ip", "::1", "loopback", true},
      {"an own address", "--ip", "192.0.2.10", "own address of eth0", true},
      {"the gateway", "--ip", "192.0.2.1", "gateway", true},
      {"a range around an own address", "--range", "192.0.2.0/28", "192.0.2.1", true},
      {"a range of half the internet", "--range", "64.0.0.0/7", "/7", true},
      {"a range of IPv6 providers", "--range", "2a00::/18", "/18", true},
      {"an address of a delivery network", "--ip", "104.16.0.1", "loudflare", true},
      {"nobody", "--ip", "0.0.0.0", "0.0.0.0", true},
  };
  for (const auto& row : rows) {
    const Finished done = it.testudo({"decisions", "add", row.option, row.value});
    EXPECT_EQ(done.status, 1) << row.what;
    EXPECT_EQ(done.out, "") << row.what;
    EXPECT_NE(done.err.find(row.why), std::string::npos) << row.what << ": " << done.err;
    EXPECT_EQ(it.decisions(), Words{}) << row.what;
    const Finished forced = it.testudo({"decisions", "add", "--force", row.option, row.value});
    EXPECT_EQ(forced.status, row.by_force ? 0 : 1) << row.what << ": " << forced.err;
    if (row.by_force) {
      EXPECT_NE(done.err.find("--force"), std::string::npos) << row.what << ": " << done.err;
      EXPECT_EQ(it.testudo({"decisions", "delete", "--all"}).out, "1 decision(s) deleted\n") << row.what;
    }
  }
  if (has_resolver) {
    EXPECT_NE(it.testudo({"decisions", "add", "--ip", "192.0.2.53"}).err.find("resolver"), std::string::npos);
  }
}

TEST_F(InputRefusals, AreSaidByWhyWhenDetectionMeetsThem) {
  const struct {
    const char *what, *value, *why, *verdict;
  } rows[] = {
      {"an allowlisted address", "203.0.113.50", "office", "allowlisted"},
      {"an administrator's session", "203.0.113.90", "session", "protected"},
      {"loopback", "127.0.0.1", "loopback", "protected"},
      {"an own address", "192.0.2.10", "own address of eth0", "protected"},
      {"the gateway", "192.0.2.1", "gateway", "protected"},
      {"an address of a delivery network", "104.16.0.1", "loudflare", "protected"},
  };
  for (const auto& row : rows) it.append("auth.log", brute_force(row.value));
  it.append("auth.log", brute_force("203.0.113.5"));
  ASSERT_TRUE(wait_until([&] { return it.banned("203.0.113.5"); }));
  for (const auto& row : rows) {
    const auto why = it.json({"why", row.value});
    EXPECT_EQ(why.at("banned"), false) << row.what;
    ASSERT_GE(why.at("unheard").as_array().size(), 1u) << row.what << boost::json::serialize(why);
    const auto& alert = why.at("unheard").at(0);
    EXPECT_TRUE(std::string(alert.at("verdict").as_string()).starts_with(row.verdict)) << row.what;
    EXPECT_NE(std::string(alert.at("why").as_string()).find(row.why), std::string::npos)
        << row.what << boost::json::serialize(why);
    const std::string shown = it.testudo({"why", row.value}).out;
    EXPECT_NE(shown.find("Alerts that banned nobody"), std::string::npos) << shown;
    EXPECT_NE(shown.find("Failed password for root"), std::string::npos) << shown;
  }
  EXPECT_EQ(it.decisions(), (Words{"ban Ip:203.0.113.5"}));
}

}  // namespace
}  // namespace testudo::support
