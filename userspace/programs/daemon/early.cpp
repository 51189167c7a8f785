#include "early.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/files.h"
#include "base/log.h"
#include "base/text.h"

namespace testudo {
namespace {

constexpr Duration kLongestSleep = 24h * 90;
constexpr const char* kFile = "/interfaces";

/// Changes with their ends moved into the clock of the inner backend.
class ClockAhead final : public Backend {
 public:
  ClockAhead(std::unique_ptr<Backend> inner, Duration ahead) : inner_(std::move(inner)), ahead_(ahead) {}

  Result<void> apply(std::span<const DecisionChange> changes) override {
    return inner_->apply(moved(changes));
  }
  Result<void> allow(std::span<const AllowChange> changes) override { return inner_->allow(changes); }
  Result<void> reconcile(std::span<const DecisionChange> all, std::span<const AllowChange> allowed) override {
    return inner_->reconcile(moved(all), allowed);
  }
  void refresh_interfaces() override { inner_->refresh_interfaces(); }
  int interfaces_fd() const override { return inner_->interfaces_fd(); }
  Result<void> flush() override { return inner_->flush(); }
  Result<void> put_list(const BlockList& list) override { return inner_->put_list(list); }
  Result<void> change_list(const ListChange& change) override { return inner_->change_list(change); }
  std::vector<ListStatus> lists() override { return inner_->lists(); }
  EnforceStatus status() override { return inner_->status(); }
  std::vector<DropCounter> counters() override { return inner_->counters(); }
  Result<std::vector<KernelEntry>> list(const Prefix* only) override { return inner_->list(only); }

 private:
  TimePoint moved(TimePoint until) const { return until == TimePoint::max() ? until : until + ahead_; }
  std::vector<DecisionChange> moved(std::span<const DecisionChange> changes) const {
    std::vector<DecisionChange> out(changes.begin(), changes.end());
    for (DecisionChange& change : out) {
      change.until = moved(change.until);
      if (!change.next) continue;
      auto next = std::make_shared<Remedy>(*change.next);
      next->until = moved(next->until);
      change.next = std::move(next);
    }
    return out;
  }

  std::unique_ptr<Backend> inner_;
  Duration ahead_;
};

}  // namespace

void remember_interfaces(const std::string& state_folder, const EnforceStatus& status) {
  std::vector<std::string> names;
  for (const InterfaceStatus& i : status.interfaces)
    if (i.mode != "off") names.push_back(i.name);
  std::sort(names.begin(), names.end());
  // None now is no reason to guard none at the next boot.
  if (names.empty() || names == remembered_interfaces(state_folder)) return;
  std::string text;
  for (const std::string& name : names) text += name + "\n";
  if (auto kept = write_file_atomic(state_folder + kFile, text, 0640); !kept)
    log::warn("enforce.interfaces_not_kept", {{"what", kept.error().text()}});
}

std::vector<std::string> remembered_interfaces(const std::string& state_folder) {
  std::vector<std::string> names;
  const auto text = read_file(state_folder + kFile, 64 << 10);
  if (!text) return names;
  for (const std::string_view line : split(*text, '\n'))
    if (!line.empty() && line.size() <= 15 && line.find('/') == line.npos) names.emplace_back(line);
  return names;
}

TimePoint believed_time(TimePoint wall, TimePoint last_written) {
  if (last_written == TimePoint{}) return wall;
  return wall < last_written || wall - last_written > kLongestSleep ? last_written : wall;
}

TimePoint last_written(const std::string& database) {
  TimePoint last{};
  for (const char* suffix : {"", "-wal"}) {
    struct stat info {};
    if (::stat((database + suffix).c_str(), &info) == 0)
      last = std::max(last,
                      from_unix_nanos(int64_t(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec));
  }
  return last;
}

std::unique_ptr<Backend> with_clock_ahead(std::unique_ptr<Backend> inner, Duration ahead) {
  if (ahead == Duration::zero()) return inner;
  return std::make_unique<ClockAhead>(std::move(inner), ahead);
}

}  // namespace testudo
