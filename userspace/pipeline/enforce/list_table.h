// enforce/list_table.h: userspace's half of the big lists' tables (layout and rules: bpf/list.h).
//
// Works on the live memory of a mmapable array, or on any other: an add is a store, with no system call. One
// writer; packets read meanwhile. The filter in front is the caller's: an entry is found by packets once its
// bits are there too.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "bpf/list.h"

namespace testudo {

enum class ListPut : uint8_t { added, changed, no_room };

/// Lines for so many entries: at a load where each finds room, and an eighth more for single additions.
uint32_t list4_lines(uint64_t entries);
uint32_t list6_lines(uint64_t entries);

class ListTable4 {
 public:
  ListTable4() = default;
  /// `lines`: at least TESTUDO_LIST_LINES of them, zeroed or filled before with the same seed.
  ListTable4(std::span<list4_line> lines, uint64_t seed) : lines_(lines), seed_(seed) {}

  /// `address` in network order; the policy within `term` is not 0. An entry of the same address and policy
  /// is changed in place, in one store.
  ListPut put(uint32_t address, testudo_term term);
  /// Asks memory for the line that put() will want: a table of millions lies in no cache.
  void prefetch(uint32_t address) const;
  bool erase(uint32_t address, uint32_t policy);
  /// Takes out every entry of which `gone` says so; their number.
  uint64_t erase_if(const std::function<bool(uint32_t address, testudo_term term)>& gone);
  void for_each(const std::function<void(uint32_t address, testudo_term term)>& visit) const;
  /// The entries of one address; nearly always one line is read.
  void find(uint32_t address, const std::function<void(testudo_term term)>& visit) const;

  /// Slots that are free and still keep a search going: with many of them the table is to be built anew.
  uint64_t dead() const;

  list_header& header() const { return reinterpret_cast<list_header&>(lines_[0]); }
  size_t bytes() const { return lines_.size_bytes(); }

 private:
  uint64_t hash(uint32_t address) const { return testudo_hash4(address, seed_); }
  list4_line& line(uint64_t hash, uint32_t probe) const {
    return lines_[testudo_list_line(hash, probe, uint32_t(lines_.size()))];
  }
  static void free_slot(list4_line& line, int slot);

  std::span<list4_line> lines_;
  uint64_t seed_ = 0;
};

class ListTable6 {
 public:
  ListTable6() = default;
  ListTable6(std::span<list6_line> lines, uint64_t seed) : lines_(lines), seed_(seed) {}

  /// `length` is 64 (and low 0) or 128. A slot whose entry is gone waits for the same key: no key ever
  /// changes under a packet that reads it.
  ListPut put(const ban6_key& key, uint8_t length, testudo_term term);
  bool erase(const ban6_key& key, uint8_t length, uint32_t policy);
  using Visit = std::function<void(const ban6_key& key, uint8_t length, testudo_term term)>;
  uint64_t erase_if(const std::function<bool(const ban6_key& key, uint8_t length, testudo_term term)>& gone);
  void for_each(const Visit& visit) const;
  void find(const ban6_key& key, uint8_t length, const std::function<void(testudo_term term)>& visit) const;
  uint64_t dead() const;

  list_header& header() const { return reinterpret_cast<list_header&>(lines_[0]); }
  size_t bytes() const { return lines_.size_bytes(); }

 private:
  uint64_t hash(const ban6_key& key, uint8_t length) const;
  list6_line& line(uint64_t hash, uint32_t probe) const {
    return lines_[testudo_list_line(hash, probe, uint32_t(lines_.size()))];
  }

  std::span<list6_line> lines_;
  uint64_t seed_ = 0;
};

/// The term of an entry that ends at `expiry_s` (CLOCK_BOOTTIME seconds, 0 = never), in a table with this
/// epoch: rounded up, so that it never ends early; no later than the last tick.
testudo_term list_term(uint32_t policy, uint64_t expiry_s, uint64_t epoch_s);
/// CLOCK_BOOTTIME second of its end; 0 = never.
uint64_t list_expiry_s(testudo_term term, uint64_t epoch_s);
/// Its end is the last that a table can say: the true one may lie behind it.
bool is_cut_short(testudo_term term);

}  // namespace testudo
