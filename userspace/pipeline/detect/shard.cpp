#include "detect/shard.h"

#include <algorithm>

#include "base/ip.h"
#include "base/text.h"

namespace testudo::detect {
namespace {

constexpr uint32_t kMarked = 0x80000000u;
constexpr size_t kMaxBlackholes = 100'000;
constexpr size_t kMaxGroup = 256;

}  // namespace

// /24 or /48 of an address that the group value starts with ("1.2.3.4", "1.2.3.4/example.org"); 0 = none.
uint64_t network_of(std::string_view group) {
  const auto ip = Ip::parse(group.substr(0, group.find('/')));
  if (!ip) return 0;
  uint64_t n = 1;
  const size_t bytes = ip->is_v4() ? 3 : 6;
  for (size_t i = 0; i < bytes; ++i) n = n << 8 | ip->bytes[i];
  return n << 1 | uint64_t(!ip->is_v4());
}

Shard::Shard(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names,
             ShardOptions options)
    : set_(std::move(set)), names_(std::move(names)), options_(options) {
  index_scenarios();
}

void Shard::index_scenarios() {
  dispatch_.clear();
  always_.clear();
  counters_.resize(set_->scenarios.size());
  blackholes_.resize(set_->scenarios.size());
  // The slot that most scenarios ask first makes the best jump: count, then assign each to its most common
  // one.
  std::vector<std::pair<SlotRef, size_t>> popularity;
  for (const auto& s : set_->scenarios)
    for (const auto& r : s->filter.required()) {
      auto it = std::find_if(popularity.begin(), popularity.end(),
                             [&](const auto& p) { return p.first == r.slot; });
      if (it == popularity.end())
        popularity.emplace_back(r.slot, 1);
      else
        ++it->second;
    }
  const auto rank = [&](SlotRef slot) {
    for (const auto& p : popularity)
      if (p.first == slot) return p.second;
    return size_t(0);
  };
  for (const auto& s : set_->scenarios) {
    const expr::Expression::Required* best = nullptr;
    for (const auto& r : s->filter.required())
      if (!best || rank(r.slot) > rank(best->slot)) best = &r;
    if (!best) {
      always_.push_back(s->id);
      continue;
    }
    auto it = std::find_if(dispatch_.begin(), dispatch_.end(),
                           [&](const Dispatch& d) { return d.slot == best->slot; });
    if (it == dispatch_.end()) it = dispatch_.insert(dispatch_.end(), Dispatch{best->slot, {}});
    for (const std::string& value : best->values) {
      auto& list = it->by_value[value];
      if (list.empty() || list.back() != s->id) list.push_back(s->id);
    }
  }
}

void Shard::candidates(Event& event, std::vector<uint32_t>& out) const {
  out = always_;
  for (const Dispatch& d : dispatch_) {
    const auto found = d.by_value.find(event.get(d.slot));
    if (found != d.by_value.end()) out.insert(out.end(), found->second.begin(), found->second.end());
  }
  std::sort(out.begin(), out.end());
}

bool Shard::wanted(Event& event, expr::Context& context) {
  candidates(event, scratch_);
  for (uint32_t id : scratch_)
    if (set_->scenarios[id]->filter.test(context) == expr::Expression::Truth::yes) return true;
  return false;
}

void Shard::pour(const Pour& pour, expr::Context& context, std::vector<Alert>& alerts) {
  context.event = &pour.event;
  context.arena = &pour.event.arena;
  candidates(pour.event, scratch_);
  EventCopy* copy = nullptr;
  for (uint32_t id : scratch_) {
    const Scenario& scenario = *set_->scenarios[id];
    switch (scenario.filter.test(context)) {
      case expr::Expression::Truth::no:
        continue;
      case expr::Expression::Truth::failed:
        ++counters_[id].errors;
        continue;
      case expr::Expression::Truth::yes:
        break;
    }
    pour_one(scenario, pour, context, copy, alerts);
  }
  if (copy) copy->release();
}

void Shard::pour_one(const Scenario& scenario, const Pour& pour, expr::Context& context, EventCopy*& copy,
                     std::vector<Alert>& alerts) {
  ScenarioCounters& counters = counters_[scenario.id];
  std::string_view group;
  if (scenario.groupby) {
    Value value;
    if (!scenario.groupby.eval(context, value) || !value.is_string()) {
      ++counters.errors;
      return;
    }
    group = value.text();
    // Keys are kept for as long as their bucket or blackhole: what is longer is known by its hash.
    if (group.size() > kMaxGroup) {
      const std::string hash = std::to_string(stable_hash(group)) + std::to_string(stable_hash(group, 1));
      group = context.arena->copy(std::string(group.substr(0, kMaxGroup - 48)) + "#" + hash);
    }
  }
  Bucket* bucket = &bucket_for(scenario, group, pour.marked);
  if (bucket->expired(pour.t)) {
    ++counters_[bucket->scenario->id].underflowed;
    erase(*bucket);
    bucket = &bucket_for(scenario, group, pour.marked);
  }
  const Scenario& owner = *bucket->scenario;
  if (owner.type == BucketType::leaky && owner.distinct) {
    Value value;
    std::string_view key;
    const bool known = owner.distinct.eval(context, value);
    if (known && value.is_string()) key = value.text();
    // An event whose key cannot be computed is poured, by the format.
    if (known && !bucket->seen.insert(key)) return;
  }
  if (!copy) {
    copy = EventCopy::make(pour.event, *set_,
                           pour.event.marshaled_time.empty() ? pour.t_text : pour.event.marshaled_time);
    copy->retain();
  }
  std::string scope_value;
  if (owner.scope_expression) {
    Value value;
    if (owner.scope_expression.eval(context, value) && value.is_string())
      scope_value = value.text();
    else
      ++counters.errors;
  }
  if (bucket->total == 0) {
    bucket->first = pour.t;
    bucket->first_text = pour.t_text;
    const std::string_view stamp =
        pour.event.marshaled_time.empty() ? pour.t_text : pour.event.marshaled_time;
    bucket->first_hash = stable_hash(pour.event.raw, stable_hash(stamp));
  }
  if (bucket->total < INT32_MAX) ++bucket->total;
  ++counters.poured;
  bucket->last = pour.t;
  bucket->last_text = pour.t_text;
  bucket->queue.emplace_back(copy, std::move(scope_value));
  if (bucket->queue.size() > owner.queue_limit()) bucket->queue.erase(bucket->queue.begin());
  const bool full =
      owner.type == BucketType::trigger || !bucket->level.take(pour.t, owner.capacity, owner.leakspeed);
  if (trace_) trace_->poured(scenario, *bucket);
  if (full) overflow(*bucket, pour, alerts);
}

Bucket& Shard::bucket_for(const Scenario& scenario, std::string_view group, bool marked) {
  const Key key{scenario.partition | (marked ? kMarked : 0), std::string(group)};
  const auto found = buckets_.find(key);
  if (found != buckets_.end()) return *found->second;
  const uint64_t network = network_of(group);
  make_room(network);
  auto bucket = std::make_unique<Bucket>(scenario, std::string(group));
  bucket->network = network;
  bucket->marked = marked;
  ++counters_[scenario.id].created;
  return insert(std::move(bucket));
}

Bucket& Shard::insert(std::unique_ptr<Bucket> bucket) {
  bucket->index = uint32_t(all_.size());
  all_.push_back(bucket.get());
  if (bucket->network) {
    auto& list = networks_[bucket->network];
    bucket->network_index = uint32_t(list.size());
    list.push_back(bucket.get());
  }
  Key key{bucket->scenario->partition | (bucket->marked ? kMarked : 0), bucket->group};
  return *buckets_.emplace(std::move(key), std::move(bucket)).first->second;
}

void Shard::make_room(uint64_t network) {
  const auto emptiest = [this](const std::vector<Bucket*>& list, size_t looks) {
    Bucket* best = nullptr;
    for (size_t i = 0; i < looks; ++i) {
      random_ ^= random_ << 13;
      random_ ^= random_ >> 7;
      random_ ^= random_ << 17;
      Bucket* candidate = list[random_ % list.size()];
      // Fewest events first; of equals the one that has been quiet longest.
      if (!best || candidate->total < best->total ||
          (candidate->total == best->total && candidate->last < best->last))
        best = candidate;
    }
    return best;
  };
  if (network) {
    const auto found = networks_.find(network);
    if (found != networks_.end() &&
        double(found->second.size()) >=
            std::max(8.0, double(options_.max_buckets) * options_.network_share)) {
      Bucket* victim = emptiest(found->second, 16);
      ++counters_[victim->scenario->id].evicted;
      erase(*victim);
      return;
    }
  }
  for (int i = 0; i < 8 && !all_.empty() && EventCopy::live_bytes() > options_.max_event_bytes; ++i) {
    Bucket* victim = emptiest(all_, 8);
    ++counters_[victim->scenario->id].evicted;
    erase(*victim);
  }
  if (all_.size() < options_.max_buckets) return;
  Bucket* victim = emptiest(all_, 32);
  ++counters_[victim->scenario->id].evicted;
  erase(*victim);
}

void Shard::erase(Bucket& bucket) {
  all_[bucket.index] = all_.back();
  all_[bucket.index]->index = bucket.index;
  all_.pop_back();
  if (bucket.network) {
    auto& list = networks_[bucket.network];
    list[bucket.network_index] = list.back();
    list[bucket.network_index]->network_index = bucket.network_index;
    list.pop_back();
    if (list.empty()) networks_.erase(bucket.network);
  }
  buckets_.erase(Key{bucket.scenario->partition | (bucket.marked ? kMarked : 0), bucket.group});
}

bool Shard::in_blackhole(const Scenario& scenario, const std::string& key, TimePoint t) {
  if (scenario.blackhole <= Duration(0)) return false;
  auto& map = blackholes_[scenario.id];
  const auto found = map.find(key);
  if (found != map.end() && found->second > t) return true;
  if (map.size() >= kMaxBlackholes) {
    for (auto it = map.begin(); it != map.end();) it = it->second <= t ? map.erase(it) : std::next(it);
    if (map.size() >= kMaxBlackholes) map.clear();
  }
  map[key] = t + scenario.blackhole;
  return false;
}

void Shard::overflow(Bucket& bucket, const Pour& pour, std::vector<Alert>& alerts) {
  const Scenario& scenario = *bucket.scenario;
  ScenarioCounters& counters = counters_[scenario.id];
  std::vector<Alert> built = build_alerts(bucket, *set_, *names_, pour.t, pour.t_text);
  if (built.empty()) ++counters.no_source;
  const std::string key = (pour.marked ? "?" : "") + bucket.group;
  if (in_blackhole(scenario, key, pour.t)) {
    ++counters.blackholed;
  } else if (!built.empty()) {
    ++counters.overflowed;
    for (Alert& alert : built) {
      alert.ambiguous = pour.marked;
      alert.first_read_mono = pour.read_mono;
      alert.line_number = pour.event.line_number;
      alert.line = std::string(pour.event.raw.substr(0, 2048));
      if (pour.event.source) alert.source_name = pour.event.source->type + ":" + std::string(pour.event.src);
      alerts.push_back(std::move(alert));
    }
  }
  erase(bucket);
}

void Shard::sweep(TimePoint t, size_t budget) {
  for (size_t i = 0; i < budget && !all_.empty(); ++i) {
    if (sweep_at_ >= all_.size()) sweep_at_ = 0;
    Bucket* bucket = all_[sweep_at_];
    if (bucket->expired(t)) {
      ++counters_[bucket->scenario->id].underflowed;
      erase(*bucket);  // the last one takes this place
    } else {
      ++sweep_at_;
    }
  }
}

std::vector<size_t> Shard::buckets_per_scenario() const {
  std::vector<size_t> out(set_->scenarios.size());
  for (const Bucket* bucket : all_) ++out[bucket->scenario->id];
  return out;
}

void Shard::adopt(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names) {
  const auto old_set = std::move(set_);
  auto old_blackholes = std::move(blackholes_);
  auto old_counters = std::move(counters_);
  auto old_buckets = std::move(buckets_);
  set_ = std::move(set);
  names_ = std::move(names);
  buckets_.clear();
  all_.clear();
  networks_.clear();
  counters_.clear();
  blackholes_.clear();
  index_scenarios();
  std::vector<const Scenario*> heirs(old_set->scenarios.size());
  for (const auto& old : old_set->scenarios)
    for (const auto& fresh : set_->scenarios)
      if (fresh->name == old->name && fresh->filter.text() == old->filter.text() &&
          fresh->type == old->type) {
        heirs[old->id] = fresh.get();
        counters_[fresh->id] = old_counters[old->id];
        blackholes_[fresh->id] = std::move(old_blackholes[old->id]);
        break;
      }
  for (auto& [key, bucket] : old_buckets) {
    const Scenario* heir = heirs[bucket->scenario->id];
    if (!heir) continue;
    bucket->scenario = heir;
    insert(std::move(bucket));
  }
}

}  // namespace testudo::detect
