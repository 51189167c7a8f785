// A country or an AS, as prefixes: all of it, nothing else, as few as can be; damaged databases do no harm.
#include "decide/geo_scope.h"

#include <arpa/inet.h>
#include <maxminddb.h>

#include "base/files.h"
#include "decide/coverage.h"
#include "support.h"
#include "support/hub.h"
#include "support/mmdb.h"

namespace testudo {
namespace {

constexpr size_t kPlenty = 1'000'000;

std::vector<std::string> texts(const GeoScopes::List& list) {
  std::vector<std::string> out;
  for (const Prefix& prefix : *list) out.push_back(prefix.cidr());
  return out;
}

struct GeoScopeTest : testing::Test {
  void country(const MmdbWriter& database) { folder.file("GeoLite2-Country.mmdb", database.bytes()); }
  TempFolder folder;
};

TEST_F(GeoScopeTest, HasBothFamiliesAndNoMorePrefixesThanNeeded) {
  MmdbWriter database;
  database.add("192.0.2.0/25", "XA").add("192.0.2.128/25", "XA").add("198.51.100.0/24", "XB");
  database.add("203.0.113.7/32", "XA").add("10.0.0.0/9", "XA").add("10.128.0.0/10", "XA");
  database.add("10.192.0.0/10", "XA").add("2001:db8::/33", "XA").add("2001:db8:8000::/33", "XA");
  country(database);
  GeoScopes scopes(folder.path, kPlenty);
  const auto list = scopes.prefixes("Country", "xa");
  ASSERT_TRUE(list) << list.error().text();
  EXPECT_EQ(texts(*list),
            (std::vector<std::string>{"10.0.0.0/8", "192.0.2.0/24", "203.0.113.7/32", "2001:db8::/32"}));
  EXPECT_EQ(texts(*scopes.prefixes("Country", "XB")), std::vector<std::string>{"198.51.100.0/24"});
}

TEST_F(GeoScopeTest, AnAsIsItsNumber) {
  MmdbWriter database(false);
  database.add("192.0.2.0/24", "64496").add("198.51.100.0/24", "64497").add("2001:db8::/32", "64496");
  folder.file("GeoLite2-ASN.mmdb", database.bytes());
  GeoScopes scopes(folder.path, kPlenty);
  for (const char* name : {"64496", "AS64496", "as64496"})
    EXPECT_EQ(texts(*scopes.prefixes("AS", name)),
              (std::vector<std::string>{"192.0.2.0/24", "2001:db8::/32"}))
        << name;
}

TEST_F(GeoScopeTest, WhereATreeRepeatsIpv4ItIsPassedOver) {
  MmdbWriter database;
  database.add("192.0.2.0/24", "XA").add("2001:db8::/32", "XA");
  database.alias("2002::/16").alias("::ffff:0:0/96").alias("2001::/32");
  country(database);
  GeoScopes scopes(folder.path, kPlenty);
  EXPECT_EQ(texts(*scopes.prefixes("Country", "XA")),
            (std::vector<std::string>{"192.0.2.0/24", "2001:db8::/32"}));
}

TEST_F(GeoScopeTest, TheCityDatabaseServesWhereThereIsNoOther) {
  folder.file("GeoLite2-City.mmdb", MmdbWriter().add("192.0.2.0/24", "XA").bytes());
  GeoScopes scopes(folder.path, kPlenty);
  EXPECT_EQ(scopes.prefixes("Country", "XA").value()->size(), 1u);
}

TEST_F(GeoScopeTest, SaysWhyThereAreNone) {
  country(MmdbWriter().add("192.0.2.0/24", "XA").add("198.51.100.0/24", "XA"));
  GeoScopes scopes(folder.path, 1), nowhere("", kPlenty);
  EXPECT_EQ(scopes.prefixes("Country", "China").error().code, Code::bad_input);
  EXPECT_EQ(scopes.prefixes("AS", "-1").error().code, Code::bad_input);
  EXPECT_EQ(scopes.prefixes("Country", "ZZ").error().code, Code::not_found);
  EXPECT_EQ(scopes.prefixes("AS", "64496").error().message, "no database for AS");
  EXPECT_EQ(nowhere.prefixes("Country", "XA").error().message, "no database for Country");
  const Error many = scopes.prefixes("Country", "XA").error();
  EXPECT_EQ(many.code, Code::too_large);
  EXPECT_NE(many.message.find("2 prefixes"), std::string::npos) << many.message;
}

TEST_F(GeoScopeTest, AFileThatIsPutThereLaterIsFound) {
  GeoScopes scopes(folder.path, kPlenty);
  EXPECT_FALSE(scopes.changed());
  EXPECT_FALSE(scopes.prefixes("Country", "XA").ok());
  country(MmdbWriter().add("192.0.2.0/24", "XA"));
  EXPECT_TRUE(scopes.prefixes("Country", "XA").ok());
  EXPECT_TRUE(scopes.changed());
  EXPECT_FALSE(scopes.changed());
}

TEST_F(GeoScopeTest, AFileThatIsReplacedIsReadAnew) {
  country(MmdbWriter().add("192.0.2.0/24", "XA"));
  GeoScopes scopes(folder.path, kPlenty);
  scopes.changed();
  EXPECT_EQ(texts(*scopes.prefixes("Country", "XA")), std::vector<std::string>{"192.0.2.0/24"});
  ASSERT_TRUE(write_file_atomic(folder.path + "/GeoLite2-Country.mmdb",
                                MmdbWriter().add("198.51.100.0/24", "XA").bytes()));
  EXPECT_TRUE(scopes.changed());
  EXPECT_EQ(texts(*scopes.prefixes("Country", "XA")), std::vector<std::string>{"198.51.100.0/24"});
}

TEST_F(GeoScopeTest, ATreeThatLeadsBackIntoItselfIsAnErrorAndComesToAnEnd) {
  country(MmdbWriter().add("192.0.2.0/24", "XA").loop("2001:db8::/32").loop("4000::/2"));
  GeoScopes scopes(folder.path, kPlenty);
  EXPECT_EQ(scopes.prefixes("Country", "XA").error().code, Code::corrupt);
}

TEST_F(GeoScopeTest, ACutFileIsAnError) {
  const std::string whole = MmdbWriter().add("192.0.2.0/24", "XA").add("2001:db8::/32", "XB").bytes();
  for (size_t size = 0; size < whole.size(); size += 7) {
    folder.file("GeoLite2-Country.mmdb", whole.substr(0, size));
    GeoScopes scopes(folder.path, kPlenty);
    EXPECT_FALSE(scopes.prefixes("Country", "XA").ok()) << size << " bytes";
  }
}

TEST_F(GeoScopeTest, FlippedBytesNeverCrash) {
  const std::string whole = MmdbWriter().add("192.0.2.0/24", "XA").add("2001:db8::/32", "XB").bytes();
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = char(damaged[at] ^ 0xff);
    folder.file("GeoLite2-Country.mmdb", damaged);
    GeoScopes scopes(folder.path, kPlenty);
    (void)scopes.prefixes("Country", "XA").ok();
  }
}

/// What the library says of one address: the other way to the same answer.
std::string country_of(MMDB_s& mmdb, const Ip& ip) {
  int gai = 0, error = 0;
  MMDB_lookup_result_s found = MMDB_lookup_string(&mmdb, ip.text().c_str(), &gai, &error);
  if (gai != 0 || error != MMDB_SUCCESS || !found.found_entry) return "";
  for (const char* part : {"country", "registered_country", "represented_country"}) {
    MMDB_entry_data_s data{};
    if (MMDB_get_value(&found.entry, &data, part, "iso_code", nullptr) == MMDB_SUCCESS && data.has_data)
      return {data.utf8_string, data.data_size};
  }
  return "";
}

TEST_F(GeoScopeTest, AgreesWithLookingUpEachAddress) {
  TESTUDO_NEED_HUB();
  const std::string path = support::hub() + "/../mmdb/GeoLite2-Country-Test.mmdb";
  folder.file("GeoLite2-Country.mmdb", *read_file(path));
  GeoScopes scopes(folder.path, kPlenty);
  MMDB_s mmdb;
  ASSERT_EQ(MMDB_open(path.c_str(), MMDB_MODE_MMAP, &mmdb), MMDB_SUCCESS);
  size_t inside = 0, v6 = 0;
  for (const char* country : {"GB", "US", "SE", "CN", "JP", "BT", "PH", "DE", "FR"}) {
    const auto list = scopes.prefixes("Country", country);
    if (!list) continue;
    for (const Prefix& prefix : **list) {
      inside += 1;
      v6 += !prefix.ip.is_v4();
      Ip last = prefix.ip, behind = prefix.ip;
      for (int bit = prefix.length; bit < last.bits(); ++bit)
        last.bytes[size_t(bit) / 8] |= uint8_t(0x80 >> bit % 8);
      behind = last;
      for (int i = last.bits() / 8 - 1; i >= 0 && ++behind.bytes[size_t(i)] == 0; --i) {
      }
      EXPECT_EQ(country_of(mmdb, prefix.ip), country) << prefix.cidr();
      EXPECT_EQ(country_of(mmdb, last), country) << prefix.cidr();
      EXPECT_EQ(country_of(mmdb, behind) == country, touches(**list, Prefix::host(behind))) << behind.text();
    }
    for (size_t i = 1; i < (*list)->size(); ++i) {
      const Prefix &a = (**list)[i - 1], &b = (**list)[i];
      EXPECT_FALSE(a.overlaps(b));
      EXPECT_FALSE(a.length == b.length && a.length > 0 && Prefix::of(a.ip, a.length - 1).contains(b))
          << a.cidr() << " and " << b.cidr() << " are one";
    }
  }
  MMDB_close(&mmdb);
  EXPECT_GT(inside, 50u);
  EXPECT_GT(v6, 20u);
}

TEST_F(GeoScopeTest, DamagedDatabasesDoNoHarm) {
  TESTUDO_NEED_HUB();
  const std::string bad = support::hub() + "/../mmdb/bad";
  for (const auto& file : std::filesystem::directory_iterator(bad)) {
    folder.file("GeoLite2-Country.mmdb", *read_file(file.path()));
    folder.file("GeoLite2-ASN.mmdb", *read_file(file.path()));
    GeoScopes scopes(folder.path, kPlenty);
    (void)scopes.prefixes("Country", "GB").ok();
    (void)scopes.prefixes("AS", "1221").ok();
  }
}

TEST(Touches, FindsWhatOverlapsWithinItsFamily) {
  std::vector<Prefix> list{prefix("10.0.0.0/8"), prefix("192.0.2.0/24"), prefix("203.0.113.7"),
                           prefix("2001:db8::/32")};
  const struct {
    const char* value;
    bool hit;
  } rows[] = {
      {"10.0.0.0", true},     {"10.255.255.255", true}, {"9.255.255.255", false}, {"11.0.0.0", false},
      {"192.0.2.9", true},    {"192.0.0.0/16", true},   {"192.0.3.0/24", false},  {"203.0.113.7", true},
      {"203.0.113.8", false}, {"0.0.0.0/0", true},      {"2001:db8::1", true},    {"2001:db9::", false},
      {"::/0", true},         {"a00::", false},         {"32.1.13.184", false},   {"1.0.0.0/8", false}};
  for (const auto& row : rows) EXPECT_EQ(touches(list, prefix(row.value)), row.hit) << row.value;
}

}  // namespace
}  // namespace testudo
