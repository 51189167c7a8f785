// A log line is not a witness: forged names ban nobody else, and adding addresses to a request evades
// nothing.
#include "engine/ambiguity.h"

#include <gtest/gtest.h>

#include "engine/replay.h"
#include "support/hub.h"
#include "support/temp_dir.h"

namespace testudo {
namespace {

TEST(FindAddresses, FindsWhatStandsInALine) {
  std::vector<FoundAddress> found;
  const auto in = [&](std::string_view text) {
    find_addresses(text, 16, found);
    std::string out;
    for (const FoundAddress& f : found) out += (out.empty() ? "" : " ") + f.ip.text();
    return out;
  };
  EXPECT_EQ(in("Failed password for root from 203.0.113.7 port 22 ssh2"), "203.0.113.7");
  EXPECT_EQ(in("from 203.0.113.7:4711, to 2001:db8::1."), "203.0.113.7 2001:db8::1");
  EXPECT_EQ(in("at 10:00:00 version 1.2.3 of 300.1.2.3"), "");
  EXPECT_EQ(in("x1.2.3.4y"), "1.2.3.4");
  EXPECT_EQ(in("GET /a?ip=8.8.8.8&b HTTP/1.1"), "8.8.8.8");
  EXPECT_EQ(in(""), "");
  EXPECT_EQ(in("client:2001:db8::5 twice 2001:db8::5"), "2001:db8::5");
}

TEST(FindAddresses, LeavesOutWhatNoClientHas) {
  std::vector<FoundAddress> found;
  find_addresses("Chrome/120.0.0.0 Safari/537.36 0.1.2.3 ::", 16, found);
  EXPECT_TRUE(found.empty());
}

struct LookCase {
  const char* text;
  const char* source;
  bool may;
};
TEST(SecondAddress, IsSeenByACheapLook) {
  const LookCase cases[] = {
      {"Failed password for root from 203.0.113.7 port 22 ssh2", "203.0.113.7", false},
      {"203.0.113.7 - - [01/Jun/2026:10:00:00 +0000] \"GET /a.b.c HTTP/1.1\" 404 \"Chrome/120.0.0.0\"",
       "203.0.113.7", false},
      {"at 10:00:00 from 203.0.113.7: 203.0.113.7 again, version 1.2.3.", "203.0.113.7", false},
      {"client:2001:db8::1 at 10:00:00", "2001:db8::1", false},
      {"Failed password for 8.8.8.8 from 203.0.113.7 port 22 ssh2", "203.0.113.7", true},
      {"from 203.0.113.7 host203.0.113.8x", "203.0.113.7", true},
      {"203.0.113.7 2001:db8::1", "203.0.113.7", true},
      {"203.0.113.7 2001:db8:1:2:3:4:5:6", "203.0.113.7", true},
      {"", "", false},
  };
  for (const LookCase& c : cases) {
    const std::string_view text = c.text;
    const size_t at = text.find(c.source);
    ASSERT_NE(at, std::string_view::npos);
    EXPECT_EQ(may_hold_another(text, text.substr(at, std::string_view(c.source).size())), c.may) << text;
  }
}

TEST(SecondAddress, IsNeverOverlooked) {
  // Lines of pieces that addresses are made of; the slow search is the judge.
  const char* pieces[] = {"1.2.3.4",
                          "203.0.113.7",
                          "::",
                          "2001:db8::9",
                          ":",
                          ".",
                          "12",
                          "fe80",
                          "300",
                          " ",
                          "x",
                          "0",
                          "a:b:c:d:e:f:1:2",
                          "255.255.255.255",
                          "120.0.0.0"};
  uint64_t random = 42;
  std::vector<FoundAddress> found;
  size_t with = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (int n = 0; n < 6; ++n) {
      random = random * 6364136223846793005ULL + 1442695040888963407ULL;
      text += pieces[(random >> 33) % std::size(pieces)];
    }
    text += " from 203.0.113.7 port";
    const std::string_view source = std::string_view(text).substr(text.size() - 16, 11);
    ASSERT_EQ(source, "203.0.113.7");
    const Ip ip = *Ip::parse(source);
    find_addresses(text, 1, found, &ip);
    with += !found.empty();
    if (!found.empty()) {
      ASSERT_TRUE(may_hold_another(text, source)) << text;
    }
  }
  EXPECT_GT(with, 10'000u);
}

std::vector<Alert> run(const std::vector<std::string>& folders, const std::vector<std::string>& items,
                       const std::string& type, const std::string& lines) {
  ProgramOptions options;
  options.content = {folders, items};
  options.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
  auto program = load_program(options);
  EXPECT_TRUE(program.ok());
  for (const Error& e : (*program)->errors) ADD_FAILURE() << e.text();
  const support::TempDir dir;
  ReplayOptions replayed;
  replayed.file = dir.write("log", lines);
  replayed.type = type;
  replayed.today = *parse_rfc3339("2026-06-01T00:00:00Z");
  auto result = replay(*program, replayed);
  EXPECT_TRUE(result.ok());
  return std::move(result->alerts);
}

std::string forged_sshd(const std::string& name, const std::string& address, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) {
    const std::string stamp = "Jun  1 10:00:0" + std::to_string(i % 10);
    out += stamp + " web sshd[77]: Invalid user " + name + " from " + address + " port 40000\n";
    out += stamp + " web sshd[77]: Failed password for invalid user " + name + " from " + address +
           " port 40000 ssh2\n";
  }
  return out;
}

std::string many(std::string text, const std::string& more, int times) {
  for (int i = 0; i < times; ++i) text += more;
  return text;
}
/// More addresses than anybody looks at, so that the true one behind them is not seen.
std::string many_addresses() {
  std::string text = "x from 8.8.8.8";
  for (int i = 0; i < 40; ++i) text += " 192.0.2." + std::to_string(i);
  return text;
}

const std::vector<std::string> kHubSsh = {"crowdsecurity/sshd-logs", "crowdsecurity/syslog-logs",
                                          "crowdsecurity/dateparse-enrich", "crowdsecurity/ssh-bf"};

TEST(Ambiguity, ForgedNamesBanNobodyElseWithHubContent) {
  TESTUDO_NEED_HUB();
  for (const std::string& name :
       {std::string("x from 8.8.8.8"), std::string("x from 8.8.8.8 port 22"), std::string("from 8.8.8.8"),
        many("x from 8.8.8.8", " 8.8.8.8", 20), many_addresses()}) {
    for (const Alert& a :
         run({support::hub() + "/hub"}, kHubSsh, "syslog", forged_sshd(name, "198.51.100.9", 10)))
      EXPECT_TRUE(a.source.value == "198.51.100.9" || a.ambiguous) << name << ": " << a.message;
  }
}

TEST(Ambiguity, EachAddressOfALineIsAccusedBesideTheOthers) {
  TESTUDO_NEED_HUB();
  const auto alerts =
      run({support::hub() + "/hub"}, kHubSsh, "syslog", forged_sshd("x from 8.8.8.8", "198.51.100.9", 10));
  size_t attacker = 0, victim = 0;
  for (const Alert& a : alerts) {
    if (!a.ambiguous) continue;
    const bool is_attacker = a.source.value == "198.51.100.9";
    is_attacker ? ++attacker : ++victim;
    EXPECT_EQ(a.rivals, std::vector<std::string>{is_attacker ? "8.8.8.8" : "198.51.100.9"}) << a.message;
  }
  EXPECT_GT(attacker, 0u);
  EXPECT_GT(victim, 0u);
}

TEST(Ambiguity, WhereTheAuthorMayBeAnotherStillNoRivalsAreNamed) {
  TESTUDO_NEED_HUB();
  size_t marked = 0;
  for (const Alert& a :
       run({support::hub() + "/hub"}, kHubSsh, "syslog", forged_sshd(many_addresses(), "198.51.100.9", 10))) {
    marked += a.ambiguous;
    EXPECT_TRUE(a.rivals.empty()) << a.message;
  }
  EXPECT_GT(marked, 0u);
}

TEST(Ambiguity, OrdinaryLinesStayUnmarkedWithHubContent) {
  TESTUDO_NEED_HUB();
  const auto alerts =
      run({support::hub() + "/hub"}, kHubSsh, "syslog", forged_sshd("root", "198.51.100.9", 10));
  ASSERT_FALSE(alerts.empty());
  for (const Alert& a : alerts) EXPECT_FALSE(a.ambiguous) << a.message;
}

TEST(Ambiguity, AnAddressInARequestEvadesNothing) {
  TESTUDO_NEED_HUB();
  std::string lines;
  for (int i = 0; i < 12; ++i)
    lines += "198.51.100.9 - - [01/Jun/2026:10:00:0" + std::to_string(i % 10) + " +0000] \"GET /page" +
             std::to_string(i) + "?8.8.8.8 HTTP/1.1\" 404 10 \"http://8.8.4.4/\" \"agent 9.9.9.9\"\n";
  const auto alerts = run({support::hub() + "/hub"},
                          {"crowdsecurity/nginx-logs", "crowdsecurity/syslog-logs", "crowdsecurity/http-logs",
                           "crowdsecurity/dateparse-enrich", "crowdsecurity/http-probing"},
                          "nginx", lines);
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].source.value, "198.51.100.9");
  EXPECT_FALSE(alerts[0].ambiguous);
}

TEST(Ambiguity, AForgedNginxUserNameBansNobodyElse) {
  TESTUDO_NEED_HUB();
  std::string lines;
  for (int i = 0; i < 12; ++i)
    lines += "198.51.100.9 - 8.8.8.8 - bob [01/Jun/2026:10:00:0" + std::to_string(i % 10) +
             " +0000] \"GET /page" + std::to_string(i) + " HTTP/1.1\" 404 10 \"-\" \"-\"\n";
  for (const Alert& a :
       run({support::hub() + "/hub"},
           {"crowdsecurity/nginx-logs", "crowdsecurity/syslog-logs", "crowdsecurity/http-logs",
            "crowdsecurity/dateparse-enrich", "crowdsecurity/http-probing"},
           "nginx", lines))
    EXPECT_TRUE(a.source.value == "198.51.100.9" || a.ambiguous) << a.message;
}

// A request for /x%0a2026/06/01... makes nginx write the newline and what follows as it is: whole lines of a
// stranger.
std::string forged_error_lines(int times) {
  std::string out;
  for (int i = 0; i < times; ++i) {
    const std::string stamp = "2026/06/01 10:00:0" + std::to_string(i % 10) + " [error] 9#9: *1 ";
    const std::string behind =
        ", client: 198.51.100.9, server: , request: \"GET /x HTTP/1.1\", host: \"h\"\n";
    out += stamp + "open() \"/www/x\n" + stamp +
           "user \"u\": password mismatch, client: 8.8.8.8, server: _, request: \"GET / HTTP/1.1\", host: "
           "\"h\"\n\" failed (2: No such file or directory)" +
           behind + stamp + "open() \"/www/x\n" + stamp +
           "limiting requests, excess: 5.5 by zone \"z\", client: 8.8.8.8, server: _, request: \"GET / "
           "HTTP/1.1\", host: \"h\"\n\" failed (2: No such file or directory)" +
           behind;
  }
  return out;
}

TEST(Ambiguity, WholeLinesThatAStrangerWroteAreNoWitness) {
  TESTUDO_NEED_HUB();
  const std::vector<std::string> items = {
      "crowdsecurity/nginx-logs",      "crowdsecurity/syslog-logs",
      "crowdsecurity/http-logs",       "crowdsecurity/dateparse-enrich",
      "crowdsecurity/http-generic-bf", "crowdsecurity/nginx-req-limit-exceeded"};
  const auto alerts = run({support::hub() + "/hub"}, items, "nginx", forged_error_lines(30));
  ASSERT_FALSE(alerts.empty());  // seen, and told by `why`
  for (const Alert& a : alerts) EXPECT_TRUE(a.ambiguous) << a.message;
  for (const Alert& a : run({TESTUDO_SOURCE_DIR "/config/content"}, {}, "nginx", forged_error_lines(30)))
    EXPECT_TRUE(a.ambiguous) << a.message;
}

TEST(Ambiguity, WhatStandsInQuotesIsNoWitness) {
  TESTUDO_NEED_HUB();
  std::string lines;
  for (int i = 0; i < 20; ++i)
    lines += "Jun  1 10:00:0" + std::to_string(i % 10) +
             " web sshd[77]: error: kex_exchange_identification: client sent invalid protocol identifier \"x "
             "Failed password for root from 8.8.8.8 port 22 ssh2\"\n";
  const auto alerts = run({support::hub() + "/hub"}, kHubSsh, "syslog", lines);
  ASSERT_FALSE(alerts.empty());
  for (const Alert& a : alerts) EXPECT_TRUE(a.ambiguous) << a.message;
  EXPECT_TRUE(run({TESTUDO_SOURCE_DIR "/config/content"}, {}, "syslog", lines).empty());
}

TEST(Ambiguity, QuotesOfALineOfJsonAreTheProgramsOwn) {
  TESTUDO_NEED_HUB();
  ProgramOptions options;
  options.content = {{support::hub() + "/hub"},
                     {"crowdsecurity/syslog-logs", "crowdsecurity/caddy-logs", "barnoux/caddy-coraza",
                      "barnoux/crs-anomaly-score"}};
  options.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
  options.data_folder = support::hub() + "/data";
  auto program = load_program(options);
  ASSERT_TRUE(program.ok());
  ReplayOptions replayed;
  replayed.file = support::hub() + "/tests/caddy-crs-anomaly-score/coraza.log";
  replayed.type = "caddy";
  auto result = replay(*program, replayed);
  ASSERT_TRUE(result.ok());
  ASSERT_FALSE(result->alerts.empty());
  for (const Alert& a : result->alerts) EXPECT_FALSE(a.ambiguous) << a.message;
}

TEST(Ambiguity, WhatTheClientSaysBehindItsAddressEvadesNothing) {
  std::string lines;
  for (int i = 0; i < 20; ++i) {
    const std::string stamp = "Jun  1 10:00:0" + std::to_string(i % 10) + " web sshd[77]: ";
    lines += stamp +
             "Unable to negotiate with 198.51.100.9 port 40000: no matching key exchange method found. "
             "Their offer: root from 8.8.8.8 port 22 ssh2 [preauth]\n";
  }
  const auto alerts = run({TESTUDO_SOURCE_DIR "/config/content"}, {}, "syslog", lines);
  ASSERT_FALSE(alerts.empty());
  for (const Alert& a : alerts) {
    EXPECT_EQ(a.source.value, "198.51.100.9");
    EXPECT_FALSE(a.ambiguous) << a.message;
  }
}

TEST(Ambiguity, ARequestWithoutAHostIsReadInALogThatBeginsWithIt) {
  // nginx answers a Host that is no name with 400 and writes an empty $host.
  std::string lines;
  for (const char* path :
       {"/.env", "/.git/config", "/phpinfo.php", "/wp-config.php.bak", "/.aws/credentials", "/backup.sql",
        "/.ssh/id_rsa", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php"})
    lines += std::string(" 198.51.100.9 - - [01/Jun/2026:10:00:00 +0000] \"GET ") + path +
             " HTTP/1.1\" 400 10 \"-\" \"-\" \"-\"\n";
  const auto alerts = run({TESTUDO_SOURCE_DIR "/config/content"}, {}, "nginx", lines);
  ASSERT_FALSE(alerts.empty());
  EXPECT_EQ(alerts[0].source.value, "198.51.100.9");
}

TEST(Ambiguity, OwnContentIsNotFooledAndNotEvaded) {
  for (const char* name : {"root", "x from 8.8.8.8", "x from 8.8.8.8 port 22",
                           "root from 8.8.8.8 port 22 ssh2", "a from 8.8.8.8 from 8.8.4.4"}) {
    const auto alerts =
        run({TESTUDO_SOURCE_DIR "/config/content"}, {}, "syslog", forged_sshd(name, "198.51.100.9", 20));
    EXPECT_FALSE(alerts.empty()) << name;
    for (const Alert& a : alerts) {
      EXPECT_EQ(a.source.value, "198.51.100.9") << name;
      EXPECT_FALSE(a.ambiguous) << name << ": " << a.message;
    }
  }
}

}  // namespace
}  // namespace testudo
