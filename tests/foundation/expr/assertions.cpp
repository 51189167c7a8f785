// Assertions of hub tests: `results` is all there is; events and overflows in it are the engine's own
// objects.
#include "foundation/expr/support.h"

namespace testudo::expr {
namespace {

/// results = [an overflow of two sources, the first of which a postoverflow widened; a log event].
struct Results {
  Overflow overflow;
  Event event, log;
  Value items[2];
  ValueArray list{items, 2};
  Value value = Value::of(&list);

  explicit Results(const SlotNames& slots) : event(slots), log(slots) {
    Alert first, second;
    first.scenario = "a/b";
    first.source = {"Range", "2001:db8::/64", "2001:db8::7", "", "", "", "", 0, 0};
    second.source.value = "192.0.2.2";
    overflow.alerts = {first, second};
    overflow.source_keys = {"2001:db8::7", "192.0.2.2"};
    event.type = EventType::overflow;
    event.overflow = &overflow;
    log.set(*slots.find(Bag::meta, "service"), "ssh");
    log.module = "wineventlog";
    items[0] = Value::of_object(uint8_t(ClassId::event), &event);
    items[1] = Value::of_object(uint8_t(ClassId::event), &log);
  }
};

struct Assertions : testing::Test {
  World world;
  std::string result(std::string_view text) {
    world.slots.intern(Bag::meta, "service");
    Results results(world.slots);
    CompileOptions options = world.options();
    options.scope = Scope::assertion;
    Result<Expression> e = Expression::compile(text, {"x.assert", 1, 1}, options);
    if (!e) return e.error().text();
    Arena arena;
    Context context;
    context.results = &results.value;
    context.arena = &arena;
    context.regex = &world.regex;
    const Expression::Truth truth = e->test(context);
    return truth == Expression::Truth::yes  ? "true"
           : truth == Expression::Truth::no ? "false"
                                            : context.error;
  }
};

TEST_F(Assertions, ReadEventsAndOverflows) {
  for (const char* text : {
           "len(results) == 2",
           "results[0].GetType() == 'overflow'",
           "results[1].GetType() == 'log'",
           "results[1].Meta['service'] == 'ssh' && results[1].Meta.service == 'ssh'",
           "results[1].Meta['none'] == ''",
           "results[1].GetMeta('service') == 'ssh'",
           "results[1].Line.Module == 'wineventlog'",
           "results[0].Overflow.Alert.GetScenario() == 'a/b'",
       })
    EXPECT_EQ(result(text), "true") << text;
}

TEST_F(Assertions, ASourceKeepsItsKeyWhateverAPostoverflowMakesOfItsValue) {
  for (const char* text : {
           "'2001:db8::7' in results[0].Overflow.GetSources()",
           "results[0].Overflow.Sources['2001:db8::7'].GetValue() == '2001:db8::/64'",
           "results[0].Overflow.Sources['2001:db8::7'].IP == '2001:db8::7'",
           "results[0].Overflow.Sources['192.0.2.2'].Value == '192.0.2.2'",
       })
    EXPECT_EQ(result(text), "true") << text;
  EXPECT_EQ(result("'2001:db8::/64' in results[0].Overflow.GetSources()"), "false");
}

TEST_F(Assertions, KnowNothingElse) {
  EXPECT_EQ(result("evt.Meta.x == ''"), "x.assert:1:1: unknown name evt");
  EXPECT_EQ(result("result[0].Whitelisted"), "x.assert:1:1: unknown name result. did you mean results?");
  EXPECT_EQ(result("results[2].Whitelisted"), "index out of range");
  EXPECT_EQ(result("results[1].Mta.x == ''"), "evt has no field Mta");
}

}  // namespace
}  // namespace testudo::expr
