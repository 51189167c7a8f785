#include "detect/buckets.h"

#include <algorithm>
#include <new>

#include "base/ip.h"
#include "detect/keys.h"

namespace testudo::detect {
namespace {

/// Fewest events first; of equals the one that has been quiet longest.
bool emptier(const Bucket& a, const Bucket& b) {
  return a.total != b.total ? a.total < b.total : a.last < b.last;
}

}  // namespace

uint64_t network_of(std::string_view group) {
  const auto ip = Ip::parse(group.substr(0, group.find('/')));
  if (!ip) return 0;
  uint64_t n = 1;
  const size_t bytes = ip->is_v4() ? 3 : 6;
  for (size_t i = 0; i < bytes; ++i) n = n << 8 | ip->bytes[i];
  return n << 1 | uint64_t(!ip->is_v4());
}

Bucket* Buckets::find(uint64_t key_hash, uint32_t partition, bool marked, std::string_view group) {
  const uint32_t found = index_.find(key_hash, [&](uint32_t i) {
    const Bucket& b = row(i);
    return b.key_hash == key_hash && b.marked == marked && set_->rules[b.scenario].partition == partition &&
           b.group(pool_) == group;
  });
  return found == FlatIndex::kNone ? nullptr : &row(found);
}

Bucket& Buckets::insert(uint64_t key_hash, uint32_t scenario, bool marked, std::string_view group,
                        std::vector<uint32_t>& gone) {
  // One event makes several buckets of one group: its network is worked out once.
  if (group != last_group_) {
    last_group_ = group;
    last_network_ = network_of(group);
  }
  const uint64_t network = last_network_;
  make_room(network, gone);
  uint32_t at;
  if (!free_.empty()) {
    at = free_.back();
    free_.pop_back();
  } else {
    if (rows_ == blocks_.size() * kBlock) blocks_.push_back(std::make_unique<Bucket[]>(kBlock));
    at = uint32_t(rows_++);
  }
  Bucket& b = *new (&row(at)) Bucket();
  prepare(b, key_hash, scenario, marked, group);
  b.row = at;
  if (network) join_network(b, network);
  index_.insert(key_hash, at);
  return b;
}

void Buckets::prepare(Bucket& b, uint64_t key_hash, uint32_t scenario, bool marked, std::string_view group) {
  b.key_hash = key_hash;
  b.birth = ++births_;
  b.scenario = scenario;
  b.marked = marked;
  const Rule& rule = set_->rules[scenario];
  if (rule.counts) b.tokens = rule.capacity;
  b.group_size = uint16_t(group.size());
  if (group.size() > Bucket::kInlineGroup) b.group_at.handle = pool_.take(group.size());
  if (!group.empty()) std::memcpy(const_cast<char*>(b.group(pool_).data()), group.data(), group.size());
}

void Buckets::empty(Bucket& bucket) {
  const uint32_t stride = scoped(bucket) ? 2 : 1;
  while (bucket.queue_size) drop_oldest(bucket, stride);
  if (bucket.queue_room > Bucket::kInlineQueue)
    pool_.give(bucket.queue_at.handle, bucket.queue_room * sizeof(Pool::Handle));
  bucket.seen.clear(pool_);
  if (bucket.group_size > Bucket::kInlineGroup) pool_.give(bucket.group_at.handle, bucket.group_size);
  bucket.scenario = Bucket::kNone;
}

void Buckets::erase(Bucket& bucket) {
  const uint32_t at = bucket.row;
  leave_network(bucket);
  index_.erase(bucket.key_hash, at);
  empty(bucket);
  free_.push_back(at);
}

Pool::Handle Buckets::keep(const EventImage& image) {
  const Pool::Handle handle = pool_.take(image.bytes());
  std::memcpy(pool_.at(handle), static_cast<const void*>(&image), image.bytes());
  at(handle).references = 1;
  return handle;
}

void Buckets::release(Pool::Handle handle) {
  EventImage& image = at(handle);
  if (--image.references == 0) pool_.give(handle, image.bytes());
}

Pool::Handle* Buckets::words(Bucket& b) const {
  return b.queue_room <= Bucket::kInlineQueue ? b.queue_at.words
                                              : reinterpret_cast<Pool::Handle*>(pool_.at(b.queue_at.handle));
}

Pool::Handle Buckets::queued_handle(const Bucket& bucket, uint32_t i) const {
  const uint32_t stride = scoped(bucket) ? 2 : 1;
  return words(bucket)[(bucket.queue_head + i * stride) % bucket.queue_room] & ~kMark;
}

uint32_t Buckets::last(const Bucket& bucket, bool marked_only, uint32_t most, Pool::Handle* out) const {
  const uint32_t stride = scoped(bucket) ? 2 : 1;
  const Pool::Handle* ring = words(bucket);
  uint32_t count = 0;
  for (uint32_t i = bucket.queue_size; i > 0 && count < most; --i) {
    uint32_t at = bucket.queue_head + (i - 1) * stride;
    if (at >= bucket.queue_room) at -= bucket.queue_room;
    if (!marked_only || (ring[at] & kMark)) out[count++] = ring[at] & ~kMark;
  }
  return count;
}

const EventImage& Buckets::queued(const Bucket& bucket, uint32_t i) const {
  return image(queued_handle(bucket, i));
}
std::string_view Buckets::queued_scope(const Bucket& bucket, uint32_t i) const {
  if (!scoped(bucket)) return {};
  const Pool::Handle scope = words(bucket)[(bucket.queue_head + i * 2 + 1) % bucket.queue_room];
  if (scope == Pool::kNone) return {};
  uint16_t size;
  std::memcpy(&size, pool_.at(scope), sizeof size);
  return {pool_.at(scope) + sizeof size, size};
}

void Buckets::give_scope(Pool::Handle scope) {
  if (scope == Pool::kNone) return;
  uint16_t size;
  std::memcpy(&size, pool_.at(scope), sizeof size);
  pool_.give(scope, sizeof size + size);
}

void Buckets::drop_oldest(Bucket& bucket, uint32_t stride) {
  const Pool::Handle* ring = words(bucket);
  release(ring[bucket.queue_head] & ~kMark);
  if (stride == 2) give_scope(ring[bucket.queue_head + 1]);
  bucket.queue_head = uint16_t((bucket.queue_head + stride) % bucket.queue_room);
  --bucket.queue_size;
}

void Buckets::push(Bucket& bucket, Pool::Handle image, std::string_view scope_value, bool marked) {
  const Rule& rule = set_->rules[bucket.scenario];
  const uint32_t stride = rule.scoped ? 2 : 1;
  // Queues without a bound give way first: half of the room is for everything else.
  const bool tight = rule.unbounded && bytes() > limits_.bytes / 2;
  const uint32_t limit = tight ? std::min(kTightQueue, rule.queue_limit) : rule.queue_limit;
  for (int i = 0; i < 2 && bucket.queue_size >= limit; ++i) drop_oldest(bucket, stride);
  if ((bucket.queue_size + 1) * stride > bucket.queue_room) grow_queue(bucket, stride, rule.queue_limit);
  Pool::Handle* ring = words(bucket);
  const uint32_t at = (bucket.queue_head + bucket.queue_size * stride) % bucket.queue_room;
  retain(image);
  ring[at] = marked ? image | kMark : image;
  if (stride == 2) {
    Pool::Handle scope = Pool::kNone;
    if (!scope_value.empty()) {
      const auto size = uint16_t(std::min<size_t>(scope_value.size(), EventImage::kMaxValue));
      scope = pool_.take(sizeof size + size);
      std::memcpy(pool_.at(scope), &size, sizeof size);
      std::memcpy(pool_.at(scope) + sizeof size, scope_value.data(), size);
    }
    words(bucket)[at + 1] = scope;
  }
  ++bucket.queue_size;
}

void Buckets::grow_queue(Bucket& bucket, uint32_t stride, uint32_t limit) {
  const uint32_t room = std::min(bucket.queue_room * 2u, limit * stride);
  const Pool::Handle block = pool_.take(room * sizeof(Pool::Handle));
  auto* to = reinterpret_cast<Pool::Handle*>(pool_.at(block));
  const Pool::Handle* from = words(bucket);
  for (uint32_t i = 0; i < bucket.queue_size * stride; ++i)
    to[i] = from[(bucket.queue_head + i) % bucket.queue_room];
  if (bucket.queue_room > Bucket::kInlineQueue)
    pool_.give(bucket.queue_at.handle, bucket.queue_room * sizeof(Pool::Handle));
  bucket.queue_at.handle = block;
  bucket.queue_room = uint16_t(room);
  bucket.queue_head = 0;
}

void Buckets::join_network(Bucket& bucket, uint64_t network) {
  uint32_t n = network_index_.find(mix(network), [&](uint32_t i) { return networks_[i].network == network; });
  if (n == FlatIndex::kNone) {
    if (!free_networks_.empty()) {
      n = free_networks_.back();
      free_networks_.pop_back();
    } else {
      n = uint32_t(networks_.size());
      networks_.emplace_back();
    }
    networks_[n] = {network, 0, Bucket::kNone, Bucket::kNone};
    network_index_.insert(mix(network), n);
  }
  Network& to = networks_[n];
  bucket.network = n;
  bucket.network_next = Bucket::kNone;
  bucket.network_previous = to.tail;
  (to.tail == Bucket::kNone ? to.head : row(to.tail).network_next) = bucket.row;
  to.tail = bucket.row;
  ++to.count;
}

void Buckets::leave_network(Bucket& bucket) {
  if (bucket.network == Bucket::kNone) return;
  Network& from = networks_[bucket.network];
  const uint32_t next = bucket.network_next, previous = bucket.network_previous;
  (previous == Bucket::kNone ? from.head : row(previous).network_next) = next;
  (next == Bucket::kNone ? from.tail : row(next).network_previous) = previous;
  if (--from.count == 0) {
    network_index_.erase(mix(from.network), bucket.network);
    free_networks_.push_back(bucket.network);
  }
  bucket.network = Bucket::kNone;
}

void Buckets::prefetch_bucket(uint64_t key_hash) const {
  const uint32_t found = index_.peek(key_hash);
  if (found == FlatIndex::kNone) return;
  const auto* lines = reinterpret_cast<const char*>(&row(found));
  __builtin_prefetch(lines);
  __builtin_prefetch(lines + 64);
}

void Buckets::prefetch_parts(uint64_t key_hash) const {
  const uint32_t found = index_.peek(key_hash);
  if (found == FlatIndex::kNone) return;
  const Bucket& b = row(found);
  if (b.scenario == Bucket::kNone) return;
  const Rule& rule = set_->rules[b.scenario];
  if (b.queue_room > Bucket::kInlineQueue)
    __builtin_prefetch(pool_.at(b.queue_at.handle) + b.queue_head * sizeof(Pool::Handle));
  else if (b.queue_size >= rule.queue_limit)  // the oldest will go
    __builtin_prefetch(pool_.at(b.queue_at.words[b.queue_head] & ~kMark));
  if (rule.distinct) b.seen.prefetch(pool_);
}

void Buckets::evict(Bucket& bucket, std::vector<uint32_t>& gone) {
  gone.push_back(bucket.scenario);
  erase(bucket);
}

void Buckets::relieve(const Bucket& except, std::vector<uint32_t>& gone) {
  Bucket* victim = emptiest(8);
  if (victim != &except) evict(*victim, gone);
}

Bucket* Buckets::emptiest(size_t looks) {
  Bucket* best = nullptr;
  for (size_t tries = 0, seen = 0; seen < looks && tries < looks * 8; ++tries) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    Bucket& candidate = row(random_ % rows_);
    if (candidate.scenario == Bucket::kNone) continue;
    ++seen;
    if (!best || emptier(candidate, *best)) best = &candidate;
  }
  for (size_t i = 0; !best && i < rows_; ++i)
    if (row(i).scenario != Bucket::kNone) best = &row(i);
  return best;
}

void Buckets::make_room(uint64_t network, std::vector<uint32_t>& gone) {
  if (network) {
    const uint32_t n =
        network_index_.find(mix(network), [&](uint32_t i) { return networks_[i].network == network; });
    if (n != FlatIndex::kNone && networks_[n].count >= limits_.of_network) {
      // Those that were looked at go to the end, so that the next look sees others.
      Bucket* best = nullptr;
      Bucket* looked[16];
      size_t count = 0;
      for (uint32_t i = networks_[n].head; i != Bucket::kNone && count < 16; i = row(i).network_next)
        looked[count++] = &row(i);
      for (size_t i = 0; i < count; ++i)
        if (!best || emptier(*looked[i], *best)) best = looked[i];
      for (size_t i = 0; i < count; ++i)
        if (looked[i] != best) {
          leave_network(*looked[i]);
          join_network(*looked[i], network);
        }
      evict(*best, gone);
      return;
    }
  }
  for (int i = 0; i < 8 && size() > 0 && bytes() > limits_.bytes; ++i) evict(*emptiest(8), gone);
  if (size() >= limits_.buckets && size() > 0) evict(*emptiest(32), gone);
}

}  // namespace testudo::detect
