// Schema versions: every older one is brought up to date, a failed step leaves the version before it.
#include "store/migrations.h"

#include <gtest/gtest.h>

#include "foundation/store/samples.h"

namespace testudo::store {

using store_test::is_ok;
using store_test::TempFolder;

namespace {

std::unique_ptr<Connection> connect(const TempFolder& folder) {
  auto connection = Connection::open(folder.file(), false);
  return connection ? *std::move(connection) : nullptr;
}

const Migration two_steps[] = {
    {1, "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1)", nullptr},
    {2, "ALTER TABLE a ADD COLUMN y INTEGER",
     [](Connection& connection) { return connection.execute("UPDATE a SET y = x + 1"); }},
};
const Migration third_fails[] = {
    two_steps[0], two_steps[1], {3, "CREATE TABLE b (x INTEGER); INSERT INTO nowhere VALUES (1)", nullptr}};

}  // namespace

TEST(Migrations, AreNumberedFromOne) {
  int expected = 1;
  for (const Migration& step : migrations()) EXPECT_EQ(step.version, expected++);
}

TEST(Migrations, EveryOlderVersionIsBroughtUpToDateWithItsRows) {
  for (size_t version = 1; version <= migrations().size(); ++version) {
    const TempFolder folder;
    {
      auto connection = connect(folder);
      ASSERT_OK(migrate(*connection, migrations().first(version)));
      ASSERT_OK(connection->execute("INSERT INTO positions (name, value) VALUES ('file:/a', '7')"));
    }
    const auto store = store_test::open_store(folder.file());
    ASSERT_NE(store, nullptr) << "from version " << version;
    EXPECT_EQ(store->positions()->front().value, "7");
    ASSERT_OK(store->commit(store_test::batch({store_test::alert(1, {store_test::ban(1, "203.0.113.7")})})));
  }
}

TEST(Migrations, DecisionsOfTheFirstVersionHaveNoParams) {
  const TempFolder folder;
  {
    auto connection = connect(folder);
    ASSERT_OK(migrate(*connection, migrations().first(1)));
    ASSERT_OK(connection->execute(R"sql(
      INSERT INTO alerts VALUES (1, 'u', 's', '', '', '', 1, 0, '', 0, 0, '', '', 1, 0, '', '', '', '[]', '[]',
                                 'Ip', '203.0.113.7', '', '', '', '', '', 0, 0, 0, 0, x'', '');
      INSERT INTO decisions VALUES (1, 'd', 1, 'cscli', 's', 'Ip', '203.0.113.7', 'ban', 1, 9000000000000000000,
                                    0, 0, 4, x'cb007107000000000000000000000000',
                                    x'cb007107000000000000000000000000', 32);
      INSERT INTO changes VALUES (1, 0, 4, x'cb007107000000000000000000000000', 32, 1, 9, 'cscli', 's', 0))sql"));
  }
  const auto store = store_test::open_store(folder.file());
  ASSERT_NE(store, nullptr);
  const auto decisions = store->decisions({}, store_test::noon);
  ASSERT_OK(decisions);
  ASSERT_EQ(decisions->size(), 1u);
  EXPECT_EQ(decisions->front().params, "");
  EXPECT_EQ(decisions->front().prefix, store_test::prefix("203.0.113.7"));
  const auto changes = store->changes_after(0, 10);
  ASSERT_OK(changes);
  EXPECT_EQ(changes->front().change.terms, Terms());
}

TEST(Migrations, StepsRunOnceAndInOrder) {
  const TempFolder folder;
  auto connection = connect(folder);
  ASSERT_OK(migrate(*connection, std::span(two_steps).first(1)));
  ASSERT_OK(migrate(*connection, two_steps));
  ASSERT_OK(migrate(*connection, two_steps));
  EXPECT_EQ(connection->number("SELECT y FROM a").value(), 2);
  EXPECT_EQ(connection->number("SELECT count(*) FROM a").value(), 1);
  EXPECT_EQ(connection->number("PRAGMA user_version").value(), 2);
}

TEST(Migrations, AFailedStepLeavesTheVersionBeforeIt) {
  const TempFolder folder;
  auto connection = connect(folder);
  const auto failed = migrate(*connection, third_fails);
  ASSERT_FALSE(failed.ok());
  EXPECT_NE(failed.error().message.find("schema version 3"), std::string::npos) << failed.error().text();
  EXPECT_EQ(connection->number("PRAGMA user_version").value(), 2);
  EXPECT_EQ(connection->number("SELECT count(*) FROM sqlite_master WHERE name = 'b'").value(), 0);
  EXPECT_FALSE(connection->in_transaction());
}

TEST(Migrations, ANewerVersionIsRefusedAndKept) {
  const TempFolder folder;
  auto connection = connect(folder);
  ASSERT_OK(migrate(*connection, two_steps));
  EXPECT_EQ(migrate(*connection, std::span(two_steps).first(1)).error().code, Code::unsupported);
  EXPECT_EQ(connection->number("PRAGMA user_version").value(), 2);
}

TEST(Migrations, AReaderRefusesAnOlderVersion) {
  const TempFolder folder;
  auto connection = connect(folder);
  ASSERT_OK(migrate(*connection, std::span(two_steps).first(1)));
  EXPECT_EQ(check_version(*connection, two_steps).error().code, Code::unsupported);
  EXPECT_OK(check_version(*connection, std::span(two_steps).first(1)));
}

TEST(KeptStatements, AreBoundedAndMayBeInUseTwice) {
  const TempFolder folder;
  auto connection = connect(folder);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(connection->number("SELECT " + std::to_string(i)).value(), i);
  auto outer = connection->prepare("SELECT 1 UNION ALL SELECT 2");
  ASSERT_TRUE(outer->step().value());
  auto inner = connection->prepare("SELECT 1 UNION ALL SELECT 2");
  ASSERT_TRUE(inner->step().value());
  ASSERT_TRUE(outer->step().value());
  EXPECT_EQ(outer->integer(0), 2);
  EXPECT_EQ(inner->integer(0), 1);
}

}  // namespace testudo::store
