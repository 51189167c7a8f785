// kill -9, a full disk, and readers beside the writer.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <functional>
#include <iostream>
#include <mutex>
#include <thread>

#include "foundation/store/samples.h"

namespace testudo::store_test {

namespace {

Alert numbered(int64_t id, size_t event_bytes = 20) {
  Alert made = alert(id, {ban(2 * id, "203.0.113.7"), ban(2 * id + 1, "2001:db8::/48")});
  for (int i = 0; i < 3; ++i)
    made.events.push_back({"2026-11-24T18:00:00Z", {{"n", std::string(event_bytes, 'x')}}});
  return made;
}

CommitBatch numbered_batch(int64_t id) {
  CommitBatch made = batch({numbered(id)});
  made.changes = {change(uint64_t(id), "203.0.113.7")};
  made.positions = {{"file:/var/log/auth.log", std::to_string(id)}};
  return made;
}

// Empty, or what is missing.
std::string not_whole(const Alert& found) {
  if (found.decisions.size() != 2) return "decisions of alert " + std::to_string(found.id);
  if (found.events.size() != 3) return "events of alert " + std::to_string(found.id);
  return "";
}

// Runs in a child; its exit status, or -1 when it did not exit.
int in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

// Commits until the disk refuses, makes room, goes on. 0, or the number of the expectation that failed.
int fill_and_recover(const std::string& path, const std::function<void()>& make_room) {
  auto store = Store::open({path, false});
  if (!store) return 10;
  int64_t id = 0;
  Result<void> committed;
  while (committed.ok() && id < 5000) committed = (*store)->commit(batch({numbered(++id, 2000)}));
  if (committed.ok()) return 11;
  std::cerr << committed.error().text() << "\n";
  if (committed.error().code != Code::io || committed.error().remedy.empty()) return 12;
  if ((*store)->commit(batch({numbered(id, 2000)})).ok()) return 13;
  AlertFilter all;
  all.limit = 0;
  const auto kept = (*store)->alerts(all, noon);
  if (!kept || int64_t(kept->size()) != id - 1) return 14;
  make_room();
  if (const auto again = (*store)->commit(batch({numbered(id, 2000)})); !again) {
    std::cerr << again.error().text() << "\n";
    return 15;
  }
  store->reset();
  store = Store::open({path, false});
  if (!store) return 16;
  const auto found = (*store)->alerts(all, noon);
  if (!found || int64_t(found->size()) != id) return 17;
  for (const Alert& one : *found)
    if (!not_whole(one).empty()) return 18;
  return 0;
}

}  // namespace

TEST(Crash, EverythingAcknowledgedBeforeKill9IsThereAndWhole) {
  const TempFolder folder;
  int64_t acknowledged = 0;
  for (int round = 0; round < 5; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe_ends[0]);
      auto store = Store::open({folder.file(), false});
      if (!store) _exit(1);
      for (int64_t id = (*store)->last_alert_id() + 1;; ++id) {
        if (!(*store)->commit(numbered_batch(id)).ok()) _exit(2);
        if (write(pipe_ends[1], &id, sizeof id) != sizeof id) _exit(3);
      }
    }
    close(pipe_ends[1]);
    int64_t id = 0;
    // A different number of commits in each round, so that different moments are hit.
    for (int count = 0; count < 40 + 17 * round; ++count) {
      ASSERT_EQ(read(pipe_ends[0], &id, sizeof id), ssize_t(sizeof id));
      acknowledged = id;
    }
    ASSERT_EQ(kill(child, SIGKILL), 0);
    while (read(pipe_ends[0], &id, sizeof id) == ssize_t(sizeof id)) acknowledged = id;
    close(pipe_ends[0]);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);

    const auto store = open_store(folder.file());
    ASSERT_NE(store, nullptr);
    AlertFilter all;
    all.limit = 0;
    all.ascending = true;
    const auto found = store->alerts(all, noon);
    ASSERT_OK(found);
    // One more than acknowledged may be there: killed between the commit and the word of it.
    ASSERT_GE(int64_t(found->size()), acknowledged);
    ASSERT_LE(int64_t(found->size()), acknowledged + 1);
    const auto stored = int64_t(found->size());
    for (int64_t i = 0; i < stored; ++i) {
      EXPECT_EQ((*found)[size_t(i)].id, i + 1);
      EXPECT_EQ(not_whole((*found)[size_t(i)]), "");
    }
    EXPECT_EQ(store->last_sequence(), uint64_t(stored));
    EXPECT_EQ(store->positions()->front().value, std::to_string(stored));
  }
}

TEST(FullDisk, AFileThatMayNotGrowIsSaidAndWritingGoesOnLater) {
  const TempFolder folder;
  EXPECT_EQ(in_child([&] {
              signal(SIGXFSZ, SIG_IGN);
              rlimit limit{};
              if (getrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
              const rlimit before = limit;
              limit.rlim_cur = 600000;
              if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
              return fill_and_recover(folder.file(), [&] { setrlimit(RLIMIT_FSIZE, &before); });
            }),
            0);
}

TEST(FullDisk, AFullFileSystemIsSaidAndWritingGoesOnWhenThereIsRoom) {
  if (getuid() != 0) GTEST_SKIP() << "needs root: mounts a small tmpfs in a mount namespace of its own";
  const TempFolder folder;
  const int status = in_child([&] {
    // EINVAL: a chroot whose root is no mount point, from which nothing spreads.
    if (unshare(CLONE_NEWNS) != 0 ||
        (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 && errno != EINVAL))
      return 77;
    if (mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=2m") != 0) return 77;
    std::ofstream(folder.file("ballast")) << std::string(1 << 20, 'x');
    return fill_and_recover(folder.file(), [&] { unlink(folder.file("ballast").c_str()); });
  });
  if (status == 77) GTEST_SKIP() << "no mount namespaces here";
  EXPECT_EQ(status, 0);
}

TEST(Threads, ReadersSeeWholeBatchesWhileTheWriterCommits) {
  const TempFolder folder;
  const auto store = open_store(folder.file());
  ASSERT_NE(store, nullptr);
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  std::mutex fault_mutex;
  std::string fault;
  const auto say = [&](const std::string& text) {
    const std::lock_guard guard(fault_mutex);
    if (!text.empty()) fault = text;
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 6; ++i)
    readers.emplace_back([&] {
      size_t before = 0;
      while (!done) {
        const int64_t promised = store->last_alert_id();
        AlertFilter all;
        all.limit = 0;
        const auto found = store->alerts(all, noon);
        if (!found) return say(found.error().text());
        for (const Alert& one : *found) say(not_whole(one));
        if (found->size() < before) say("an alert went away");
        if (int64_t(found->size()) < promised) say("a committed alert is not seen");
        before = found->size();
        DecisionFilter filter;
        filter.range = prefix("203.0.113.7");
        const auto bans = store->decisions(filter, noon);
        if (!bans) return say(bans.error().text());
        if (bans->size() < before) say("a decision without its alert");
        ++reads;
      }
    });
  bool failed = false;
  for (int64_t id = 1; !failed && id < 10000 && (id <= 300 || reads < 20); ++id) {
    const auto committed = store->commit(numbered_batch(id));
    if (!committed) say(committed.error().text());
    const std::lock_guard guard(fault_mutex);
    failed = !fault.empty();
  }
  done = true;
  for (std::thread& thread : readers) thread.join();
  EXPECT_EQ(fault, "");
  EXPECT_GE(reads, 20);
}

}  // namespace testudo::store_test
