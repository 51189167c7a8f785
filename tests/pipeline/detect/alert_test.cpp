// What an alert says: sources by scope, overflows as input, contexts (engine-spec §5.7 to §5.10).
#include "detect/context.h"
#include "detect/map_key.h"
#include "pipeline/detect/rig.h"

namespace testudo::detect {
namespace {

std::string leaky(const std::string& more) { return head("leaky") + "capacity: 1\nleakspeed: 10s\n" + more; }

std::string sha1_hex(std::string_view text) {
  Sha1 sha;
  sha.add(text);
  return sha.hex();
}

TEST(MapKey, IsTheSha1OfFilterGroupAndName) {
  EXPECT_EQ(sha1_hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1_hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(sha1_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(MapKey("a", "c").of("b"), sha1_hex(std::string("a\0b\0c", 5)));
  const std::string filter(1000, 'f');
  EXPECT_EQ(MapKey(filter, "n").of("g"), sha1_hex(filter + std::string("\0g\0n", 4)));
}

TEST(Overflow, NamesItsBucketAndItsSources) {
  Rig rig(leaky("reprocess: true\n"));
  rig.pour(0, from("192.0.2.1"));
  rig.pour(0, from("192.0.2.1"));
  ASSERT_EQ(rig.emitted_.size(), 1u);
  const Overflow& overflow = rig.emitted_[0].overflow;
  EXPECT_TRUE(overflow.reprocess);
  EXPECT_EQ(overflow.mapkey, MapKey("evt.Meta.kind == 'x'", "me/leaky").of("192.0.2.1"));
  EXPECT_EQ(overflow.source_keys, std::vector<std::string>{"192.0.2.1"});
  EXPECT_EQ(overflow.bucket_id.size(), 36u);
}

TEST(Sources, OneAlertForEachOfTheQueueLaterEventsOverwrite) {
  Rig rig(
      "type: leaky\nname: me/s\ndescription: d\nfilter: 'true'\ngroupby: evt.Meta.user\ncapacity: "
      "2\nleakspeed: 10s\n");
  rig.pour(0, {{"user", "ann"}, {"source_ip", "192.0.2.1"}});
  rig.pour(0, {{"user", "ann"}, {"source_ip", "192.0.2.2"}});
  const auto out = rig.pour(0, {{"user", "ann"}, {"source_ip", "192.0.2.1"}});
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].source.value, "192.0.2.1");
  EXPECT_EQ(out[1].source.value, "192.0.2.2");
  EXPECT_EQ(out[0].events.size(), 3u);
  EXPECT_EQ(out[0].message.substr(0, 22), "Ip 2 sources performed");
}

TEST(Sources, OfScopeRangeTakeTheRangeOrTheExpression) {
  const Rig::Fields event = from("192.0.2.1", {{"SourceRange", "192.0.2.7/24"}, {"net", "n"}});
  Rig range(leaky("scope: {type: Range}\n"));
  range.pour(0, event);
  const auto out = range.pour(0, event);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].source.value, "192.0.2.0/24");
  EXPECT_EQ(out[0].source.ip, "192.0.2.1");
  Rig expression(leaky("scope: {type: Range, expression: evt.Meta.net}\n"));
  expression.pour(0, event);
  EXPECT_EQ(expression.pour(0, event).at(0).source.value, "n");
}

TEST(Sources, ABrokenRangeSpoilsTheAlert) {
  Rig rig(leaky(""));
  rig.pour(0, from("192.0.2.1", {{"SourceRange", "192.0.2.7/99"}}));
  EXPECT_TRUE(rig.pour(0, from("192.0.2.1")).empty());
  EXPECT_EQ(rig.counters().no_source, 1u);
}

TEST(Sources, ThousandsInOneBucketStayBounded) {
  Rig rig("type: leaky\nname: me/s\ndescription: d\nfilter: 'true'\ncapacity: 3000\nleakspeed: 10s\n");
  std::vector<Alert> out;
  for (int i = 0; i <= 3000 && out.empty(); ++i)
    out = rig.pour(0, {{"source_ip", "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250)}});
  ASSERT_EQ(out.size(), 100u);
  EXPECT_EQ(out[0].events_count, 3001);
  EXPECT_LE(out[0].events.size(), 100u);
}

TEST(Reprocess, AnOverflowIsPouredIntoScenariosThatAcceptIt) {
  Rig rig(
      "type: leaky\nname: me/range\ndescription: d\nfilter: \"evt.GetType() == 'overflow' && "
      "evt.Overflow.Alert.Remediation == true\"\n"
      "groupby: evt.Overflow.Alert.Source.Range\ndistinct: evt.Overflow.Alert.Source.IP\ncapacity: "
      "1\nleakspeed: 1h\nscope: {type: Range}\n---\n" +
      head("trigger"));
  const auto overflow_of = [](const std::string& ip, const std::string& range) {
    Overflow overflow;
    Alert& alert = overflow.alerts.emplace_back();
    alert.remediation = true;
    alert.source.scope = "Ip";
    alert.source.ip = alert.source.value = ip;
    alert.source.range = range;
    alert.source.as_number = "64500";
    alert.witness = witness::kAlways;
    return overflow;
  };
  EXPECT_TRUE(rig.pour(0, from("192.0.2.1")).size() == 1u)
      << "lines do not reach the first, and do reach the second";
  EXPECT_TRUE(rig.pour_overflow(0, overflow_of("192.0.2.1", "192.0.2.0/24")).empty());
  EXPECT_TRUE(rig.pour_overflow(1, overflow_of("192.0.2.1", "192.0.2.0/24")).empty()) << "distinct";
  const auto out = rig.pour_overflow(2, overflow_of("192.0.2.2", "192.0.2.0/24"));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].source.scope, "Range");
  EXPECT_EQ(out[0].source.value, "192.0.2.0/24");
  EXPECT_EQ(out[0].source.as_number, "64500");
  EXPECT_EQ(out[0].witness, witness::kAlways) << "what its own events' sources ask for";
  EXPECT_TRUE(out[0].events.at(0).meta.empty());
}

TEST(Ordered, AreScenariosThatAnOverflowMayReach) {
  const auto ordered = [](const std::string& filter) {
    const Compiled content("type: trigger\nname: me/t\ndescription: d\nfilter: \"" + filter + "\"\n");
    EXPECT_TRUE(content.errors.empty()) << content.errors.at(0);
    return bool(content.set->partitions.at(0).ordered);
  };
  for (const char* filter :
       {"true", "evt.GetType() == 'overflow'", "evt.Meta.a != 'b'", "evt.Meta.a in ['', 'b']",
        "evt.Overflow.Alert.Remediation", "evt.Time.Hour() > 20", "evt.GetMeta('x') == 'y'"})
    EXPECT_TRUE(ordered(filter)) << filter;
  for (const char* filter : {"evt.Meta.a == 'b'", "evt.Meta.a == 'b' && evt.Time.Hour() > 20",
                             "evt.Parsed.x contains 'y'", "evt.Line.Labels.type == 'syslog'"})
    EXPECT_FALSE(ordered(filter)) << filter;
}

TEST(Contexts, ListWhatTheEventsSayOnceInOrderOfAppearance) {
  Rig rig(head("leaky") + "capacity: 3\nleakspeed: 10s\n",
          "context:\n  user: [evt.Meta.user, evt.Parsed.name]\n  n: ['len(evt.Meta.user)']\n  none: "
          "[evt.Meta.missing]\n"
          "  list: [\"Split(evt.Meta.path, '/')\"]\n  raw: [evt.Line.Raw]\n  fails: [evt.Unmarshaled.a.b]\n");
  rig.pour(0, from("192.0.2.1", {{"user", "bob"}, {"path", "a/b"}}), {{"name", "<x>"}});
  rig.pour(0, from("192.0.2.1", {{"user", "ann"}, {"path", "b/c"}}));
  rig.pour(0, from("192.0.2.1", {{"user", "bob"}}));
  const auto out = rig.pour(0, from("192.0.2.1"));
  ASSERT_EQ(out.size(), 1u);
  const MetaPairs expected = {{"list", R"(["a","b","c"])"},
                              {"n", R"(["3","0"])"},
                              {"raw", R"(["line 1","line 2","line 3","line 4"])"},
                              {"user", R"(["bob","\u003cx\u003e","ann"])"}};
  EXPECT_EQ(out[0].meta, expected);
  for (const AlertEvent& event : out[0].events)
    for (const auto& [name, value] : event.meta) EXPECT_NE(name[0], EventImage::kHidden);
}

TEST(Contexts, OfSeveralDocumentsAreMergedAndErrorsHaveTheirPlace) {
  const Compiled content(head("trigger"),
                         "context: {a: [evt.Meta.x]}\n---\ncontext: {a: [evt.Meta.x, "
                         "evt.Meta.y]}\n---\ncontext:\n  b:\n    - evt.Metta.x\n");
  EXPECT_EQ(content.set->contexts.size(), 2u);
  ASSERT_EQ(content.errors.size(), 1u);
  EXPECT_EQ(content.errors[0].substr(0, 12), "c.yaml:7:11:") << content.errors[0];
}

TEST(Contexts, FitIntoTheirLimit) {
  EXPECT_EQ(context_json({"aaaa", "bbbb", "cccc"}, 20), R"(["aaaa","bbbb"])");
  EXPECT_EQ(context_json({std::string(40, 'a'), "b"}, 20), "[\"" + std::string(11, 'a') + "...\"]");
  EXPECT_EQ(context_json({}, 20), "");
}

TEST(Values, LongerThanAlertsNeedAreCut) {
  Rig rig(leaky(""));
  rig.pour(0, from("192.0.2.1", {{"path", std::string(65536, 'p')}}));
  const auto out = rig.pour(0, from("192.0.2.1", {{"path", std::string(65536, 'p')}}));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].events.at(0).find("path")->size(), 2048u);
  EXPECT_EQ(rig.shards_.bytes(), 0u) << "everything was given back";
}

}  // namespace
}  // namespace testudo::detect
