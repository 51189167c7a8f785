// Real packets over a veth pair: what is banned does not arrive.
#include <gtest/gtest.h>

#include "sandbox.h"

namespace testudo::test {
namespace {

class RealPackets : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_not_here(); !why.empty()) GTEST_SKIP() << why;
    net = std::make_unique<Sandbox>();
  }
  std::unique_ptr<Backend> open(const EnforceOptions& options) {
    const Inside inside(net->server());
    auto backend = open_backend(options);
    EXPECT_TRUE(backend.ok()) << backend.error().text();
    return backend ? std::move(*backend) : nullptr;
  }
  std::unique_ptr<Backend> open() { return open(net->options()); }
  static void apply(Backend& backend, const std::vector<DecisionChange>& changes) {
    const auto done = backend.apply(changes);
    EXPECT_TRUE(done.ok()) << done.error().text();
  }

  std::unique_ptr<Sandbox> net;
};

TEST_F(RealPackets, OfABannedAddressAreDroppedAndCounted) {
  const auto backend = open();
  ASSERT_TRUE(backend);
  ASSERT_EQ(net->delivered("192.0.2.2"), 5);
  apply(*backend, {ban("192.0.2.2")});
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
  EXPECT_EQ(net->delivered("192.0.2.3"), 5);

  const EnforceStatus status = backend->status();
  EXPECT_EQ(status.bans, 1u);
  EXPECT_GE(status.dropped_packets, 5u);
  EXPECT_GT(status.last_drop_unix_ns, unix_nanos(now() - 1min));
  const auto counters = backend->counters();
  ASSERT_EQ(counters.size(), 1u);
  EXPECT_EQ(counters[0].origin, "crowdsec");
  EXPECT_EQ(counters[0].scenario, "test/knocking");
  EXPECT_EQ(counters[0].remediation, "ban");
  EXPECT_EQ(counters[0].packets, status.dropped_packets);
  EXPECT_EQ(counters[0].bytes, status.dropped_bytes);
}

}  // namespace
}  // namespace testudo::test
