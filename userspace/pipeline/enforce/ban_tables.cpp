#include "enforce/ban_tables.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <thread>
#include <vector>

namespace testudo {
namespace {

constexpr Table kExact[] = {Table::ban4, Table::ban6, Table::ban6_64};
constexpr Table kAll[] = {Table::ban4, Table::ban6, Table::ban6_64, Table::net4, Table::net6};

EntryKey key_from(Table table, const void* bytes, size_t size) {
  EntryKey key;
  std::memset(&key, 0, sizeof key);
  key.table = table;
  std::memcpy(&key.address4, bytes, size);
  return key;
}

EntryKey allow_key(const Prefix& given) {
  const Prefix prefix = wire_prefix(given);
  EntryKey key;
  std::memset(&key, 0, sizeof key);
  key.table = prefix.ip.is_v4() ? Table::net4 : Table::net6;
  if (prefix.ip.is_v4()) {
    key.prefix4.length = prefix.length;
    std::memcpy(&key.prefix4.address, prefix.ip.bytes.data(), 4);
  } else {
    key.prefix6.length = prefix.length;
    std::memcpy(key.prefix6.address, prefix.ip.bytes.data(), 16);
  }
  return key;
}

constexpr uint32_t kBlock = 8192;    // entries of one call
constexpr uint32_t kShared = 65536;  // from so many on a second thread pays

/// Writes many entries of one table, block by block, on two threads where they are many: nearly all of the
/// time the kernel waits for memory, an entry for itself. `mine` is told of the caller's blocks as they are
/// written; those of the other thread are `rest`, once write() is done.
class BlockWriter {
 public:
  BlockWriter(const xdp::Map& target, const char* keys, const ban_value* values, uint32_t count)
      : target_(target), keys_(keys), values_(values), count_(count) {}

  template <typename Mine>
  int write(const Mine& mine) {
    std::thread other;
    if (count_ >= kShared && std::thread::hardware_concurrency() > 1) {
      rest.reserve(count_ / kBlock + 1);
      try {
        other = std::thread([this] {
          for (uint32_t at; take(at);)
            if (put(at)) rest.push_back(at);
        });
      } catch (const std::system_error&) {
        // The unit's TasksMax is reached: one thread does it all, only later.
      }
    }
    for (uint32_t at; take(at);)
      if (put(at)) mine(at, size(at));
    if (other.joinable()) other.join();
    return err_;
  }
  uint32_t size(uint32_t at) const { return std::min(kBlock, count_ - at); }

  std::vector<uint32_t> rest;  ///< where blocks begin

 private:
  bool take(uint32_t& at) {
    if (err_ != 0) return false;
    at = next_.fetch_add(kBlock);
    return at < count_;
  }
  bool put(uint32_t at) {
    const int err = target_.put_batch(keys_ + size_t(at) * target_.key_size(), values_ + at, size(at));
    if (err != 0) err_ = err;
    return err == 0;
  }

  const xdp::Map& target_;
  const char* keys_;
  const ban_value* values_;
  const uint32_t count_;
  std::atomic<uint32_t> next_{0};
  std::atomic<int> err_{0};
};

template <typename T, typename V>
void store(T& target, V value) {
  __atomic_store_n(&target, T(value), __ATOMIC_RELEASE);
}

}  // namespace

const xdp::Map& BanTables::map(Table table) const {
  switch (table) {
    case Table::ban4:
      return tables_->ban4;
    case Table::ban6:
      return tables_->ban6;
    case Table::ban6_64:
      return tables_->ban6_64;
    case Table::net4:
      return tables_->net4;
    default:
      return tables_->net6;
  }
}

const xdp::Map& BanTables::allow_map(const Prefix& prefix) const {
  return wire_prefix(prefix).ip.is_v4() ? tables_->allow4 : tables_->allow6;
}

Result<void> BanTables::map_memory(const xdp::Tables& tables) {
  tables_ = &tables;
  TESTUDO_TRY(meta_, xdp::Mapped::of(tables.meta));
  TESTUDO_TRY(clock_, xdp::Mapped::of(tables.drop_clock));
  TESTUDO_TRY(bitmap_, xdp::Mapped::of(tables.bm24));
  TESTUDO_TRY(gate_, xdp::Mapped::of(tables.bm32));
  prefixes4_ = PrefixMap(bitmap_.words());
  prefixes6_ = PrefixGate(gate_.words(), meta().seed);
  return remap_filters();
}

Result<BanTables> BanTables::over(const xdp::Tables& tables) {
  BanTables out;
  TESTUDO_CHECK(out.map_memory(tables));
  TESTUDO_CHECK(out.catch_up());
  return out;
}

Result<BanTables> BanTables::for_flush(const xdp::Tables& tables) {
  BanTables out;
  TESTUDO_CHECK(out.map_memory(tables));
  out.allowed_ = load(out.meta().allowed);
  return out;
}

Result<void> BanTables::remap_filters() {
  TESTUDO_TRY(words4_, xdp::Mapped::of(tables_->filter4));
  TESTUDO_TRY(words6_, xdp::Mapped::of(tables_->filter6));
  filter4_ = Filter(words4_.words(), meta().seed);
  filter6_ = Filter(words6_.words(), meta().seed);
  return {};
}

Result<void> BanTables::catch_up() {
  generation_ = load(meta().generation);
  TESTUDO_CHECK(count_all());
  publish_counts();
  prefixes4_.rewrite();
  prefixes6_.rewrite();
  return {};
}

Result<void> BanTables::count_all() {
  // A process that died between a table and its filter or bitmap left an entry that no packet finds: every
  // entry is shown to them again.
  prefixes4_ = PrefixMap(bitmap_.words());
  prefixes6_ = PrefixGate(gate_.words(), meta().seed);
  for (const Table table : kAll) {
    uint64_t& count = counts_[size_t(table)];
    count = 0;
    TESTUDO_CHECK(for_each(table, [&](const EntryKey& key, const ban_value&) {
      ++count;
      if (table == Table::net4)
        prefixes4_.add(prefix_of(table, key.bytes()));
      else if (table == Table::net6)
        prefixes6_.add(prefix_of(table, key.bytes()));
      else
        filter(table).add(key);
    }));
  }
  for (const Prefix& prefix : listed_) set_listed_bits(prefix);
  allowed_ = 0;
  return for_each_allowed([&](const Prefix&, uint32_t) { ++allowed_; });
}

void BanTables::publish_counts() {
  store(meta().bans, counts_[0] + counts_[1] + counts_[2]);
  store(meta().prefixes4, counts_[size_t(Table::net4)] + listed4_);
  store(meta().prefixes6, counts_[size_t(Table::net6)] + listed_.size() - listed4_);
  store(meta().allowed, allowed_);
}

void BanTables::shadow(Filter* filter4, Filter* filter6) {
  shadow4_ = filter4;
  shadow6_ = filter6;
}

void BanTables::show(const EntryKey& key) {
  filter(key.table).add(key);
  Filter* other = key.table == Table::ban4 ? shadow4_ : shadow6_;
  if (other != nullptr) other->add(key);
}

void BanTables::set_listed_bits(const Prefix& prefix) {
  if (prefix.ip.is_v4())
    prefixes4_.add(prefix, PrefixMap::lists);
  else
    prefixes6_.add(prefix);
}

void BanTables::add_listed_range(const Prefix& prefix) {
  if (!listed_.insert(prefix).second) return;
  listed4_ += prefix.ip.is_v4();
  set_listed_bits(prefix);
  publish_counts();
}

void BanTables::keep_listed_ranges(const std::function<bool(const Prefix&)>& keep) {
  std::erase_if(listed_, [&](const Prefix& prefix) {
    if (keep(prefix)) return false;
    listed4_ -= prefix.ip.is_v4();
    if (prefix.ip.is_v4())
      prefixes4_.remove(prefix, PrefixMap::lists);
    else
      prefixes6_.remove(prefix);
    return true;
  });
  publish_counts();
}

Result<void> BanTables::set(const EntryKey& key, ban_value value) {
  const xdp::Map& target = map(key.table);
  value.length = prefix_of(key.table, key.bytes()).length;
  int err = target.put(key.bytes(), &value, xdp::Put::fresh);
  const bool fresh = err == 0;
  if (err == EEXIST) err = target.put(key.bytes(), &value);
  if (err != 0) return xdp::map_error(target, "adding", err);
  if (key.table == Table::net4)
    prefixes4_.add(prefix_of(key.table, key.bytes()));
  else if (key.table != Table::net6)
    show(key);
  else if (fresh)
    prefixes6_.add(prefix_of(key.table, key.bytes()));
  if (fresh) {
    ++counts_[size_t(key.table)];
    publish_counts();
  }
  return {};
}

Result<void> BanTables::set_batch(Table table, const void* keys, const ban_value* values, uint32_t count,
                                  uint64_t fresh) {
  const xdp::Map& target = map(table);
  const auto* key = static_cast<const char*>(keys);
  const auto show_block = [&](uint32_t at, uint32_t size) {
    for (uint32_t i = at; i < at + size; ++i)
      show(key_from(table, key + size_t(i) * target.key_size(), target.key_size()));
  };
  BlockWriter writer(target, key, values, count);
  if (const int err = writer.write(show_block)) {
    // What went in before the failure counts too.
    TESTUDO_CHECK(catch_up());
    return xdp::map_error(target, "adding", err);
  }
  for (const uint32_t at : writer.rest) show_block(at, writer.size(at));
  counts_[size_t(table)] += fresh;
  publish_counts();
  return {};
}

Result<void> BanTables::clear(const EntryKey& key) {
  const xdp::Map& target = map(key.table);
  const int err = target.erase(key.bytes());
  if (err == ENOENT) return {};
  if (err != 0) return xdp::map_error(target, "removing", err);
  if (key.table == Table::net4) prefixes4_.remove(prefix_of(key.table, key.bytes()));
  if (key.table == Table::net6) prefixes6_.remove(prefix_of(key.table, key.bytes()));
  if (key.table == Table::ban4 || key.table == Table::ban6 || key.table == Table::ban6_64) ++removed_;
  if (counts_[size_t(key.table)] > 0) --counts_[size_t(key.table)];
  publish_counts();
  return {};
}

Result<void> BanTables::set_allowed(const Prefix& prefix, uint32_t reasons) {
  const xdp::Map& target = allow_map(prefix);
  const EntryKey key = allow_key(prefix);
  if (reasons == 0) {
    const int err = target.erase(key.bytes());
    if (err == 0 && allowed_ > 0) --allowed_;
    if (err != 0 && err != ENOENT) return xdp::map_error(target, "removing", err);
  } else {
    const bool known = allowed_reasons(prefix) != 0;
    const allow_value value{uint16_t(reasons), wire_prefix(prefix).length};
    if (const int err = target.put(key.bytes(), &value)) return xdp::map_error(target, "adding", err);
    if (!known) ++allowed_;
  }
  publish_counts();
  return {};
}

uint32_t BanTables::allowed_reasons(const Prefix& given) const {
  // A trie answers with the longest match, and an entry does not say its own length: look for this one
  // exactly.
  const Prefix prefix = wire_prefix(given);
  const xdp::Map& target = allow_map(prefix);
  const EntryKey key = allow_key(prefix);
  allow_value value{};
  if (target.get(key.bytes(), &value) != 0 || value.length != prefix.length) return 0;
  return value.reasons;
}

Result<void> BanTables::for_each(Table table, const Visit& visit) const {
  const xdp::Map& source = map(table);
  return source.for_each([&](const void* key, const void* value) {
    ban_value entry;
    std::memcpy(&entry, value, sizeof entry);
    visit(key_from(table, key, source.key_size()), entry);
  });
}

Result<void> BanTables::for_each_allowed(const std::function<void(const Prefix&, uint32_t)>& visit) const {
  const auto each = [&](Table form) {
    return [&visit, form](const void* key, const void* value) {
      allow_value entry;
      std::memcpy(&entry, value, sizeof entry);
      visit(prefix_of(form, key), entry.reasons);
    };
  };
  TESTUDO_CHECK(tables_->allow4.for_each(each(Table::net4)));
  return tables_->allow6.for_each(each(Table::net6));
}

Result<uint64_t> BanTables::flush() {
  // First what every packet asks: from here on nothing is found, however long the emptying takes.
  filter4_.clear();
  filter6_.clear();
  store(meta().prefixes4, 0);
  store(meta().prefixes6, 0);
  prefixes4_.clear();
  prefixes6_.clear();
  listed_.clear();
  listed4_ = 0;
  uint64_t removed = 0;
  for (const Table table : kAll) {
    TESTUDO_TRY(const uint64_t gone, map(table).clear());
    removed += gone;
    counts_[size_t(table)] = 0;
  }
  removed_ = 0;
  publish_counts();
  return removed;
}

Result<void> BanTables::rebuild_filters(const std::function<void(Filter&, Filter&)>& more) {
  std::vector<uint64_t> words4 = filter4_.blank(), words6 = filter6_.blank();
  Filter fresh4 = filter4_.over(words4), fresh6 = filter6_.over(words6);
  for (const Table table : kExact) {
    Filter& fresh = table == Table::ban4 ? fresh4 : fresh6;
    TESTUDO_CHECK(for_each(table, [&](const EntryKey& key, const ban_value&) { fresh.add(key); }));
  }
  more(fresh4, fresh6);
  filter4_.replace_by(words4);
  filter6_.replace_by(words6);
  removed_ = 0;
  return {};
}

bool BanTables::changed_by_others() const { return load(meta().generation) != generation_; }

void BanTables::tell_owner() { generation_ = __atomic_add_fetch(&meta().generation, 1, __ATOMIC_RELEASE); }

}  // namespace testudo
