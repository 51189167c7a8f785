// What the tests of decide share: a kernel that writes down what it is told, a store that fails when asked
// to, folders of their own, and alerts.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>

#include "base/text.h"
#include "decide/decider.h"

namespace testudo {

struct TempFolder {
  TempFolder() {
    char name[] = "/tmp/testudo-decide-XXXXXX";
    path = mkdtemp(name);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(path + "/" + name) << content;
    return path + "/" + name;
  }
  std::string path;
};

inline Prefix prefix(const std::string& text) { return *Prefix::parse(text); }
inline Ip ip(const std::string& text) { return *Ip::parse(text); }

/// Holds what a kernel would hold.
class RecordingBackend final : public Backend {
 public:
  struct Entry {
    Remediation remediation;
    TimePoint until;
    std::string origin, scenario;
    Terms terms;
    std::shared_ptr<const Remedy> next;
  };

  Result<void> apply(std::span<const DecisionChange> changes) override {
    const std::lock_guard lock(mutex);
    if (fail) return Error{Code::io, "the fake kernel refuses"};
    for (const DecisionChange& change : changes) {
      sequences.push_back(change.sequence);
      log.push_back(change);
      set(change);
    }
    return {};
  }
  Result<void> allow(std::span<const AllowChange> changes) override {
    const std::lock_guard lock(mutex);
    for (const AllowChange& change : changes) {
      if (change.op == AllowChange::Op::set)
        allowed[change.prefix] = change.reason;
      else
        allowed.erase(change.prefix);
    }
    return {};
  }
  Result<void> reconcile(std::span<const DecisionChange> all,
                         std::span<const AllowChange> allow_all) override {
    const std::lock_guard lock(mutex);
    ++reconciles;
    entries.clear();
    allowed.clear();
    for (const AllowChange& change : allow_all) allowed[change.prefix] = change.reason;
    for (const DecisionChange& change : all) set(change);
    return {};
  }
  Result<void> flush() override {
    const std::lock_guard lock(mutex);
    entries.clear();
    ++flushes;
    return {};
  }
  EnforceStatus status() override {
    EnforceStatus status;
    status.backend = name;
    status.interfaces = {{"eth0", "xdp", ""}};
    return status;
  }
  std::vector<DropCounter> counters() override { return drop_counters; }
  Result<std::vector<KernelEntry>> list(const Prefix* only) override {
    const std::lock_guard lock(mutex);
    std::vector<KernelEntry> found;
    for (const auto& [at, entry] : entries) {
      if (only != nullptr && !at.overlaps(*only)) continue;
      KernelEntry row;
      row.prefix = at;
      row.remediation = entry.remediation;
      row.origin = entry.origin;
      row.scenario = entry.scenario;
      row.terms = entry.terms;
      row.left = entry.until - clock;
      if (const auto hit = packets.find(at); hit != packets.end()) row.packets = hit->second;
      found.push_back(row);
      if (!two_entries || !entry.next) continue;
      row.remediation = entry.next->remediation;
      row.terms = entry.next->terms;
      row.left = entry.next->until - clock;
      found.insert(found.begin(), row);
    }
    return found;
  }

  /// Drops packets of it; log-only and the like do not.
  bool drops(const std::string& text) const {
    const std::lock_guard lock(mutex);
    const auto it = entries.find(prefix(text));
    return it != entries.end() &&
           (it->second.remediation == Remediation::ban || it->second.remediation == Remediation::reset);
  }
  bool has(const std::string& text) const {
    const std::lock_guard lock(mutex);
    return entries.contains(prefix(text));
  }
  TimePoint until(const std::string& text) const {
    const std::lock_guard lock(mutex);
    const auto it = entries.find(prefix(text));
    return it == entries.end() ? TimePoint{} : it->second.until;
  }

  mutable std::mutex mutex;
  TimePoint clock = now();
  std::map<Prefix, Entry> entries;
  std::map<Prefix, AllowChange::Reason> allowed;
  std::map<Prefix, uint64_t> packets;  ///< hits, by entry
  std::vector<DecisionChange> log;
  std::vector<uint64_t> sequences;
  int reconciles = 0, flushes = 0;
  bool fail = false;
  bool two_entries = false;  ///< a successor is an entry of its own, as in nftables
  std::string name = "xdp";
  std::vector<DropCounter> drop_counters;

 private:
  void set(const DecisionChange& change) {
    if (change.op == DecisionChange::Op::set)
      entries[change.prefix] = {change.remediation, change.until, change.origin,
                                change.scenario,    change.terms, change.next};
    else
      entries.erase(change.prefix);
  }
};

struct FakeSessions final : SessionSource {
  explicit FakeSessions(std::shared_ptr<std::vector<Ip>> who) : present(std::move(who)) {}
  std::vector<Ip> addresses() override { return *present; }
  std::shared_ptr<std::vector<Ip>> present;
};

inline Alert alert_of(const std::string& value, TimePoint at, const std::string& scenario = "test/ssh-bf") {
  static std::atomic<int> n{0};
  Alert alert;
  alert.uuid = stable_uuid(scenario + value + std::to_string(++n));
  alert.scenario = scenario;
  alert.message = value + " performed " + scenario;
  alert.events_count = 6;
  alert.capacity = 5;
  alert.leakspeed = "10s";
  alert.start_at = at - 30s;
  alert.stop_at = at;
  alert.start_text = format_rfc3339(alert.start_at);
  alert.stop_text = format_rfc3339(alert.stop_at);
  alert.remediation = true;
  alert.source.scope = "Ip";
  alert.source.value = value;
  alert.source.ip = value;
  alert.line = "sshd[1]: Failed password for root from " + value;
  return alert;
}

inline Decision decision_of(int64_t id, const std::string& value, TimePoint until,
                            const std::string& type = "ban") {
  Decision decision;
  decision.id = id;
  decision.origin = "crowdsec";
  decision.scenario = "test/ssh-bf";
  decision.scope = value.find('/') == std::string::npos ? "Ip" : "Range";
  decision.value = value;
  decision.type = type;
  decision.until = until;
  decision.prefix = Prefix::parse(value);
  return decision;
}

}  // namespace testudo
