// A foreign XDP program on the interface: ours runs before it, and leaves it as it was.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <net/if.h>

#include "enforce/xdp_backend.h"
#include "sandbox.h"
#include "xdp/attach.h"
#include "xdp/attached.h"
#include "xdp/chain.h"

namespace testudo::test {
namespace {

/// Drops frames of 600 bytes and more, passes the others; as `ip link set dev X xdp obj …` would attach it.
Fd foreign_program(const char* name, bool multi_buffer) {
  const bpf_insn code[] = {
      {BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, offsetof(xdp_md, data), 0},
      {BPF_LDX | BPF_MEM | BPF_W, BPF_REG_3, BPF_REG_1, offsetof(xdp_md, data_end), 0},
      {BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, 600},
      {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, XDP_PASS},
      {BPF_JMP | BPF_JGT | BPF_X, BPF_REG_2, BPF_REG_3, 1, 0},
      {BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, XDP_DROP},
      {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
  };
  LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = multi_buffer ? uint32_t(BPF_F_XDP_HAS_FRAGS) : 0);
  return Fd(bpf_prog_load(BPF_PROG_TYPE_XDP, name, "GPL", code, std::size(code), &options));
}

class Chain : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (const std::string why = why_not_here(); !why.empty()) GTEST_SKIP() << why;
    net = std::make_unique<Sandbox>();
    attach_foreign("foreign", GetParam());
  }
  void attach_foreign(const char* name, bool multi_buffer) {
    const Inside inside(net->server());
    foreign = foreign_program(name, multi_buffer);
    ASSERT_TRUE(foreign);
    ASSERT_EQ(bpf_xdp_attach(index(), foreign.get(), XDP_FLAGS_DRV_MODE, nullptr), 0);
  }
  static int index() { return int(if_nametoindex("server0")); }
  void open() {
    const Inside inside(net->server());
    auto opened = open_backend(net->options());
    ASSERT_TRUE(opened.ok()) << opened.error().text();
    backend = std::move(*opened);
  }
  uint32_t attached() {
    const Inside inside(net->server());
    return xdp::attached_now(uint32_t(index())).program;
  }
  bool small(const char* from) { return net->delivered(from, 5) == 5; }
  bool large(const char* from) { return net->delivered(from, 5, 1000) == 5; }

  std::unique_ptr<Sandbox> net;
  std::unique_ptr<Backend> backend;
  Fd foreign;
};

TEST_P(Chain, OursDropsAndWhatItPassesTheForeignProgramSees) {
  ASSERT_TRUE(small("192.0.2.2"));
  ASSERT_FALSE(large("192.0.2.2"));
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_EQ(backend->status().interfaces.size(), 1u);
  EXPECT_EQ(backend->status().interfaces[0].mode, "xdp") << backend->status().interfaces[0].why_not_better;
  EXPECT_NE(attached(), xdp::program_id(foreign.get()));
  ASSERT_TRUE(backend->apply(std::vector{ban("192.0.2.2")}).ok());
  EXPECT_FALSE(small("192.0.2.2"));
  EXPECT_TRUE(small("192.0.2.3"));
  EXPECT_FALSE(large("192.0.2.3")) << "the foreign program still decides what passes ours";
}

TEST_P(Chain, ANewOwnerTakesOursForOursAndTheForeignProgramStays) {
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(backend->apply(std::vector{ban("192.0.2.2")}).ok());
  for (int round = 0; round < 3; ++round) {
    backend.reset();
    EXPECT_FALSE(small("192.0.2.2")) << "in force without an owner";
    ASSERT_NO_FATAL_FAILURE(open());
    EXPECT_TRUE(backend->status().adopted);
    EXPECT_FALSE(small("192.0.2.2"));
    EXPECT_TRUE(small("192.0.2.3"));
    EXPECT_FALSE(large("192.0.2.3"));
  }
}

TEST_P(Chain, TablesThatGrowKeepIt) {
  const Inside inside(net->server());
  auto own = XdpBackend::open(net->options(), {.bans = 64, .filter_words = 16});
  ASSERT_TRUE(own.ok()) << own.error().text();
  std::vector<DecisionChange> many;
  for (int i = 0; i < 500; ++i)
    many.push_back(ban("198.18.0." + std::to_string(i % 250) + (i < 250 ? "" : "/31")));
  many.push_back(ban("192.0.2.2"));
  ASSERT_TRUE((*own)->apply(many).ok());
  EXPECT_FALSE(small("192.0.2.2"));
  EXPECT_TRUE(small("192.0.2.3"));
  EXPECT_FALSE(large("192.0.2.3"));
}

TEST_P(Chain, LeavingPutsTheForeignProgramBack) {
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(backend->apply(std::vector{ban("192.0.2.2")}).ok());
  backend.reset();
  {
    const Inside inside(net->server());
    ASSERT_TRUE(remove_pinned(net->pin()).ok());
  }
  EXPECT_EQ(attached(), xdp::program_id(foreign.get()));
  EXPECT_TRUE(small("192.0.2.2"));
  EXPECT_FALSE(large("192.0.2.2"));
  EXPECT_FALSE(file_exists(net->pin()));
}

TEST_P(Chain, AForeignProgramThatTakesOurPlaceIsChainedAnew) {
  ASSERT_NO_FATAL_FAILURE(open());
  ASSERT_TRUE(backend->apply(std::vector{ban("192.0.2.2")}).ok());
  {
    const Inside inside(net->server());
    ASSERT_EQ(bpf_xdp_attach(index(), -1, XDP_FLAGS_DRV_MODE, nullptr), 0);
  }
  attach_foreign("other", GetParam());
  EXPECT_TRUE(small("192.0.2.2")) << "ours was thrown out";
  {
    const Inside inside(net->server());
    backend->refresh_interfaces();
  }
  EXPECT_FALSE(small("192.0.2.2"));
  EXPECT_TRUE(small("192.0.2.3"));
  EXPECT_FALSE(large("192.0.2.3"));
}

TEST_P(Chain, LibxdpsDispatcherIsNamedWithTheReasonAndLeftAlone) {
  const Inside inside(net->server());
  ASSERT_EQ(bpf_xdp_attach(index(), -1, XDP_FLAGS_DRV_MODE, nullptr), 0);
  attach_foreign("xdp_dispatcher", GetParam());
  auto opened = open_backend(net->options());
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::conflict);
  EXPECT_NE(opened.error().message.find("dispatcher"), std::string::npos) << opened.error().text();
  EXPECT_EQ(attached(), xdp::program_id(foreign.get()));
  EXPECT_TRUE(xdp::chained_interfaces(net->pin()).empty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, Chain, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "MultiBuffer" : "SingleBuffer"; });

class ManyInterfaces : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_not_here(); !why.empty()) GTEST_SKIP() << why;
    net = std::make_unique<Sandbox>();
  }
  std::unique_ptr<Sandbox> net;
};

TEST_F(ManyInterfaces, AHundredComeAndGoAndNothingStays) {
  constexpr int kCount = 100;
  EnforceOptions options = net->options();
  for (int i = 0; i < kCount; ++i) options.interfaces.push_back("many" + std::to_string(i));
  const Inside inside(net->server());
  auto backend = open_backend(options);
  ASSERT_TRUE(backend.ok()) << backend.error().text();
  ASSERT_TRUE((*backend)->apply(std::vector{ban("192.0.2.2")}).ok());
  const auto guarded = [&] {
    int count = 0;
    for (const InterfaceStatus& each : (*backend)->status().interfaces) count += each.mode != "off";
    return count;
  };
  EXPECT_EQ(guarded(), 1);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < kCount; ++i)
      ASSERT_TRUE(shell("nsenter --net=/run/netns/" + net->server() + " ip link add many" +
                        std::to_string(i) + " type veth peer name peer" + std::to_string(i)));
    (*backend)->refresh_interfaces();
    EXPECT_EQ(guarded(), kCount + 1);
    for (int i = 0; i < kCount; ++i)
      ASSERT_TRUE(
          shell("nsenter --net=/run/netns/" + net->server() + " ip link del many" + std::to_string(i)));
    (*backend)->refresh_interfaces();
    EXPECT_EQ(guarded(), 1);
    EXPECT_EQ(xdp::pinned_interfaces(net->pin()), std::vector<std::string>{"server0"});
  }
  EXPECT_EQ(net->delivered("192.0.2.2"), 0);
  EXPECT_EQ(net->delivered("192.0.2.3"), 5);
}

}  // namespace
}  // namespace testudo::test
