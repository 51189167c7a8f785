#include "detect/pool.h"

#include <bit>
#include <cstring>
#include <new>

namespace testudo::detect {

static constexpr size_t kLine = 64;

uint32_t Pool::class_of(size_t size) {
  const auto units = uint32_t((size + 15) / 16);
  if (units <= 64) return units ? units - 1 : 0;
  const auto log = uint32_t(std::bit_width(units - 1)) - 1;  // 2^log < units <= 2^(log + 1), log >= 6
  const uint32_t quarter = (units - 1 - (1u << log)) >> (log - 2);
  return 64 + (log - 6) * 4 + quarter;
}

size_t Pool::size_of(uint32_t cls) {
  if (cls < 64) return (size_t(cls) + 1) * 16;
  const uint32_t log = (cls - 64) / 4 + 6, quarter = (cls - 64) % 4;
  return ((size_t{1} << log) + (size_t(quarter) + 1) * (size_t{1} << (log - 2))) * 16;
}

Pool::Handle Pool::take(size_t size) {
  const uint32_t cls = class_of(size);
  const size_t whole = size_of(cls);
  used_ += whole;
  if (const Handle handle = free_[cls]; handle != kNone) {
    std::memcpy(&free_[cls], at(handle), sizeof(Handle));
    return handle;
  }
  if (whole % kLine == 0) at_ = (at_ + kLine - 1) / kLine * kLine;
  if (at_ + whole > kChunk) {
    if (chunks_.size() == (1u << (31 - kShift)) - 1) throw std::bad_alloc();
    // Not cleared: pages come when written.
    chunks_.emplace_back(static_cast<char*>(std::aligned_alloc(kLine, kChunk)));
    if (!chunks_.back()) throw std::bad_alloc();
    at_ = 0;
  }
  const auto handle = Handle((chunks_.size() - 1) << kShift | at_ / 16);
  at_ += whole;
  return handle;
}

void Pool::give(Handle handle, size_t size) {
  const uint32_t cls = class_of(size);
  used_ -= size_of(cls);
  std::memcpy(at(handle), &free_[cls], sizeof(Handle));
  free_[cls] = handle;
}

}  // namespace testudo::detect
