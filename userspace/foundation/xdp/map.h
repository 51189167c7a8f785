// xdp/map.h: one kernel map: single calls, batches, and the memory of a mmapable one.
//
// Keys and values are the structs of bpf/abi.h; the caller passes the right ones. Calls return 0 or an errno
// where they are made a million times and the caller knows what each errno means.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/files.h"
#include "base/result.h"

namespace testudo::xdp {

enum class Put : uint8_t { any = 0, fresh = 1 };  ///< fresh: EEXIST when the key is there

class Map {
 public:
  Map() = default;
  /// `fd` of a map; reads its sizes from the kernel.
  static Result<Map> of(Fd fd, std::string name);
  /// `not_found` when nothing is pinned at `path`.
  static Result<Map> open(const std::string& path, std::string name);

  /// A new, empty map of the same kind as `model`, with room for `max_entries`.
  static Result<Map> like(const Map& model, uint32_t max_entries);
  /// The same for a hash table. `ahead`: all of its memory is taken now, which makes an entry cheaper to add
  /// and to keep; otherwise memory comes as it fills.
  static Result<Map> hash_like(const Map& model, uint32_t max_entries, bool ahead);

  int fd() const { return fd_.get(); }
  explicit operator bool() const { return bool(fd_); }
  const std::string& name() const { return name_; }
  uint32_t max_entries() const { return max_entries_; }
  uint32_t key_size() const { return key_size_; }
  uint32_t value_size() const { return value_size_; }
  uint32_t type() const { return type_; }

  /// 0 or an errno (E2BIG: full; EEXIST; ENOMEM).
  int put(const void* key, const void* value, Put how = Put::any) const;
  int erase(const void* key) const;             ///< 0 or an errno (ENOENT)
  int get(const void* key, void* value) const;  ///< 0 or an errno (ENOENT); per-CPU: one value a CPU
  /// Adds or overwrites `count` entries; keys and values lie one behind the other. One call for thousands of
  /// them.
  int put_batch(const void* keys, const void* values, uint32_t count) const;

  /// Every entry once, unless it is removed meanwhile; new ones may be missed. `visit` must not change the
  /// map.
  Result<void> for_each(const std::function<void(const void* key, const void* value)>& visit) const;
  /// Removes everything; the number removed. Not for arrays.
  Result<uint64_t> clear() const;
  Result<void> pin(const std::string& path) const;

 private:
  static Result<Map> made_like(const Map& model, uint32_t max_entries, uint32_t flags);
  Result<void> for_each_by_key(const std::function<void(const void* key, const void* value)>& visit) const;
  Fd fd_;
  std::string name_;
  uint32_t type_ = 0, flags_ = 0, key_size_ = 0, value_size_ = 0, max_entries_ = 0;
};

/// The live memory of a mmapable array: what the program reads at the next packet.
class Mapped {
 public:
  Mapped() = default;
  static Result<Mapped> of(const Map& map);
  Mapped(Mapped&& other) noexcept;
  Mapped& operator=(Mapped&& other) noexcept;
  ~Mapped();

  template <typename T>
  T& as() const {
    return *static_cast<T*>(address_);
  }
  std::span<uint64_t> words() const { return {static_cast<uint64_t*>(address_), size_ / 8}; }

 private:
  void* address_ = nullptr;
  size_t size_ = 0;
};

/// Error for a call on `map` that gave `err`.
Error map_error(const Map& map, const std::string& what, int err);
/// CPUs that the kernel could have: the number of values in a per-CPU entry.
int possible_cpus();

}  // namespace testudo::xdp
