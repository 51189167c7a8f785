// Allowlists as administrators edit them.
#include <gtest/gtest.h>

#include "foundation/store/samples.h"

namespace testudo::store_test {

class AllowlistTest : public StoreTest {
 protected:
  static AllowlistItem item(const std::string& value, const std::string& comment = "") {
    AllowlistItem made;
    made.value = value;
    made.prefix = prefix(value);
    made.comment = comment;
    return made;
  }
};
TESTUDO_ALL_STORES(AllowlistTest);

TEST_P(AllowlistTest, ListsComeBackByNameWithTheirItems) {
  ASSERT_OK(store->create_allowlist("office", "our own", noon));
  ASSERT_OK(store->create_allowlist("monitoring", "", noon));
  AllowlistItem timed = item("192.0.2.77/24", "host bits stay in the text");
  timed.expires_at = noon + 1h;
  timed.created_at = noon - 1h;
  ASSERT_OK(store->put_allowlist_items("office", {item("2001:db8::1"), timed}, noon + 1min));
  const auto lists = store->allowlists(noon);
  ASSERT_OK(lists);
  ASSERT_EQ(lists->size(), 2u);
  EXPECT_EQ((*lists)[0].name, "monitoring");
  const Allowlist& office = (*lists)[1];
  EXPECT_EQ(office.name, "office");
  EXPECT_EQ(office.description, "our own");
  EXPECT_EQ(office.created_at, noon);
  EXPECT_EQ(office.updated_at, noon + 1min);
  ASSERT_EQ(office.items.size(), 2u);
  EXPECT_EQ(office.items[0].value, "192.0.2.77/24");
  EXPECT_EQ(office.items[0].prefix, prefix("192.0.2.0/24"));
  EXPECT_EQ(office.items[0].comment, "host bits stay in the text");
  EXPECT_EQ(office.items[0].expires_at, noon + 1h);
  EXPECT_EQ(office.items[0].created_at, noon - 1h);
  EXPECT_EQ(office.items[1].prefix, prefix("2001:db8::1"));
  EXPECT_EQ(office.items[1].expires_at, std::nullopt);
  EXPECT_EQ(office.items[1].created_at, noon + 1min) << "not given: when it was put";
}

TEST_P(AllowlistTest, ExpiredItemsAreLeftOut) {
  ASSERT_OK(store->create_allowlist("office", "", noon));
  AllowlistItem timed = item("192.0.2.1");
  timed.expires_at = noon + 1h;
  ASSERT_OK(store->put_allowlist_items("office", {timed}, noon));
  EXPECT_EQ(store->allowlists(noon + 59min)->front().items.size(), 1u);
  EXPECT_EQ(store->allowlists(noon + 1h)->front().items.size(), 0u);
}

TEST_P(AllowlistTest, TheSamePrefixAgainReplacesCommentAndExpiry) {
  ASSERT_OK(store->create_allowlist("office", "", noon));
  ASSERT_OK(store->put_allowlist_items("office", {item("192.0.2.0/24", "first")}, noon));
  AllowlistItem again = item("192.0.2.9/24", "second");
  again.expires_at = noon + 2h;
  ASSERT_OK(store->put_allowlist_items("office", {again}, noon + 1h));
  const auto lists = store->allowlists(noon + 1h);
  ASSERT_EQ(lists->front().items.size(), 1u);
  EXPECT_EQ(lists->front().items[0].comment, "second");
  EXPECT_EQ(lists->front().items[0].expires_at, noon + 2h);
  EXPECT_EQ(lists->front().items[0].created_at, noon);
}

TEST_P(AllowlistTest, RemovingCountsWhatWasThere) {
  ASSERT_OK(store->create_allowlist("office", "", noon));
  ASSERT_OK(store->put_allowlist_items("office", {item("192.0.2.1"), item("192.0.2.0/24")}, noon));
  EXPECT_EQ(*store->remove_allowlist_items("office", {prefix("192.0.2.1"), prefix("192.0.2.2")}, noon), 1);
  EXPECT_EQ(store->allowlists(noon)->front().items.size(), 1u);
}

TEST_P(AllowlistTest, ADeletedListTakesItsItems) {
  ASSERT_OK(store->create_allowlist("office", "", noon));
  ASSERT_OK(store->put_allowlist_items("office", {item("192.0.2.1")}, noon));
  ASSERT_OK(store->delete_allowlist("office"));
  ASSERT_OK(store->create_allowlist("office", "", noon));
  EXPECT_TRUE(store->allowlists(noon)->front().items.empty());
}

TEST_P(AllowlistTest, UnknownNamesAndDoubleNamesAreErrors) {
  ASSERT_OK(store->create_allowlist("office", "", noon));
  EXPECT_EQ(store->create_allowlist("office", "", noon).error().code, Code::conflict);
  EXPECT_EQ(store->create_allowlist("", "", noon).error().code, Code::bad_input);
  EXPECT_EQ(store->delete_allowlist("offce").error().code, Code::not_found);
  EXPECT_EQ(store->put_allowlist_items("offce", {item("192.0.2.1")}, noon).error().code, Code::not_found);
  EXPECT_EQ(store->remove_allowlist_items("offce", {prefix("192.0.2.1")}, noon).error().code,
            Code::not_found);
}

}  // namespace testudo::store_test
