// base/arena.h: memory for the strings that are computed while one event is handled.
//
// Blocks are kept when the arena is reset, so that the steady state allocates nothing.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace testudo {

class Arena {
 public:
  /// Uninitialised bytes that live until reset(); alignment 8.
  char* allocate(size_t size) {
    size = (size + 7) & ~size_t{7};
    while (current_ < blocks_.size()) {
      Block& block = blocks_[current_];
      if (block.used + size <= block.size) {
        char* p = block.bytes.get() + block.used;
        block.used += size;
        return p;
      }
      ++current_;
      if (current_ < blocks_.size()) blocks_[current_].used = 0;
    }
    const size_t block_size = size > kBlock ? size : kBlock;
    blocks_.push_back({std::make_unique<char[]>(block_size), block_size, size});
    current_ = blocks_.size() - 1;
    return blocks_.back().bytes.get();
  }
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* p = allocate(text.size());
    std::memcpy(p, text.data(), text.size());
    return {p, text.size()};
  }
  /// Everything handed out becomes invalid. Keeps at most 1 MiB.
  void reset() {
    size_t kept = 0, n = 0;
    while (n < blocks_.size() && (n == 0 || kept + blocks_[n].size <= (1u << 20))) kept += blocks_[n++].size;
    blocks_.resize(n);
    for (Block& block : blocks_) block.used = 0;
    current_ = 0;
  }

 private:
  static constexpr size_t kBlock = 16384;
  struct Block {
    std::unique_ptr<char[]> bytes;
    size_t size;
    size_t used;
  };
  std::vector<Block> blocks_;
  size_t current_ = 0;
};

}  // namespace testudo
