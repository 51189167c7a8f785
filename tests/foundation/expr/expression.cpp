// The contract of expr.h: places of errors, dispatch, slots, scopes, helpers of other owners, bounds.
#include "foundation/expr/support.h"

namespace testudo::expr {
namespace {

Expression compiled(World& world, std::string_view text) {
  Result<Expression> e = Expression::compile(text, {"f.yaml", 1, 1}, world.options());
  EXPECT_TRUE(e.ok()) << e.error().text();
  return std::move(*e);
}

TEST(Errors, NameTheLineAndColumnInsideABlock) {
  World world;
  const Result<Expression> e =
      Expression::compile("evt.Meta.x == 'a' &&\nevt.Mta.y == 'b'", {"s.yaml", 7, 5}, world.options());
  ASSERT_FALSE(e.ok());
  EXPECT_EQ(e.error().where.text(), "s.yaml:8:9");
  EXPECT_EQ(e.error().code, Code::bad_content);
  EXPECT_EQ(e.error().remedy, "did you mean evt.Meta?");
}

TEST(Errors, RefuseAResultOfTheWrongType) {
  World world;
  EXPECT_FALSE(Expression::compile("evt.Meta.x", {}, world.options(Type::boolean)).ok());
  EXPECT_TRUE(Expression::compile("evt.Unmarshaled.x", {}, world.options(Type::boolean)).ok());
}

TEST(Filters, AreTrueFalseOrFailed) {
  World world;
  const Expression yes = compiled(world, "evt.Parsed.program == 'sshd'"),
                   no = compiled(world, "evt.Parsed.program == 'x'");
  const Expression failed = compiled(world, "evt.Unmarshaled.a.b"),
                   text = compiled(world, "evt.Unmarshaled.j.s");
  world.context();
  EXPECT_EQ(yes.test(world.ctx), Expression::Truth::yes);
  EXPECT_EQ(no.test(world.ctx), Expression::Truth::no);
  EXPECT_EQ(failed.test(world.ctx), Expression::Truth::failed);
  EXPECT_EQ(world.ctx.error, "cannot fetch b from nil");
  EXPECT_EQ(text.test(world.ctx), Expression::Truth::failed);
}

TEST(Dispatch, KnowsWhatMustHold) {
  World world;
  const Expression e =
      compiled(world,
               "evt.Meta.service == 'http' && (evt.Meta.log_type == 'a' || evt.Meta.log_type == 'b') && "
               "evt.Parsed.verb in ['GET', 'POST'] && evt.Line.Labels.type == 'nginx' && evt.Meta.x != 'y'");
  ASSERT_EQ(e.required().size(), 3u);
  EXPECT_EQ(world.slots.name(e.required()[0].slot), "service");
  EXPECT_EQ(e.required()[0].values, std::vector<std::string>{"http"});
  EXPECT_EQ(e.required()[1].values, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(e.required()[2].values, (std::vector<std::string>{"GET", "POST"}));
  ASSERT_EQ(e.required_labels().size(), 1u);
  EXPECT_EQ(e.required_labels()[0].label, "type");
}

TEST(Dispatch, KnowsThatAnIfWithoutElseIsAnAnd) {
  World world;
  const Expression e = compiled(world,
                                "if (evt.Meta.service == 'http' and evt.Meta.status in ['403', '404']) "
                                "{ evt.Meta.verb == 'GET' } else { false }");
  ASSERT_EQ(e.required().size(), 3u);
  EXPECT_EQ(world.slots.name(e.required()[2].slot), "verb");
  EXPECT_TRUE(compiled(world, "evt.Meta.a == 'x' ? evt.Meta.b == 'y' : true").required().empty());
}

TEST(Dispatch, PromisesNothingAboutAlternatives) {
  World world;
  EXPECT_TRUE(compiled(world, "evt.Meta.a == 'x' || evt.Meta.b == 'y'").required().empty());
  EXPECT_TRUE(compiled(world, "not (evt.Meta.a == 'x')").required().empty());
  EXPECT_TRUE(compiled(world, "evt.Meta.a not in ['x']").required().empty());
}

TEST(Dispatch, StopsBehindAnEffect) {
  World world;
  const Expression e = compiled(world, "evt.Meta.a == 'x' && evt.SetMeta('b', 'y') && evt.Meta.b == 'y'");
  ASSERT_EQ(e.required().size(), 1u);
  EXPECT_EQ(world.slots.name(e.required()[0].slot), "a");
}

TEST(Slots, ThatAreReadAreNamed) {
  World world;
  const Expression e =
      compiled(world, "evt.Meta.a + evt.Parsed['b'] + evt.Enriched.c + evt.GetMeta('d') + evt.Meta.a");
  std::vector<std::string> names;
  for (const SlotRef slot : e.reads()) names.push_back(world.slots.name(slot));
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST(SetMeta, WritesTheEventAndGivesTrue) {
  World world;
  const Expression set = compiled(world, "evt.SetMeta('cve', 'CVE-1' + '2') && evt.Meta.cve == 'CVE-12'");
  const Expression extra =
      compiled(world, "evt.SetMeta(Lower('NEW'), 'v') && evt.GetMeta(Lower('NEW')) == 'v'");
  world.context();
  EXPECT_EQ(set.test(world.ctx), Expression::Truth::yes);
  EXPECT_EQ(extra.test(world.ctx), Expression::Truth::yes);
}

bool write_unmarshaled(const void*, Context& ctx, const Value* args, size_t, Value& out) {
  if (args[0].text() == "bad") {
    ctx.error = "not JSON";
    return false;
  }
  if (args[1].kind == Value::Kind::object && ClassId(args[1].class_id) == ClassId::unmarshaled)
    ctx.event->unmarshaled.emplace_back(args[2].text(), args[0]);
  out = Value();
  return true;
}

TEST(Helpers, OfAnotherOwnerMayWriteIntoUnmarshaled) {
  World world;
  const HelperTable table = {
      {"WriteText", "", {Type::string, Type::map, Type::string}, false, Type::nil, false, write_unmarshaled}};
  CompileOptions options = world.options();
  options.helpers.push_back(&table);
  EXPECT_EQ(
      world.result("WriteText('text', evt.Unmarshaled, 'k') in ['', nil] && evt.Unmarshaled.k == 'text'",
                   options),
      "true");
  EXPECT_EQ(world.result("WriteText('bad', evt.Unmarshaled, 'k') in ['', nil]", options), "failed");
  EXPECT_EQ(world.ctx.error, "not JSON");
  EXPECT_EQ(world.result("WriteText('text', evt.Meta.x, 'k')", options), "error at 1:28");
}

TEST(Helpers, WithAWriteStopDispatch) {
  World world;
  const HelperTable table = {
      {"WriteText", "", {Type::string, Type::map, Type::string}, false, Type::nil, false, write_unmarshaled}};
  CompileOptions options = world.options();
  options.helpers.push_back(&table);
  const Result<Expression> e =
      Expression::compile("WriteText('a', evt.Unmarshaled, 'k') == nil && evt.Meta.a == 'x'", {}, options);
  ASSERT_TRUE(e.ok());
  EXPECT_TRUE(e->required().empty());
}

TEST(Profiles, SeeTheAlert) {
  Alert alert;
  alert.scenario = "crowdsecurity/ssh-bf";
  alert.remediation = true;
  alert.events_count = 6;
  alert.source = {"Ip", "192.0.2.7", "192.0.2.7", "192.0.2.0/24", "64500", "Example", "FR"};
  alert.meta = {{"target", "[\"root\"]"}};
  alert.events = {{"2021-11-15T18:13:20Z", {{"user", "root"}}}, {"", {{"user", "admin"}}}};
  CompileOptions options;
  options.scope = Scope::profile;
  options.helpers = {&pure_helpers()};
  const Row rows[] = {
      {"the shipped profile", "Alert.Remediation == true && Alert.GetScope() == \"Ip\"", "true"},
      {"fields", "Alert.Scenario + Alert.Source.Cn + Alert.Source.AsNumber",
       "\"crowdsecurity/ssh-bfFR64500\""},
      {"methods", "Alert.GetValue() + Alert.GetScenario() + Alert.Source.GetAsNumberName()",
       "\"192.0.2.7crowdsecurity/ssh-bf64500 Example\""},
      {"counts", "Alert.GetEventsCount() > 5 && Alert.EventsCount == 6", "true"},
      {"events", "all(Alert.Events, {.GetMeta('user') in ['root', 'admin']})", "true"},
      {"meta of an event", "any(Alert.Events[0].Meta, {.Key == 'user' && .Value == 'root'})", "true"},
      {"context", "Alert.GetMeta('target')", "\"[\\\"root\\\"]\""},
      {"the address", "IpInRange(Alert.Source.IP, Alert.Source.Range)", "true"},
      {"an unknown field", "Alert.Scope", "error at 1:7"},
      {"no event", "evt.Meta.x", "error at 1:1"},
  };
  for (const Row& row : rows) {
    World world;
    world.ctx.alert = &alert;
    EXPECT_EQ(world.result(row.text, options), row.result) << row.sentence << " " << world.ctx.error;
  }
}

TEST(Overflows, ShowTheirFirstAlert) {
  World world;
  Overflow overflow;
  overflow.alerts.resize(2);
  overflow.alerts[0].scenario = "s";
  overflow.alerts[0].source.value = "192.0.2.1";
  overflow.alerts[1].source.value = "192.0.2.2";
  overflow.alerts[1].events = {{"", {{"user", "root"}}}};
  const Expression e =
      compiled(world,
               "evt.GetType() == 'overflow' && evt.Overflow.Alert.Scenario == 's' && "
               "evt.Overflow.Alert.GetScenario() == 's' && len(evt.Overflow.GetSources()) == 2 && "
               "'192.0.2.2' in evt.Overflow.Sources && evt.GetMeta('user') == 'root'");
  world.context().event->overflow = &overflow;
  world.event->type = EventType::overflow;
  EXPECT_EQ(e.test(world.ctx), Expression::Truth::yes) << world.ctx.error;
}

TEST(Conditions, SeeTheQueue) {
  World world;
  CompileOptions options = world.options();
  options.scope = Scope::bucket;
  const Result<Expression> e = Expression::compile(
      "let failed = filter(queue.Queue, {#.Meta.log_type == 'f'}); len(failed) == 2 && "
      "MedianInterval(map(failed[-4:], {#.Time})) > duration('10m') && queue.Queue[-1].Enriched.Latitude == "
      "'48.1' && "
      "any(queue.Queue, {.Meta.log_type startsWith 'g' or .Meta.log_type startsWith 'h'})",
      {}, options);
  ASSERT_TRUE(e.ok()) << e.error().text();
  const SlotRef log_type = world.slots.intern(Bag::meta, "log_type"),
                lat = world.slots.intern(Bag::enriched, "Latitude");
  const KeptEvent kept[] = {{from_unix_seconds(0), "", {{log_type, "f"}}},
                            {from_unix_seconds(60), "", {{log_type, "g"}}},
                            {from_unix_seconds(1200), "", {{log_type, "f"}, {lat, "48.1"}}}};
  const Value items[] = {kept_event_value(&kept[0]), kept_event_value(&kept[1]), kept_event_value(&kept[2])};
  const ValueArray queue{items, 3};
  world.context().queue = &queue;
  EXPECT_EQ(e->test(world.ctx), Expression::Truth::yes) << world.ctx.error;
}

TEST(Contexts, HaveAnEmptyRequest) {
  World world;
  CompileOptions options = world.options();
  options.scope = Scope::context;
  EXPECT_EQ(world.result("(match.uri != nil && match.internal != true) ? match.uri : ''", options), "\"\"");
  EXPECT_EQ(world.result("req.Method != '' ? req.UserAgent() : 'none'", options), "\"none\"");
  EXPECT_EQ(world.result("req != nil ? req.Host : 'x'", options), "\"\"");
}

// Bounds: a hostile expression is refused or ends, quickly and small.
std::string repeated(std::string_view unit, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += unit;
  return text;
}

TEST(Bounds, RefuseDeepNesting) {
  World world;
  for (const char* unit :
       {"(", "[", "not ", "-", "{a:", "any([1], {", "x ? 1 : ", "if ", "evt.Meta[", "1 ** "})
    EXPECT_NE(world.result(repeated(unit, 100'000)).find("error"), std::string::npos) << unit;
}

TEST(Bounds, RefuseLongChainsButNotLongAlternatives) {
  World world;
  EXPECT_EQ(world.result("1" + repeated(" + 1", 100'000)).substr(0, 5), "error");
  EXPECT_EQ(world.result("evt.Unmarshaled" + repeated(".x", 100'000)).substr(0, 5), "error");
  EXPECT_EQ(world.result("evt.Meta.a == 'x'" + repeated(" || evt.Meta.b contains 'y'", 20'000)), "false");
  EXPECT_EQ(world.result("1" + repeated(" < 2", 1)), "true");
  EXPECT_EQ(world.result(std::string(2 << 20, ' ')).substr(0, 5), "error");
}

TEST(Bounds, StopWhatTakesTooLong) {
  World world;
  EXPECT_EQ(world.result("map(1..1000000, {map(1..1000000, {#})})"), "failed");
  EXPECT_EQ(world.result("1..9223372036854775807"), "failed");
  EXPECT_EQ(world.result("any(1..900000, {any([1,2,3,4,5,6,7,8,9], {# > 100})})"), "failed");
  EXPECT_EQ(world.result("len(repeat('x', 1000000000))"), "failed");
  EXPECT_EQ(world.result("let a = reduce(1..100, {#acc + #acc}, 'x'); len(a)"), "failed");
  EXPECT_EQ(world.result("string(reduce(1..1000, {[#acc, #acc]}, 1))"), "failed");
  EXPECT_EQ(
      world.result(
          "let a = reduce(1..100, {[#acc, #acc]}, 1); let b = reduce(1..100, {[#acc, #acc]}, 1); a == b"),
      "failed");
  EXPECT_EQ(world.result("let a = reduce(1..30, {[#acc, #acc]}, 1); len(flatten(a))"), "failed");
  EXPECT_EQ(world.result("fromJSON(repeat('[', 100000))"), "failed");
}

TEST(Bounds, DoNotTripOverTheEdgesOfNumbers) {
  check({
      {"sum wraps", "9223372036854775807 + 1", "-9223372036854775808"},
      {"division by zero", "5 % 0", "failed"},
      {"smallest by -1", "(-9223372036854775807 - 1) % -1", "0"},
      {"float too large for an int", "int(1e300)", "-9223372036854775808"},
      {"shift beyond the width", "bitshl(1, 100)", "0"},
      {"shift below zero", "bitshr(1, -1)", "failed"},
      {"abs of the smallest", "abs(-9223372036854775807 - 1)", "-9223372036854775808"},
      {"bounds of a slice", "'abc'[-9223372036854775807:9223372036854775807]", "\"abc\""},
      {"a float index far outside", "'ab'[1e30]", "failed"},
      {"index far outside", "[1][-9223372036854775807]", "failed"},
  });
}

}  // namespace
}  // namespace testudo::expr
