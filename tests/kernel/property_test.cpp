// Random decisions and random packets: the kernel's verdict is that of a plain reference, and its parser
// reads what a plain reading of the same bytes reads.
#include <algorithm>
#include <random>

#include "packet_table.h"
#include "tests/support/plain_packet.h"
#include "xdp/ring.h"

namespace testudo::test {
namespace {

/// One decision as the reference knows it.
struct Candidate {
  Remediation remediation = Remediation::none;
  Terms terms;
  bool over = false;
};

struct Entry {
  Prefix prefix;
  std::vector<Candidate> candidates;  ///< one or two
  bool spent = false;                 ///< its bucket is empty
};

struct Packet {
  Ip from;
  uint8_t protocol = 17;
  uint16_t port = 0;
  bool later_fragment = false;

  Frame frame() const {
    Frame out = from.is_v4() ? test::frame().ip4(from.text(), 0, later_fragment ? 100 : 0)
                             : test::frame().ip6(from.text(), later_fragment ? std::vector<uint8_t>{44}
                                                                             : std::vector<uint8_t>{});
    if (protocol == 6)
      out.tcp(40000, port);
    else if (protocol == 17)
      out.udp(40000, port);
    else
      out.raw(8);
    if (protocol != 6 && protocol != 17)
      out.byte(from.is_v4() ? 14 + 9 : 14 + (later_fragment ? 40 : 6), protocol);
    if (later_fragment && !from.is_v4()) out.byte(14 + 40 + 3, 64);
    return out;
  }
};

int severity(Remediation remediation) {
  switch (remediation) {
    case Remediation::ban:
      return 5;
    case Remediation::reset:
      return 4;
    case Remediation::throttle:
      return 3;
    case Remediation::log_only:
      return 2;
    case Remediation::sample:
      return 1;
    default:
      return 0;
  }
}

bool fits(const Terms& terms, const Packet& packet) {
  if (terms.protocol && terms.protocol != packet.protocol) return false;
  if (terms.port_last == 0) return true;
  const bool has_ports = (packet.protocol == 6 || packet.protocol == 17) && !packet.later_fragment;
  return has_ports && packet.port >= terms.port_first && packet.port <= terms.port_last;
}

/// Exact entries are asked before prefixes, longer prefixes before shorter ones.
int order_of(const Prefix& prefix) {
  return prefix.is_host() ? 1000 : !prefix.ip.is_v4() && prefix.length == 64 ? 999 : prefix.length;
}

bool reference_drops(std::vector<Entry> entries, const std::vector<Prefix>& allows, const Packet& packet) {
  for (const Prefix& allow : allows)
    if (allow.contains(packet.from)) return false;
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return order_of(a.prefix) > order_of(b.prefix); });
  Remediation best = Remediation::none;
  bool spent = false;
  for (const Entry& entry : entries) {
    if (!entry.prefix.contains(packet.from)) continue;
    for (const Candidate& each : entry.candidates)
      if (!each.over && severity(each.remediation) > severity(best) && fits(each.terms, packet)) {
        best = each.remediation;
        spent = entry.spent;
      }
  }
  return best == Remediation::ban || best == Remediation::reset || (best == Remediation::throttle && spent);
}

class Random : public PacketTable {
 protected:
  uint32_t below(uint32_t n) { return uint32_t(random() % n); }
  /// Few different addresses, so that prefixes nest and packets hit.
  Ip address() {
    if (below(2)) return Ip::v4(0x0a000000u + (below(4) << 16) + (below(2) << 8) + below(6));
    Ip ip = *Ip::parse("2001:db8::");
    ip.bytes[5] = uint8_t(below(2));
    ip.bytes[7] = uint8_t(below(3));
    ip.bytes[15] = uint8_t(below(5));
    return ip;
  }
  Prefix prefix() {
    const Ip ip = address();
    static const int kLengths4[] = {32, 32, 31, 30, 29, 25, 24, 23, 16, 15, 14, 8, 1, 0};
    static const int kLengths6[] = {128, 128, 64, 64, 127, 120, 96, 65, 63, 60, 48, 47, 32, 19, 0};
    return Prefix::of(
        ip, ip.is_v4() ? kLengths4[below(std::size(kLengths4))] : kLengths6[below(std::size(kLengths6))]);
  }
  Terms terms() {
    Terms out;
    if (below(2)) return out;
    if (below(3)) out.protocol = below(2) ? 6 : 17;
    if (below(3)) {
      out.port_first = uint16_t(20 + below(4));
      out.port_last = uint16_t(out.port_first + below(3));
    }
    return out;
  }
  Candidate candidate() {
    static const Remediation kAll[] = {Remediation::ban,      Remediation::ban,    Remediation::reset,
                                       Remediation::throttle, Remediation::sample, Remediation::log_only,
                                       Remediation::captcha};
    Candidate out{kAll[below(std::size(kAll))], terms(), below(4) == 0};
    if (out.remediation == Remediation::throttle) out.terms.rate = out.terms.burst = 1'000'000'000;
    return out;
  }
  Packet packet() {
    static const uint8_t kProtocols[] = {6, 6, 17, 1};
    return {address(), kProtocols[below(4)], uint16_t(19 + below(7)), below(8) == 0};
  }
  DecisionChange change_of(const Entry& entry) {
    DecisionChange change = ban(entry.prefix.text(), entry.candidates[0].remediation);
    change.terms = entry.candidates[0].terms;
    if (entry.candidates.size() > 1)
      change.next = std::make_shared<Remedy>(Remedy{entry.candidates[1].remediation, now() + 1h, "lists",
                                                    "test/second", entry.candidates[1].terms});
    return change;
  }
  /// As the entry stands once some of its time is over and its bucket is spent.
  void age(const Entry& entry) {
    const EntryKey key = entry_key(entry.prefix);
    ban_value value{};
    if (backend->tables().map(key.table).get(key.bytes(), &value) != 0 || value.length != entry.prefix.length)
      return;  // nothing of it is the kernel's
    std::vector<bool> over;
    for (const Candidate& each : entry.candidates)
      if (each.remediation != Remediation::captcha) over.push_back(each.over);
    if (over[0]) value.expiry_s = 1;
    if (over.size() > 1 && over[1]) value.expiry2_s = 1;
    if (entry.spent) value.tat = ~uint64_t(0) >> 1;
    ASSERT_TRUE(backend->tables().set(key, value).ok());
  }
  std::mt19937 random{20};
};

TEST_F(Random, TheVerdictIsThatOfThePlainReference) {
  int dropped = 0, packets = 0;
  for (int round = 0; round < 80; ++round) {
    std::vector<Entry> entries;
    for (uint32_t i = 0, count = 1 + below(40); i < count; ++i) {
      Entry entry{prefix(), {candidate()}, below(2) == 0};
      if (below(2)) entry.candidates.push_back(candidate());
      std::erase_if(entries, [&](const Entry& other) { return other.prefix == entry.prefix; });
      entries.push_back(std::move(entry));
    }
    std::vector<Prefix> allows;
    for (uint32_t i = 0, count = below(4); i < count; ++i) {
      const Prefix each = prefix();
      if (each.length > 16) allows.push_back(each);
    }
    ASSERT_TRUE(backend->reconcile({}, {}).ok());
    for (const Entry& entry : entries) apply({change_of(entry)});
    for (const Prefix& each : allows) allow({allowed(each.text())});
    for (const Entry& entry : entries) age(entry);
    for (int i = 0; i < 250; ++i, ++packets) {
      const Packet each = packet();
      const Verdict verdict = run(each.frame());
      const bool expected = reference_drops(entries, allows, each);
      dropped += expected;
      ASSERT_EQ(verdict != Verdict::pass, expected)
          << "round " << round << ": from " << each.from.text() << " protocol " << int(each.protocol)
          << " port " << each.port << (each.later_fragment ? " later fragment" : "") << ", verdict "
          << int(verdict);
      ASSERT_TRUE(verdict != Verdict::tx || each.protocol == 6);
    }
  }
  EXPECT_GT(dropped, packets / 10) << "the test must see both";
  EXPECT_LT(dropped, packets * 9 / 10);
}

Frame any_frame(std::mt19937& random) {
  const auto below = [&](uint32_t n) { return uint32_t(random() % n); };
  Frame out = frame();
  for (uint32_t tags = below(4); tags > 0; --tags) below(2) ? out.vlan(1) : out.qinq(2);
  if (below(2)) {
    out.ip4("203.0.113.7", below(3) * 4, uint16_t(below(4) == 0 ? random() : 0));
  } else {
    std::vector<uint8_t> extensions;
    static const uint8_t kKinds[] = {0, 43, 44, 51, 60};
    for (uint32_t count = below(11); count > 0; --count) extensions.push_back(kKinds[below(5)]);
    out.ip6("2001:db8::7", extensions);
  }
  static const uint8_t kProtocols[] = {6, 17, 132, 1};
  const uint8_t protocol = kProtocols[below(4)];
  if (protocol == 6)
    out.tcp(uint16_t(random()), uint16_t(random()), uint8_t(random()));
  else
    out.udp(uint16_t(random()), uint16_t(random()));
  const size_t size = out.bytes().size();
  for (uint32_t count = below(4); count > 0; --count)
    out.byte(12 + below(uint32_t(size) - 12), uint8_t(random()));
  if (below(3) == 0) out.cut(14 + below(uint32_t(size) - 13));
  return out;
}

TEST_F(Random, TheProgramReadsAFrameAsAPlainReaderDoes) {
  apply({log_only("0.0.0.0/0"), log_only("::/0")});
  backend->tables().meta().event_sample = 1;
  auto tables = xdp::open_tables(pin->path());
  auto ring = xdp::Ring::open(pin->path());
  ASSERT_TRUE(tables.ok() && ring.ok());
  const std::vector<budget_value> nothing_spent(size_t(xdp::possible_cpus()));
  const uint32_t events_budget = TESTUDO_BUDGET_EVENTS;
  random.seed(21);
  int read = 0;
  for (int i = 0; i < 20000; ++i) {
    const Frame each = any_frame(random);
    const PlainPacket plain = read_plainly(each.bytes().data(), each.bytes().size());
    ASSERT_EQ(tables->budgets.put(&events_budget, nothing_spent.data()), 0);
    ASSERT_EQ(run(each), Verdict::pass);
    std::vector<drop_event> told;
    ASSERT_TRUE(ring->poll([&](const drop_event& event) { told.push_back(event); }).ok());
    const bool is_ip = plain.kind == TESTUDO_KIND_IP4 || plain.kind == TESTUDO_KIND_IP6;
    ASSERT_EQ(told.size(), size_t(is_ip)) << "frame " << i;
    if (!is_ip) continue;
    ++read;
    EXPECT_EQ(told[0].family, plain.kind) << "frame " << i;
    EXPECT_EQ(std::memcmp(told[0].source, plain.source.data(), 16), 0) << "frame " << i;
    EXPECT_EQ(std::memcmp(told[0].destination, plain.destination.data(), 16), 0) << "frame " << i;
    EXPECT_EQ(told[0].protocol, plain.protocol) << "frame " << i;
    EXPECT_EQ(told[0].source_port, plain.source_port) << "frame " << i;
    ASSERT_EQ(told[0].destination_port, plain.destination_port) << "frame " << i;
  }
  EXPECT_GT(read, 5000);
}

}  // namespace
}  // namespace testudo::test
