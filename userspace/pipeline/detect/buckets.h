// detect/buckets.h: all buckets of one shard: found by key, bounded in number and in bytes.
//
// When there is no room the emptiest of a few goes, chosen by a generator with a fixed start, so that the
// same records evict the same buckets in every run. No /24 or /48 holds more than its share: strangers from
// one network cannot push a slow attacker out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "detect/bucket.h"
#include "detect/event_image.h"
#include "detect/flat_index.h"
#include "detect/pool.h"
#include "detect/scenario.h"

namespace testudo::detect {

/// /24 or /48 of an address that a group value starts with ("1.2.3.4", "1.2.3.4/example.org"); 0 = none.
uint64_t network_of(std::string_view group);

struct BucketLimits {
  size_t buckets = 0, of_network = 0, bytes = 0;
};

class Buckets {
 public:
  Buckets(std::shared_ptr<const ScenarioSet> set, BucketLimits limits)
      : set_(std::move(set)), limits_(limits) {}

  Bucket* find(uint64_t key_hash, uint32_t partition, bool marked, std::string_view group);
  /// Makes room and a bucket; evicted ones are reported to `gone` (their scenarios).
  Bucket& insert(uint64_t key_hash, uint32_t scenario, bool marked, std::string_view group,
                 std::vector<uint32_t>& gone);
  void erase(Bucket& bucket);
  /// A bucket outside of the table, and its end (triggers: it lives for one event).
  void prepare(Bucket& bucket, uint64_t key_hash, uint32_t scenario, bool marked, std::string_view group);
  void empty(Bucket& bucket);
  bool overfull() const { return bytes() > limits_.bytes; }
  /// The emptiest of a few goes, but not `except`.
  void relieve(const Bucket& except, std::vector<uint32_t>& gone);
  bool full() const { return size() >= limits_.buckets || bytes() >= limits_.bytes; }
  // Memory is asked for before it is needed, in steps: the index, the bucket, what hangs on the bucket.
  void prefetch(uint64_t key_hash) const { index_.prefetch(key_hash); }
  void prefetch_bucket(uint64_t key_hash) const;
  void prefetch_parts(uint64_t key_hash) const;

  // Events that buckets keep.
  Pool::Handle keep(const EventImage& image);  ///< with one reference
  void retain(Pool::Handle image) { ++at(image).references; }
  void release(Pool::Handle image);
  const EventImage& image(Pool::Handle handle) const {
    return *reinterpret_cast<const EventImage*>(pool_.at(handle));
  }
  /// Appends to the bucket's queue; takes a reference. The oldest goes where the queue is full. `marked`: the
  /// event passes the predicate of the condition's window.
  void push(Bucket& bucket, Pool::Handle image, std::string_view scope_value, bool marked = false);
  /// The last events of the queue, newest first, at most `most`; of a window with a predicate the marked
  /// ones.
  uint32_t last(const Bucket& bucket, bool marked_only, uint32_t most, Pool::Handle* out) const;
  const EventImage& queued(const Bucket& bucket, uint32_t i) const;  ///< 0 is the oldest
  Pool::Handle queued_handle(const Bucket& bucket, uint32_t i) const;
  std::string_view queued_scope(const Bucket& bucket, uint32_t i) const;

  size_t size() const { return index_.size(); }
  size_t rows() const { return rows_; }
  Bucket& row(size_t i) { return blocks_[i / kBlock][i % kBlock]; }
  const Bucket& row(size_t i) const { return blocks_[i / kBlock][i % kBlock]; }
  size_t bytes() const { return pool_.bytes() + size() * sizeof(Bucket); }
  Pool& pool() { return pool_; }
  const Pool& pool() const { return pool_; }

 private:
  static constexpr size_t kBlock = 256;
  static constexpr Pool::Handle kMark = 1u << 31;
  static constexpr uint32_t kTightQueue = Window::kMost;  ///< of unbounded queues when memory is short
  struct Network {
    uint64_t network = 0;
    uint32_t count = 0, head = Bucket::kNone,
             tail = Bucket::kNone;  ///< a list; the one looked at last is the tail
  };
  EventImage& at(Pool::Handle handle) const { return *reinterpret_cast<EventImage*>(pool_.at(handle)); }
  bool scoped(const Bucket& b) const { return set_->rules[b.scenario].scoped; }
  Pool::Handle* words(Bucket& b) const;
  const Pool::Handle* words(const Bucket& b) const { return words(const_cast<Bucket&>(b)); }
  void grow_queue(Bucket& bucket, uint32_t stride, uint32_t limit);
  void drop_oldest(Bucket& bucket, uint32_t stride);
  void give_scope(Pool::Handle scope);
  void make_room(uint64_t network, std::vector<uint32_t>& gone);
  void evict(Bucket& bucket, std::vector<uint32_t>& gone);
  Bucket* emptiest(size_t looks);
  void join_network(Bucket& bucket, uint64_t network);
  void leave_network(Bucket& bucket);

  std::shared_ptr<const ScenarioSet> set_;
  BucketLimits limits_;
  Pool pool_;
  std::vector<std::unique_ptr<Bucket[]>> blocks_;
  size_t rows_ = 0;
  std::vector<uint32_t> free_;
  FlatIndex index_;
  std::vector<Network> networks_;
  std::vector<uint32_t> free_networks_;
  FlatIndex network_index_;
  std::string last_group_;
  uint64_t last_network_ = 0;
  uint32_t births_ = 0;
  uint64_t random_ = 0x9e3779b97f4a7c15ULL;
};

}  // namespace testudo::detect
