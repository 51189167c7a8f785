// detect/queue.h: what a bucket keeps of its events, in the shard's pool.
//
// One block for a bucket: a head, the pulse (times of the last events that count for its condition,
// detect/window.h), and a ring of pool handles, one for each event (two where the scenario has a scope of its
// own: image, scope value). Copies of events are shared by all buckets of the shard that keep them. Buckets
// whose events nobody reads have no ring, and without a pulse no block at all.
#pragma once

#include <string_view>

#include "detect/ahead.h"
#include "detect/bucket.h"
#include "detect/event_image.h"
#include "detect/scenario.h"

namespace testudo::detect {

class Queues {
 public:
  /// Stands for an event of which nothing is read: no copy is kept.
  static constexpr Pool::Handle kBlank = Pool::kNone & 0x7fffffff;

  explicit Queues(Pool& pool) : pool_(pool) {}

  Pool::Handle keep(const EventImage& image);  ///< with one reference
  void retain(Pool::Handle image) { ++at(image).references; }
  void release(Pool::Handle image);
  /// The empty image for kBlank.
  const EventImage& image(Pool::Handle handle) const;

  /// Appends; takes a reference. The oldest goes where `limit` is reached. `marked`: the event passes the
  /// predicate of the condition's window.
  void push(Bucket& bucket, const Rule& rule, uint32_t limit, Pool::Handle image,
            std::string_view scope_value, bool marked);
  /// A bucket whose events were blank so far gets a queue of `count` blank ones.
  void materialize(Bucket& bucket, const Rule& rule, uint32_t count);
  uint32_t size(const Bucket& bucket) const { return bucket.queue == Pool::kNone ? 0 : head(bucket).size; }
  /// 0 is the oldest.
  const EventImage& event(const Bucket& bucket, const Rule& rule, uint32_t i) const {
    return image(handle(bucket, rule, i));
  }
  Pool::Handle handle(const Bucket& bucket, const Rule& rule, uint32_t i) const;
  std::string_view scope(const Bucket& bucket, const Rule& rule, uint32_t i) const;
  /// The last events, newest first, at most `most`; with `marked_only` of those that were marked.
  uint32_t last(const Bucket& bucket, const Rule& rule, bool marked_only, uint32_t most,
                Pool::Handle* out) const;
  /// Its number within the shard: tells a bucket with a queue from a later one in the same place.
  uint32_t birth(const Bucket& bucket) const { return bucket.queue == Pool::kNone ? 0 : head(bucket).birth; }
  /// The block, without events yet.
  void open(Bucket& bucket, const Rule& rule);
  void clear(Bucket& bucket, const Rule& rule);
  /// The same, but a block that holds a pulse alone stays where it is.
  void restart(Bucket& bucket, const Rule& rule);

  /// Notes that the bucket's event of that number (from 1) and time counts for its condition.
  void beat(Bucket& bucket, const Rule& rule, int32_t number, TimePoint time);
  /// Times of the last events that count and are still within the queue, newest first, at most `most` (of
  /// Rule::pulse); how many.
  uint32_t beats(const Bucket& bucket, const Rule& rule, uint32_t most, int64_t* times) const;

  void prefetch(const Bucket& bucket) const {
    if (bucket.queue != Pool::kNone) ask_for(pool_.at(bucket.queue));
  }

 private:
  static constexpr Pool::Handle kMark = 1u << 31;
  static constexpr uint32_t kFirstRoom = 4;
  struct Head {
    uint32_t birth = 0;
    uint16_t size = 0, first = 0, room = 0;  ///< of the ring; first and room in words
    uint16_t beats = 0, next_beat = 0;       ///< filled places of the pulse, the one to be written next
    uint16_t unused = 0;
  };
  static_assert(sizeof(Head) == 16);
  static uint32_t stride(const Rule& rule) { return rule.scoped ? 2 : 1; }
  static size_t bytes(const Rule& rule, uint32_t room) {
    return sizeof(Head) + rule.pulse * (sizeof(int64_t) + sizeof(int32_t)) + room * sizeof(Pool::Handle);
  }
  Head& head(const Bucket& b) const { return *reinterpret_cast<Head*>(pool_.at(b.queue)); }
  static int64_t* times(Head& head) { return reinterpret_cast<int64_t*>(&head + 1); }
  static int32_t* numbers(Head& head, const Rule& rule) {
    return reinterpret_cast<int32_t*>(times(head) + rule.pulse);
  }
  static Pool::Handle* ring(Head& head, const Rule& rule) {
    return reinterpret_cast<Pool::Handle*>(numbers(head, rule) + rule.pulse);
  }
  EventImage& at(Pool::Handle handle) const { return *reinterpret_cast<EventImage*>(pool_.at(handle)); }
  void grow(Bucket& bucket, const Rule& rule, uint32_t room);
  void drop_oldest(Head& head, const Rule& rule);
  Pool::Handle keep_scope(std::string_view value);
  void give_scope(Pool::Handle scope);

  Pool& pool_;
  uint32_t births_ = 0;
};

}  // namespace testudo::detect
