// What the program counts of packets that pass: told once a window, never for packets of open connections.
#include "packet_table.h"
#include "xdp/observer.h"

namespace testudo::test {
namespace {

constexpr uint8_t kFin = 1, kSyn = 2, kRst = 4, kAck = 16;

Frame segment(const std::string& from, uint16_t port, uint8_t flags) {
  Frame frame = test::frame().ip4(from).raw(20);
  frame.byte(14 + 3, 40).byte(14 + 9, 6);
  return frame.byte(34 + 2, uint8_t(port >> 8))
      .byte(34 + 3, uint8_t(port))
      .byte(34 + 12, 0x50)
      .byte(34 + 13, flags);
}

class Observe : public PacketTable {
 protected:
  void SetUp() override {
    PacketTable::SetUp();
    if (!backend) return;
    auto opened =
        xdp::Observer::open(pin->path(), [this](const testudo_observation& o) { told.push_back(o); });
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    observer = std::move(*opened);
    config.window_s = 3600;
    config.syn_exact = 1000000;
    config.threshold[TESTUDO_OBSERVED_SYN] = 50;
    config.threshold[TESTUDO_OBSERVED_PORTS] = 10;
    config.threshold[TESTUDO_OBSERVED_UDP] = 640;
    config.threshold[TESTUDO_OBSERVED_ICMP] = 640;
    config.threshold[TESTUDO_OBSERVED_BAD_FLAGS] = 3;
    configure();
  }
  void configure() { ASSERT_TRUE(observer->configure(config).ok()); }
  std::vector<testudo_observation> read() {
    told.clear();
    EXPECT_TRUE(observer->read().ok());
    return told;
  }
  std::unique_ptr<xdp::Observer> observer;
  std::vector<testudo_observation> told;
  observe_config config{};
};

TEST_F(Observe, AScanOfManyPortsIsToldOnceInAWindow) {
  for (int port = 1; port <= 40; ++port) run(segment("203.0.113.7", uint16_t(port), kSyn));
  const auto seen = read();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].kind, uint32_t(TESTUDO_OBSERVED_PORTS));
  EXPECT_EQ(seen[0].count, 10u);
  EXPECT_EQ(seen[0].port, 10);
  EXPECT_EQ(seen[0].source.length, 32);
  EXPECT_EQ(Ip::v4_bytes(seen[0].source.address).text(), "203.0.113.7");
}

TEST_F(Observe, ConnectionsToOnePortAreAFloodOnlyPastTheirThreshold) {
  for (int i = 0; i < 49; ++i) run(segment("203.0.113.7", 443, kSyn));
  EXPECT_TRUE(read().empty());
  run(segment("203.0.113.7", 443, kSyn));
  const auto seen = read();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].kind, uint32_t(TESTUDO_OBSERVED_SYN));
}

TEST_F(Observe, PacketsOfOpenConnectionsCountForNobody) {
  for (int i = 0; i < 1000; ++i) run(segment("203.0.113.7", uint16_t(i), kAck));
  for (int i = 0; i < 1000; ++i) run(segment("203.0.113.7", uint16_t(i), kSyn | kAck));
  for (int i = 0; i < 1000; ++i) run(segment("203.0.113.7", uint16_t(i), kRst));
  for (int i = 0; i < 1000; ++i) run(segment("203.0.113.7", uint16_t(i), kFin | kAck));
  EXPECT_TRUE(read().empty());
  EXPECT_EQ(observer->load().seen, 0u);
}

TEST_F(Observe, FlagsThatNoStackSendsAreToldWhateverTheyAre) {
  for (const uint8_t flags : {uint8_t(0), kFin, uint8_t(kSyn | kFin), uint8_t(kSyn | kRst)})
    run(segment("203.0.113.7", 80, flags));
  const auto seen = read();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].kind, uint32_t(TESTUDO_OBSERVED_BAD_FLAGS));
}

TEST_F(Observe, DatagramsAreCountedBySamples) {
  for (int i = 0; i < 64 * 12; ++i) run(frame().ip4("203.0.113.7").udp());
  const auto seen = read();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].kind, uint32_t(TESTUDO_OBSERVED_UDP));
  EXPECT_EQ(seen[0].count, 640u);
}

TEST_F(Observe, WhereTensOfThousandsAreAFloodFewerDatagramsAreLookedAt) {
  config.threshold[TESTUDO_OBSERVED_UDP] = 50'000;
  configure();
  // More than 49 samples' worth: each CPU counts what it let pass for itself.
  for (int i = 0; i < 1024 * 53; ++i) run(frame().ip4("203.0.113.7").udp());
  const auto seen = read();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].kind, uint32_t(TESTUDO_OBSERVED_UDP));
  EXPECT_EQ(seen[0].count, 1024u * 49);
  EXPECT_GE(observer->load().seen, 49u);
  EXPECT_LE(observer->load().seen, 53u + 4);
}

TEST_F(Observe, NeighboursAreToldAsTheirNetwork) {
  config.networks[TESTUDO_OBSERVED_SYN] = 100;
  configure();
  for (int i = 0; i < 100; ++i) run(segment("203.0.113." + std::to_string(i + 1), 443, kSyn));
  const auto seen = read();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].source.length, 24);
  EXPECT_EQ(Ip::v4_bytes(seen[0].source.address).text(), "203.0.113.0");
}

TEST_F(Observe, AFloodOfNewSourcesIsLookedAtBySamplesSoThatItStaysCheap) {
  config.syn_exact = 100;
  configure();
  // All within one second, nearly always: the count begins anew with a second, so twice as many may be seen.
  for (int i = 0; i < 6400; ++i)
    run(segment("10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".1", 443, kSyn));
  const observe_load load = observer->load();
  EXPECT_GT(load.sampled, 5000u);
  EXPECT_EQ(load.sampled + load.seen, 6400u);
}

TEST_F(Observe, AGreatFloodIsLookedAtYetMoreRarelyAndCountedInFull) {
  config.syn_exact = 10;
  config.threshold[TESTUDO_OBSERVED_SYN] = 20'000;
  configure();
  for (int i = 0; i < 32 * 1024; ++i) run(segment("203.0.113.7", 443, kSyn));
  const observe_load load = observer->load();
  EXPECT_EQ(load.sampled + load.seen, 32u * 1024);
  EXPECT_LT(load.seen, 300u);  // one of 64 throughout would be 512, and a second or two may begin meanwhile
  const auto seen = read();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].kind, uint32_t(TESTUDO_OBSERVED_SYN));
}

TEST_F(Observe, BannedAndMalformedPacketsAreNotCounted) {
  apply({ban("203.0.113.7")});
  for (int i = 0; i < 100; ++i) run(segment("203.0.113.7", uint16_t(i), kSyn));
  for (int i = 0; i < 100; ++i) run(segment("203.0.113.8", uint16_t(i), kSyn).cut(40));
  EXPECT_TRUE(read().empty());
}

TEST_F(Observe, WithoutAConfigurationNothingIsCounted) {
  config.window_s = 0;
  configure();
  for (int port = 1; port <= 40; ++port) run(segment("203.0.113.7", uint16_t(port), kSyn));
  EXPECT_EQ(observer->load().seen, 0u);
}

}  // namespace
}  // namespace testudo::test
