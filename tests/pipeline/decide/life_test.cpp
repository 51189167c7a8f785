// Start, crash, flush, a full disk, many threads.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <thread>

#include "base/files.h"
#include "decide/flush_mark.h"
#include "house.h"

namespace testudo {
namespace {

struct DeciderLife : House {
  DeciderLife() { start(); }
};

TEST_F(DeciderLife, DecisionsAreInForceAgainAfterARestart) {
  const auto first = alert("192.0.2.1");
  kernel.entries.clear();  // a reboot: nothing is pinned
  restart();
  EXPECT_TRUE(kernel.has("192.0.2.1"));
  EXPECT_EQ(kernel.until("192.0.2.1"), clock.load() + 4h);
  const auto second = alert("192.0.2.2");
  EXPECT_EQ(second.alert_id, first.alert_id + 1);
  EXPECT_LT(kernel.sequences.at(0), kernel.sequences.at(1));
}

TEST_F(DeciderLife, AnEntryWhoseCommitACrashCutOffIsAdopted) {
  flaky->broken = true;
  Alert lost = alert_of("192.0.2.1", clock.load());
  EXPECT_EQ(decider->on_alert(lost).verdict, Verdict::decided);
  crash_and_restart();
  EXPECT_EQ(rows_on_disk(), 0u);
  EXPECT_TRUE(kernel.has("192.0.2.1"));
  ASSERT_EQ(active(), 1u);
  EXPECT_TRUE(decider->why(ip("192.0.2.1"))->banned);

  // The lines are read again: the same alert decides anew, and takes the adopted entry's place.
  EXPECT_EQ(decider->on_alert(lost).verdict, Verdict::decided);
  EXPECT_EQ(active(), 1u);
  EXPECT_GT((*decider->decisions({}))[0].id, 0);
  ASSERT_TRUE(decider->barrier());
  EXPECT_EQ(rows_on_disk(), 1u);
}

TEST_F(DeciderLife, AnAdoptedEntryExpiresAndCanBeLifted) {
  flaky->broken = true;
  alert("192.0.2.1");
  alert("192.0.2.2");
  crash_and_restart();
  EXPECT_EQ(active(), 2u);
  DecisionFilter one;
  one.range = prefix("192.0.2.2");
  EXPECT_EQ(*decider->delete_decisions(one), 1);
  EXPECT_FALSE(kernel.has("192.0.2.2"));
  advance(4h + 1s);
  EXPECT_FALSE(kernel.has("192.0.2.1"));
  EXPECT_EQ(active(), 0u);
}

TEST_F(DeciderLife, TheLongerEndInTheKernelIsAdoptedOverTheShorterRow) {
  ASSERT_TRUE(by_hand("192.0.2.1", 1h));
  flaky->broken = true;
  alert("192.0.2.1");
  crash_and_restart();
  EXPECT_EQ(kernel.until("192.0.2.1"), clock.load() + 4h);
}

TEST_F(DeciderLife, AnAllowlistedEntryIsNotAdopted) {
  ASSERT_TRUE(decider->add_to_allowlist("office", {item("192.0.2.1")}));
  kernel.entries[prefix("192.0.2.0/24")] = {Remediation::ban, clock.load() + 1h, "", ""};
  crash_and_restart();
  EXPECT_TRUE(kernel.entries.empty());
}

TEST_F(DeciderLife, ReadPositionsComeWithTheAlertsOfTheirLines) {
  alert("192.0.2.1");
  decider->remember({{"file:/var/log/auth.log", "100"}});
  decider->remember({{"file:/var/log/auth.log", "200"}});
  ASSERT_TRUE(decider->barrier());
  const auto positions = store->positions();
  ASSERT_EQ(positions->size(), 1u);
  EXPECT_EQ((*positions)[0].value, "200");
  EXPECT_EQ(rows_on_disk(), 1u);
}

TEST_F(DeciderLife, FlushEndsEverythingAndNothingOlderComesBack) {
  alert("192.0.2.1");
  ASSERT_TRUE(by_hand("198.51.100.0/24"));
  const auto ended = decider->flush();
  ASSERT_TRUE(ended) << ended.error().text();
  EXPECT_EQ(*ended, 2);
  EXPECT_EQ(kernel.flushes, 1);
  EXPECT_TRUE(kernel.entries.empty());
  restart();
  EXPECT_TRUE(kernel.entries.empty());
  EXPECT_EQ(active(), 0u);
  // Lines from before the flush that are read again ban nobody either.
  EXPECT_EQ(decider->on_alert(alert_of("192.0.2.3", clock.load() - 1min)).verdict, Verdict::late);
  clock = clock.load() + 1s;
  EXPECT_EQ(alert("192.0.2.3").verdict, Verdict::decided);
}

TEST_F(DeciderLife, FlushWithAFullDiskLetsInAtOnceAndIsRememberedAllTheSame) {
  alert("192.0.2.1");
  ASSERT_TRUE(decider->barrier());
  flaky->broken = true;
  EXPECT_FALSE(decider->flush());
  EXPECT_TRUE(kernel.entries.empty());
  crash_and_restart();
  EXPECT_TRUE(kernel.entries.empty());
  EXPECT_EQ(active(), 0u);
}

TEST_F(DeciderLife, AMarkLeftWithNoDaemonRunningIsHonouredAtStart) {
  alert("192.0.2.1");
  ASSERT_TRUE(decider->barrier());
  decider.reset();
  kernel.entries.clear();
  clock = clock.load() + 1min;
  ASSERT_TRUE(write_flush_mark(options.state_folder, clock.load()));
  clock = clock.load() + 1min;
  restart();
  EXPECT_TRUE(kernel.entries.empty());
  EXPECT_EQ(active(), 0u);
  ASSERT_TRUE(decider->barrier());
  EXPECT_EQ(rows_on_disk(), 0u);
  alert("192.0.2.2");
  restart();
  EXPECT_TRUE(kernel.has("192.0.2.2"));
}

TEST_F(DeciderLife, AMarkLeftBesideARunningDaemonIsHonouredWithinATick) {
  alert("192.0.2.1");
  clock = clock.load() + 1s;
  ASSERT_TRUE(write_flush_mark(options.state_folder, clock.load()));
  advance(1s);
  EXPECT_TRUE(kernel.entries.empty());
  EXPECT_EQ(active(), 0u);
}

TEST_F(DeciderLife, ADamagedMarkCountsFromItsTimeOfWriting) {
  ASSERT_TRUE(make_directories(options.state_folder));
  std::ofstream(options.state_folder + "/" + kFlushMarkFile) << "garbage";
  const TimePoint mark = read_flush_mark(options.state_folder);
  EXPECT_GT(mark, now() - 1h);
  EXPECT_EQ(read_flush_mark(folder.path + "/nowhere"), TimePoint{});
}

TEST(FlushMark, WrittenByRootBelongsToTheOwnerOfTheStateFolder) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to give a folder to another user";
  TempFolder folder;
  ASSERT_EQ(::chown(folder.path.c_str(), 65534, 65534), 0);
  ASSERT_TRUE(write_flush_mark(folder.path, now()));
  struct stat info {};
  ASSERT_EQ(::stat((folder.path + "/" + kFlushMarkFile).c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 65534u) << "the daemon could not read it";
}

TEST_F(DeciderLife, AFullDiskLosesNothing) {
  flaky->broken = true;
  EXPECT_EQ(alert("192.0.2.1").verdict, Verdict::decided);
  EXPECT_TRUE(kernel.has("192.0.2.1"));
  const auto barrier = decider->barrier();
  ASSERT_FALSE(barrier);
  EXPECT_EQ(barrier.error().code, Code::io);
  EXPECT_FALSE(barrier.error().remedy.empty());
  EXPECT_NE(decider->store_problem(), "");
  // What is decided is listed though it is on no disk.
  EXPECT_EQ(decider->alerts({})->size(), 1u);
  EXPECT_EQ(active(), 1u);
  // A remote agent is told to keep what it has.
  const auto posted = decider->post_alerts({alert_of("192.0.2.2", clock.load())});
  ASSERT_FALSE(posted);
  EXPECT_EQ(posted.error().code, Code::unavailable);
  flaky->broken = false;
  ASSERT_TRUE(decider->barrier());
  EXPECT_EQ(decider->store_problem(), "");
  EXPECT_EQ(rows_on_disk(), 1u);
}

TEST_F(DeciderLife, AKernelThatRefusesIsWrittenAnew) {
  kernel.fail = true;
  EXPECT_EQ(alert("192.0.2.1").verdict, Verdict::decided);
  EXPECT_FALSE(kernel.has("192.0.2.1"));
  EXPECT_EQ(metrics.counter("testudo_enforce_errors_total", "").value(), 1u);
  kernel.fail = false;
  restart();
  EXPECT_TRUE(kernel.has("192.0.2.1"));
}

TEST_F(DeciderLife, AnEntryThatIsAdoptedKeepsItsTerms) {
  start();
  Alert narrow = alert_of("192.0.2.1", clock.load());
  Decision ban = decision_of(0, "192.0.2.1", {});
  ban.params = R"({"protocol":"tcp","ports":"22"})";
  ban.duration = 4h;
  narrow.decisions = {ban};
  flaky->broken = true;  // in the kernel, and never on disk
  EXPECT_FALSE(decider->post_alerts({narrow}));
  crash_and_restart();
  const auto& entry = kernel.entries.at(prefix("192.0.2.1"));
  EXPECT_EQ(entry.terms.protocol, 6) << "a ban of one port must not become one of all";
  EXPECT_EQ(entry.terms.port_first, 22);
  EXPECT_EQ(entry.until, clock.load() + 4h);
}

TEST_F(DeciderLife, WorksWithoutAKernel) {
  decider.reset();
  auto opened = Decider::open(options, *flaky, nullptr, metrics);
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ((*opened)->on_alert(alert_of("192.0.2.1", clock.load())).verdict, Verdict::decided);
  EXPECT_TRUE((*opened)->why(ip("192.0.2.1"))->banned);
  EXPECT_TRUE((*opened)->flush());
}

TEST_F(DeciderLife, ManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<bool> stop{false};
  std::atomic<int> decided{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        const std::string value = "198.18." + std::to_string(t) + "." + std::to_string(i % 200 + 1);
        if (alert(value, "test/s" + std::to_string(i)).verdict == Verdict::decided) ++decided;
        decider->remember({{"file:" + std::to_string(t), std::to_string(i)}});
      }
    });
  threads.emplace_back([&] {
    for (int i = 0; !stop; ++i) {
      EXPECT_TRUE(decider->add_to_allowlist("x", {item("198.18.0." + std::to_string(i % 200 + 1))}));
      EXPECT_TRUE(decider->remove_from_allowlist("x", {prefix("198.18.0." + std::to_string(i % 200 + 1))}));
    }
  });
  threads.emplace_back([&] {
    while (!stop) {
      EXPECT_TRUE(decider->why(ip("198.18.1.1")));
      EXPECT_TRUE(decider->decisions({}));
      decider->tick(clock.load());
      metrics.collect();
      DecisionFilter one;
      one.value = "198.18.2.7";
      EXPECT_TRUE(decider->delete_decisions(one));
    }
  });
  for (int t = 0; t < 4; ++t) threads[size_t(t)].join();
  stop = true;
  threads[4].join();
  threads[5].join();
  ASSERT_TRUE(decider->barrier());

  // Store, index and kernel tell the same story.
  EXPECT_EQ(stored_alerts(), size_t(decided));
  EXPECT_EQ(rows_on_disk(), active());
  std::set<Prefix> banned, in_kernel;
  const auto listed = decider->decisions({});
  for (const Decision& d : *listed) banned.insert(*d.prefix);
  for (const auto& [at, entry] : kernel.entries) in_kernel.insert(at);
  EXPECT_EQ(banned, in_kernel);
  EXPECT_TRUE(std::is_sorted(kernel.sequences.begin(), kernel.sequences.end()));
  // The change log alone leads to the kernel's state.
  std::set<Prefix> from_log;
  const auto changes = store->changes_after(0, 100'000);
  for (const ChangeRow& row : *changes) {
    if (row.change.op == DecisionChange::Op::set)
      from_log.insert(row.change.prefix);
    else
      from_log.erase(row.change.prefix);
  }
  EXPECT_EQ(from_log, in_kernel);
}

}  // namespace
}  // namespace testudo
