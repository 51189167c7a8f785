// tests/kernel/nft_machine.h: a guarded namespace whose bans are in nftables.
#pragma once

#include <gtest/gtest.h>

#include "enforce/backends.h"
#include "enforce/nft_backend.h"
#include "sandbox.h"
#include "stream.h"

namespace testudo::test {

class Nft : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_not_here(); !why.empty()) GTEST_SKIP() << why;
    if (!shell("nft --version")) GTEST_SKIP() << "needs the program nft";
    net = std::make_unique<Sandbox>();
    options = net->options();
    options.mode = "nftables";
    // The neighbours know each other: what asks for them comes from a banned address, too.
    ASSERT_EQ(net->delivered("2001:db8::9"), 5);
  }
  std::string table() const { return nft_table(net->pin()); }
  std::unique_ptr<NftBackend> open() {
    const Inside inside(net->server());
    auto backend = NftBackend::open(options);
    EXPECT_TRUE(backend.ok()) << backend.error().text();
    return backend ? std::move(*backend) : nullptr;
  }
  /// The daemon lives in the server's namespace; so do the programs that it runs.
  void apply(Backend& backend, const std::vector<DecisionChange>& changes) {
    const Inside inside(net->server());
    const auto done = backend.apply(changes);
    EXPECT_TRUE(done.ok()) << done.error().text();
  }
  void allow(Backend& backend, const std::vector<AllowChange>& changes) {
    const Inside inside(net->server());
    const auto done = backend.allow(changes);
    EXPECT_TRUE(done.ok()) << done.error().text();
  }
  void reconcile(Backend& backend, const std::vector<DecisionChange>& all,
                 const std::vector<AllowChange>& allowed_too = {}) {
    const Inside inside(net->server());
    const auto done = backend.reconcile(all, allowed_too);
    EXPECT_TRUE(done.ok()) << done.error().text();
  }
  void refresh(Backend& backend) {
    const Inside inside(net->server());
    backend.refresh_interfaces();
  }
  bool on_server(const std::string& command) {
    return shell("nsenter --net=/run/netns/" + net->server() + " " + command);
  }
  std::string said_on_server(const std::string& command) {
    return output_of("nsenter --net=/run/netns/" + net->server() + " " + command);
  }

  std::unique_ptr<Sandbox> net;
  EnforceOptions options;
};

inline DecisionChange with_terms(DecisionChange change, const Terms& terms) {
  change.terms = terms;
  return change;
}

inline const DropCounter* counter_of(const std::vector<DropCounter>& counters, const std::string& remediation,
                                     Family family = Family::v4) {
  for (const DropCounter& counter : counters)
    if (counter.remediation == remediation && counter.family == family) return &counter;
  return nullptr;
}

}  // namespace testudo::test
