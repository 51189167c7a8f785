// pattern/jit.h: the folder's only sight of PCRE2: one pattern as machine code, run under a limit.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace testudo {

/// What a thread needs to run machine code: match data as large as the largest pattern seen, a stack.
class JitScratch {
 public:
  JitScratch();
  ~JitScratch();
  JitScratch(const JitScratch&) = delete;
  JitScratch& operator=(const JitScratch&) = delete;

 private:
  friend class Jit;
  bool make_room(uint32_t pairs);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Jit {
 public:
  enum class Outcome {
    no_match,
    match,
    trip,  ///< limit of steps or stack hit: nothing is known
  };

  /// nullptr when PCRE2 cannot compile the pattern, or this machine allows no JIT (an environment that
  /// forbids memory to be made executable). `utf`: subjects are valid UTF-8, else bytes. `anchored`: it
  /// matches at the start or not at all.
  static std::unique_ptr<Jit> compile(const std::string& pattern, bool utf, bool anchored);
  ~Jit();
  Jit(const Jit&) = delete;
  Jit& operator=(const Jit&) = delete;

  /// Searches from byte `start`. Unlike RE2, time per step may grow with the subject: what is counted against
  /// `limit` are retries of loops and groups, not the characters that one loop runs over.
  Outcome run(std::string_view subject, size_t start, uint32_t limit, JitScratch& scratch) const;
  /// Offsets (from, to) of group after group, after Outcome::match; SIZE_MAX where a group took no part.
  static std::span<const size_t> offsets(const JitScratch& scratch);

  int groups() const { return groups_; }

 private:
  Jit() = default;
  void* code_ = nullptr;
  int groups_ = 0;
};

}  // namespace testudo
