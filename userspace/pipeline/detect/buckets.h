// detect/buckets.h: all buckets of one shard: found by group value, bounded in number and in bytes.
//
//   index: hash of the group value ─▶ group: one line, the value itself ─▶ its buckets, side by side
//
// An event mostly fills buckets of one group, so it is looked up once, and what it touches can be asked for
// ahead of time: prefetch() one step after the other. A bucket that is over and comes again stays in its
// place.
//
// When there is no room the emptiest of a few goes, chosen by a generator with a fixed start, so that the
// same records evict the same buckets in every run. No /24 or /48 holds more than its share: strangers from
// one network cannot push a slow attacker out.
#pragma once

#include <memory>
#include <vector>

#include "detect/bucket.h"
#include "detect/flat_index.h"
#include "detect/queue.h"
#include "detect/scenario.h"

namespace testudo::detect {

/// /24 or /48 of an address that a group value starts with ("1.2.3.4", "1.2.3.4/example.org"); 0 = none.
uint64_t network_of(std::string_view group);

struct BucketLimits {
  size_t buckets = 0, of_network = 0, bytes = 0;
};

class Buckets {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  Buckets(std::shared_ptr<const ScenarioSet> set, BucketLimits limits)
      : set_(std::move(set)), limits_(limits) {}
  Buckets(const Buckets&) = delete;

  /// The row of a group; kNone when none of its buckets lives. A row is good until deaths() changes.
  uint32_t group(const GroupKey& key) const;
  uint32_t deaths() const { return deaths_; }
  /// `hint`: where the search begins; afterwards the place behind what was found.
  Bucket* find(uint32_t group, uint32_t partition, uint32_t& hint);
  /// Makes room and a bucket; evicted ones are reported to `gone` (their scenarios). `group` is set. Pointers
  /// to other buckets of the group are lost.
  Bucket& insert(const GroupKey& key, uint32_t scenario, uint32_t& group, std::vector<uint32_t>& gone);
  /// The bucket begins again, as another one of the same scenario or of one that shares its buckets.
  void renew(Bucket& bucket, uint32_t scenario);
  void erase(uint32_t group, Bucket& bucket);
  /// A bucket outside of the table, and the end of what hangs on one.
  void prepare(Bucket& bucket, uint32_t scenario) const;
  void empty(Bucket& bucket);
  bool overfull() const { return bytes() > limits_.bytes; }
  /// The emptiest of a few goes, but not `except`.
  void relieve(const Bucket& except, std::vector<uint32_t>& gone);
  bool full() const { return size() >= limits_.buckets || bytes() >= limits_.bytes; }
  /// Memory is short for queues that the format does not bound: half of the room is for everything else.
  bool tight() const { return bytes() > limits_.bytes / 2; }

  // Ask for what a group's events will touch, each a while after the one before.
  void prefetch_index(uint64_t hash) const { index_.prefetch(hash); }
  void prefetch_group(uint64_t hash) const;
  void prefetch_buckets(uint64_t hash) const;
  void prefetch_parts(uint64_t hash) const;

  size_t size() const { return live_; }
  size_t bytes() const { return pool_.bytes() + index_.size() * sizeof(Group); }
  Pool& pool() { return pool_; }
  const Pool& pool() const { return pool_; }
  Queues& queues() { return queues_; }
  const Queues& queues() const { return queues_; }

  // For those who look at all of them: rows of groups, and the places of each.
  size_t rows() const { return rows_; }
  uint32_t places(size_t group) const { return row(group).places; }
  Bucket& at(size_t group, size_t place) { return buckets_of(row(group))[place]; }
  const Bucket& at(size_t group, size_t place) const { return buckets_of(row(group))[place]; }
  GroupKey key(size_t group) const;
  /// A bucket of the group will not run empty before `end`; a hint for who looks for groups that are over.
  void keep_busy(uint32_t group, TimePoint end) {
    row(group).busy_until = std::max(row(group).busy_until, moment_of(end) + 1);
  }
  bool may_be_over(size_t group, TimePoint t) const { return row(group).busy_until <= moment_of(t); }
  template <typename F>
  void each(F f) const {  ///< f(group, bucket) of all that live
    for (size_t g = 0; g < rows_; ++g)
      for (uint32_t i = 0; i < places(g); ++i)
        if (at(g, i).scenario != Bucket::kNone) f(g, at(g, i));
  }

 private:
  /// About a second; what lies outside of 1970 to 2116 counts as the next moment inside.
  static uint32_t moment_of(TimePoint t) {
    return uint32_t(std::clamp<int64_t>(unix_nanos(t) >> 30, 0, UINT32_MAX - 1));
  }
  static constexpr size_t kBlock = 256, kInlineText = 24, kMostPlaces = 4096;
  struct alignas(64) Group {
    uint64_t hash = 0;
    union {
      char text[kInlineText];
      Pool::Handle handle;
    } text_at{};
    uint16_t text_size = 0;
    bool marked = false;
    uint16_t live = 0, places = 0,
             room = 0;  ///< buckets, those and gaps between them, what there is room for
    Pool::Handle buckets = Pool::kNone;
    uint32_t busy_until = 0;                  ///< no bucket runs empty later (moment_of)
    uint32_t network = kNone;                 ///< row in the table of networks
    uint32_t next = kNone, previous = kNone;  ///< groups of that network
  };
  static_assert(sizeof(Group) == 64);
  struct Network {
    uint64_t network = 0;
    uint32_t count = 0;                   ///< buckets
    uint32_t head = kNone, tail = kNone;  ///< groups; the one looked at last is the tail
  };

  Group& row(size_t i) { return blocks_[i / kBlock][i % kBlock]; }
  const Group& row(size_t i) const { return blocks_[i / kBlock][i % kBlock]; }
  Bucket* buckets_of(const Group& group) const { return reinterpret_cast<Bucket*>(pool_.at(group.buckets)); }
  std::string_view text(const Group& group) const {
    return {group.text_size <= kInlineText ? group.text_at.text : pool_.at(group.text_at.handle),
            group.text_size};
  }
  uint32_t make_group(const GroupKey& key, uint64_t network);
  void end_group(uint32_t row);
  Bucket& free_place(Group& group);
  Bucket* emptiest_of(const Group& group) const;
  void make_room(const Network* network, std::vector<uint32_t>& gone);
  void evict_from(Network& network, std::vector<uint32_t>& gone);
  void evict(uint32_t group, Bucket& bucket, std::vector<uint32_t>& gone);
  std::pair<uint32_t, Bucket*> emptiest(size_t looks) const;
  uint32_t find_network(uint64_t network) const;
  void join_network(uint32_t group, uint64_t network);
  void link(uint32_t group, Network& to);
  void unlink(uint32_t group, Network& from);

  std::shared_ptr<const ScenarioSet> set_;
  BucketLimits limits_;
  Pool pool_;
  Queues queues_{pool_};
  std::vector<std::unique_ptr<Group[]>> blocks_;
  size_t rows_ = 0, live_ = 0;
  uint32_t deaths_ = 0;
  std::vector<uint32_t> free_;
  FlatIndex index_;
  std::vector<Network> networks_;
  std::vector<uint32_t> free_networks_;
  FlatIndex network_index_;
  mutable uint64_t random_ = 0x9e3779b97f4a7c15ULL;
};

}  // namespace testudo::detect
