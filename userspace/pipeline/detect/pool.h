// detect/pool.h: memory of one shard: small blocks by size class, taken from large chunks.
//
// Images of events are named by 4-byte handles (chunk, offset), so that a bucket's queue is a row of small
// numbers. A freed block serves the next one of its class; chunks are never given back, their untouched pages
// cost nothing. Not thread-safe: a shard owns its pool.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

namespace testudo::detect {

class Pool {
 public:
  using Handle = uint32_t;
  static constexpr Handle kNone = UINT32_MAX;
  static constexpr size_t kMaxBlock = 512 * 1024;

  /// At least `size` bytes (at most kMaxBlock), aligned to 16; to a cache line when the size is a multiple of
  /// 64. Handles are below 2^31 - 1: the top bit is the user's. Throws when 32 GiB are taken.
  Handle take(size_t size);
  void give(Handle handle, size_t size);
  char* at(Handle handle) const { return chunks_[handle >> kShift].get() + size_t(handle & kMask) * 16; }

  size_t bytes() const { return used_; }  ///< in blocks that are taken, rounded up to their classes

 private:
  static constexpr uint32_t kShift = 16, kMask = 0xffff;
  static constexpr size_t kChunk = size_t{16} << kShift;  // 1 MiB
  /// Steps of 16 bytes up to 1 KiB, then four steps for each doubling.
  static uint32_t class_of(size_t size);
  static size_t size_of(uint32_t cls);

  struct Free {
    void operator()(char* chunk) const { std::free(chunk); }
  };
  std::vector<std::unique_ptr<char[], Free>> chunks_;
  size_t at_ = kChunk;  ///< in the last chunk
  std::vector<Handle> free_ =
      std::vector<Handle>(128, kNone);  ///< by class; the next one stands in the block
  size_t used_ = 0;
};

}  // namespace testudo::detect
