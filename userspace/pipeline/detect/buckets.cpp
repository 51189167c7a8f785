#include "detect/buckets.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/ip.h"
#include "detect/ahead.h"
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

uint32_t Buckets::group(const GroupKey& key) const {
  static_assert(FlatIndex::kNone == kNone);
  return index_.find(key.hash, [&](uint32_t i) {
    const Group& g = row(i);
    return g.hash == key.hash && g.marked == key.marked && text(g) == key.text;
  });
}

GroupKey Buckets::key(size_t group) const {
  const Group& g = row(group);
  return {g.hash, text(g), g.marked};
}

// Records of an event come in the order of scenarios, and so, mostly, did their buckets.
Bucket* Buckets::find(uint32_t group, uint32_t partition, uint32_t& hint) {
  const Group& g = row(group);
  Bucket* buckets = buckets_of(g);
  uint32_t i = hint;
  for (uint32_t n = g.places; n > 0; --n, ++i) {
    if (i >= g.places) i = 0;
    Bucket& b = buckets[i];
    if (b.partition != partition || b.scenario == Bucket::kNone) continue;
    hint = i + 1;
    return &b;
  }
  return nullptr;
}

Bucket& Buckets::insert(const GroupKey& key, uint32_t scenario, uint32_t& group,
                        std::vector<uint32_t>& gone) {
  group = this->group(key);
  const uint64_t network = group == kNone
                               ? network_of(key.text)
                               : (row(group).network == kNone ? 0 : networks_[row(group).network].network);
  const uint32_t deaths = deaths_;
  if (group != kNone && row(group).live >= kMostPlaces) evict(group, *emptiest_of(row(group)), gone);
  const uint32_t n = group == kNone ? find_network(network) : row(group).network;
  make_room(n == kNone ? nullptr : &networks_[n], gone);
  if (deaths != deaths_) group = this->group(key);  // it may have been the group's last
  if (group == kNone) group = make_group(key, network);
  Group& g = row(group);
  Bucket& bucket = free_place(g);
  prepare(bucket, scenario);
  ++g.live;
  ++live_;
  if (g.network != kNone) ++networks_[g.network].count;
  return bucket;
}

uint32_t Buckets::make_group(const GroupKey& key, uint64_t network) {
  uint32_t at;
  if (!free_.empty()) {
    at = free_.back();
    free_.pop_back();
  } else {
    if (rows_ == blocks_.size() * kBlock) blocks_.push_back(std::make_unique<Group[]>(kBlock));
    at = uint32_t(rows_++);
  }
  Group& g = *new (&row(at)) Group();
  g.hash = key.hash;
  g.marked = key.marked;
  g.text_size = uint16_t(key.text.size());
  if (key.text.size() > kInlineText) g.text_at.handle = pool_.take(key.text.size());
  if (!key.text.empty()) std::memcpy(const_cast<char*>(text(g).data()), key.text.data(), key.text.size());
  index_.insert(key.hash, at);
  if (network) join_network(at, network);
  return at;
}

void Buckets::end_group(uint32_t at) {
  Group& g = row(at);
  if (g.network != kNone) {
    Network& from = networks_[g.network];
    unlink(at, from);
    if (from.head == kNone) {
      network_index_.erase(mix(from.network), g.network);
      free_networks_.push_back(g.network);
    }
  }
  index_.erase(g.hash, at);
  pool_.give(g.buckets, g.room * sizeof(Bucket));
  if (g.text_size > kInlineText) pool_.give(g.text_at.handle, g.text_size);
  g.places = g.room = 0;
  free_.push_back(at);
  ++deaths_;
}

/// A gap, or the place behind the last; what there is room for grows by half.
Bucket& Buckets::free_place(Group& g) {
  if (g.live < g.places)
    for (uint32_t i = 0; i < g.places; ++i)
      if (Bucket& b = buckets_of(g)[i]; b.scenario == Bucket::kNone) return b;
  if (g.places == g.room) {
    const auto room = uint16_t(g.room < 2 ? g.room + 1 : g.room + g.room / 2);
    const Pool::Handle block = pool_.take(room * sizeof(Bucket));
    if (g.room) {
      std::memcpy(pool_.at(block), pool_.at(g.buckets), g.places * sizeof(Bucket));
      pool_.give(g.buckets, g.room * sizeof(Bucket));
    }
    g.buckets = block;
    g.room = room;
  }
  return *new (&buckets_of(g)[g.places++]) Bucket();
}

void Buckets::prepare(Bucket& b, uint32_t scenario) const {
  b = Bucket();
  const Rule& rule = set_->rules[scenario];
  b.scenario = scenario;
  b.partition = rule.partition & 0x7fffffffu;
  if (rule.counts) b.tokens = rule.capacity;
}

void Buckets::empty(Bucket& bucket) {
  queues_.clear(bucket, set_->rules[bucket.scenario]);
  bucket.seen.clear(pool_);
  bucket.scenario = Bucket::kNone;
}

void Buckets::renew(Bucket& bucket, uint32_t scenario) {
  const Rule& rule = set_->rules[bucket.scenario];
  if (bucket.scenario == scenario && rule.pulse)
    queues_.restart(bucket, rule);
  else
    queues_.clear(bucket, rule);
  bucket.seen.clear(pool_);
  const Pool::Handle queue = bucket.queue;
  prepare(bucket, scenario);
  bucket.queue = queue;
}

void Buckets::erase(uint32_t group, Bucket& bucket) {
  empty(bucket);
  Group& g = row(group);
  --live_;
  --g.live;
  if (g.network != kNone) --networks_[g.network].count;
  if (g.live == 0) end_group(group);
}

void Buckets::prefetch_group(uint64_t hash) const {
  const uint32_t found = index_.peek(hash);
  if (found != kNone) ask_for(&row(found));
}

void Buckets::prefetch_buckets(uint64_t hash) const {
  const uint32_t found = index_.peek(hash);
  if (found == kNone) return;
  const Group& g = row(found);
  for (uint32_t i = 0; i < g.places && i < 16; ++i) ask_for(&buckets_of(g)[i]);
}

void Buckets::prefetch_parts(uint64_t hash) const {
  const uint32_t found = index_.peek(hash);
  if (found == kNone) return;
  const Group& g = row(found);
  for (uint32_t i = 0; i < g.places && i < 16; ++i) {
    const Bucket& b = buckets_of(g)[i];
    if (b.scenario == Bucket::kNone) continue;
    queues_.prefetch(b);
    b.seen.prefetch(pool_);
  }
}

uint32_t Buckets::find_network(uint64_t network) const {
  if (!network) return kNone;
  return network_index_.find(mix(network), [&](uint32_t i) { return networks_[i].network == network; });
}

void Buckets::join_network(uint32_t group, uint64_t network) {
  uint32_t n = find_network(network);
  if (n == kNone) {
    if (!free_networks_.empty()) {
      n = free_networks_.back();
      free_networks_.pop_back();
    } else {
      n = uint32_t(networks_.size());
      networks_.emplace_back();
    }
    networks_[n] = {network, 0, kNone, kNone};
    network_index_.insert(mix(network), n);
  }
  row(group).network = n;
  link(group, networks_[n]);
}

void Buckets::link(uint32_t group, Network& to) {
  Group& g = row(group);
  g.next = kNone;
  g.previous = to.tail;
  (to.tail == kNone ? to.head : row(to.tail).next) = group;
  to.tail = group;
}

void Buckets::unlink(uint32_t group, Network& from) {
  const Group& g = row(group);
  (g.previous == kNone ? from.head : row(g.previous).next) = g.next;
  (g.next == kNone ? from.tail : row(g.next).previous) = g.previous;
}

void Buckets::evict(uint32_t group, Bucket& bucket, std::vector<uint32_t>& gone) {
  gone.push_back(bucket.scenario);
  erase(group, bucket);
}

void Buckets::relieve(const Bucket& except, std::vector<uint32_t>& gone) {
  const auto [group, victim] = emptiest(8);
  if (victim != &except) evict(group, *victim, gone);
}

Bucket* Buckets::emptiest_of(const Group& g) const {
  Bucket* best = nullptr;
  for (uint32_t i = 0; i < g.places; ++i) {
    Bucket& b = buckets_of(g)[i];
    if (b.scenario != Bucket::kNone && (!best || emptier(b, *best))) best = &b;
  }
  return best;
}

/// Of the buckets of so many groups; there is one.
std::pair<uint32_t, Bucket*> Buckets::emptiest(size_t looks) const {
  std::pair<uint32_t, Bucket*> best{kNone, nullptr};
  const auto look = [&](uint32_t group) {
    Bucket* b = emptiest_of(row(group));
    if (b && (!best.second || emptier(*b, *best.second))) best = {group, b};
    return b != nullptr;
  };
  for (size_t tries = 0, seen = 0; seen < looks && tries < looks * 8; ++tries) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    seen += look(uint32_t(random_ % rows_));
  }
  for (uint32_t i = 0; !best.second && i < rows_; ++i) look(i);
  return best;
}

void Buckets::evict_from(Network& network, std::vector<uint32_t>& gone) {
  // Groups that were looked at go to the end, so that the next look sees others.
  std::pair<uint32_t, Bucket*> best{kNone, nullptr};
  uint32_t looked[16];
  size_t count = 0;
  for (uint32_t i = network.head; i != kNone && count < std::size(looked); i = row(i).next)
    looked[count++] = i;
  for (size_t i = 0; i < count; ++i) {
    Bucket* b = emptiest_of(row(looked[i]));
    if (!best.second || emptier(*b, *best.second)) best = {looked[i], b};
  }
  for (size_t i = 0; i < count; ++i)
    if (looked[i] != best.first) {
      unlink(looked[i], network);
      link(looked[i], network);
    }
  evict(best.first, *best.second, gone);
}

void Buckets::make_room(const Network* network, std::vector<uint32_t>& gone) {
  if (network && network->count >= limits_.of_network) {
    evict_from(networks_[size_t(network - networks_.data())], gone);
    return;
  }
  for (int i = 0; i < 8 && size() > 0 && bytes() > limits_.bytes; ++i) {
    const auto [group, bucket] = emptiest(8);
    evict(group, *bucket, gone);
  }
  if (size() >= limits_.buckets && size() > 0) {
    const auto [group, bucket] = emptiest(32);
    evict(group, *bucket, gone);
  }
}

}  // namespace testudo::detect
