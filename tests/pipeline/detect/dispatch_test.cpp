// What the dispatch takes out would have been false: filters of many shapes against events of few values.
#include <random>

#include "rig.h"

namespace testudo::detect {
namespace {

using Random = std::mt19937;
using Truth = expr::Expression::Truth;

size_t below(Random& random, size_t bound) { return random() % bound; }

const std::string values[] = {"", "a", "b", "ab", "B", "abc"};

std::string one_of(Random& random) { return "'" + values[below(random, std::size(values))] + "'"; }

std::string slot(Random& random) {
  static const std::string slots[] = {"evt.Meta.kind", "evt.Meta.status", "evt.Parsed.verb",
                                      "evt.Parsed.path"};
  return slots[below(random, std::size(slots))];
}

std::string term(Random& random) {
  switch (below(random, 8)) {
    case 0:
    case 1:
    case 2:
      return slot(random) + " == " + one_of(random);
    case 3:
      return slot(random) + " in [" + one_of(random) + ", " + one_of(random) + "]";
    case 4:
      return "Upper(" + slot(random) + ") contains " + one_of(random);
    case 5:
      return "(" + slot(random) + " contains 'ab' or Lower(" + slot(random) + ") == 'b')";
    case 6:
      return slot(random) + " != " + one_of(random);
    default:
      return "any(['a', 'b'], {# == " + slot(random) + "})";
  }
}

std::string filter(Random& random) {
  std::string out = term(random);
  for (size_t n = below(random, 4); n > 0; --n) out += (below(random, 8) ? " and " : " or ") + term(random);
  return out;
}

TEST(Dispatch, TakesOutNobodyWhoseFilterIsTrue) {
  Random random(11);
  std::string scenarios;
  for (int i = 0; i < 150; ++i)
    scenarios += "---\ntype: trigger\nname: me/s" + std::to_string(i) + "\ndescription: d\nfilter: \"" +
                 filter(random) + "\"\n";
  Rig rig(scenarios);
  const Dispatch dispatch(*rig.content_.set, *rig.content_.names);
  const auto& all = rig.content_.set->scenarios;
  ASSERT_EQ(all.size(), 150u);
  std::vector<uint64_t> bits(dispatch.words());
  size_t left = 0, right = 0, asked_whole = 0;
  for (int round = 0; round < 2000; ++round) {
    const auto value = [&] { return values[below(random, std::size(values))]; };
    Event& event =
        rig.make(0, {{"kind", value()}, {"status", value()}}, {{"verb", value()}, {"path", value()}});
    rig.context_.event = &event;
    rig.context_.arena = &event.arena;
    // With and without somebody who looks for constants.
    rig.context_.texts = round % 3 ? &rig.scan_ : nullptr;
    dispatch.candidates(event, rig.context_, bits.data());
    for (const auto& s : all) {
      const Truth truth = s->filter.test(rig.context_);
      const bool candidate = bits[s->id / 64] >> (s->id % 64) & 1;
      ASSERT_TRUE(candidate || truth == Truth::no) << s->filter.text();
      left += candidate;
      right += truth == Truth::yes;
      if (!candidate) continue;
      bool decided = true;
      for (size_t row = 0; row < s->filter.required().size(); ++row) {
        const auto& required = s->filter.required()[row];
        if (!dispatch.decides(s->id, row)) {
          decided = false;
          continue;
        }
        const std::string_view now = event.get(required.slot);
        EXPECT_TRUE(std::find(required.values.begin(), required.values.end(), now) != required.values.end())
            << s->filter.text() << " with " << now;
      }
      if (!decided) continue;
      ++asked_whole;
      EXPECT_EQ(s->filter.test_rest(rig.context_), truth) << s->filter.text();
    }
  }
  EXPECT_GT(right, 10'000u);
  EXPECT_LT(left, 3 * right) << "it lets too many through to be of use";
  EXPECT_GT(asked_whole, 10'000u);
}

TEST(Dispatch, AnotherTextOfTheSameSlotIsLookedAtAnew) {
  Rig rig(
      "---\ntype: trigger\nname: me/x\ndescription: d\nfilter: \"Upper(evt.Parsed.path) contains 'EVIL'\"\n");
  const Dispatch dispatch(*rig.content_.set, *rig.content_.names);
  uint64_t bits = 0;
  const auto wanted = [&](const std::string& path) {
    Event& event = rig.make(0, {}, {{"path", path}});
    rig.context_.event = &event;
    rig.context_.arena = &event.arena;
    dispatch.candidates(event, rig.context_, &bits);
    return bits != 0;
  };
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(wanted("/evil"));
    EXPECT_FALSE(wanted("/good"));
    EXPECT_FALSE(wanted(""));
    EXPECT_TRUE(wanted(std::string(300, 'x') + "evil"));
    EXPECT_FALSE(wanted(std::string(300, 'x')));
  }
}

}  // namespace
}  // namespace testudo::detect
