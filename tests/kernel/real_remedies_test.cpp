// Remedies as a client feels them: real packets over a veth pair.
#include <gtest/gtest.h>
#include <net/if.h>

#include <cerrno>

#include "enforce/xdp_backend.h"
#include "sandbox.h"
#include "xdp/bpffs.h"
#include "xdp/outgoing.h"
#include "xdp/ring.h"

namespace testudo::test {
namespace {

class RealRemedies : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_not_here(); !why.empty()) GTEST_SKIP() << why;
    net = std::make_unique<Sandbox>();
  }
  void open(EnforceOptions options) {
    const Inside inside(net->server());
    auto opened = open_backend(options);
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    backend = std::move(*opened);
  }
  void open() { open(net->options()); }
  void apply(const std::vector<DecisionChange>& changes) {
    const Inside inside(net->server());
    const auto done = backend->apply(changes);
    EXPECT_TRUE(done.ok()) << done.error().text();
  }
  static DecisionChange with(const std::string& prefix, Remediation remediation, const Terms& terms) {
    DecisionChange change = ban(prefix, remediation);
    change.terms = terms;
    return change;
  }
  const char* const clients[2] = {"192.0.2.2", "2001:db8::2"};
  const char* const others[2] = {"192.0.2.3", "2001:db8::3"};

  std::unique_ptr<Sandbox> net;
  std::unique_ptr<Backend> backend;
};

TEST_F(RealRemedies, AThrottledClientGetsItsBurstThrough) {
  open();
  for (const char* client : clients) {
    apply({with(client, Remediation::throttle, {.rate = 1, .burst = 10})});
    const int got = net->delivered(client, 100);
    EXPECT_GE(got, 8) << client << ": a neighbour solicitation counts, too";
    EXPECT_LE(got, 12) << client;
  }
  for (const char* other : others) EXPECT_EQ(net->delivered(other, 100), 100) << other;
}

TEST_F(RealRemedies, AClientUnderResetFailsAtOnceWhereABannedOneWaits) {
  for (const char* mode : {"xdp", "xdp-generic"}) {
    SCOPED_TRACE(mode);
    EnforceOptions options = net->options();
    options.mode = mode;
    backend.reset();
    open(options);
    net->client_takes_answers();
    for (int i = 0; i < 2; ++i) {
      SCOPED_TRACE(clients[i]);
      apply({lift(clients[i])});
      ASSERT_EQ(net->connects(clients[i]), 0);
      apply({ban(clients[i], Remediation::reset)});
      EXPECT_EQ(net->connects(clients[i]), ECONNREFUSED);
      EXPECT_EQ(net->delivered(clients[i]), 0) << "UDP has no RST";
      apply({ban(clients[i])});
      EXPECT_EQ(net->connects(clients[i], 300), ETIMEDOUT);
      EXPECT_EQ(net->connects(others[i]), 0);
    }
    EXPECT_GE(backend->status().totals.resets, 2u);
    apply({lift(clients[0]), lift(clients[1])});
  }
}

TEST_F(RealRemedies, ABanOfTcpLeavesUdp) {
  open();
  for (const char* client : clients) {
    apply({with(client, Remediation::ban, {.protocol = 6})});
    EXPECT_EQ(net->connects(client, 300), ETIMEDOUT) << client;
    EXPECT_EQ(net->delivered(client), 5) << client;
  }
}

TEST_F(RealRemedies, LogOnlyAndSamplePassAndAreTold) {
  open();
  apply({ban(clients[0], Remediation::log_only), with(clients[1], Remediation::sample, {.sample = 1})});
  for (const char* client : clients) EXPECT_EQ(net->delivered(client), 5) << client;
  EXPECT_GE(backend->status().totals.logged, 10u);
  auto ring = xdp::Ring::open(net->pin());
  ASSERT_TRUE(ring.ok()) << ring.error().text();
  int told = 0;
  ASSERT_TRUE(ring->poll([&](const drop_event& event) { told += event.family == 6; }, 1000).ok());
  EXPECT_GE(told, 5);
}

TEST_F(RealRemedies, TotalsAreKeptForEachInterface) {
  open();
  apply({ban(clients[0])});
  net->delivered(clients[0]);
  net->delivered(others[0]);
  const EnforceStatus status = backend->status();
  ASSERT_EQ(status.interfaces.size(), 1u);
  EXPECT_GE(status.interfaces[0].totals.dropped, 5u);
  EXPECT_GE(status.interfaces[0].totals.passed, 5u);
  EXPECT_EQ(status.interfaces[0].totals.dropped, status.totals.dropped);
  const Inside inside(net->server());
  const auto pinned = status_pinned(net->pin());
  ASSERT_TRUE(pinned.ok() && pinned->interfaces.size() == 1);
  EXPECT_GE(pinned->interfaces[0].totals.dropped, 5u);
}

TEST_F(RealRemedies, NothingIsStoppedOnItsWayOutUnlessItIsAskedFor) {
  open();
  apply({ban(clients[0]), ban(clients[1])});
  for (const char* client : clients)
    EXPECT_EQ(net->delivered_to(client), client == clients[0] ? 5 : 0)
        << "IPv6 asks for its neighbour, whose answers are dropped";
}

TEST_F(RealRemedies, OutgoingStopsPacketsToABannedAddress) {
  EnforceOptions options = net->options();
  options.outgoing = true;
  open(options);
  for (const char* client : clients) ASSERT_EQ(net->delivered_to(client), 5) << client;
  apply({ban(clients[0]), ban(clients[1])});
  for (const char* client : clients) EXPECT_EQ(net->delivered_to(client), 0) << client;
  for (const char* other : others) EXPECT_EQ(net->delivered_to(other), 5) << other;
  EXPECT_GE(backend->status().totals.outgoing_dropped, 10u);
  uint64_t counted = 0;
  for (const DropCounter& row : backend->counters()) counted += row.outgoing ? row.packets : 0;
  EXPECT_GE(counted, 10u);
}

TEST_F(RealRemedies, OneDecisionThatAsksForOutgoingIsEnoughAndAnotherIsNotHit) {
  open();
  apply({with(clients[0], Remediation::ban, {.outgoing = true}), ban(others[0])});
  EXPECT_EQ(net->delivered_to(clients[0]), 0);
  EXPECT_EQ(net->delivered_to(others[0]), 5);
}

TEST_F(RealRemedies, OutgoingSurvivesItsOwnerAndGoesWhenItIsTurnedOff) {
  EnforceOptions options = net->options();
  options.outgoing = true;
  open(options);
  apply({ban(clients[0])});
  backend.reset();
  EXPECT_EQ(net->delivered_to(clients[0]), 0);
  open(options);
  EXPECT_EQ(net->delivered_to(clients[0]), 0);
  const Inside inside(net->server());
  EXPECT_EQ(xdp::outgoing_interfaces(net->pin()), std::vector<std::string>{"server0"});
  backend.reset();
  open();
  EXPECT_TRUE(xdp::outgoing_interfaces(net->pin()).empty());
  EXPECT_EQ(net->delivered_to(clients[0]), 5);
}

TEST_F(RealRemedies, OutgoingWorksByClsactWhereThereIsNoTcx) {
  open();
  apply({with(clients[0], Remediation::ban, {.outgoing = true})});
  const Inside inside(net->server());
  xdp::detach_outgoing(net->pin(), "server0");
  ASSERT_EQ(net->delivered_to(clients[0]), 5);
  auto* xdp_backend = dynamic_cast<XdpBackend*>(backend.get());
  ASSERT_TRUE(xdp_backend);
  const uint32_t index = backend->status().interfaces.empty() ? 0 : if_nametoindex("server0");
  for (int twice = 0; twice < 2; ++twice) {
    const auto at =
        xdp::attach_outgoing(net->pin(), "server0", index, xdp_backend->program().outgoing_fd(), true);
    ASSERT_TRUE(at.ok()) << at.error().text();
    EXPECT_EQ(at->mode, "clsact");
    EXPECT_EQ(net->delivered_to(clients[0]), 0);
    EXPECT_EQ(net->delivered_to(others[0]), 5);
  }
  xdp::detach_outgoing(net->pin(), "server0");
  EXPECT_EQ(net->delivered_to(clients[0]), 5);
}

}  // namespace
}  // namespace testudo::test
