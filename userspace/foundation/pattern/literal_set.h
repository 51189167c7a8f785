// pattern/literal_set.h: thousands of literal texts looked for in one pass.
//
// Each literal is known by one of its windows of four bytes (of two, when it is shorter), a window that few
// other literals have and that is rare in texts of that kind. A pass takes the window at each byte of the
// text, looks its hash up in a small table, and only where it is known there compares the few literals of
// that window. So a byte costs one to two nanoseconds and a literal 40 bytes beside its own; the automaton
// that is usual for this needs 90 MB for what takes 0.5 MB here, and is slower for missing its cache.
//
// Immutable after finish() and then shared by all threads; each thread brings its own LiteralHits.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace testudo {

/// What a scan found. Reusable for any set; no allocation once it is as large as the largest set it met.
class LiteralHits {
 public:
  bool has(uint32_t id) const { return marks_[id >> 6] >> (id & 63) & 1; }  ///< `id` of the set scanned last
  const std::vector<uint32_t>& found() const { return found_; }  ///< each once, in no particular order

  /// Forgets, and makes room for ids below `literals`. scan() does it.
  void reset(size_t literals) {
    // Only the words that were written: a pass over a short line must not cost a pass over 10,000 marks.
    for (const uint32_t id : found_) marks_[id >> 6] = 0;
    found_.clear();
    if (marks_.size() * 64 < literals + 1) {
      marks_.resize(literals / 64 + 1);
      found_.reserve(literals);
    }
  }
  void mark(uint32_t id) {
    uint64_t& word = marks_[id >> 6];
    const uint64_t bit = uint64_t{1} << (id & 63);
    if (word & bit) return;
    word |= bit;
    found_.push_back(id);
  }

 private:
  std::vector<uint64_t> marks_;
  std::vector<uint32_t> found_;
};

class LiteralSet {
 public:
  enum class Case : uint8_t {
    exact,
    ascii_folded
  };  ///< folded: A-Z and a-z are the same, in text and literal

  explicit LiteralSet(Case letters = Case::exact);
  LiteralSet(LiteralSet&&) noexcept;
  LiteralSet& operator=(LiteralSet&&) noexcept;
  ~LiteralSet();

  /// The literal's id: 0, 1, 2 … in order of first addition; an equal literal has its id already. Any bytes
  /// may occur; "" occurs in every text. At most 2^20 literals of together 256 MiB: what is beyond is a bug
  /// of the caller. After finish(), more may be added before another finish().
  uint32_t add(std::string_view literal);
  /// The same for one literal whose letters are not those of the set. Folded and exact are two literals.
  uint32_t add(std::string_view literal, Case letters);

  /// Makes what scan() needs. Milliseconds for 8,000 literals.
  void finish();

  /// Every literal that occurs in `text`. Time is linear in the text; see longest_bucket().
  void scan(std::string_view text, LiteralHits& hits) const;

  /// Does any literal occur? Ends at the first.
  bool any(std::string_view text) const;

  size_t size() const;
  std::string_view literal(uint32_t id) const;  ///< as scanned for: lower case when it is folded
  size_t bytes() const;                         ///< memory held, after finish()
  /// Literals that are compared at worst at one byte of a hostile text. Eight or so, unless content asks for
  /// many literals that consist of the same four bytes ("aaaa", "aaaaa" …).
  size_t longest_bucket() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace testudo
