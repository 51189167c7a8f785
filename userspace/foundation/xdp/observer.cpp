#include "xdp/observer.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <vector>

#include "base/log.h"
#include "xdp/bpffs.h"

namespace testudo::xdp {

struct Observer::Ring {
  ~Ring() { ring_buffer__free(buffer); }
  static int on_sample(void* ring, void* data, size_t size) {
    if (size == sizeof(testudo_observation))
      static_cast<Ring*>(ring)->visit(*static_cast<testudo_observation*>(data));
    return 0;
  }
  Visit visit;
  ring_buffer* buffer = nullptr;
};

Observer::Observer(Visit visit) : ring_(std::make_unique<Ring>()) { ring_->visit = std::move(visit); }
Observer::~Observer() = default;

Result<std::unique_ptr<Observer>> Observer::open(const std::string& pin, Visit visit) {
  std::unique_ptr<Observer> observer(new Observer(std::move(visit)));
  const std::string folder = tables_directory(pin) + "/";
  TESTUDO_TRY(observer->config_, Map::open(folder + TESTUDO_MAP_OBSERVE, TESTUDO_MAP_OBSERVE));
  TESTUDO_TRY(observer->load_, Map::open(folder + TESTUDO_MAP_OBSERVE_LOAD, TESTUDO_MAP_OBSERVE_LOAD));
  TESTUDO_TRY(observer->sources_, Map::open(folder + TESTUDO_MAP_SOURCES, TESTUDO_MAP_SOURCES));
  TESTUDO_TRY(observer->observations_,
              Map::open(folder + TESTUDO_MAP_OBSERVATIONS, TESTUDO_MAP_OBSERVATIONS));
  Ring& ring = *observer->ring_;
  ring.buffer = ring_buffer__new(observer->observations_.fd(), Ring::on_sample, &ring, nullptr);
  if (ring.buffer == nullptr) return errno_error("cannot read the ring of observations", errno);
  return observer;
}

Result<void> Observer::configure(const observe_config& config) {
  const uint32_t zero = 0;
  if (const int err = config_.put(&zero, &config)) return map_error(config_, "writing", err);
  return {};
}

int Observer::fd() const { return ring_buffer__epoll_fd(ring_->buffer); }

Result<size_t> Observer::read() {
  const int seen = ring_buffer__consume(ring_->buffer);
  if (seen < 0) return errno_error("cannot read the ring of observations", -seen);
  return size_t(seen);
}

observe_load Observer::load() const {
  std::vector<observe_load> cpus(static_cast<size_t>(possible_cpus()));
  const uint32_t zero = 0;
  observe_load sum{};
  if (load_.get(&zero, cpus.data()) != 0) return sum;
  for (const observe_load& cpu : cpus) {
    sum.sampled += cpu.sampled;
    sum.seen += cpu.seen;
    sum.lost += cpu.lost;
  }
  return sum;
}

}  // namespace testudo::xdp
