// enforce/nft_book.h: what shall be in the table: entries by group and kind, policies by row, the allowlist.
//
// A change of the book returns what must be changed in the kernel (Step); the book itself never speaks to it.
// Reading a set of millions back takes minutes, so the book is also what restores the table after somebody
// has flushed the ruleset.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "enforce/nft_flat.h"
#include "enforce/nft_intervals.h"
#include "enforce/nft_layout.h"

namespace testudo::nft {

constexpr int64_t kForever = INT64_MAX;  ///< TimePoint::max() as Unix ns

/// Origin and scenario of each row. Rows are given once and kept; when they run out, decisions share row
/// (other, other) of their remediation, so that what is done stays right and only the label is lost.
class PolicyRows {
 public:
  static constexpr uint32_t kMax = 4096;
  uint16_t row_of(Remediation remediation, std::string_view origin, std::string_view scenario);
  /// The shared row of a remediation.
  uint16_t other(Remediation remediation);
  /// A row that an earlier run has given.
  void adopt(const CounterId& id, std::string_view comment);

  struct Policy {
    Remediation remediation = Remediation::none;
    std::string origin, scenario;
    bool made[2] = {};  ///< its counter is in the kernel: IPv4, IPv6
  };
  Policy& at(uint32_t row) { return rows_[row]; }
  const Policy& at(uint32_t row) const { return rows_[row]; }
  size_t size() const { return rows_.size(); }
  void forget_made();

 private:
  std::deque<Policy> rows_;
  std::unordered_map<std::string, uint16_t> index_;
};

struct Group {
  GroupId id;
  Flat<uint32_t> a4;  ///< address in network order
  Flat<Bytes16> a6;
  Flat<Bytes16> s6;  ///< the address of the /64
  Intervals r4{Family::v4}, r6{Family::v6};
  struct Set {
    bool made = false;   ///< it is in the kernel
    bool aside = false;  ///< the kernel's content is unknown: filled anew beside, nothing is sent meanwhile
    uint32_t version = 0;
  };
  Set sets[kKinds];
  bool hidden = false;  ///< no rule asks its sets (yet)

  size_t size(Kind kind) const;
  size_t size() const;
  Set& set(Kind kind) { return sets[size_t(kind)]; }
  /// Where a prefix lies. The allowlist is small and has interval sets only.
  Kind kind_for(const Prefix& wire_prefix) const;
  SetId set_id(Kind kind) const { return {id, kind, sets[size_t(kind)].version}; }
};

/// One element before and after; an element that is in neither was in the book in between only.
struct Step {
  struct State {
    bool present = false;
    uint16_t policy = 0;
    int64_t until = 0;
    Address last = 0;  ///< interval sets
    bool operator==(const State&) const = default;
  };
  Group* group = nullptr;
  Kind kind = Kind::a4;
  Address first = 0;
  State before, after;
};

class Book {
 public:
  static constexpr size_t kGroups = 64;  ///< each costs every packet a look-up or five

  Group* find(const GroupId& id);
  /// Made when it is missing; an error beyond kGroups.
  Result<Group*> group(const GroupId& id);
  const std::vector<std::unique_ptr<Group>>& groups() const { return groups_; }
  std::vector<std::unique_ptr<Group>>& groups() { return groups_; }
  Group& allow() { return *groups_.front(); }

  /// Entries of decisions or lists, without the allowlist.
  size_t bans() const;    ///< addresses and /64s
  size_t ranges() const;  ///< prefixes
  size_t memory() const;  ///< bytes in this process, roughly

  static void set(Group& group, const Prefix& wire_prefix, Intervals::Held held, std::vector<Step>& steps);
  static void remove(Group& group, const Prefix& wire_prefix, std::vector<Step>& steps);
  static std::optional<Intervals::Held> held(const Group& group, const Prefix& wire_prefix);
  /// Puts one element back to `before` where the kernel has refused it. Not for interval sets.
  static void undo(const Step& step);
  static void clear(Group& group);
  /// Every element of a set, as steps from nothing. The group must not change meanwhile.
  static void all_of(Group& group, Kind kind, const std::function<void(const Step&)>& each);
  static Prefix prefix_of(Kind kind, Address first);  ///< not for interval sets

  PolicyRows policies;

 private:
  std::vector<std::unique_ptr<Group>> groups_ = first();
  static std::vector<std::unique_ptr<Group>> first();
};

}  // namespace testudo::nft
