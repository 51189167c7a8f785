// tests/kernel/packet_table.h: the program with no interface; frames are handed to it.
#pragma once

#include <gtest/gtest.h>

#include "enforce/xdp_backend.h"
#include "frame.h"
#include "sandbox.h"

namespace testudo::test {

using xdp::Verdict;

inline DecisionChange log_only(const std::string& prefix) { return ban(prefix, Remediation::log_only); }

class PacketTable : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_not_here(); !why.empty()) GTEST_SKIP() << why;
    pin = std::make_unique<PinFolder>();
    backend = open();
  }
  std::unique_ptr<XdpBackend> open(xdp::TableSizes sizes = {}, uint32_t max_entries = 1000000) {
    EnforceOptions options;
    options.pin = pin->path();
    options.max_entries = max_entries;
    options.interfaces = {"testudo-none"};  // no such interface: nothing is attached
    auto opened = XdpBackend::open(options, sizes);
    EXPECT_TRUE(opened.ok()) << opened.error().text();
    return opened ? std::move(*opened) : nullptr;
  }
  Verdict run(const Frame& frame) {
    const auto verdict = backend->program().run(frame.bytes());
    EXPECT_TRUE(verdict.ok()) << verdict.error().text();
    return verdict ? *verdict : Verdict::aborted;
  }
  bool drops(const Frame& frame) { return run(frame) == Verdict::drop; }
  bool drops(const std::string& from) {
    return drops(Ip::parse(from)->is_v4() ? frame().ip4(from).udp() : frame().ip6(from).udp());
  }
  void apply(const std::vector<DecisionChange>& changes) {
    const auto done = backend->apply(changes);
    EXPECT_TRUE(done.ok()) << done.error().text();
  }
  void allow(const std::vector<AllowChange>& changes) {
    const auto done = backend->allow(changes);
    EXPECT_TRUE(done.ok()) << done.error().text();
  }
  PacketTotals totals() { return backend->status().totals; }

  std::unique_ptr<PinFolder> pin;
  std::unique_ptr<XdpBackend> backend;
};

}  // namespace testudo::test
