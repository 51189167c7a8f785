#include "parse/enrich/geo_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <maxminddb.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#include <algorithm>
#include <unordered_map>

#include "base/files.h"

namespace testudo::parse {

namespace {

constexpr size_t kLargestFile = 1u << 30;

/// The database, read from a copy in memory: whoever writes into the file meanwhile harms nobody.
class Tree {
 public:
  ~Tree() {
    if (open_) MMDB_close(&mmdb_);
  }
  Result<void> open(const std::string& path) {
    const Fd source(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (source.get() < 0) return errno_error("cannot read " + path, errno);
    copy_ = Fd(::memfd_create("testudo-mmdb", MFD_CLOEXEC));
    if (copy_.get() < 0) return errno_error("cannot copy " + path, errno);
    for (size_t copied = 0;;) {
      const ssize_t n = ::sendfile(copy_.get(), source.get(), nullptr, 1u << 20);
      if (n < 0) return errno_error("cannot copy " + path, errno);
      if (n == 0) break;
      if ((copied += size_t(n)) > kLargestFile)
        return Error{Code::too_large, path + " has more than a gigabyte: no country database has"};
    }
    const int status =
        MMDB_open(fmt::format("/proc/self/fd/{}", copy_.get()).c_str(), MMDB_MODE_MMAP, &mmdb_);
    if (status != MMDB_SUCCESS)
      return Error{Code::corrupt, fmt::format("{} cannot be used: {}", path, MMDB_strerror(status))};
    open_ = true;
    return {};
  }
  MMDB_s& get() { return mmdb_; }

 private:
  MMDB_s mmdb_{};
  bool open_ = false;
  Fd copy_;
};

class Walk {
 public:
  Walk(MMDB_s& mmdb, bool by_country, const std::vector<std::string>& values, size_t most)
      : mmdb_(mmdb), by_country_(by_country), most_(most), found_(values.size()) {
    for (size_t i = 0; i < values.size(); ++i) index_.emplace(values[i], int(i));
  }

  /// False when the tree is damaged.
  bool run() {
    if (mmdb_.metadata.ip_version == 4) return tree(0, Family::v4);
    const MMDB_ipv4_start_node_s& start = mmdb_.ipv4_start_node;
    // A tree that ends above ::/96 has one record, or none, for all of IPv4: no country is that large.
    if (start.node_value != 0 && start.node_value < mmdb_.metadata.node_count && start.netmask == 96) {
      v4_node_ = start.node_value;
      if (!tree(start.node_value, Family::v4)) return false;
    }
    return tree(0, Family::v6);
  }

  std::vector<GeoFound>& found() { return found_; }

 private:
  static constexpr int kNone = -1, kMixed = -2;

  bool tree(uint32_t root, Family family) {
    family_ = family;
    address_ = Ip();
    address_.family = family;
    // A tree has each node once; one that leads back into itself would have no end.
    budget_ = 2 * uint64_t(mmdb_.metadata.node_count) + 16;
    const int all = node(root, 0);
    if (all >= 0) emit(all, 0);
    return !damaged_;
  }

  /// The value that holds for everything below, or kNone, or kMixed when what is below was emitted.
  int node(uint32_t number, int depth) {
    MMDB_search_node_s node;
    if (damaged_ || depth >= address_.bits() || budget_-- == 0 ||
        MMDB_read_node(&mmdb_, number, &node) != MMDB_SUCCESS) {
      damaged_ = true;
      return kNone;
    }
    const int left = record(node.left_record, node.left_record_type, node.left_record_entry, depth, false);
    const int right = record(node.right_record, node.right_record_type, node.right_record_entry, depth, true);
    if (left == right && left != kMixed) return left;
    if (left >= 0) emit(left, depth + 1);
    if (right >= 0) {
      set_bit(depth, true);
      emit(right, depth + 1);
      set_bit(depth, false);
    }
    return kMixed;
  }

  int record(uint64_t number, uint8_t type, MMDB_entry_s entry, int depth, bool bit) {
    if (type == MMDB_RECORD_TYPE_EMPTY || damaged_) return kNone;
    if (type == MMDB_RECORD_TYPE_DATA) return value_of(entry);
    if (type != MMDB_RECORD_TYPE_SEARCH_NODE) {
      damaged_ = true;
      return kNone;
    }
    if (family_ == Family::v6 && v4_node_ != 0 && number == v4_node_) return kNone;
    set_bit(depth, bit);
    const int found = node(uint32_t(number), depth + 1);
    set_bit(depth, false);
    return found;
  }

  // Thousands of leaves share a record.
  int value_of(MMDB_entry_s entry) {
    const auto [it, fresh] = records_.try_emplace(entry.offset, kNone);
    if (!fresh) return it->second;
    const auto at = index_.find(by_country_ ? country(entry) : as_number(entry));
    return it->second = at == index_.end() ? kNone : at->second;
  }

  // The same choice as the enricher GeoIpCity makes.
  static std::string country(MMDB_entry_s& entry) {
    for (const char* part : {"country", "registered_country", "represented_country"}) {
      MMDB_entry_data_s data{};
      if (MMDB_get_value(&entry, &data, part, "iso_code", nullptr) == MMDB_SUCCESS && data.has_data &&
          data.type == MMDB_DATA_TYPE_UTF8_STRING && data.data_size > 0)
        return {data.utf8_string, std::min<size_t>(data.data_size, 8)};
    }
    return {};
  }
  static std::string as_number(MMDB_entry_s& entry) {
    MMDB_entry_data_s data{};
    if (MMDB_get_value(&entry, &data, "autonomous_system_number", nullptr) != MMDB_SUCCESS ||
        !data.has_data || data.type != MMDB_DATA_TYPE_UINT32)
      return {};
    return std::to_string(data.uint32);
  }

  void set_bit(int depth, bool on) {
    uint8_t& byte = address_.bytes[size_t(depth) / 8];
    const auto bit = uint8_t(0x80 >> (depth % 8));
    byte = uint8_t(on ? byte | bit : byte & ~bit);
  }

  void emit(int value, int length) {
    GeoFound& found = found_[size_t(value)];
    if (++found.count <= most_)
      found.prefixes.push_back(Prefix::of(address_, length));
    else if (!found.prefixes.empty())
      std::vector<Prefix>().swap(found.prefixes);
  }

  MMDB_s& mmdb_;
  const bool by_country_;
  const size_t most_;
  std::vector<GeoFound> found_;
  std::unordered_map<std::string, int> index_;
  std::unordered_map<uint32_t, int> records_;  ///< offset → value
  Ip address_;
  Family family_ = Family::v4;
  uint32_t v4_node_ = 0;
  uint64_t budget_ = 0;
  bool damaged_ = false;
};

}  // namespace

Result<std::map<std::string, GeoFound>> read_geo_tree(const std::string& path, bool by_country,
                                                      const std::vector<std::string>& values, size_t most) {
  Tree tree;
  TESTUDO_CHECK(tree.open(path));
  Walk walk(tree.get(), by_country, values, most);
  if (!walk.run())
    return Error{Code::corrupt, path + " is damaged: its tree leads nowhere", {}, "fetch it again"};
  std::map<std::string, GeoFound> out;
  for (size_t i = 0; i < values.size(); ++i) {
    GeoFound& found = walk.found()[i];
    if (found.count == 0) continue;
    out.emplace(values[i], std::move(found));
  }
  return out;
}

}  // namespace testudo::parse
