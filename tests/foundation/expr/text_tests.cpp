// Rows that expressions share, the scan that answers them, and the guards made of them.
#include "expr/text_tests.h"

#include <algorithm>
#include <deque>
#include <random>

#include "foundation/expr/support.h"

namespace testudo::expr {
namespace {

// Filters that were compiled together, and one thread that asks them.
struct Shared : World {
  TextTests tests;
  std::deque<Expression> filters;
  std::unique_ptr<TextScan> scan;

  const Expression& add(const std::string& text) {
    CompileOptions o = options(Type::boolean);
    o.texts = &tests;
    Result<Expression> e = Expression::compile(text, {"f.yaml", 1, 1}, o);
    if (!e) ADD_FAILURE() << e.error().text() << "\n" << text;
    return filters.emplace_back(std::move(*e));
  }
  SlotRef slot(std::string_view name) { return slots.intern(Bag::parsed, name); }
  /// Call when all filters are there.
  Context& start() {
    tests.finish();
    context();
    scan = std::make_unique<TextScan>(tests);
    ctx.texts = scan.get();
    return ctx;
  }
  /// Rows that hold, of the subjects that guards use.
  std::vector<uint32_t> found() {
    std::vector<uint32_t> rows;
    scan->found(ctx, rows);
    std::sort(rows.begin(), rows.end());
    return rows;
  }
  bool may_be_true(const Expression& filter) {
    const std::vector<uint32_t> rows = found();
    return filter.guard().empty() ||
           std::any_of(filter.guard().begin(), filter.guard().end(),
                       [&](uint32_t row) { return std::binary_search(rows.begin(), rows.end(), row); });
  }
};

const char* kMany =
    "evt.Parsed.x contains 'one' || evt.Parsed.x contains 'two' || evt.Parsed.x startsWith 'three' || "
    "evt.Parsed.x endsWith 'four' || evt.Parsed.x contains 'five' || evt.Parsed.x contains 'six'";

TEST(TextTests, EqualQuestionsAreOneRow) {
  Shared world;
  world.add("evt.Parsed.x contains 'a' && evt.Parsed.x endsWith 'a'");
  EXPECT_EQ(world.tests.rows(), 2u);
  world.add("not (evt.Parsed.x contains 'a') || evt.Parsed.y contains 'a'");
  EXPECT_EQ(world.tests.rows(), 3u);
}

TEST(TextTests, AFewRowsAreAskedOneByOneAndManyInOnePass) {
  Shared world;
  world.add(kMany);
  world.add("evt.Parsed.y contains 'one'");
  EXPECT_TRUE(world.tests.scanned(world.tests.subject(world.slot("x"))));
  EXPECT_FALSE(world.tests.scanned(world.tests.subject(world.slot("y"))));
}

TEST(TextTests, AnswerByPlaceInTheText) {
  Shared world;
  const Expression& filter = world.add(kMany);
  const SlotRef x = world.slot("x");
  world.start();
  const std::pair<const char*, bool> rows[] = {{"a two b", true}, {"three", true},   {"a three", false},
                                               {"a four", true},  {"four a", false}, {"", false},
                                               {"fiv", false},    {"a five", true}};
  for (const auto& [text, holds] : rows) {
    world.event->set(x, text);
    EXPECT_EQ(filter.test(world.ctx) == Expression::Truth::yes, holds) << text;
  }
}

TEST(TextTests, ASlotThatWasRewrittenIsScannedAgain) {
  Shared world;
  const Expression& filter = world.add(kMany);
  const Expression& writes = world.add("evt.SetParsed('x', 'two') && evt.Parsed.x contains 'two'");
  const SlotRef x = world.slot("x");
  world.start();
  EXPECT_EQ(filter.test(world.ctx), Expression::Truth::no);
  EXPECT_EQ(writes.test(world.ctx), Expression::Truth::yes);
  EXPECT_EQ(filter.test(world.ctx), Expression::Truth::yes);
  const std::string text = "one";
  world.event->set(x, text);
  EXPECT_EQ(filter.test(world.ctx), Expression::Truth::yes);
  world.event->reset();
  EXPECT_EQ(filter.test(world.ctx), Expression::Truth::no);
}

TEST(TextTests, AnEventAtTheSamePlaceWithTheSameViewIsAnotherEvent) {
  Shared world;
  const Expression& filter = world.add(kMany);
  const SlotRef x = world.slot("x");
  world.start();
  char line[] = "xxx";
  world.event->set(x, {line, 3});
  EXPECT_EQ(filter.test(world.ctx), Expression::Truth::no);
  world.event->reset();
  std::copy_n("one", 3, line);
  world.event->set(x, {line, 3});
  EXPECT_EQ(filter.test(world.ctx), Expression::Truth::yes);
}

TEST(TextTests, WhatAHelperMakesOfASlotIsASubjectOfItsOwn) {
  Shared world;
  const Expression& filter = world.add("Upper(evt.Parsed.x) contains 'ABC' || Upper(evt.Parsed.x) == 'D'");
  const Expression& chain = world.add("Lower(PathUnescape(evt.Parsed.x)) endsWith 'b c'");
  world.start();
  world.event->set(world.slot("x"), "xabcx");
  EXPECT_EQ(filter.test(world.ctx), Expression::Truth::yes);
  world.event->set(world.slot("x"), "d");
  EXPECT_EQ(filter.test(world.ctx), Expression::Truth::yes);
  world.event->set(world.slot("x"), "A%20B%20C");
  EXPECT_EQ(chain.test(world.ctx), Expression::Truth::yes);
  EXPECT_EQ(filter.test(world.ctx), Expression::Truth::no);
}

TEST(TextTests, LettersAreSearchedAsTheHelperMakesThem) {
  Shared world;
  const std::pair<const char*, const char*> rows[] = {
      {"evt.Parsed.x contains 'aBc'", "an aBc"},
      {"Lower(evt.Parsed.x) contains 'abc'", "an ABc"},
      {"Upper(evt.Parsed.x) contains 'ABC'", "an abC"},
      {"Lower(evt.Parsed.x) startsWith 'an'", "An abC"},
      {"Upper(evt.Parsed.x) endsWith 'BC'", "an abc"},
      {"Lower(evt.Parsed.x) contains '\xc3\xa4'", "\xc3\x84"},
      {"Upper(evt.Parsed.x) endsWith 'LONG S'", "long \xc5\xbf"},
      {"Lower(PathUnescape(evt.Parsed.x)) contains 'a b'", "xA%20B"},
  };
  for (const auto& [filter, text] : rows) world.add(filter);
  const Expression& never =
      world.add("Lower(evt.Parsed.x) contains 'aBc' || Upper(evt.Parsed.x) endsWith 'aBc'");
  world.start();
  for (size_t i = 0; i < std::size(rows); ++i) {
    world.event->set(world.slot("x"), rows[i].second);
    EXPECT_EQ(world.filters[i].test(world.ctx), Expression::Truth::yes) << rows[i].first;
    EXPECT_TRUE(world.may_be_true(world.filters[i])) << rows[i].first;
    EXPECT_EQ(never.test(world.ctx), Expression::Truth::no);
  }
}

int calls = 0;
bool counted(const void*, Context& ctx, const Value* args, size_t, Value& out) {
  ++calls;
  if (args[0].text() == "bad") {
    ctx.error = "bad text";
    return false;
  }
  out = Value::of(ctx.arena->copy(args[0].text()));
  return true;
}

TEST(TextTests, AHelperIsCalledOncePerEventForAllExpressions) {
  Shared world;
  const HelperTable table = {{"Counted", "", {Type::string}, false, Type::string, true, counted}};
  CompileOptions o = world.options();
  o.helpers = {&table};
  o.texts = &world.tests;
  std::vector<Expression> all;
  for (int i = 0; i < 10; ++i)
    all.push_back(
        std::move(*Expression::compile("Counted(evt.Parsed.x) contains '" + std::to_string(i) + "'", {}, o)));
  world.start();
  Arena callers;  // what is shared outlives the place where one caller computes
  world.ctx.arena = &callers;
  calls = 0;
  world.event->set(world.slot("x"), "7");
  for (int round = 0; round < 2; ++round)
    for (size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i].test(world.ctx) == Expression::Truth::yes, i == 7);
      callers.reset();
    }
  EXPECT_EQ(calls, 1);
  world.event->set(world.slot("x"), "bad");
  EXPECT_EQ(all[0].test(world.ctx), Expression::Truth::failed);
  EXPECT_EQ(world.ctx.error, "bad text");
  std::vector<uint32_t> rows;
  world.scan->found(world.ctx, world.tests.subject_of(all[0].guard().at(0)), rows);
  EXPECT_TRUE(rows.empty());
}

TEST(TextTests, AScanOfOtherContentIsNotAsked) {
  Shared world, other;
  const Expression& filter = world.add(kMany);
  world.start();
  other.start();
  world.event->set(world.slot("x"), "two");
  world.ctx.texts = other.scan.get();
  EXPECT_EQ(filter.test(world.ctx), Expression::Truth::yes);
  world.ctx.texts = nullptr;
  EXPECT_EQ(filter.test(world.ctx), Expression::Truth::yes);
}

struct GuardRow {
  const char* sentence;
  std::string text;
  size_t rows;
};

TEST(Guards, AreTheBestThatMustHold) {
  const GuardRow rows[] = {
      {"one text", "evt.Parsed.x contains 'abc'", 1},
      {"alternatives together",
       "evt.Parsed.x contains 'a' || evt.Parsed.y endsWith 'b' || evt.Parsed.z == 'c'", 3},
      {"of an and the best operand",
       "(evt.Parsed.x contains 'a' || evt.Parsed.x contains 'b') && evt.Parsed.y contains 'long text'", 1},
      {"inside alternatives as well",
       "evt.Parsed.x contains 'ab' && evt.Parsed.y contains 'c' || evt.Parsed.x endsWith 'd' && evt.Meta.v "
       "!= ''",
       2},
      {"lists of alternatives", "evt.Parsed.x in ['a', 'b'] || evt.Parsed.y contains 'c'", 3},
      {"what helpers make of a slot", "Lower(evt.Parsed.x) contains 'a' || Lower(evt.Parsed.x) == 'b'", 2},
      {"the literals of a pattern", "evt.Parsed.x matches '(foo|bar)[0-9]+'", 2},
      {"both ways of a choice", "evt.Parsed.y == '' ? evt.Parsed.x contains 'a' : evt.Parsed.x contains 'b'",
       2},
      {"an if that is false otherwise is an and", "evt.Parsed.y == '' ? evt.Parsed.x contains 'a' : false",
       1},
      {"its condition counts as well",
       "if (evt.Parsed.y contains 'long text') { evt.SetParsed('x', 'a') } else { false }", 1},
      {"of a list with effects what comes before them",
       "any(['aa', 'bb'], {evt.Parsed.x contains # ? evt.SetParsed('y', #) : false})", 2},
      {"behind a variable", "let v = evt.Parsed.y; evt.Parsed.x contains 'a'", 1},
      {"an alternative that is never true adds nothing", "evt.Parsed.x contains 'a' || false", 1},
      {"a negation needs nothing", "not (evt.Parsed.x contains 'a')", 0},
      {"nor does a negated operator", "evt.Parsed.x not contains 'a' || evt.Parsed.x != 'b'", 0},
      {"one alternative without spoils the rest", "evt.Parsed.x contains 'a' || evt.Parsed.n > '3'", 0},
      {"equalities of a slot where nothing is better",
       "evt.Parsed.x == 'a' && evt.Parsed.y in ['bbbbb', 'ccccc']", 2},
      {"texts before equalities", "evt.Parsed.x == 'a long text' && evt.Parsed.y contains 'b'", 1},
      {"the text between a glob's wildcards", "Match('*cmd?exe /c *', evt.Parsed.x)", 1},
      {"the elements of a known list", "any(['aa', 'bb', 'cc'], {len(#) > 0 && evt.Parsed.x contains #})", 3},
      {"a text that a write may change needs nothing",
       "evt.SetParsed('x', 'abc') && evt.Parsed.x contains 'abc'", 0},
      {"in front of the write it does", "evt.Parsed.x contains 'abc' && evt.SetParsed('x', 'y')", 1},
      {"an alternative behind a write needs nothing",
       "evt.Parsed.y contains 'b' && evt.SetParsed('x', 'abc') || evt.Parsed.x contains 'abc'", 0},
  };
  for (const GuardRow& row : rows) {
    Shared world;
    EXPECT_EQ(world.add(row.text).guard().size(), row.rows) << row.sentence << "\n  " << row.text;
  }
}

TEST(Guards, NoneIsMadeWithoutARegistry) {
  World world;
  EXPECT_TRUE(Expression::compile("evt.Parsed.x contains 'abc'", {}, world.options())->guard().empty());
}

// Random filters over few slots and letters, random events: shared or alone, a filter says the same, and it
// is never true while its guard says that it cannot be.
class Random {
 public:
  explicit Random(unsigned seed) : random_(seed) {}
  unsigned below(unsigned n) { return unsigned(random_() % n); }
  std::string text(unsigned longest) {
    std::string made(below(longest + 1), ' ');
    for (char& c : made) c = "abAB"[below(4)];
    return made;
  }
  /// What a slot may hold: escapes, broken ones, letters beyond ASCII.
  std::string value(unsigned longest) {
    static const char* const parts[] = {"%41", "%62a", "%6", "\xc3\x84", "\xc4\xb0", "\xff", "+"};
    std::string made = text(longest);
    for (unsigned n = below(6); n > 3; --n) made.insert(below(unsigned(made.size()) + 1), parts[below(7)]);
    return made;
  }
  std::string subject() {
    const std::string slot = "evt.Parsed." + std::string(1, "xyz"[below(3)]);
    switch (below(9)) {
      case 0:
        return "Lower(" + slot + ")";
      case 1:
        return "Upper(TrimSpace(" + slot + "))";
      case 2:
        return "PathUnescape(" + slot + ")";
      case 3:
        return "Lower(QueryUnescape(" + slot + "))";
      case 4:
        return "Upper(" + slot + ")";
      default:
        return slot;
    }
  }
  std::string atom() {
    switch (below(8)) {
      case 0:
        return subject() + " == '" + text(3) + "'";
      case 1:
        return subject() + (below(4) ? " in ['" : " not in ['") + text(2) + "', '" + text(3) + "']";
      case 2:
        return subject() + " matches '" + text(2) + "(" + text(2) + "|" + text(3) + "b)'";
      case 3:
        return "evt.Parsed.w != '" + text(1) + "'";
      case 4:
        if (below(2))
          return "any(['" + text(3) + "', '" + text(2) + "'], {len(#) > 0 && " + subject() +
                 " contains Lower(#)})";
        if (below(2)) return "Match('" + text(2) + "*" + text(2) + "', " + subject() + ")";
        return below(3) ? "evt.Parsed.y endsWith 'ab'" : below(2) ? "false" : "true";
      default:
        const char* operators[] = {" contains '", " startsWith '", " endsWith '", " not contains '"};
        return subject() + operators[below(8) % 5 % 4] + text(4) + "'";
    }
  }
  std::string filter(unsigned depth) {
    if (depth == 0) return atom();
    switch (below(9)) {
      case 0:
        return "not (" + filter(depth - 1) + ")";
      case 1:
        return "((" + filter(depth - 1) + ") ? (" + filter(depth - 1) + ") : (" + filter(depth - 1) + "))";
      case 2:
        return "(evt.SetParsed('" + std::string(1, "xyz"[below(3)]) + "', '" + text(4) + "') && " +
               filter(depth - 1) + ")";
      case 3:
        return atom();
      default: {
        const char* joint = below(2) ? " && " : " || ";
        std::string made = "(" + filter(depth - 1);
        for (unsigned n = 1 + below(4); n > 0; --n) made += joint + filter(depth - 1);
        return made + ")";
      }
    }
  }

 private:
  std::mt19937 random_;
};

TEST(Guards, AreSoundForRandomFiltersAndEvents) {
  int guarded = 0, spared = 0, held = 0;
  for (unsigned round = 0; round < 150; ++round) {
    Random random(round);
    Shared world;
    std::vector<Expression> alone;
    std::vector<std::string> texts;
    for (int i = 0; i < 12; ++i) {
      texts.push_back(random.filter(1 + random.below(3)));
      world.add(texts.back());
      Result<Expression> e = Expression::compile(texts.back(), {}, world.options(Type::boolean));
      ASSERT_TRUE(e.ok()) << texts.back();
      alone.push_back(std::move(*e));
    }
    world.start();
    for (int line = 0; line < 25; ++line) {
      std::string values[3] = {random.value(8), random.value(8), random.value(8)};
      const auto write = [&] {
        world.event->reset();
        for (int i = 0; i < 3; ++i)
          if (!values[i].empty()) world.event->set(world.slot(std::string(1, "xyz"[i])), values[i]);
      };
      for (size_t i = 0; i < alone.size(); ++i) {
        write();
        world.ctx.texts = nullptr;
        const Expression::Truth expected = alone[i].test(world.ctx);
        write();
        world.ctx.texts = world.scan.get();
        const bool may = world.may_be_true(world.filters[i]);
        ASSERT_EQ(world.filters[i].test(world.ctx), expected) << texts[i];
        guarded += !world.filters[i].guard().empty();
        spared += !may;
        held += expected == Expression::Truth::yes;
        ASSERT_TRUE(may || expected != Expression::Truth::yes)
            << texts[i] << "\n  x=" << values[0] << " y=" << values[1] << " z=" << values[2];
      }
    }
  }
  EXPECT_GT(guarded, 5000);
  EXPECT_GT(spared, 1000);
  EXPECT_GT(held, 5000);
}

}  // namespace
}  // namespace testudo::expr
