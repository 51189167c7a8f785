// Opening: what is made, who else may have it open, and what is refused with a way out.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

#include "base/files.h"
#include "foundation/store/samples.h"
#include "store/connection.h"
#include "store/migrations.h"

namespace testudo::store_test {

namespace {

Error refused(const std::string& path, bool read_only = false) {
  auto store = Store::open({path, read_only});
  if (store) {
    ADD_FAILURE() << "was opened: " << path;
    return {};
  }
  return store.error();
}

int mode_of(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? int(status.st_mode & 07777) : -1;
}

void fill(const std::string& path) {
  const auto store = open_store(path);
  std::vector<Alert> all;
  for (int64_t id = 1; id <= 200; ++id)
    all.push_back(alert(id, {ban(id, Ip::v4(0xcb007100u + uint32_t(id)).text())}));
  ASSERT_OK(store->commit(batch(all)));
}

void run_sql(const std::string& path, const std::string& sql) {
  auto connection = store::Connection::open(path, false);
  ASSERT_OK(connection);
  ASSERT_OK((*connection)->execute(sql));
}

}  // namespace

TEST(OpenStore, MakesFolderAndFileForTheGroupToRead) {
  const TempFolder folder;
  const std::string path = folder.path() + "/state/deep/testudo.db";
  const auto store = open_store(path);
  ASSERT_NE(store, nullptr);
  ASSERT_OK(store->commit(batch({alert(1)})));
  EXPECT_EQ(mode_of(path), 0640);
  EXPECT_EQ(mode_of(path + "-wal"), 0640);
  EXPECT_EQ(mode_of(path + ".lock") & ~0640, 0);
}

TEST(OpenStore, AZeroLengthFileIsNew) {
  const TempFolder folder;
  ASSERT_OK(write_file_atomic(folder.file(), ""));
  const auto store = open_store(folder.file());
  ASSERT_NE(store, nullptr);
  ASSERT_OK(store->commit(batch({alert(1)})));
}

TEST(OpenStore, WhatWasCommittedIsThereAgain) {
  const TempFolder folder;
  fill(folder.file());
  const auto store = open_store(folder.file());
  EXPECT_EQ(store->last_alert_id(), 200);
  EXPECT_EQ(store->last_decision_id(), 200);
  EXPECT_EQ(store->decisions({}, noon)->size(), 200u);
}

TEST(OpenStore, ASecondDaemonIsToldWhoHoldsIt) {
  const TempFolder folder;
  {
    const auto first = open_store(folder.file());
    const Error error = refused(folder.file());
    EXPECT_EQ(error.code, Code::conflict);
    EXPECT_NE(error.message.find("process " + std::to_string(getpid())), std::string::npos) << error.text();
  }
  EXPECT_NE(open_store(folder.file()), nullptr) << "free again when the first is gone";
}

TEST(OpenStore, AReaderSeesWhatTheDaemonCommits) {
  const TempFolder folder;
  const auto writer = open_store(folder.file());
  const auto reader = open_store(folder.file(), true);
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(reader->last_alert_id(), 0);
  CommitBatch made = batch({alert(3, {ban(4, "203.0.113.7")})});
  made.changes = {change(5, "203.0.113.7")};
  ASSERT_OK(writer->commit(made));
  EXPECT_EQ(ids(reader->alerts({}, noon)), Ids{3});
  EXPECT_EQ(reader->last_alert_id(), 3);
  EXPECT_EQ(reader->last_decision_id(), 4);
  EXPECT_EQ(reader->last_sequence(), 5u);
}

TEST(OpenStore, AReaderChangesNothing) {
  const TempFolder folder;
  fill(folder.file());
  const auto reader = open_store(folder.file(), true);
  ASSERT_NE(reader, nullptr);
  EXPECT_EQ(reader->decisions({}, noon)->size(), 200u) << "also while no daemon runs";
  EXPECT_EQ(reader->commit(batch({alert(201)})).error().code, Code::permission);
  EXPECT_EQ(reader->set_value("a", "b").error().code, Code::permission);
  EXPECT_EQ(reader->create_allowlist("a", "", noon).error().code, Code::permission);
  EXPECT_EQ(reader->delete_alerts({1}).error().code, Code::permission);
  EXPECT_EQ(reader->purge(noon, 1).error().code, Code::permission);
}

TEST(OpenStore, AReaderWithoutAFileMakesNone) {
  const TempFolder folder;
  EXPECT_EQ(refused(folder.file(), true).code, Code::not_found);
  EXPECT_FALSE(file_exists(folder.file()));
  EXPECT_FALSE(file_exists(folder.file() + ".lock"));
}

TEST(OpenStore, WhatIsNoDatabaseIsLeftAloneAndSaid) {
  for (const std::string& content : {std::string("short"), std::string(100000, 'x')}) {
    const TempFolder folder;
    ASSERT_OK(write_file_atomic(folder.file(), content));
    const Error error = refused(folder.file());
    EXPECT_EQ(error.code, Code::corrupt) << error.text();
    EXPECT_EQ(error.where.file, folder.file());
    EXPECT_NE(error.remedy.find("mv " + folder.file()), std::string::npos) << error.text();
    EXPECT_EQ(read_file(folder.file()).value(), content);
    EXPECT_EQ(refused(folder.file(), true).code, Code::corrupt);
  }
}

TEST(OpenStore, ADamagedDatabaseIsSaidAndCanBeMovedAside) {
  const TempFolder folder;
  fill(folder.file());
  {
    std::fstream file(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 10; page < 30; ++page) {
      file.seekp(page * 4096);
      file << std::string(512, '\x5a');
    }
  }
  const Error error = refused(folder.file());
  EXPECT_EQ(error.code, Code::corrupt) << error.text();
  EXPECT_FALSE(error.remedy.empty());
  ASSERT_EQ(rename(folder.file().c_str(), folder.file("broken").c_str()), 0);
  EXPECT_NE(open_store(folder.file()), nullptr);
}

TEST(OpenStore, ATruncatedDatabaseIsSaid) {
  const TempFolder folder;
  fill(folder.file());
  ASSERT_EQ(truncate(folder.file().c_str(), 40000), 0);
  EXPECT_EQ(refused(folder.file()).code, Code::corrupt);
}

TEST(OpenStore, DamagedRowsAreErrorsWhenTheyAreRead) {
  const char* const damages[] = {
      "UPDATE alerts SET meta = '[[1]]'",          "UPDATE alerts SET labels = 'x'",
      "UPDATE decisions SET family = 5",           "UPDATE decisions SET prefix_length = 33",
      "UPDATE decisions SET prefix_start = x'01'", "INSERT INTO alert_events VALUES (1, 0, '', 'x')"};
  for (const char* damage : damages) {
    const TempFolder folder;
    fill(folder.file());
    run_sql(folder.file(), damage);
    const auto store = open_store(folder.file());
    ASSERT_NE(store, nullptr);
    AlertFilter first;
    first.id = 1;
    EXPECT_EQ(store->alerts(first, noon).error().code, Code::corrupt) << damage;
  }
}

TEST(OpenStore, AnotherProgramsDatabaseIsNotTouched) {
  const TempFolder folder;
  run_sql(folder.file(), "CREATE TABLE alerts (id INTEGER); CREATE TABLE bouncers (id INTEGER)");
  const std::string before = read_file(folder.file()).value();
  EXPECT_EQ(refused(folder.file()).code, Code::unsupported);
  EXPECT_EQ(read_file(folder.file()).value(), before);
}

TEST(OpenStore, ANewerSchemaIsRefused) {
  const TempFolder folder;
  fill(folder.file());
  run_sql(folder.file(), "PRAGMA user_version = 9999");
  for (const bool read_only : {false, true}) {
    const Error error = refused(folder.file(), read_only);
    EXPECT_EQ(error.code, Code::unsupported);
    EXPECT_NE(error.message.find("9999"), std::string::npos) << error.text();
  }
}

TEST(OpenStore, AFolderThatCannotBeWrittenIsSaid) {
  const TempFolder folder;
  ASSERT_EQ(chmod(folder.path().c_str(), 0555), 0);
  // Root may write everywhere: the child is nobody.
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(3);
    const auto store = Store::open({folder.file(), false});
    if (store) _exit(1);
    _exit(store.error().code == Code::permission && !store.error().remedy.empty() ? 0 : 2);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);
}

TEST(OpenStore, AnEmptyPathIsRefused) { EXPECT_EQ(refused("").code, Code::bad_config); }

TEST(OpenStore, AFolderInPlaceOfTheFileIsRefused) {
  const TempFolder folder;
  ASSERT_OK(make_directories(folder.file()));
  EXPECT_EQ(refused(folder.file()).code, Code::io);
}

}  // namespace testudo::store_test
