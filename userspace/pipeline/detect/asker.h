// detect/asker.h: puts the questions of a scenario to a bucket: condition, evidence, cancel_on,
// overflow_filter, and the contexts of an alert.
//
// They see what the bucket keeps, not the event itself: evt is made again from its image. Working memory is
// reused; views live until the next begin(). Not thread-safe: a shard owns one.
#pragma once

#include <memory>
#include <vector>

#include "detect/buckets.h"
#include "detect/pour.h"
#include "model/alert.h"

namespace testudo::detect {

class Asker {
 public:
  Asker(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names);

  /// The bucket that the next questions are about. `event` is the one that is being poured; null when a timer
  /// fired. `overflow_at` is zero before the bucket overflowed.
  void begin(const Buckets& buckets, const GroupKey& group, const Bucket& bucket, const PourEvent* event,
             TimePoint overflow_at = {});
  expr::Expression::Truth ask(const expr::Expression& question);
  /// The condition, by way of its pulse or its window where it has one; `event` is the one that was poured
  /// last.
  expr::Expression::Truth condition(const Buckets& buckets, const GroupKey& group, const Bucket& bucket,
                                    const PourEvent& event);
  /// Does the event pass the predicate of the scenario's window?
  bool passes(const Scenario& scenario, const EventImage& image);
  /// With `signal`: the overflow that the bucket would give.
  expr::Expression::Truth ask(const expr::Expression& question, Overflow& signal);

  /// Is the posterior above the threshold? (engine-spec §5.4)
  bool convinced(const Scenario& scenario, uint64_t& guillotine, uint64_t& errors);

  /// Alert::meta of the queued events.
  MetaPairs contexts(const Buckets& buckets, const Bucket& bucket, const EventImage* only);

 private:
  void show(const EventImage& image, const PourEvent* event);
  void view_queue(const Buckets& buckets, const Bucket& bucket);
  void view_bucket(const GroupKey& group, const Bucket& bucket, const PourEvent* event,
                   TimePoint overflow_at);
  expr::KeptEvent& kept(size_t i);

  std::shared_ptr<const ScenarioSet> set_;
  std::shared_ptr<const SlotNames> names_;
  Arena arena_;
  RegexScratch regex_;
  expr::Context context_;
  std::unique_ptr<Event> event_;  ///< made when it is first needed: it has a slot for each name
  std::vector<std::unique_ptr<expr::KeptEvent>> kept_;
  std::vector<Value> values_;
  ValueArray queue_;
  expr::BucketView view_;
  std::string mapkey_, uuid_;
  // Of the last view of a queue, to go on from it.
  uint32_t seen_birth_ = 0;
  int32_t seen_total_ = 0;
  uint32_t seen_size_ = 0;
};

/// BucketId of a bucket's overflow: a function of scenario, group and first line.
std::string bucket_id(const Scenario& scenario, std::string_view group, uint64_t first_hash);

}  // namespace testudo::detect
