// Buckets as bytes and back: a restart, an upgrade or a reload of the service forgets no slow attacker.
//
// Form: "TDBK", version, seed of distinct hashes, then for each shard its events, buckets and blackholes;
// texts and numbers are length-prefixed and little-endian; a hash over all of it comes last. Names of fields
// and scenarios are written out, since their numbers belong to one program; which shard a bucket belongs to
// is computed anew.
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "base/text.h"
#include "detect/keys.h"
#include "detect/shards.h"

namespace testudo::detect {
namespace {

constexpr std::string_view kMagic = "TDBK";
constexpr uint32_t kVersion = 2;

class Writer {
 public:
  template <typename T>
  void number(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view value) {
    number(uint32_t(value.size()));
    out_ += value;
  }
  std::string take() {
    number(stable_hash(out_));
    return std::move(out_);
  }

 private:
  std::string out_;
};

/// Reads what Writer wrote; everything after a short read is zero or empty, and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  template <typename T>
  T number() {
    T value{};
    if (in_.size() < sizeof value) {
      ok_ = false;
      in_ = {};
      return value;
    }
    std::memcpy(&value, in_.data(), sizeof value);
    in_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view text() {
    const auto size = number<uint32_t>();
    if (size > in_.size()) {
      ok_ = false;
      in_ = {};
    }
    const std::string_view value = in_.substr(0, size);
    in_.remove_prefix(value.size());
    return value;
  }
  bool ok() const { return ok_; }
  bool done() const { return in_.empty(); }

 private:
  std::string_view in_;
  bool ok_ = true;
};

TimePoint time_of(int64_t ns) { return from_unix_nanos(ns); }

void write_image(Writer& out, const EventImage& image, const SlotNames& names) {
  out.number(unix_nanos(image.time()));
  out.text(image.marshaled_time());
  out.number(uint8_t(image.overflow()));
  out.number(image.fields());
  for (uint32_t i = 0; i < image.fields(); ++i) {
    out.number(uint8_t(image.slot(i).bag));
    out.text(names.name(image.slot(i)));
    out.text(image.value(i));
  }
  out.number(image.extras());
  for (uint32_t i = 0; i < image.extras(); ++i) {
    out.text(image.extra(i).first);
    out.text(image.extra(i).second);
  }
  out.number(image.sources());
  for (uint32_t i = 0; i < image.sources(); ++i) {
    const AlertSource s = image.source(i);
    for (const std::string* text : {&s.scope, &s.value, &s.ip, &s.range, &s.as_number, &s.as_name, &s.cn})
      out.text(*text);
    out.number(s.latitude);
    out.number(s.longitude);
  }
}

/// False: damaged.
bool read_image(Reader& in, const SlotNames& names, EventImage::Parts& parts) {
  parts.clear();
  parts.time = time_of(in.number<int64_t>());
  parts.marshaled_time = in.text();
  parts.overflow = in.number<uint8_t>() != 0;
  for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n) {
    const auto bag = in.number<uint8_t>();
    const std::string_view name = in.text(), value = in.text();
    if (bag >= kBags) return false;
    // A name that no content of now mentions stays as a name.
    if (const auto slot = names.find(Bag(bag), name))
      parts.fields.emplace_back(*slot, value);
    else if (Bag(bag) == Bag::meta)
      parts.extras.emplace_back(name, value);
  }
  for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n) {
    const std::string_view name = in.text();
    parts.extras.emplace_back(name, in.text());
  }
  for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n) {
    AlertSource& s = parts.sources.emplace_back();
    for (std::string* text : {&s.scope, &s.value, &s.ip, &s.range, &s.as_number, &s.as_name, &s.cn})
      *text = in.text();
    s.latitude = in.number<float>();
    s.longitude = in.number<float>();
  }
  return in.ok();
}

}  // namespace

/// Knows the insides of shards, so that nobody else has to.
class Snapshot {
 public:
  static std::string save(const Shards& shards);
  static Result<size_t> restore(Shards& shards, std::string_view bytes);

 private:
  /// Of one part: its events, and the copies that each shard has made of them by now.
  using ByName = std::unordered_multimap<std::string_view, const Scenario*>;
  struct Images {
    const ByName& scenarios;
    std::vector<const EventImage*> made;
    std::unordered_map<uint64_t, Pool::Handle> copies;  // shard << 32 | row of the event
  };
  static void save_shard(Writer& out, const Shard& shard);
  static const Scenario* find(const ByName& scenarios, std::string_view name, std::string_view filter,
                              uint8_t type, uint32_t place);
  static bool restore_part(Shards& shards, Reader& in, const ByName& scenarios, size_t& restored);
  static bool restore_bucket(Shards& shards, Reader& in, Images& images, size_t& restored);
};

std::string Snapshot::save(const Shards& shards) {
  Writer out;
  for (char c : kMagic) out.number(c);
  out.number(kVersion);
  out.number(shards.shards_[0]->seen_seed_);
  out.number(uint32_t(shards.shards_.size()));
  for (const auto& shard : shards.shards_) save_shard(out, *shard);
  return out.take();
}

void Snapshot::save_shard(Writer& out, const Shard& shard) {
  const Buckets& buckets = shard.buckets_;
  // Copies are shared between buckets: each is written once and named by its number.
  std::unordered_map<Pool::Handle, uint32_t> numbers;
  std::vector<Pool::Handle> images;
  const Queues& queues = buckets.queues();
  const auto& rules = shard.set_->rules;
  buckets.each([&](size_t, const Bucket& bucket) {
    for (uint32_t k = 0; k < queues.size(bucket); ++k) {
      const Pool::Handle image = queues.handle(bucket, rules[bucket.scenario], k);
      if (numbers.emplace(image, uint32_t(images.size())).second) images.push_back(image);
    }
  });
  out.number(uint32_t(images.size()));
  for (const Pool::Handle image : images) write_image(out, queues.image(image), *shard.names_);

  out.number(uint32_t(buckets.size()));
  std::vector<uint64_t> hashes;
  const auto key = [&](uint32_t scenario) {
    const Scenario& s = *shard.set_->scenarios[scenario];
    out.text(s.name);
    out.text(s.filter.text());
    out.number(uint8_t(s.type));
    out.number(s.place);
  };
  buckets.each([&](size_t group, const Bucket& b) {
    const GroupKey whose = buckets.key(group);
    const Rule& rule = rules[b.scenario];
    key(b.scenario);
    out.text(whose.text);
    out.number(uint8_t(whose.marked));
    out.number(uint8_t(b.log_time | b.witness << 1));
    out.number(b.guillotine);  // or the tokens: the same bits
    out.number(b.total);
    out.number(unix_nanos(b.first));
    out.number(unix_nanos(b.last));
    out.number(b.first_offset);
    out.number(b.last_offset);
    out.number(b.first_hash);
    b.seen.each(buckets.pool(), hashes);
    out.number(uint32_t(hashes.size()));
    for (const uint64_t h : hashes) out.number(h);
    out.number(queues.size(b));
    for (uint32_t k = 0; k < queues.size(b); ++k) {
      out.number(numbers.at(queues.handle(b, rule, k)));
      out.text(queues.scope(b, rule, k));
    }
  });
  out.number(uint32_t(shard.blackholes_.size()));
  for (const Blackholes::Hole& hole : shard.blackholes_.rows()) {
    if (hole.scenario == UINT32_MAX) continue;
    key(hole.scenario);
    out.text(hole.group);
    out.number(uint8_t(hole.marked));
    out.number(unix_nanos(hole.end));
  }
}

// Documents may share name and filter: the same place among them first, then any of the same type.
const Scenario* Snapshot::find(const ByName& scenarios, std::string_view name, std::string_view filter,
                               uint8_t type, uint32_t place) {
  const Scenario* found = nullptr;
  const auto [begin, end] = scenarios.equal_range(name);
  for (auto it = begin; it != end; ++it) {
    const Scenario* s = it->second;
    if (uint8_t(s->type) != type || s->filter.text() != filter) continue;
    if (s->place == place) return s;
    if (!found || s->place < found->place) found = s;
  }
  return found;
}

bool Snapshot::restore_bucket(Shards& shards, Reader& in, Images& images, size_t& restored) {
  const std::string_view name = in.text(), filter = in.text();
  const auto type = in.number<uint8_t>();
  const auto place = in.number<uint32_t>();
  const Scenario* scenario = find(images.scenarios, name, filter, type, place);
  const std::string_view group = in.text();
  const bool marked = in.number<uint8_t>() != 0;
  const auto bits = in.number<uint8_t>();
  const bool log_time = (bits & 1) != 0;
  Bucket fields;
  fields.guillotine = in.number<uint64_t>();  // or the tokens
  fields.total = in.number<int32_t>();
  fields.first = time_of(in.number<int64_t>());
  fields.last = time_of(in.number<int64_t>());
  fields.first_offset = in.number<int16_t>();
  fields.last_offset = in.number<int16_t>();
  fields.first_hash = in.number<uint64_t>();
  std::vector<uint64_t> hashes;
  for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n) hashes.push_back(in.number<uint64_t>());
  std::vector<std::pair<uint32_t, std::string_view>> queue;
  for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n) {
    const auto number = in.number<uint32_t>();
    queue.emplace_back(number, in.text());
    if (number >= images.made.size()) return false;
  }
  if (!in.ok() || group.size() > kMaxGroup || fields.total < 1) return false;
  if (!scenario) return true;

  const uint64_t hash = group_hash(group, scenario->partition, shards.shards_[0]->seed_);
  const uint32_t to = shard_of(hash, shards.set_->partitions[scenario->partition].ordered);
  Shard& shard = *shards.shards_[to];
  Buckets& buckets = shard.buckets_;
  const GroupKey key{key_hash(hash, marked), group, marked};
  uint32_t row = buckets.group(key), hint = 0;
  if (buckets.full() || (row != Buckets::kNone && buckets.find(row, scenario->partition, hint))) return true;
  std::vector<uint32_t> gone;
  Bucket& b = buckets.insert(key, scenario->id, row, gone);
  b.log_time = log_time;
  b.witness = bits >> 1 & 3;
  b.guillotine = fields.guillotine;
  if (scenario->type == BucketType::leaky) {
    b.tokens = std::clamp(fields.tokens, 0.0, double(scenario->capacity));
    if (!(b.tokens >= 0)) return false;
  }
  b.total = fields.total;
  b.first = fields.first;
  b.last = fields.last;
  b.first_offset = fields.first_offset;
  b.last_offset = fields.last_offset;
  b.first_hash = fields.first_hash;
  for (const uint64_t h : hashes) b.seen.insert(buckets.pool(), h);
  const Rule& rule = shards.set_->rules[scenario->id];
  Queues& queues = buckets.queues();
  auto left = int32_t(std::min<size_t>(queue.size(), size_t(b.total)));  // events from here to the last
  for (const auto& [number, scope] : queue) {
    const auto [copy, fresh] = images.copies.try_emplace(uint64_t(to) << 32 | number, Pool::kNone);
    const EventImage& image = *images.made[number];
    if (fresh) copy->second = queues.keep(image);
    const bool counts = scenario->window && shard.asker_.passes(*scenario, image);
    left = left > 0 ? left - 1 : 0;
    if (counts && rule.pulse) queues.beat(b, rule, b.total - left, image.time());
    queues.push(b, rule, rule.queue_limit, copy->second, scope, counts);
  }
  if (scenario->type == BucketType::counter && !log_time) shard.start_timer(row, b);
  ++restored;
  return true;
}

bool Snapshot::restore_part(Shards& shards, Reader& in, const ByName& scenarios, size_t& restored) {
  Arena arena;
  Images images{scenarios, {}, {}};
  EventImage::Parts parts;
  for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n) {
    if (!read_image(in, *shards.names_, parts)) return false;
    images.made.push_back(EventImage::make(parts, arena));
  }
  for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n)
    if (!restore_bucket(shards, in, images, restored)) return false;
  for (const auto& [where, copy] : images.copies)
    shards.shards_[where >> 32]->buckets_.queues().release(copy);
  for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n) {
    const std::string_view name = in.text(), filter = in.text();
    const auto type = in.number<uint8_t>();
    const auto place = in.number<uint32_t>();
    Blackholes::Hole hole;
    hole.group = in.text();
    hole.marked = in.number<uint8_t>() != 0;
    hole.end = time_of(in.number<int64_t>());
    const Scenario* scenario = find(images.scenarios, name, filter, type, place);
    if (!in.ok() || hole.group.size() > kMaxGroup) return false;
    if (!scenario) continue;
    const uint64_t hash = group_hash(hole.group, scenario->partition, shards.shards_[0]->seed_);
    hole.hash = key_hash(hash, hole.marked);
    hole.scenario = scenario->id;
    shards.shards_[shard_of(hash, shards.set_->partitions[scenario->partition].ordered)]->blackholes_.restore(
        std::move(hole));
  }
  return in.ok();
}

Result<size_t> Snapshot::restore(Shards& shards, std::string_view bytes) {
  const Error damaged{
      Code::corrupt, "the snapshot of buckets is damaged or of another version", {}, "buckets start empty"};
  if (bytes.size() < kMagic.size() + 16 || !bytes.starts_with(kMagic)) return damaged;
  uint64_t hash = 0;
  std::memcpy(&hash, bytes.data() + bytes.size() - sizeof hash, sizeof hash);
  bytes.remove_suffix(sizeof hash);
  if (stable_hash(bytes) != hash) return damaged;
  Reader in(bytes.substr(kMagic.size()));
  if (in.number<uint32_t>() != kVersion) return damaged;
  const auto seed = in.number<uint64_t>();
  for (const auto& shard : shards.shards_) shard->seen_seed_ = seed;
  size_t restored = 0;
  ByName scenarios;
  for (const auto& s : shards.set_->scenarios) scenarios.emplace(s->name, s.get());
  for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n)
    if (!restore_part(shards, in, scenarios, restored)) {
      shards.make();  // nothing of it
      return damaged;
    }
  if (!in.ok() || !in.done()) {
    shards.make();
    return damaged;
  }
  return restored;
}

std::string Shards::save() const { return Snapshot::save(*this); }
Result<size_t> Shards::restore(std::string_view bytes) { return Snapshot::restore(*this, bytes); }

}  // namespace testudo::detect
