#include "base/arena.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace testudo {
namespace {

TEST(Arena, GivesPlacesThatDoNotOverlap) {
  Arena arena;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::pair<std::string_view, std::string>> kept;
    for (size_t size = 1; size < 40'000; size += size / 3 + 1) {
      const std::string text(size, char('a' + size % 26));
      kept.emplace_back(arena.copy(text), text);
    }
    for (const auto& [place, text] : kept) EXPECT_EQ(place, text);
    arena.reset();
  }
}

TEST(Arena, UsesTheSameMemoryAgain) {
  Arena arena;
  const auto places = [&] {
    std::set<char*> out;
    for (int i = 0; i < 50; ++i) out.insert(arena.allocate(1000));
    return out;
  };
  const auto first = places();
  arena.reset();
  EXPECT_EQ(places(), first);
}

TEST(Arena, KeepsAMegabyteAtMost) {
  Arena arena;
  arena.allocate(100);
  for (int i = 0; i < 5; ++i) arena.allocate(600'000);
  char* const start = (arena.reset(), arena.allocate(8));
  // One large block was kept behind the first; the next large one is new.
  char* const kept = arena.allocate(600'000);
  arena.reset();
  EXPECT_EQ(arena.allocate(8), start);
  EXPECT_EQ(arena.allocate(600'000), kept);
}

TEST(Arena, MovesWithWhatItHolds) {
  Arena arena;
  const std::string_view text = arena.copy("abc");
  Arena other(std::move(arena));
  EXPECT_EQ(text, "abc");
  EXPECT_EQ(other.copy("def"), "def");
  EXPECT_EQ(text, "abc");
}

}  // namespace
}  // namespace testudo
