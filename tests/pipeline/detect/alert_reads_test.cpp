// What of an alert content reads that runs after it, as far as its text shows.
#include "detect/alert_reads.h"

#include <gtest/gtest.h>

#include "detect/shape.h"

namespace testudo::detect {
namespace {

TEST(AlertReads, TheHeadNeedsNoEvents) {
  AlertReads reads;
  for (const char* text :
       {"evt.Overflow.Alert.Remediation == true && IsIPV6(evt.Overflow.Alert.Source.IP)",
        "evt.GetType() == 'overflow' && evt.Overflow.Alert.GetScenario() in ['a', 'b']",
        "any(File('x'), {IpInRange(evt.Overflow.Alert.Source.IP, #)})", "evt.Meta.Events == 'x'",
        "'a' in evt.Overflow.GetSources()", "evt.Enriched.reverse_dns matches 'evt.Overflow.Alert.Events'",
        "evt?.Overflow?.Alert?.GetScope() == 'Ip'", "evt.Overflow.Whitelisted"})
    reads.add(text);
  EXPECT_FALSE(reads.whole);
  EXPECT_TRUE(reads.meta.empty());
}

TEST(AlertReads, NamesTheFieldsOfEvents) {
  AlertReads reads;
  reads.add("all(evt.Overflow.Alert.Events, {.GetMeta('a') in ['x'] || #.GetMeta(\"b\") == evt.Meta.c})");
  reads.add("evt.GetMeta('d') == '' && any(evt.Overflow.Alert.Events, {.GetMeta('a') != ''})");
  EXPECT_FALSE(reads.whole);
  EXPECT_EQ(reads.meta, (std::vector<std::string>{"a", "b", "d"}));
}

TEST(AlertReads, WhatIsNotUnderstoodReadsAll) {
  for (const char* text :
       {"let e = evt; e.Overflow.Alert.Events[0].GetMeta('a') == ''", "len(evt.Overflow.Alert.Events) > 2",
        "evt.Overflow.Alert.Events[0].GetMeta('a') == ''", "evt.Overflow.Alert.Message contains 'x'",
        "evt.Overflow.Alert.GetMeta('a') == ''", "evt['Overflow'].Alert != nil",
        "any(evt.Overflow.Alert.Events, {.Timestamp != ''})", "any(evt.Overflow.Alert.Events, {# != nil})",
        "any(evt.Overflow.Alert.Events, {.GetMeta(evt.Meta.x) != ''})", "evt.Overflow.Mapkey == ''",
        "any(evt.Overflow.Alert.Events, {let m = #; m.GetMeta('a') == ''})", "evt.GetMeta(evt.Meta.a) == ''",
        "evt.Overflow.Alert == nil", "any(evt.Overflow.Alert.Events, {any(.Meta, {.Key == 'a'})})"}) {
    AlertReads reads;
    reads.add(text);
    EXPECT_TRUE(reads.whole) << text;
  }
}

TEST(Shape, KnowsGroupsOfOneSource) {
  for (const char* text : {"evt.Meta.source_ip", " evt.Meta.source_ip + '/' + evt.Parsed.target_fqdn",
                           "evt.Meta.source_ip + '--' + evt.Meta.log_type"})
    EXPECT_TRUE(begins_with_source(text)) << text;
  for (const char* text :
       {"", "evt.Parsed.source_ip", "evt.Meta.source_ip + evt.Parsed.uri", "evt.Meta.source_ip + 'a'",
        "evt.Meta.source_ip + ''", "evt.Meta.service + evt.Meta.source_ip", "Lower(evt.Meta.source_ip)",
        "evt.Meta.source_ip + '/' == 'x' ? 'a' : 'b'", "evt.Meta.source_ip ?? 'x'"})
    EXPECT_FALSE(begins_with_source(text)) << text;
}

}  // namespace
}  // namespace testudo::detect
