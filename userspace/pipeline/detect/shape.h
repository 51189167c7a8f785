// detect/shape.h: what the text of an expression shows without evaluating it.
//
// The matcher skips the evaluation of filters that its dispatch has already decided, and reads plain slots
// itself; the shards run conditions against what was kept of an event, so what they read must be known. All
// answers err on the safe side: "not plain", "not kept", "ordered" only cost time.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/slots.h"

namespace testudo::detect {

/// The number of terms when `text` is nothing but equalities of slots with constants (`evt.Meta.a == 'x'`,
/// `evt.Parsed.b in ['y', 'z']`) joined by `and`; 0 for anything else. Expression::required() then says all.
size_t equalities_alone(std::string_view text);

/// The slot when `text` is nothing but `evt.Meta.x`, `evt.Parsed.x` or `evt.Enriched.x`.
std::optional<SlotRef> plain_slot(std::string_view text, const SlotNames& names);

/// Is the text evt.Meta.source_ip, alone or followed by something that no address begins to look like
/// (`evt.Meta.source_ip + '/' + …`)? Then events of one group value have the same source_ip, as far as that
/// is an address.
bool begins_with_source(std::string_view text);

/// May evaluating it change the event (SetMeta, UnmarshalJSON …)?
bool writes(std::string_view text);

/// Slots that filters write with SetMeta and SetParsed.
class Written {
 public:
  void add(std::string_view text);
  bool may_hold(SlotRef slot, const SlotNames& names) const;

 private:
  bool all_[kBags] = {};  ///< a computed name: any of the bag
  std::vector<std::string> names_[kBags];
};

/// Does it ask what kind of event it has, or for an overflow?
bool asks_for_overflows(std::string_view text);

/// Does it depend on the hour, so that one look does not tell whether it is true of an overflow?
bool asks_for_time(std::string_view text);

/// Can it be evaluated on what an EventImage holds? `current`: on the event that is being poured, whose line
/// is at hand as well. Otherwise the first name that is missing then ("evt.Unmarshaled").
std::string_view beyond_image(std::string_view text, bool current);

/// Does it mention the name on its own (`queue`, `leaky`, `evt`)?
bool mentions(std::string_view text, std::string_view name);

}  // namespace testudo::detect
