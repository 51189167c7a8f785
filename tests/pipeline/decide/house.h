// A decider with everything around it: a folder, a SQLite store that can be made to fail, a recording kernel,
// a clock that a test moves. restart() is what kill -9 and a new start do, without the killed one's last
// words.
#pragma once

#include <atomic>

#include "support.h"

namespace testudo {

/// Passes everything on; commits fail while `broken` is set.
class FlakyStore final : public Store {
 public:
  explicit FlakyStore(Store& real) : real_(real) {}
  std::atomic<bool> broken{false};
  std::atomic<Code> code{Code::io};
  std::atomic<int> commits{0};

  Result<void> commit(const CommitBatch& batch) override {
    if (broken) return Error{code, "the store cannot grow: database or disk is full"};
    ++commits;
    return real_.commit(batch);
  }
  int64_t last_alert_id() override { return real_.last_alert_id(); }
  int64_t last_decision_id() override { return real_.last_decision_id(); }
  uint64_t last_sequence() override { return real_.last_sequence(); }
  Result<std::vector<Alert>> alerts(const AlertFilter& f, TimePoint at) override {
    return real_.alerts(f, at);
  }
  Result<std::vector<Decision>> decisions(const DecisionFilter& f, TimePoint at) override {
    return real_.decisions(f, at);
  }
  Result<std::vector<ChangeRow>> changes_after(uint64_t s, size_t n) override {
    return real_.changes_after(s, n);
  }
  Result<std::vector<std::string>> alert_uuids_since(TimePoint t) override {
    return real_.alert_uuids_since(t);
  }
  Result<std::vector<Allowlist>> allowlists(TimePoint at) override { return real_.allowlists(at); }
  Result<void> create_allowlist(const std::string& n, const std::string& d, TimePoint at) override {
    return real_.create_allowlist(n, d, at);
  }
  Result<void> delete_allowlist(const std::string& n) override { return real_.delete_allowlist(n); }
  Result<void> put_allowlist_items(const std::string& n, const std::vector<AllowlistItem>& i,
                                   TimePoint at) override {
    return real_.put_allowlist_items(n, i, at);
  }
  Result<int> remove_allowlist_items(const std::string& n, const std::vector<Prefix>& p,
                                     TimePoint at) override {
    return real_.remove_allowlist_items(n, p, at);
  }
  Result<std::vector<Position>> positions() override { return real_.positions(); }
  Result<int> delete_alerts(const std::vector<int64_t>& ids) override { return real_.delete_alerts(ids); }
  Result<int> purge(TimePoint before, size_t most) override { return real_.purge(before, most); }
  Result<std::string> get_value(const std::string& key) override { return real_.get_value(key); }
  Result<void> set_value(const std::string& k, const std::string& v) override {
    return real_.set_value(k, v);
  }

 private:
  Store& real_;
};

inline const char* const kProfiles = R"(name: ips
filters:
  - Alert.Remediation == true && Alert.GetScope() == "Ip"
decisions:
  - type: ban
    duration: 4h
on_success: break
---
name: ranges
filters:
  - Alert.Remediation == true && Alert.GetScope() == "Range"
decisions:
  - type: ban
    duration: 4h
on_success: break
)";

struct House : testing::Test {
  House() {
    options.profile_files = {folder.file("profiles.yaml", kProfiles)};
    options.simulation_file = folder.path + "/simulation.yaml";
    options.state_folder = folder.path + "/state";
    options.own_addresses = false;
    options.clock = [this] { return clock.load(); };
    open_store();
  }
  ~House() override { decider.reset(); }

  void open_store() {
    decider.reset();
    flaky.reset();
    store.reset();
    auto opened = Store::open({folder.path + "/testudo.db", false});
    ASSERT_TRUE(opened) << opened.error().text();
    store = std::move(*opened);
    flaky = std::make_unique<FlakyStore>(*store);
  }
  void start() {
    kernel.clock = clock.load();
    auto opened = Decider::open(options, *flaky, &kernel, metrics);
    ASSERT_TRUE(opened) << opened.error().text();
    decider = std::move(*opened);
    decider->set_session_source(std::make_unique<FakeSessions>(admins));
  }
  /// The process dies without a word to the store (its last commit fails), a new one starts on what is left.
  void crash_and_restart() {
    flaky->broken = true;
    decider.reset();
    open_store();
    start();
  }
  /// An orderly stop.
  void restart() {
    open_store();
    start();
  }
  void advance(Duration by) {
    clock = clock.load() + by;
    kernel.clock = clock.load();
    decider->tick(clock.load());
  }
  AlertOutcome alert(const std::string& value, const std::string& scenario = "test/ssh-bf") {
    return decider->on_alert(alert_of(value, clock.load(), scenario));
  }
  /// `decisions add` by hand.
  Result<std::vector<AlertOutcome>> by_hand(const std::string& value, Duration duration = 4h,
                                            bool force = false, const std::string& type = "ban") {
    Alert alert = alert_of(value, clock.load(), "manual " + type);
    alert.remediation = false;
    Decision decision = decision_of(0, value, {}, type);
    decision.origin = "cscli";
    decision.duration = duration;
    alert.decisions = {decision};
    alert.source.scope = decision.scope;
    return decider->post_alerts({alert}, force);
  }
  AllowlistItem item(const std::string& value, const std::string& comment = "") {
    AllowlistItem row;
    row.value = value;
    row.prefix = prefix(value);
    row.comment = comment;
    return row;
  }
  size_t active(bool simulated = false) {
    DecisionFilter filter;
    filter.include_simulated = simulated;
    return decider->decisions(filter)->size();
  }
  /// Active ones, as the store tells them; one that ends now is over a moment later.
  size_t rows_on_disk() { return store->decisions({}, clock.load() + 1ms)->size(); }
  size_t stored_alerts() {
    EXPECT_TRUE(decider->barrier());
    AlertFilter filter;
    filter.limit = 0;
    return store->alerts(filter, clock.load())->size();
  }

  TempFolder folder;
  std::atomic<TimePoint> clock{now()};
  DeciderOptions options;
  std::shared_ptr<std::vector<Ip>> admins = std::make_shared<std::vector<Ip>>();
  std::unique_ptr<Store> store;
  std::unique_ptr<FlakyStore> flaky;
  RecordingBackend kernel;
  Metrics metrics;
  std::unique_ptr<Decider> decider;
};

}  // namespace testudo
