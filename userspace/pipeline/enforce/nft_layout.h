// enforce/nft_layout.h: the table `inet testudo` (named as the folder of pins): names of what lies in it, and
// its rules as text for `nft -f`.
//
//   chain in (prerouting, raw)   interfaces → count → allowed? accept → one rule for each set, strongest
//   first set GROUP.KIND               GROUP = remediation and terms, KIND = a4 a6 s6 r4 r6 counter
//   REMEDIATION.cROW.vN  one for each policy (origin, scenario, remediation) and family; its comment
//                                is "origin|scenario"
//   counter layout.1, seen, flushed.NANOSECONDS
//
// In most groups an element points to its policy's counter, so that one look-up finds, counts and drops:
// `counter name ip saddr map @ban.a4 drop`. A group whose elements cannot (each has a bucket of its own, or
// they are a list's, which all have one policy) has its policy in its name: `ip saddr @throttle.r5.c9.a4
// counter name "throttle.c9.v4" drop`. Sets are made when they are first needed: what is not in use costs a
// packet nothing. Everything that a later run must know about the table stands in these names.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "enforce/nft_batch.h"
#include "model/decision.h"

namespace testudo::nft {

inline constexpr const char* kLayoutMark = "layout.1";  ///< another layout has another number
inline constexpr const char* kSeenCounter = "seen";
inline constexpr const char* kFlushMark = "flushed.";
/// Where sampled packets are told: `tcpdump -i nflog:4217`, ulogd.
inline constexpr uint16_t kSampleGroup = 4217;

/// Addresses and /64s lie in hash sets, everything else in interval sets.
enum class Kind : uint8_t { a4, a6, s6, r4, r6 };
inline constexpr int kKinds = 5;
inline constexpr Kind kAllKinds[] = {Kind::a4, Kind::a6, Kind::s6, Kind::r4, Kind::r6};
constexpr bool is_v6(Kind kind) { return kind == Kind::a6 || kind == Kind::s6 || kind == Kind::r6; }
constexpr bool is_ranges(Kind kind) { return kind == Kind::r4 || kind == Kind::r6; }
Kind kind_of(const Prefix& wire_prefix);

/// What all elements of a group have in common.
struct GroupId {
  Remediation remediation = Remediation::none;  ///< none = the allowlist
  Terms terms;                                  ///< only what matters to the remediation, see group_of()
  int32_t policy = -1;                          ///< the one policy of all elements; -1 = each has its own
  uint32_t generation = 0;                      ///< of a list; 0 = decisions
  bool operator==(const GroupId&) const = default;
};

/// Groups that decisions with these terms share: fields that do not matter are emptied, defaults are filled
/// in. Errors name what nftables cannot do.
Result<GroupId> group_of(Remediation remediation, const Terms& terms);

std::string group_name(const GroupId& group);
std::optional<GroupId> group_from(std::string_view name);

/// One set. What is filled anew beside a set that is in use has another version of its name.
struct SetId {
  GroupId group;
  Kind kind = Kind::a4;
  uint32_t version = 0;
};
std::string set_name(const SetId& set);
std::optional<SetId> set_from(std::string_view name);
SetSpec spec_of(const SetId& set);

std::string counter_name(Remediation remediation, uint32_t row, bool v6);
struct CounterId {
  Remediation remediation = Remediation::none;
  uint32_t row = 0;
  bool v6 = false;
};
std::optional<CounterId> counter_from(std::string_view name);
/// "origin|scenario", and back.
std::string policy_comment(std::string_view origin, std::string_view scenario);
void policy_from(std::string_view comment, std::string& origin, std::string& scenario);

struct Layout {
  std::string table;
  std::vector<std::string> interfaces;  ///< empty = all but lo
  bool outgoing = false;
};
/// Table and chains without rules; changes nothing that is there.
std::string base_script(const Layout& layout);
/// All rules anew, in one transaction: packets meet the old rules or the new ones.
std::string rules_script(const Layout& layout, std::vector<SetId> sets);

}  // namespace testudo::nft
