// Country and AS of an address, through hub content, with MaxMind's test databases; damaged ones do no harm.
#include "support/hub.h"
#include "support/lines.h"

namespace testudo {
namespace {

using support::Content;
using support::OneLine;

std::string databases() { return support::hub() + "/../mmdb"; }

void put(Content& content, const std::string& from, const std::string& name) {
  auto bytes = read_file(databases() + "/" + from);
  ASSERT_TRUE(bytes.ok()) << bytes.error().text();
  content.data(name, *bytes);
}

Content with_enrichers() {
  Content content;
  content.parser("s00-raw", "a", R"(
name: a
grok: {pattern: '^%{NOTSPACE:ip}$', apply_on: Line.Raw, statics: [{meta: source_ip, expression: evt.Parsed.ip}]}
statics:
  - {method: GeoIpCity, expression: evt.Meta.source_ip}
  - {meta: country, expression: evt.Enriched.IsoCode}
  - {method: GeoIpASN, expression: evt.Meta.source_ip}
  - {method: IpToRange, expression: evt.Meta.source_ip}
)");
  return content;
}

TEST(GeoIp, GivesCountryCoordinatesAsAndRange) {
  TESTUDO_NEED_HUB();
  Content content = with_enrichers();
  put(content, "GeoLite2-City-Test.mmdb", "GeoLite2-City.mmdb");
  put(content, "GeoLite2-ASN-Test.mmdb", "GeoLite2-ASN.mmdb");
  OneLine line(content.load());
  EXPECT_EQ(line.run("81.2.69.160"), parse::Outcome::parsed);
  EXPECT_EQ(line.meta("country"), "GB");
  EXPECT_EQ(line.enriched("Latitude").substr(0, 3), "51.");
  line.run("1.128.0.1");
  EXPECT_EQ(line.enriched("ASNNumber"), "1221");
  EXPECT_EQ(line.enriched("ASNumber"), "1221");
  EXPECT_EQ(line.enriched("ASNOrg"), "Telstra Pty Ltd");
  EXPECT_EQ(line.enriched("SourceRange"), "1.128.0.0/11");
}

TEST(GeoIp, AnAddressThatIsNotThereHasZeroValues) {
  TESTUDO_NEED_HUB();
  Content content = with_enrichers();
  put(content, "GeoLite2-City-Test.mmdb", "GeoLite2-City.mmdb");
  put(content, "GeoLite2-ASN-Test.mmdb", "GeoLite2-ASN.mmdb");
  OneLine line(content.load());
  line.run("127.0.0.1");
  EXPECT_EQ(line.enriched("IsoCode"), "");
  EXPECT_EQ(line.enriched("IsInEU"), "false");
  EXPECT_EQ(line.enriched("Latitude"), "0.000000");
  EXPECT_EQ(line.enriched("ASNNumber"), "0");
  EXPECT_EQ(line.enriched("SourceRange"), "(absent)");
}

TEST(GeoIp, AMissingDatabaseIsSaidOnceAndEnrichmentSkipped) {
  Content content = with_enrichers();
  const auto program = content.load();
  EXPECT_TRUE(program->errors.empty());
  ASSERT_EQ(program->notes.size(), 2u);
  EXPECT_NE(program->notes[0].find("GeoLite2-City.mmdb is not there"), std::string::npos);
  OneLine line(program);
  EXPECT_EQ(line.run("81.2.69.160"), parse::Outcome::parsed);
  EXPECT_EQ(line.enriched("IsoCode"), "(absent)");
}

TEST(GeoIp, DamagedDatabasesDoNoHarm) {
  TESTUDO_NEED_HUB();
  for (const std::string& name : list_directory(databases() + "/bad")) {
    Content content = with_enrichers();
    put(content, "bad/" + name, "GeoLite2-City.mmdb");
    put(content, "bad/" + name, "GeoLite2-ASN.mmdb");
    OneLine line(content.load());
    for (const char* address : {"1.1.1.1", "81.2.69.160", "255.255.255.255", "2001:db8::1", "::1"})
      EXPECT_EQ(line.run(address), parse::Outcome::parsed) << name;
  }
}

}  // namespace
}  // namespace testudo
