// Buckets as bytes and back: a restart, an upgrade or a reload of the service forgets no slow attacker.
//
// Form: "TDBK", version, seed, counts, then records; texts and numbers are length-prefixed and little-endian;
// a hash over all of it comes last. Field names are written out, since slot numbers belong to one program.
#include <cstring>
#include <map>

#include "base/text.h"
#include "detect/shard.h"

namespace testudo::detect {
namespace {

constexpr std::string_view kMagic = "TDBK";
constexpr uint32_t kVersion = 1;
constexpr uint32_t kMarked = 0x80000000u;

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

}  // namespace

std::string Shard::save() const {
  Writer out;
  for (char c : kMagic) out.number(c);
  out.number(kVersion);
  out.number(SeenSet::seed());
  // Copies are shared between buckets: each is written once and named by its number.
  std::map<const EventCopy*, uint32_t> numbers;
  std::vector<const EventCopy*> copies;
  for (const Bucket* bucket : all_)
    for (const EventCopyRef& ref : bucket->queue)
      if (numbers.emplace(ref.copy, uint32_t(copies.size())).second) copies.push_back(ref.copy);
  out.number(uint32_t(copies.size()));
  for (const EventCopy* copy : copies) {
    out.text(copy->timestamp());
    out.number(copy->fields());
    for (uint32_t i = 0; i < copy->fields(); ++i) {
      const EventCopy::Field& f = copy->field(i);
      out.number(uint8_t(f.slot.bag));
      out.text(names_->name(f.slot));
      out.text(copy->value(f));
    }
    out.number(copy->extras());
    for (uint32_t i = 0; i < copy->extras(); ++i) {
      out.text(copy->extra(i).first);
      out.text(copy->extra(i).second);
    }
  }
  out.number(uint32_t(all_.size()));
  for (const Bucket* b : all_) {
    out.text(b->scenario->name);
    out.text(b->scenario->filter.text());
    out.text(b->group);
    out.number(uint8_t(b->marked));
    const LeakyLevel::State level = b->level.state();
    out.number(level.tokens);
    out.number(unix_nanos(level.last));
    out.number(uint8_t(level.used));
    out.number(b->total);
    out.number(unix_nanos(b->first));
    out.number(unix_nanos(b->last));
    out.text(b->first_text);
    out.text(b->last_text);
    out.number(b->first_hash);
    const auto hashes = b->seen.hashes();
    out.number(uint32_t(hashes.size()));
    for (uint64_t h : hashes) out.number(h);
    out.number(uint32_t(b->queue.size()));
    for (const EventCopyRef& ref : b->queue) {
      out.number(numbers.at(ref.copy));
      out.text(ref.scope_value);
    }
  }
  for (const auto& scenario : set_->scenarios) {
    const auto& map = blackholes_[scenario->id];
    if (map.empty()) continue;
    out.text(scenario->name);
    out.text(scenario->filter.text());
    out.number(uint32_t(map.size()));
    for (const auto& [key, end] : map) {
      out.text(key);
      out.number(unix_nanos(end));
    }
  }
  out.text("");  // no further scenario
  return out.take();
}

Result<size_t> Shard::restore(std::string_view bytes) {
  const Error damaged{
      Code::corrupt, "the snapshot of buckets is damaged or of another version", {}, "buckets start empty"};
  if (bytes.size() < kMagic.size() + 16 || !bytes.starts_with(kMagic)) return damaged;
  uint64_t hash = 0;
  std::memcpy(&hash, bytes.data() + bytes.size() - sizeof hash, sizeof hash);
  bytes.remove_suffix(sizeof hash);
  if (stable_hash(bytes) != hash) return damaged;
  Reader in(bytes.substr(kMagic.size()));
  if (in.number<uint32_t>() != kVersion) return damaged;
  SeenSet::set_seed(in.number<uint64_t>());

  std::vector<EventCopyRef> copies;
  const auto copy_count = in.number<uint32_t>();
  for (uint32_t i = 0; i < copy_count && in.ok(); ++i) {
    const std::string_view stamp = in.text();
    std::vector<std::pair<SlotRef, std::string_view>> fields;
    std::vector<std::pair<std::string_view, std::string_view>> extras;
    for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n) {
      const auto bag = in.number<uint8_t>();
      const std::string_view name = in.text(), value = in.text();
      if (bag >= kBags) return damaged;
      // A name that no content of now mentions stays as a name.
      if (const auto slot = names_->find(Bag(bag), name))
        fields.emplace_back(*slot, value);
      else if (Bag(bag) == Bag::meta)
        extras.emplace_back(name, value);
    }
    for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n) {
      const std::string_view name = in.text();
      extras.emplace_back(name, in.text());
    }
    copies.emplace_back(EventCopy::make(stamp, fields, extras));
  }

  const auto find = [&](std::string_view name, std::string_view filter) -> const Scenario* {
    for (const auto& s : set_->scenarios)
      if (s->name == name && s->filter.text() == filter) return s.get();
    return nullptr;
  };
  size_t restored = 0;
  const auto bucket_count = in.number<uint32_t>();
  for (uint32_t i = 0; i < bucket_count && in.ok(); ++i) {
    const std::string_view name = in.text();
    const Scenario* scenario = find(name, in.text());
    static const Scenario nobody;
    auto b = std::make_unique<Bucket>(scenario ? *scenario : nobody, std::string(in.text()));
    b->marked = in.number<uint8_t>() != 0;
    LeakyLevel::State level{};
    level.tokens = in.number<double>();
    level.last = time_of(in.number<int64_t>());
    level.used = in.number<uint8_t>() != 0;
    b->level.restore(level);
    b->total = in.number<int32_t>();
    b->first = time_of(in.number<int64_t>());
    b->last = time_of(in.number<int64_t>());
    b->first_text = in.text();
    b->last_text = in.text();
    b->first_hash = in.number<uint64_t>();
    std::vector<uint64_t> hashes;
    for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n) hashes.push_back(in.number<uint64_t>());
    b->seen.restore(hashes);
    for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n) {
      const auto number = in.number<uint32_t>();
      const std::string_view scope = in.text();
      if (number >= copies.size()) return damaged;
      b->queue.emplace_back(copies[number].copy, std::string(scope));
    }
    if (!in.ok()) break;
    if (!scenario || all_.size() >= options_.max_buckets) continue;
    const Key key{scenario->partition | (b->marked ? kMarked : 0), b->group};
    if (buckets_.contains(key)) continue;
    b->network = network_of(b->group);
    insert(std::move(b));
    ++restored;
  }
  while (in.ok()) {
    const std::string_view name = in.text();
    if (name.empty()) break;
    const Scenario* scenario = find(name, in.text());
    for (auto n = in.number<uint32_t>(); n > 0 && in.ok(); --n) {
      const std::string_view key = in.text();
      const TimePoint end = time_of(in.number<int64_t>());
      if (scenario && in.ok()) blackholes_[scenario->id][std::string(key)] = end;
    }
  }
  if (!in.ok() || !in.done()) return damaged;
  return restored;
}

}  // namespace testudo::detect
