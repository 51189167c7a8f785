#include "enforce/nft_intervals.h"

#include <gtest/gtest.h>

#include <random>

namespace testudo::nft {
namespace {

using Held = Intervals::Held;

Prefix prefix(const char* text) { return *Prefix::parse(text); }
std::string text_of(const Piece& piece, Family family) {
  return ip_of(piece.first, family).text() + "-" + ip_of(piece.last, family).text() + " " +
         std::to_string(piece.until) + "/" + std::to_string(piece.policy);
}
std::vector<std::string> texts(const Intervals& intervals, Family family = Family::v4) {
  std::vector<std::string> out;
  for (const auto& [first, piece] : intervals.pieces()) out.push_back(text_of(piece, family));
  return out;
}
using Texts = std::vector<std::string>;

TEST(Intervals, AnInnerPrefixThatEndsLaterCutsTheOuterOneInThree) {
  Intervals intervals(Family::v4);
  intervals.set(prefix("10.0.0.0/8"), {12, 1});
  const auto change = intervals.set(prefix("10.1.0.0/16"), {14, 2});
  EXPECT_EQ(change.gone.size(), 1u);
  EXPECT_EQ(change.fresh.size(), 3u);
  EXPECT_EQ(texts(intervals), (Texts{"10.0.0.0-10.0.255.255 12/1", "10.1.0.0-10.1.255.255 14/2",
                                     "10.2.0.0-10.255.255.255 12/1"}));
}

TEST(Intervals, AnInnerPrefixThatEndsEarlierChangesNothing) {
  Intervals intervals(Family::v4);
  intervals.set(prefix("10.0.0.0/8"), {12, 1});
  const auto change = intervals.set(prefix("10.1.0.0/16"), {11, 2});
  EXPECT_TRUE(change.gone.empty() && change.fresh.empty());
  EXPECT_EQ(intervals.size(), 2u) << "but it is known, for when the outer one goes";
  intervals.remove(prefix("10.0.0.0/8"));
  EXPECT_EQ(texts(intervals), Texts{"10.1.0.0-10.1.255.255 11/2"});
}

TEST(Intervals, OfEqualEndsTheLongestPrefixGivesItsName) {
  Intervals intervals(Family::v4);
  intervals.set(prefix("10.0.0.0/24"), {12, 1});
  intervals.set(prefix("10.0.0.128/25"), {12, 2});
  EXPECT_EQ(texts(intervals), (Texts{"10.0.0.0-10.0.0.127 12/1", "10.0.0.128-10.0.0.255 12/2"}));
}

TEST(Intervals, NeighboursWithOneEndAndNameAreOne) {
  Intervals intervals(Family::v4);
  intervals.set(prefix("10.0.0.0/25"), {12, 1});
  intervals.set(prefix("10.0.0.128/25"), {12, 1});
  EXPECT_EQ(texts(intervals), Texts{"10.0.0.0-10.0.0.255 12/1"});
  intervals.remove(prefix("10.0.0.0/25"));
  EXPECT_EQ(texts(intervals), Texts{"10.0.0.128-10.0.0.255 12/1"});
}

TEST(Intervals, TheHighestAddressAndTheWholeSpaceHaveNoRoomBehindThem) {
  Intervals four(Family::v4), six(Family::v6);
  four.set(prefix("0.0.0.0/0"), {12, 1});
  four.set(prefix("255.255.255.255/32"), {13, 2});
  EXPECT_EQ(texts(four), (Texts{"0.0.0.0-255.255.255.254 12/1", "255.255.255.255-255.255.255.255 13/2"}));
  six.set(prefix("::/0"), {12, 1});
  six.set(prefix("ff00::/8"), {13, 2});
  EXPECT_EQ(texts(six, Family::v6).size(), 2u);
  six.remove(prefix("ff00::/8"));
  six.remove(prefix("::/0"));
  EXPECT_TRUE(six.pieces().empty());
}

TEST(Intervals, AsPrefixesAreTheFewestThatCoverThem) {
  const Address first = address_of(*Ip::parse("10.0.0.1")), last = address_of(*Ip::parse("10.0.0.6"));
  std::string text;
  for (const Prefix& p : prefixes_of(first, last, Family::v4)) text += p.cidr() + " ";
  EXPECT_EQ(text, "10.0.0.1/32 10.0.0.2/31 10.0.0.4/31 10.0.0.6/32 ");
  EXPECT_EQ(prefixes_of(0, ~Address(0), Family::v6).size(), 1u);
}

/// What holds at one address, by looking at every prefix.
class Naive {
 public:
  void set(const Prefix& p, Held held) { held_[p] = held; }
  void remove(const Prefix& p) { held_.erase(p); }
  std::optional<Held> at(const Ip& ip) const {
    std::optional<Held> best;
    int length = -1;
    for (const auto& [p, held] : held_) {
      if (!p.contains(ip)) continue;
      if (best && (held.until < best->until || (held.until == best->until && p.length < length))) continue;
      best = held;
      length = p.length;
    }
    return best;
  }

 private:
  std::map<Prefix, Held> held_;
};

// The pieces as a kernel would keep them: fed by the differences alone, refusing what overlaps.
class Kernel {
 public:
  void apply(const Intervals::Change& change) {
    for (const Piece& piece : change.gone) {
      const auto found = pieces_.find(piece.first);
      ASSERT_TRUE(found != pieces_.end() && found->second == piece) << "what goes was there";
      pieces_.erase(found);
    }
    for (const Piece& piece : change.fresh) {
      const auto behind = pieces_.lower_bound(piece.first);
      ASSERT_TRUE(behind == pieces_.end() || behind->first > piece.last) << "overlaps what follows";
      ASSERT_TRUE(behind == pieces_.begin() || std::prev(behind)->second.last < piece.first)
          << "overlaps what is before";
      pieces_.emplace(piece.first, piece);
    }
  }
  const std::map<Address, Piece>& pieces() const { return pieces_; }

 private:
  std::map<Address, Piece> pieces_;
};

void compare(Family family, const std::string& base, int low, int high, uint32_t seed) {
  std::mt19937 random(seed);
  Intervals intervals(family);
  Naive naive;
  Kernel kernel;
  for (int round = 0; round < 600; ++round) {
    const Address address = address_of(*Ip::parse(base)) + random() % 64;
    const Prefix p = Prefix::of(ip_of(address, family), low + int(random() % uint32_t(high - low + 1)));
    if (random() % 3 == 0) {
      kernel.apply(intervals.remove(p));
      naive.remove(p);
    } else {
      const Held held{int64_t(random() % 4), uint16_t(random() % 2)};
      kernel.apply(intervals.set(p, held));
      naive.set(p, held);
    }
    ASSERT_EQ(kernel.pieces(), intervals.pieces()) << "after round " << round;
    const Piece* before = nullptr;
    for (const auto& [first, piece] : intervals.pieces()) {
      ASSERT_FALSE(before && before->last + 1 == first && before->until == piece.until &&
                   before->policy == piece.policy)
          << "two that should be one";
      before = &piece;
    }
    for (int i = -2; i < 66; ++i) {
      const Address at = address_of(*Ip::parse(base)) + Address(i);
      const auto wanted = naive.at(ip_of(at, family));
      const auto after = intervals.pieces().upper_bound(at);
      std::optional<Held> got;
      if (after != intervals.pieces().begin() && std::prev(after)->second.last >= at)
        got = Held{std::prev(after)->second.until, std::prev(after)->second.policy};
      ASSERT_EQ(got, wanted) << ip_of(at, family).text() << " in round " << round;
    }
  }
}

TEST(Intervals, AgreeWithALookAtEveryPrefixWhateverComesAndGoes) {
  for (uint32_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    compare(Family::v4, "10.0.0.64", 24, 32, seed);
    compare(Family::v6, "2001:db8::40", 118, 128, seed);
  }
  compare(Family::v4, "255.255.255.192", 26, 32, 9);
  compare(Family::v4, "0.0.0.64", 0, 32, 10);
}

}  // namespace
}  // namespace testudo::nft
