#include "xdp/ring.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>

#include "xdp/bpffs.h"

namespace testudo::xdp {

struct Ring::Impl {
  Map map;  ///< where the ring was opened by path
  ring_buffer* ring = nullptr;
  const Visit* visit = nullptr;  ///< of the poll that runs

  ~Impl() { ring_buffer__free(ring); }

  static int take(void* self, void* data, size_t size) {
    const auto* impl = static_cast<Impl*>(self);
    if (size < sizeof(drop_event)) return 0;  // not ours: nothing else writes there
    drop_event event;
    std::memcpy(&event, data, sizeof event);
    if (impl->visit) (*impl->visit)(event);
    return 0;
  }
};

Ring::Ring(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ring::Ring(Ring&&) noexcept = default;
Ring& Ring::operator=(Ring&&) noexcept = default;
Ring::~Ring() = default;

Result<Ring> Ring::over(const Map& events) {
  auto impl = std::make_unique<Impl>();
  impl->ring = ring_buffer__new(events.fd(), &Impl::take, impl.get(), nullptr);
  if (!impl->ring) return errno_error("cannot read the ring of kernel events", errno, {}, "run as root");
  return Ring(std::move(impl));
}

Result<Ring> Ring::open(const std::string& pin) {
  TESTUDO_TRY(Map map, Map::open(tables_directory(pin) + "/" + TESTUDO_MAP_EVENTS, TESTUDO_MAP_EVENTS));
  TESTUDO_TRY(Ring ring, over(map));
  ring.impl_->map = std::move(map);
  return ring;
}

int Ring::fd() const { return ring_buffer__epoll_fd(impl_->ring); }

Result<int> Ring::poll(const Visit& visit, int milliseconds) {
  impl_->visit = &visit;
  const int seen = ring_buffer__poll(impl_->ring, milliseconds);
  impl_->visit = nullptr;
  if (seen < 0 && seen != -EINTR) return errno_error("cannot read the ring of kernel events", -seen);
  return seen < 0 ? 0 : seen;
}

}  // namespace testudo::xdp
