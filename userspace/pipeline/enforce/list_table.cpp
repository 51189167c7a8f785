#include "enforce/list_table.h"

#include <algorithm>

namespace testudo {
namespace {

static_assert(sizeof(list4_line) == 64 && sizeof(list6_line) == 64 && sizeof(list_header) == 64);

template <typename T>
T load(const T& value) {
  return __atomic_load_n(&value, __ATOMIC_ACQUIRE);
}
template <typename T, typename V>
void store(T& target, V value) {
  __atomic_store_n(&target, T(value), __ATOMIC_RELEASE);
}

/// In a small, crowded table the sequence of probes meets a line twice.
class Seen {
 public:
  bool first_time(const void* line) {
    for (int i = 0; i < count_; ++i)
      if (lines_[i] == line) return false;
    lines_[count_++] = line;
    return true;
  }

 private:
  const void* lines_[TESTUDO_LIST_PROBES];
  int count_ = 0;
};

bool used(uint64_t slot) { return slot > TESTUDO_LIST4_DEAD; }

uint32_t lines_for(uint64_t entries, uint64_t slots, uint64_t percent) {
  const uint64_t wanted = entries + entries / 8;
  const uint64_t lines = (wanted * 100 + slots * percent - 1) / (slots * percent) + 1;
  return uint32_t(std::clamp<uint64_t>(lines, TESTUDO_LIST_LINES, 1u << 27));
}

}  // namespace

// 64% once the eighth is used up; 57% before. Lines of three slots fill up sooner than lines of eight.
uint32_t list4_lines(uint64_t entries) { return lines_for(entries, TESTUDO_LIST4_SLOTS, 64); }
uint32_t list6_lines(uint64_t entries) { return lines_for(entries, TESTUDO_LIST6_SLOTS, 45); }

void ListTable4::prefetch(uint32_t address) const { __builtin_prefetch(&line(hash(address), 0), 1); }

ListPut ListTable4::put(uint32_t address, testudo_term term) {
  const uint64_t at = hash(address);
  uint64_t* room = nullptr;
  for (uint32_t probe = 0; probe < TESTUDO_LIST_PROBES; ++probe) {
    bool open = false;
    for (__u64& slot : line(at, probe).slot) {
      if (!used(slot)) {
        open = open || slot == 0;
        if (room == nullptr) room = reinterpret_cast<uint64_t*>(&slot);
      } else if (slot >> 32 == address && testudo_term_policy(uint32_t(slot)) == testudo_term_policy(term)) {
        store(slot, testudo_list4_slot(address, term));
        return ListPut::changed;
      }
    }
    if (open) break;
  }
  if (room == nullptr) return ListPut::no_room;
  store(*room, testudo_list4_slot(address, term));
  return ListPut::added;
}

void ListTable4::free_slot(list4_line& line, int slot) {
  int open = 0;
  for (const __u64 other : line.slot) open += other == 0;
  store(line.slot[slot], open > 0 ? 0 : TESTUDO_LIST4_DEAD);
}

bool ListTable4::erase(uint32_t address, uint32_t policy) {
  const uint64_t at = hash(address);
  for (uint32_t probe = 0; probe < TESTUDO_LIST_PROBES; ++probe) {
    list4_line& here = line(at, probe);
    bool open = false;
    for (int i = 0; i < TESTUDO_LIST4_SLOTS; ++i) {
      const uint64_t slot = here.slot[i];
      open = open || slot == 0;
      if (!used(slot) || slot >> 32 != address || testudo_term_policy(uint32_t(slot)) != policy) continue;
      free_slot(here, i);
      return true;
    }
    if (open) return false;
  }
  return false;
}

uint64_t ListTable4::erase_if(const std::function<bool(uint32_t, testudo_term)>& gone) {
  uint64_t erased = 0;
  for (list4_line& line : lines_.subspan(1))
    for (int i = 0; i < TESTUDO_LIST4_SLOTS; ++i) {
      const uint64_t slot = line.slot[i];
      if (!used(slot) || !gone(uint32_t(slot >> 32), uint32_t(slot))) continue;
      free_slot(line, i);
      ++erased;
    }
  return erased;
}

void ListTable4::for_each(const std::function<void(uint32_t, testudo_term)>& visit) const {
  for (const list4_line& line : lines_.subspan(1))
    for (const __u64& slot : line.slot)
      if (const uint64_t value = load(slot); used(value)) visit(uint32_t(value >> 32), uint32_t(value));
}

void ListTable4::find(uint32_t address, const std::function<void(testudo_term)>& visit) const {
  const uint64_t at = hash(address);
  Seen seen;
  for (uint32_t probe = 0; probe < TESTUDO_LIST_PROBES; ++probe) {
    const list4_line& here = line(at, probe);
    bool open = false;
    if (!seen.first_time(&here)) continue;
    for (const __u64& slot : here.slot) {
      const uint64_t value = load(slot);
      open = open || value == 0;
      if (used(value) && value >> 32 == address) visit(uint32_t(value));
    }
    if (open) return;
  }
}

uint64_t ListTable4::dead() const {
  uint64_t count = 0;
  for (const list4_line& line : lines_.subspan(1))
    for (const __u64& slot : line.slot) count += load(slot) == TESTUDO_LIST4_DEAD;
  return count;
}

uint64_t ListTable6::hash(const ban6_key& key, uint8_t length) const {
  const uint64_t network = testudo_hash6_64(key.high, seed_);
  return length == 128 ? testudo_hash6(network, key.low) : network;
}

ListPut ListTable6::put(const ban6_key& key, uint8_t length, testudo_term term) {
  const uint64_t at = hash(key, length);
  testudo_term* dead = nullptr;
  for (uint32_t probe = 0; probe < TESTUDO_LIST_PROBES; ++probe) {
    list6_line& here = line(at, probe);
    for (int i = 0; i < TESTUDO_LIST6_SLOTS; ++i) {
      if (here.length[i] == 0) {
        if (dead != nullptr) break;
        here.key[i] = key;
        store(here.length[i], length);
        store(here.term[i], term);
        return ListPut::added;
      }
      if (here.length[i] != length || here.key[i].high != key.high || here.key[i].low != key.low) continue;
      if (here.term[i] == 0) {
        if (dead == nullptr) dead = &here.term[i];
      } else if (testudo_term_policy(here.term[i]) == testudo_term_policy(term)) {
        store(here.term[i], term);
        return ListPut::changed;
      }
    }
    if (here.length[TESTUDO_LIST6_SLOTS - 1] == 0) break;
  }
  if (dead == nullptr) return ListPut::no_room;
  store(*dead, term);
  return ListPut::added;
}

bool ListTable6::erase(const ban6_key& key, uint8_t length, uint32_t policy) {
  const uint64_t at = hash(key, length);
  for (uint32_t probe = 0; probe < TESTUDO_LIST_PROBES; ++probe) {
    list6_line& here = line(at, probe);
    for (int i = 0; i < TESTUDO_LIST6_SLOTS; ++i) {
      if (here.length[i] != length || here.key[i].high != key.high || here.key[i].low != key.low) continue;
      if (here.term[i] == 0 || testudo_term_policy(here.term[i]) != policy) continue;
      store(here.term[i], 0);
      return true;
    }
    if (here.length[TESTUDO_LIST6_SLOTS - 1] == 0) return false;
  }
  return false;
}

uint64_t ListTable6::erase_if(const std::function<bool(const ban6_key&, uint8_t, testudo_term)>& gone) {
  uint64_t erased = 0;
  for (list6_line& line : lines_.subspan(1))
    for (int i = 0; i < TESTUDO_LIST6_SLOTS; ++i) {
      if (line.term[i] == 0 || !gone(line.key[i], line.length[i], line.term[i])) continue;
      store(line.term[i], 0);
      ++erased;
    }
  return erased;
}

void ListTable6::for_each(const Visit& visit) const {
  for (const list6_line& line : lines_.subspan(1))
    for (int i = 0; i < TESTUDO_LIST6_SLOTS; ++i)
      if (const testudo_term term = load(line.term[i]); term != 0) visit(line.key[i], line.length[i], term);
}

void ListTable6::find(const ban6_key& key, uint8_t length,
                      const std::function<void(testudo_term)>& visit) const {
  const uint64_t at = hash(key, length);
  Seen seen;
  for (uint32_t probe = 0; probe < TESTUDO_LIST_PROBES; ++probe) {
    const list6_line& here = line(at, probe);
    if (!seen.first_time(&here)) continue;
    for (int i = 0; i < TESTUDO_LIST6_SLOTS; ++i) {
      const testudo_term term = load(here.term[i]);
      if (term != 0 && here.length[i] == length && here.key[i].high == key.high && here.key[i].low == key.low)
        visit(term);
    }
    if (load(here.length[TESTUDO_LIST6_SLOTS - 1]) == 0) return;
  }
}

uint64_t ListTable6::dead() const {
  uint64_t count = 0;
  for (const list6_line& line : lines_.subspan(1))
    for (int i = 0; i < TESTUDO_LIST6_SLOTS; ++i) count += line.length[i] != 0 && load(line.term[i]) == 0;
  return count;
}

testudo_term list_term(uint32_t policy, uint64_t expiry_s, uint64_t epoch_s) {
  if (expiry_s == 0) return testudo_list_term(policy, 0);
  const uint64_t left = expiry_s > epoch_s ? expiry_s - epoch_s : 0;
  const uint64_t ticks = (left + TESTUDO_LIST_TICK_S - 1) / TESTUDO_LIST_TICK_S;
  return testudo_list_term(policy, uint32_t(std::clamp<uint64_t>(ticks, 1, TESTUDO_LIST_TICKS - 1)));
}

uint64_t list_expiry_s(testudo_term term, uint64_t epoch_s) {
  const uint32_t tick = testudo_term_tick(term);
  return tick == 0 ? 0 : epoch_s + uint64_t(tick) * TESTUDO_LIST_TICK_S;
}

bool is_cut_short(testudo_term term) { return testudo_term_tick(term) == TESTUDO_LIST_TICKS - 1; }

}  // namespace testudo
