// Conditions that see only the end of a queue give the same answer as on the whole of it.
#include "detect/shape.h"
#include "detect/tokens.h"
#include "pipeline/detect/rig.h"

namespace testudo::detect {
namespace {

std::optional<Window> of(const std::string& condition) {
  SlotNames names;
  names.intern(Bag::meta, "kind");
  return window_of(condition, names);
}

TEST(Window, IsKnownForTheEndOfTheQueue) {
  const auto window =
      of("len(queue.Queue) >= 4 && MedianInterval(map(queue.Queue[-4:], {#.Time})) >= duration(\"20m\")");
  ASSERT_TRUE(window);
  EXPECT_EQ(window->size, 5u);
  EXPECT_EQ(window->least, 4u);
  EXPECT_EQ(window->median_of, 4u);
  EXPECT_EQ(window->median, 20min);
  EXPECT_TRUE(window->median_equal);
}

TEST(Window, IsKnownForTheEndOfWhatPassedAFilter) {
  const auto window =
      of("let a = filter(queue.Queue, {#.Meta.kind == 'f'});\n len(a) > 3 && MedianInterval(map(a[-4:], "
         "{#.Time})) > duration('10m')");
  ASSERT_TRUE(window);
  EXPECT_EQ(window->size, 4u);
  EXPECT_EQ(window->least, 4u);
  EXPECT_EQ(window->predicate, "#.Meta.kind == 'f'");
  EXPECT_TRUE(window->equal_slot);
  EXPECT_FALSE(window->median_equal);
}

TEST(Window, IsUnknownForWhateverMayLookAtAllOfIt) {
  for (const char* condition :
       {"any(queue.Queue, {.Meta.kind == 'x'})", "queue.Queue[0].Meta.kind == 'x'",
        "len(queue.Queue) * 2 > 3", "len(leaky.Queue.Queue) > 3",
        "let a = filter(queue.Queue, {#.Meta.kind == 'f'}); len(a) > 3 && len(queue.Queue) > 5",
        "let a = filter(queue.Queue, {#.Meta.kind == evt.Meta.kind}); len(a) > 3",
        "queue.GetQueue()[-1].Meta.kind == 'x'", "let a = queue.Queue; len(a) > 3", "len(queue.Queue) > 100"})
    EXPECT_FALSE(of(condition)) << condition;
}

TEST(Window, OperandsOfADisjunctionAreNotDecidedAlone) {
  const auto window = of("len(queue.Queue) >= 4 || queue.Queue[-1].Meta.kind == 'x'");
  ASSERT_TRUE(window);
  EXPECT_EQ(window->least, 0u);
}

TEST(Window, GivesTheAnswerOfTheWholeQueue) {
  // `queue.Queue[0:]` and filter behind parentheses have no window: the same questions, answered in full.
  const std::pair<const char*, const char*> pairs[] = {
      {"len(queue.Queue) >= 4 && MedianInterval(map(queue.Queue[-4:], {#.Time})) >= duration('3s')",
       "len(queue.Queue[0:]) >= 4 && MedianInterval(map(queue.Queue[-4:], {#.Time})) >= duration('3s')"},
      {"let a = filter(queue.Queue, {#.Meta.user == 'b'}); len(a) >= 3 && MedianInterval(map(a[-3:], "
       "{#.Time})) > duration('4s')",
       "let a = filter(queue.Queue[0:], {#.Meta.user == 'b'}); len(a) >= 3 && MedianInterval(map(a[-3:], "
       "{#.Time})) > duration('4s')"},
      {"let a = filter(queue.Queue, {#.Meta.user in ['b', 'c']}); len(a) >= 3 && a[-1].Meta.user != "
       "a[-3].Meta.user && evt.Meta.user == 'a'",
       "let a = filter(queue.Queue[0:], {#.Meta.user in ['b', 'c']}); len(a) >= 3 && a[-1].Meta.user != "
       "a[-3].Meta.user && evt.Meta.user == 'a'"}};
  uint64_t random = 7;
  const auto next = [&](uint64_t n) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (random >> 33) % n;
  };
  for (const auto& [window, whole] : pairs) {
    EXPECT_TRUE(of(window)) << window;
    EXPECT_FALSE(of(whole)) << whole;
    const auto yaml = [](const char* condition) {
      return head("conditional") + "capacity: -1\nleakspeed: 60s\ncondition: \"" + condition + "\"\n";
    };
    Rig a(yaml(window)), b(yaml(whole));
    double t = 0;
    size_t alerts = 0;
    for (int i = 0; i < 3000; ++i) {
      t += double(next(9)) - 1;  // now and then back
      const auto event =
          from("192.0.2." + std::to_string(next(3)), {{"user", std::string(1, char('a' + next(3)))}});
      const size_t one = a.pour(t, event).size(), other = b.pour(t, event).size();
      ASSERT_EQ(one, other) << window << " at event " << i;
      alerts += one;
    }
    EXPECT_GT(alerts, 10u) << window;
  }
}

TEST(Shape, KnowsFiltersThatAreEqualitiesAlone) {
  EXPECT_EQ(equalities_alone("evt.Meta.a == 'x'"), 1u);
  EXPECT_EQ(
      equalities_alone("evt.Meta.a == 'x' && evt.Parsed[\"b\"] in ['y', \"z\"]\n and evt.Enriched.c == ''"),
      3u);
  for (const char* text :
       {"evt.Meta.a != 'x'", "evt.Meta.a == 'x' || evt.Meta.b == 'y'", "not evt.Meta.a == 'x'",
        "evt.Meta.a == evt.Meta.b", "(evt.Meta.a == 'x')", "evt.Line.Labels.type == 'x'", ""})
    EXPECT_EQ(equalities_alone(text), 0u) << text;
}

TEST(Shape, KnowsWhatAnImageLacks) {
  EXPECT_EQ(beyond_image("evt.Meta.a + evt.Parsed.b + evt.Enriched['c'] + 'evt.Unmarshaled'", false), "");
  EXPECT_EQ(beyond_image("evt.Parsed[evt.Meta.a]", false), "Parsed");
  EXPECT_EQ(beyond_image("evt.Unmarshaled.a", true), "Unmarshaled");
  EXPECT_EQ(beyond_image("evt.Line.Raw", true), "");
  EXPECT_EQ(beyond_image("evt.Line.Raw", false), "Line");
  EXPECT_EQ(beyond_image("keys(evt)", false), "evt");
}

}  // namespace
}  // namespace testudo::detect
