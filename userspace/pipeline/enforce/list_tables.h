// enforce/list_tables.h: what the big lists hold in the kernel, and how a new generation of it is built
// aside.
//
//   list4, list6          addresses and /64s: memory of ours, written by stores (list_table.h)
//   list_net4, list_net6  all other prefixes: tries, the most severe of several lists for each prefix
//
// All lists share the tables; a policy row tells whose an entry is. A list is replaced as a whole: new tables
// beside the present ones, the other lists' entries copied, and one swap of the program (lists.cpp). One
// thread at a time.
#pragma once

#include <unordered_map>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "enforce/filter.h"
#include "enforce/list_table.h"
#include "xdp/tables.h"

namespace testudo {

/// The entries of one list, in the forms that the tables take.
struct ListParts {
  struct Host6 {
    ban6_key key;
    uint8_t length;
  };
  std::vector<uint32_t> hosts4;  ///< network order
  std::vector<Host6> hosts6;     ///< /128 and /64
  std::vector<Prefix> ranges;

  static ListParts of(std::span<const Prefix> prefixes);
  uint64_t size() const { return hosts4.size() + hosts6.size() + ranges.size(); }
};

/// Bytes of kernel memory that so many entries take.
uint64_t list_bytes(uint64_t hosts4, uint64_t hosts6, uint64_t ranges);

class ListTables {
 public:
  using Ranges = std::unordered_map<Prefix, ban_value, PrefixHash>;
  using Rows = std::vector<uint16_t>;

  /// Reads what the tables hold. `tables` must outlive it.
  static Result<ListTables> over(const xdp::Tables& tables, uint64_t seed);
  /// After others emptied the tables, or larger ones took their place.
  Result<void> catch_up();

  uint64_t entries() const { return sum_.all(); }
  uint64_t hosts4() const { return sum_.hosts4; }
  uint64_t hosts6() const { return sum_.hosts6; }
  uint64_t entries_of(uint16_t row) const;
  uint64_t bytes() const { return list_bytes(0, 0, ranges_.size()) + table4_.bytes() + table6_.bytes(); }
  uint64_t generation() const { return table4_.header().generation; }
  int64_t made_unix_ns() const { return int64_t(table4_.header().made_unix_ns); }
  const Ranges& ranges() const { return ranges_; }
  /// Every address and /64 into the filters in front.
  void show(Filter& filter4, Filter& filter6) const;
  uint64_t count_in(const Prefix& prefix) const;  ///< entries that lie within; reads all of them
  bool holds(const Prefix& prefix) const;

  /// The next generation: filled, not yet seen by packets.
  struct Next {
    xdp::Map list4, list6, net4, net6;
    xdp::Mapped memory4, memory6;
    ListTable4 table4;
    ListTable6 table6;
    Ranges ranges;
    void show(Filter& filter4, Filter& filter6) const;
  };
  struct Change {
    Rows gone;  ///< rows of the list that is replaced
    uint16_t row = 0;
    uint64_t expiry_s = 0;  ///< CLOCK_BOOTTIME, 0 = never
    const ListParts* parts = nullptr;
    uint64_t boot_s = 0;
    int64_t unix_ns = 0;
    uint32_t severity = 0;  ///< of `row`: which of two ranges stands in the trie
  };
  /// The tables as they are to be; nothing that packets see is changed.
  Result<Next> build(const Change& change, const std::vector<uint32_t>& severity_of_row) const;

  /// After its maps took the place of the present ones.
  void take(Next&& next);

  /// Single entries, while packets run. `no_room`: build() makes larger tables.
  ListPut put(const Prefix& host, uint16_t row, uint64_t expiry_s);
  bool erase(const Prefix& host, uint16_t row);
  /// So many slots wait for their key, or keep searches going, that new tables pay.
  bool worn() const;
  /// Takes out what is over; the number.
  uint64_t expire(uint64_t boot_s);

  /// Empties everything; the number of entries.
  Result<uint64_t> clear();

 private:
  struct Counts {
    uint64_t hosts4 = 0, hosts6 = 0, ranges = 0;
    uint64_t all() const { return hosts4 + hosts6 + ranges; }
  };
  Result<void> map_memory();
  /// One more or less, of a row and in sum.
  void add(uint16_t row, uint64_t Counts::*kind, int64_t by);
  void count();

  const xdp::Tables* tables_ = nullptr;
  uint64_t seed_ = 0;
  xdp::Mapped memory4_, memory6_;
  ListTable4 table4_;
  ListTable6 table6_;
  Ranges ranges_;
  std::unordered_map<uint16_t, Counts> rows_;
  Counts sum_;
};

}  // namespace testudo
