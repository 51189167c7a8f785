#include <gtest/gtest.h>

#include "detect/bucket.h"

namespace testudo::detect {
namespace {

const TimePoint noon{};

/// The level of a bucket, fed by moments as a shard feeds it.
class LeakyLevel {
 public:
  explicit LeakyLevel(int32_t capacity) : tokens_(capacity) {}
  bool take(TimePoint t, int32_t capacity, Duration leakspeed) {
    const Duration elapsed = used_ ? t - last_ : Duration(0);
    if (!take_token(tokens_, elapsed, capacity, leakspeed)) return false;
    last_ = t;
    used_ = true;
    return true;
  }
  double tokens() const { return tokens_; }

 private:
  double tokens_;
  TimePoint last_{};
  bool used_ = false;
};

TEST(LeakyLevel, OverflowsOnTheEventAfterItsCapacity) {
  LeakyLevel level(2);
  EXPECT_TRUE(level.take(noon, 2, 10s));
  EXPECT_TRUE(level.take(noon + 1s, 2, 10s));
  EXPECT_FALSE(level.take(noon + 2s, 2, 10s));
}

TEST(LeakyLevel, ForgetsOneEventPerLeak) {
  LeakyLevel level(1);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(level.take(noon + i * 10s, 1, 10s)) << i;
}

TEST(LeakyLevel, CountsFractionsOfALeak) {
  // Capacity 3, leak 10 s, events at 0, 5, 14, 14, 14 s: tokens 2, 1.5, 1.4, 0.4, then less than one is left.
  LeakyLevel level(3);
  EXPECT_TRUE(level.take(noon, 3, 10s));
  EXPECT_TRUE(level.take(noon + 5s, 3, 10s));
  EXPECT_DOUBLE_EQ(level.tokens(), 1.5);
  EXPECT_TRUE(level.take(noon + 14s, 3, 10s));
  EXPECT_TRUE(level.take(noon + 14s, 3, 10s));
  EXPECT_FALSE(level.take(noon + 14s, 3, 10s));
}

TEST(LeakyLevel, DoesNotDrainBackwardsWhenLinesAreOutOfOrder) {
  LeakyLevel level(5);
  EXPECT_TRUE(level.take(noon + 100s, 5, 10s));
  EXPECT_TRUE(level.take(noon + 50s, 5, 10s));
  EXPECT_DOUBLE_EQ(level.tokens(), 3);
  // The clock went back with the line, so that the next one counts from there.
  EXPECT_TRUE(level.take(noon + 60s, 5, 10s));
  EXPECT_DOUBLE_EQ(level.tokens(), 3);
}

TEST(LeakyLevel, TakesADeficitOfLessThanANanosecondForRounding) {
  LeakyLevel level(1);
  for (int i = 0; i < 1000; ++i)
    EXPECT_TRUE(level.take(noon + i * Duration(333'333'333), 1, Duration(333'333'333))) << i;
}

TEST(SeenSet, RemembersValuesAndIsBounded) {
  Pool pool;
  SeenSet seen;
  EXPECT_TRUE(seen.insert(pool, 7));
  EXPECT_FALSE(seen.insert(pool, 7));
  EXPECT_TRUE(seen.insert(pool, 0));
  EXPECT_FALSE(seen.insert(pool, 0));
  for (uint64_t i = 1; i < 70000; ++i) seen.insert(pool, i * 0x9e3779b97f4a7c15ULL);
  EXPECT_EQ(seen.size(), SeenSet::kMost);
  EXPECT_FALSE(seen.insert(pool, 3)) << "one more than is remembered";
  seen.clear(pool);
  EXPECT_EQ(pool.bytes(), 0u);
}

}  // namespace
}  // namespace testudo::detect
