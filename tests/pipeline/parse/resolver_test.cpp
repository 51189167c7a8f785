// Names of addresses: from a hosts file, from a name server on the loopback, in time or not at all.
#include "parse/resolver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "base/files.h"
#include "nodes.h"
#include "parse/dns.h"
#include "support/temp_dir.h"

namespace testudo::parse {
namespace {

using Strings = std::vector<std::string>;
using namespace std::string_literals;

const Ip kClient = *Ip::parse("192.0.2.7");

TEST(HostsResolver, KnowsWhatTheFileSaysAndNothingElse) {
  const auto hosts = hosts_resolver_of(
      "192.0.2.7\tMail.example.org mail # a comment\n2001:db8::1 six.example.org.\n\nnonsense x\n# 192.0.2.8 "
      "no\n192.0.2.9 mail");
  EXPECT_EQ(hosts->name_of(kClient), "mail.example.org.");
  EXPECT_EQ(hosts->name_of(*Ip::parse("::ffff:192.0.2.7")), "mail.example.org.");
  EXPECT_EQ(hosts->name_of(*Ip::parse("2001:0db8:0::1")), "six.example.org.");
  EXPECT_EQ(hosts->name_of(*Ip::parse("192.0.2.8")), "");
  EXPECT_EQ(hosts->addresses_of("MAIL"), (Strings{"192.0.2.7", "192.0.2.9"}));
  EXPECT_EQ(hosts->addresses_of("six.example.org"), (Strings{"2001:db8::1"}));
  EXPECT_EQ(hosts->addresses_of("nobody"), Strings{});
  EXPECT_FALSE(hosts_resolver("/nonexistent/hosts").ok());
}

/// An answer with one record whose owner is the question's name, by pointer.
std::string answer(std::string_view question, dns::Type type, std::string_view data) {
  std::string out(question);
  out[2] = char(0x81);
  out[3] = char(0x80);
  out[7] = 1;
  out += "\xc0\x0c"s + '\0' + char(type) + "\0\1\0\0\0\1"s + '\0' + char(data.size());
  out += data;
  return out;
}
const std::string kName = "\4mail\7example\3org\0"s;

TEST(Dns, ReadsAnswersToItsOwnQuestionAlone) {
  const std::string asked = dns::question(77, dns::reverse_name(kClient), dns::Type::ptr);
  EXPECT_EQ(dns::reverse_name(kClient), "7.2.0.192.in-addr.arpa");
  const std::string right = answer(asked, dns::Type::ptr, kName);
  EXPECT_EQ(dns::read_answer(right, asked, dns::Type::ptr), (Strings{"mail.example.org."}));
  const std::string other = dns::question(78, dns::reverse_name(kClient), dns::Type::ptr);
  EXPECT_FALSE(dns::read_answer(right, other, dns::Type::ptr)) << "another number";
  EXPECT_FALSE(dns::read_answer(asked, asked, dns::Type::ptr)) << "a question is no answer";
  std::string missing = asked;
  missing[2] = char(0x81);
  missing[3] = 3;
  EXPECT_EQ(dns::read_answer(missing, asked, dns::Type::ptr), Strings{}) << "no such name";
}

TEST(Dns, ABrokenAnswerGivesNothingAndEnds) {
  const std::string asked = dns::question(77, dns::reverse_name(kClient), dns::Type::ptr);
  const std::string right = answer(asked, dns::Type::ptr, kName);
  for (size_t n = asked.size(); n < right.size(); ++n)
    EXPECT_EQ(dns::read_answer(right.substr(0, n), asked, dns::Type::ptr), Strings{});
  for (size_t at = asked.size(); at < right.size(); ++at)
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = right;
      changed[at] = char(byte);
      dns::read_answer(changed, asked, dns::Type::ptr);
    }
  const std::string loop = answer(asked, dns::Type::ptr, "\xc0" + std::string(1, char(asked.size() + 12)));
  EXPECT_EQ(dns::read_answer(loop, asked, dns::Type::ptr), Strings{}) << "a pointer to itself";
  EXPECT_EQ(dns::read_answer(answer(asked, dns::Type::ptr, "\3a\nb\0"s), asked, dns::Type::ptr), Strings{})
      << "a newline in a name is no name";
}

TEST(Dns, RefusesToAskForWhatIsNoName) {
  for (const std::string& name : {""s, "a..b"s, std::string(64, 'a'), std::string(300, 'a'), "."s})
    EXPECT_EQ(dns::question(1, name, dns::Type::a), "") << name;
}

/// A name server on the loopback that says "mail.example.org" to everything, or nothing at all.
class NameServer {
 public:
  explicit NameServer(bool mute) : mute_(mute), fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t length = sizeof address;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    port = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~NameServer() {
    stop_ = true;
    thread_.join();
  }
  SystemResolverOptions options(const std::string& folder) {
    SystemResolverOptions out;
    out.hosts = folder + "/none";
    out.resolv_conf = folder + "/resolv.conf";
    out.port = port;
    out.patience = mute_ ? std::chrono::milliseconds(10) : std::chrono::seconds(10);
    return out;
  }
  uint16_t port = 0;
  std::atomic<int> asked{0};
  std::atomic<bool> mute_;

 private:
  void run() {
    while (!stop_) {
      pollfd wait{fd_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 20) != 1) continue;
      char bytes[512];
      sockaddr_storage from{};
      socklen_t length = sizeof from;
      const ssize_t n =
          ::recvfrom(fd_.get(), bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &length);
      if (n < 12) continue;
      ++asked;
      if (mute_) continue;
      const std::string question(bytes, size_t(n));
      const auto type = dns::Type(question[question.size() - 3]);
      const std::string data = type == dns::Type::ptr ? kName
                               : type == dns::Type::a ? "\xc0\x00\x02\x09"s
                                                      : "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\1";
      const std::string packet = answer(question, type, data);
      ::sendto(fd_.get(), packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
    }
  }
  Fd fd_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

struct SystemResolver : testing::Test {
  SystemResolver() { dir.write("resolv.conf", "# ours\nsearch example.org\nnameserver 127.0.0.1\n"); }
  support::TempDir dir;
};

TEST_F(SystemResolver, AsksTheNameServerAndRemembers) {
  NameServer server(false);
  const auto resolver = system_resolver(server.options(dir.path()));
  EXPECT_EQ(resolver->name_of(kClient), "mail.example.org.");
  EXPECT_EQ(resolver->name_of(kClient), "mail.example.org.");
  EXPECT_EQ(server.asked, 1);
  EXPECT_EQ(resolver->addresses_of("mail.example.org"), (Strings{"192.0.2.9", "2001:db8::1"}));
  EXPECT_EQ(resolver->addresses_of("MAIL.example.org"), (Strings{"192.0.2.9", "2001:db8::1"}));
  EXPECT_EQ(server.asked, 3);
}

TEST_F(SystemResolver, GivesUpWhenTheServerIsSilentAndEndsAtOnce) {
  NameServer server(true);
  const auto resolver = system_resolver(server.options(dir.path()));
  for (uint32_t i = 0; i < 2000; ++i) EXPECT_EQ(resolver->name_of(Ip::v4(0x0a000000 + i)), "");
  EXPECT_LE(server.asked, 8) << "questions wait in a queue that has an end";
}

TEST_F(SystemResolver, TakesTheHostsFileFirst) {
  NameServer server(false);
  SystemResolverOptions options = server.options(dir.path());
  options.hosts = dir.write("hosts", "192.0.2.7 here\n");
  const auto resolver = system_resolver(options);
  EXPECT_EQ(resolver->name_of(kClient), "here.");
  EXPECT_EQ(server.asked, 0);
}

TEST(ReverseDns, WritesTheNameAndIsNotAskedByASecondLook) {
  Parsers parsers;
  ASSERT_TRUE(parsers.add("s00-enrich", R"y(
name: rdns
statics:
  - {method: reverse_dns, expression: evt.Line.Raw}
  - {meta: hosts, expression: "join(LookupHost('mail.example.org'), ',')"
}
)y"));
  Lines lines(parsers);
  EXPECT_EQ(lines.run("192.0.2.7"), Outcome::parsed);
  EXPECT_EQ(lines.enriched("reverse_dns"), "(absent)") << "nobody to ask";
  const auto hosts = hosts_resolver_of("192.0.2.7 mail.example.org\n192.0.2.8 mail.example.org\n");
  lines.context.enrich.resolver = hosts.get();
  lines.run("192.0.2.7");
  EXPECT_EQ(lines.enriched("reverse_dns"), "mail.example.org.");
  EXPECT_EQ(lines.meta("hosts"), "192.0.2.7,192.0.2.8");
  lines.run("not an address");
  EXPECT_EQ(lines.enriched("reverse_dns"), "(absent)");
  lines.context.silent = true;
  lines.run("192.0.2.7");
  EXPECT_EQ(lines.enriched("reverse_dns"), "(absent)");
}

}  // namespace
}  // namespace testudo::parse
