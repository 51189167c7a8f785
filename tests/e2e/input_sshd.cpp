// A real sshd, real clients, names chosen to accuse 8.8.8.8: with own content whoever connected is banned,
// with the hub's content at least nobody else.
#include <filesystem>
#include <sstream>

#include "support/installation.h"

namespace testudo::support {
namespace {

/// What sshd logged while clients from 203.0.113.66 tried hostile names; once for all tests.
const std::string& logged() {
  static const std::string log = [] {
    const TempDir dir;
    // sshd and its clients live in a network namespace that ends with the script.
    const std::string script = R"sh(
cd "$1"
made=; [ -d /run/sshd ] || { mkdir -p /run/sshd; made=1; }
ip link set lo up
ip addr add 203.0.113.66/32 dev lo
ip addr add 198.51.100.1/32 dev lo
ssh-keygen -q -t ed25519 -N '' -f key
printf '%s\n' 'Port 2222' 'ListenAddress 198.51.100.1' "HostKey $1/key" "PidFile $1/pid" 'UsePAM no' \
  'KbdInteractiveAuthentication no' 'PasswordAuthentication yes' 'MaxStartups 100:30:200' 'LogLevel VERBOSE' >config
setpriv --pdeathsig KILL /usr/sbin/sshd -D -e -f "$1/config" 2>log &
sshd=$!
for i in $(seq 200); do grep -q 'Server listening' log && break; sleep 0.02; done
try() {
  sshpass -p wrong ssh -F none -b 203.0.113.66 -p 2222 -o User="$1" -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile=/dev/null -o PreferredAuthentications=password -o NumberOfPasswordPrompts=1 \
    -o ConnectTimeout=5 198.51.100.1 true >>clients 2>&1
}
for round in 1 2 3; do
  try 'x from 8.8.8.8' &
  try 'root from 8.8.8.8 port 22 ssh2' &
  try 'x from 8.8.8.8 port 22' &
  try '8.8.8.8' &
  try 'admin from 8.8.8.8 port 22 ssh2: RSA SHA256:abc' &
  try 'x 8.8.8.8 port 22 [preauth]' &
  try "$(printf 'x\nsshd[1]: Failed password for root from 8.8.8.8 port 22 ssh2')" &
  for pid in $(jobs -p);
    do ["$pid" = "$sshd"] || wait "$pid";
    done done kill "$sshd"; wait "$sshd" 2>/dev/null
[ -z "$made" ] || rmdir /run/sshd
)sh";
    run({"unshare", "--net", "setpriv", "--pdeathsig", "KILL", "bash", "-c", script, "sshd", dir.path()});
    return slurp(dir.path() + "/log");
  }();
  return log;
}

/// The same lines behind the header that syslog writes.
std::string as_syslog(const std::string& log) {
  std::string out;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && line.back() == '\r') line.pop_back();
    out += sshd_line(line);
  }
  return out;
}

class InputSshd : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {"/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/sshpass"})
      if (!std::filesystem::exists(program))
        GTEST_SKIP() << program << " is missing: install the section peers of scripts/packages.txt";
    if (::geteuid() != 0) GTEST_SKIP() << "a network namespace needs root";
    ASSERT_NE(logged().find("from 8.8.8.8"), std::string::npos) << "sshd did not log the names:\n"
                                                                << logged();
    ASSERT_NE(logged().find("Failed password for invalid user"), std::string::npos) << logged();
  }
  Installation it;
};

TEST_F(InputSshd, OwnContentBansWhoConnectedAndNobodyElse) {
  it.start();
  it.append("auth.log", as_syslog(logged()));
  ASSERT_TRUE(wait_until([&] { return it.banned("203.0.113.66"); })) << logged();
  it.append("auth.log", brute_force("203.0.113.5"));
  ASSERT_TRUE(wait_until([&] { return it.banned("203.0.113.5"); }));
  EXPECT_FALSE(it.banned("8.8.8.8"));
  EXPECT_EQ(it.json({"alerts", "list", "--value", "8.8.8.8"}).as_array().size(), 0u)
      << "own content does not even suspect it";
}

TEST_F(InputSshd, HubContentBansNobodyForLinesThatAccuseTwo) {
  TESTUDO_NEED_HUB();
  it.use_hub();
  it.start();
  it.append("auth.log", as_syslog(logged()));
  it.append("auth.log", brute_force("203.0.113.5"));
  ASSERT_TRUE(wait_until([&] { return it.banned("203.0.113.5"); }));
  EXPECT_FALSE(it.banned("8.8.8.8"));
  const std::string why = it.testudo({"why", "8.8.8.8"}).out;
  EXPECT_TRUE(why.starts_with("8.8.8.8 is not banned.")) << why;
}

}  // namespace
}  // namespace testudo::support
