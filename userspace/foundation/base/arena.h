// base/arena.h: memory for the strings that are computed while one event is handled.
//
// Blocks are kept when the arena is reset, so that the steady state allocates nothing.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace testudo {

class Arena {
 public:
  Arena() = default;
  Arena(Arena&& other) noexcept { swap(other); }
  Arena& operator=(Arena&& other) noexcept {
    swap(other);
    return *this;
  }

  /// Uninitialised bytes that live until reset(); alignment 8.
  char* allocate(size_t size) {
    size = (size + 7) & ~size_t{7};
    if (size > size_t(end_ - at_)) [[unlikely]]
      open_block(size);
    char* const p = at_;
    at_ += size;
    return p;
  }
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* p = allocate(text.size());
    std::memcpy(p, text.data(), text.size());
    return {p, text.size()};
  }
  /// Everything handed out becomes invalid. Keeps at most 1 MiB.
  void reset() {
    if (blocks_.size() > 1) {
      size_t kept = 0, n = 0;
      while (n < blocks_.size() && (n == 0 || kept + blocks_[n].size <= (1u << 20)))
        kept += blocks_[n++].size;
      blocks_.resize(n);
    }
    if (!blocks_.empty()) enter(0);
  }

 private:
  static constexpr size_t kBlock = 16384;
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  void enter(size_t block) {
    current_ = block;
    at_ = blocks_[block].bytes.get();
    end_ = at_ + blocks_[block].size;
  }
  /// Goes on in the next block that has room, or in a new one.
  [[gnu::noinline]] void open_block(size_t size) {
    for (size_t next = blocks_.empty() ? 0 : current_ + 1; next < blocks_.size(); ++next)
      if (size <= blocks_[next].size) return enter(next);
    const size_t block_size = size > kBlock ? size : kBlock;
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(block_size), block_size});
    enter(blocks_.size() - 1);
  }
  void swap(Arena& other) {
    blocks_.swap(other.blocks_);
    std::swap(current_, other.current_);
    std::swap(at_, other.at_);
    std::swap(end_, other.end_);
  }

  std::vector<Block> blocks_;
  size_t current_ = 0;                   ///< the block that at_ and end_ lie in
  char *at_ = nullptr, *end_ = nullptr;  ///< what is left of it
};

}  // namespace testudo
