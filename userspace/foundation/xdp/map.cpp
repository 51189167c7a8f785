#include "xdp/map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace testudo::xdp {
namespace {

constexpr uint32_t kBatch = 8192;

int outcome(int returned) { return returned == 0 ? 0 : -returned; }

}  // namespace

Error map_error(const Map& map, const std::string& what, int err) {
  if (err == E2BIG || err == ENOSPC)
    return Error{Code::too_large,
                 "kernel table " + map.name() + " is full: " + std::to_string(map.max_entries()) + " entries",
                 {},
                 "raise enforce.max_entries and restart"};
  return errno_error(what + " in kernel table " + map.name() + " failed", err);
}

int possible_cpus() {
  static const int cpus = libbpf_num_possible_cpus();
  return cpus > 0 ? cpus : 1;
}

Result<Map> Map::of(Fd fd, std::string name) {
  bpf_map_info info{};
  uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0)
    return errno_error("cannot read kernel table " + name, errno);
  Map map;
  map.fd_ = std::move(fd);
  map.name_ = std::move(name);
  map.type_ = info.type;
  map.flags_ = info.map_flags;
  map.key_size_ = info.key_size;
  map.value_size_ = info.value_size;
  map.max_entries_ = info.max_entries;
  return map;
}

Result<Map> Map::open(const std::string& path, std::string name) {
  Fd fd(bpf_obj_get(path.c_str()));
  if (!fd) {
    if (errno == ENOENT) return Error{Code::not_found, "no kernel table at " + path};
    return errno_error("cannot open kernel table " + path, errno, {}, "run as root");
  }
  return of(std::move(fd), std::move(name));
}

Result<Map> Map::like(const Map& model, uint32_t max_entries) {
  return made_like(model, max_entries, model.flags_);
}

Result<Map> Map::hash_like(const Map& model, uint32_t max_entries, bool ahead) {
  return made_like(model, max_entries,
                   ahead ? model.flags_ & ~uint32_t(BPF_F_NO_PREALLOC) : model.flags_ | BPF_F_NO_PREALLOC);
}

Result<Map> Map::made_like(const Map& model, uint32_t max_entries, uint32_t flags) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
  Fd fd(bpf_map_create(bpf_map_type(model.type_), model.name_.c_str(), model.key_size_, model.value_size_,
                       max_entries, &options));
  if (!fd)
    return errno_error(
        "cannot make kernel table " + model.name_ + " with " + std::to_string(max_entries) + " entries",
        errno, {}, "lower enforce.max_entries, or raise the unit's MemoryMax");
  return of(std::move(fd), model.name_);
}

int Map::put(const void* key, const void* value, Put how) const {
  return outcome(bpf_map_update_elem(fd(), key, value, how == Put::fresh ? BPF_NOEXIST : BPF_ANY));
}

int Map::erase(const void* key) const { return outcome(bpf_map_delete_elem(fd(), key)); }
int Map::get(const void* key, void* value) const { return outcome(bpf_map_lookup_elem(fd(), key, value)); }

int Map::put_batch(const void* keys, const void* values, uint32_t count) const {
  const auto* key = static_cast<const char*>(keys);
  const auto* value = static_cast<const char*>(values);
  while (count > 0) {
    uint32_t done = count;
    const int err = outcome(bpf_map_update_batch(fd(), key, value, &done, nullptr));
    if (err != 0) return err;
    key += size_t(done) * key_size_;
    value += size_t(done) * value_size_;
    count -= done;
  }
  return 0;
}

Result<void> Map::for_each(const std::function<void(const void*, const void*)>& visit) const {
  // Tries are walked key by key: their batch call starts anew at each key and is no faster.
  if (type_ != BPF_MAP_TYPE_HASH && type_ != BPF_MAP_TYPE_LRU_HASH) return for_each_by_key(visit);
  std::vector<char> keys(size_t(kBatch) * key_size_), values(size_t(kBatch) * value_size_);
  uint32_t in = 0, out = 0;
  bool first = true;
  while (true) {
    uint32_t count = kBatch;
    const int err = outcome(
        bpf_map_lookup_batch(fd(), first ? nullptr : &in, &out, keys.data(), values.data(), &count, nullptr));
    if (err != 0 && err != ENOENT) return map_error(*this, "reading", err);
    for (uint32_t i = 0; i < count; ++i)
      visit(&keys[size_t(i) * key_size_], &values[size_t(i) * value_size_]);
    if (err == ENOENT) return {};
    in = out;
    first = false;
  }
}

Result<void> Map::for_each_by_key(const std::function<void(const void*, const void*)>& visit) const {
  std::vector<char> key(key_size_), next(key_size_), value(value_size_);
  bool first = true;
  // Bounded: a key that vanishes under the walk would start it again.
  for (uint64_t steps = 0; steps < uint64_t(max_entries_) * 4 + 16; ++steps) {
    const int err = outcome(bpf_map_get_next_key(fd(), first ? nullptr : key.data(), next.data()));
    if (err == ENOENT) return {};
    if (err != 0) return map_error(*this, "reading", err);
    if (get(next.data(), value.data()) == 0) visit(next.data(), value.data());
    key.swap(next);
    first = false;
  }
  return {};
}

Result<uint64_t> Map::clear() const {
  uint64_t removed = 0;
  if (type_ == BPF_MAP_TYPE_HASH) {
    std::vector<char> keys(size_t(kBatch) * key_size_), values(size_t(kBatch) * value_size_);
    uint32_t in = 0, out = 0;
    bool first = true;
    while (true) {
      uint32_t count = kBatch;
      const int err = outcome(bpf_map_lookup_and_delete_batch(fd(), first ? nullptr : &in, &out, keys.data(),
                                                              values.data(), &count, nullptr));
      if (err != 0 && err != ENOENT) return map_error(*this, "emptying", err);
      removed += count;
      if (err == ENOENT) return removed;
      in = out;
      first = false;
    }
  }
  std::vector<char> all;
  TESTUDO_CHECK(for_each([&](const void* key, const void*) {
    all.insert(all.end(), static_cast<const char*>(key), static_cast<const char*>(key) + key_size_);
  }));
  for (size_t at = 0; at < all.size(); at += key_size_) removed += erase(&all[at]) == 0;
  return removed;
}

Result<void> Map::pin(const std::string& path) const {
  if (bpf_obj_pin(fd(), path.c_str()) != 0)
    return errno_error("cannot pin kernel table " + name_ + " at " + path, errno);
  return {};
}

Result<Mapped> Mapped::of(const Map& map) {
  const size_t stride = (map.value_size() + 7u) & ~size_t(7);
  Mapped mapped;
  mapped.size_ = stride * map.max_entries();
  void* address = mmap(nullptr, mapped.size_, PROT_READ | PROT_WRITE, MAP_SHARED, map.fd(), 0);
  if (address == MAP_FAILED) return errno_error("cannot map kernel table " + map.name(), errno);
  mapped.address_ = address;
  return mapped;
}

Mapped::Mapped(Mapped&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Mapped& Mapped::operator=(Mapped&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(size_, other.size_);
  return *this;
}

Mapped::~Mapped() {
  if (address_) munmap(address_, size_);
}

}  // namespace testudo::xdp
