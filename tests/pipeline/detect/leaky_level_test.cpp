#include <gtest/gtest.h>

#include "detect/bucket.h"

namespace testudo::detect {
namespace {

const TimePoint noon{};

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
  SeenSet seen;
  EXPECT_TRUE(seen.insert("root"));
  EXPECT_FALSE(seen.insert("root"));
  EXPECT_TRUE(seen.insert(""));
  for (int i = 0; i < 70000; ++i) seen.insert(std::to_string(i));
  EXPECT_FALSE(seen.insert("one more than is remembered"));
}

}  // namespace
}  // namespace testudo::detect
