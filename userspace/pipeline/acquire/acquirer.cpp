#include "acquire/acquirer.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/thread.h"

namespace testudo {
namespace {

constexpr Duration kRetryStart = 10s;

}  // namespace

Acquirer::Acquirer(SourceContext context) : context_(std::move(context)) {
  // A stopped acquirer hands over nothing, and a source that asks hears of the stop at the next batch.
  context_.sink = [this, sink = std::move(context_.sink)](LineBatch&& batch) {
    return !stop_.load(std::memory_order_relaxed) && sink(std::move(batch));
  };
}

Acquirer::~Acquirer() { stop(); }

std::unique_ptr<Acquirer> Acquirer::open(const std::vector<AcquisDocument>& documents, SourceContext context,
                                         Errors& errors) {
  std::unique_ptr<Acquirer> acquirer(new Acquirer(std::move(context)));
  for (const AcquisDocument& document : documents) {
    auto source = document.kind->open(document.section, acquirer->context_);
    if (!source) {
      errors.push_back(source.error());
      continue;
    }
    auto slot = std::make_unique<Slot>();
    slot->kind = document.kind->name;
    slot->source = std::move(*source);
    acquirer->slots_.push_back(std::move(slot));
  }
  return acquirer;
}

Result<void> Acquirer::start() {
  epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  wake_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_ || !wake_) return errno_error("cannot wait for log sources", errno);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0)
    return errno_error("cannot wait for log sources", errno);
  for (auto& slot : slots_) start_source(*slot);
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "acquire");
  return {};
}

void Acquirer::stop() {
  stop_ = true;
  const uint64_t one = 1;
  if (wake_ && ::write(wake_.get(), &one, sizeof one) < 0 && errno != EAGAIN)
    log::error("acquire.wake_failed", {{"errno", errno}});
  if (thread_.joinable()) thread_.join();
}

std::vector<SourceStatus> Acquirer::status() const {
  std::vector<SourceStatus> out;
  for (const auto& slot : slots_) {
    std::vector<SourceStatus> rows = slot->source->status();
    const std::lock_guard lock(problems_);
    if (!slot->problem.empty() && rows.empty()) {
      rows.emplace_back();
      rows.back().type = rows.back().name = slot->kind;
    }
    for (SourceStatus& row : rows) {
      if (row.problem.empty()) row.problem = slot->problem;
      out.push_back(std::move(row));
    }
  }
  return out;
}

void Acquirer::start_source(Slot& slot) {
  auto started = slot.source->start();
  slot.started = started.ok();
  slot.ready = slot.started;
  slot.due_ns = boottime_ns() + Duration(kRetryStart).count();
  const std::string problem = started ? "" : started.error().text();
  if (!problem.empty()) log::warn("source.cannot_start", {{"source", slot.kind}, {"problem", problem}});
  const std::lock_guard lock(problems_);
  slot.problem = problem;
}

void Acquirer::watch(Slot& slot) {
  const int fd = slot.source->poll_fd();
  if (fd != slot.fd && slot.fd >= 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, slot.fd, nullptr);
  slot.fd = fd;
  if (fd < 0) return;
  // Each time: a source may have closed its descriptor (which takes it out) and opened one of the same
  // number.
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &slot;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0 && errno != EEXIST)
    log::warn("source.not_watched", {{"source", slot.kind}, {"errno", errno}});  // its interval remains
}

void Acquirer::poll_source(Slot& slot) {
  if (!slot.started) {
    start_source(slot);
    if (!slot.started) return;
  }
  slot.ready = slot.source->poll();
  slot.due_ns = boottime_ns() + slot.source->poll_interval().count();
  watch(slot);
}

int Acquirer::wait_ms() const {
  const int64_t now_ns = boottime_ns();
  int64_t wait_ns = Duration(10s).count();
  for (const auto& slot : slots_) {
    if (slot->ready) return 0;
    wait_ns = std::min(wait_ns, slot->due_ns - now_ns);
  }
  return int((std::max<int64_t>(wait_ns, 0) + 999'999) / 1'000'000);
}

void Acquirer::run() {
  be_prompt("testudo-acquire");
  for (auto& slot : slots_) watch(*slot);
  epoll_event events[64];
  while (!stop_) {
    const int n = ::epoll_wait(epoll_.get(), events, 64, wait_ms());
    for (int i = 0; i < n; ++i)
      if (events[i].data.ptr) static_cast<Slot*>(events[i].data.ptr)->ready = true;
    const int64_t now_ns = boottime_ns();
    bool all_done = !slots_.empty();
    for (auto& slot : slots_) {
      if (stop_) break;
      if (slot->ready || slot->due_ns <= now_ns) poll_source(*slot);
      all_done = all_done && slot->started && slot->source->done();
    }
    done_ = all_done;
  }
}

}  // namespace testudo
