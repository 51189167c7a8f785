// model/slots.h: field names become numbers when content is loaded, so that no line hashes a name.
//
// Three bags of string → string hang on an event: Parsed, Meta, Enriched. A name that content mentions has a
// slot in its bag; the few names that appear only at run time (keys of a JSON object, say) go to a small
// overflow list of the bag. A SlotNames is built during load and never changes afterwards: events made for it
// carry as many slots as it has names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace testudo {

enum class Bag : uint8_t { parsed, meta, enriched };
inline constexpr int kBags = 3;

using SlotId = uint16_t;

struct SlotRef {
  Bag bag = Bag::parsed;
  SlotId index = 0;
  bool operator==(const SlotRef&) const = default;
};

class SlotNames {
 public:
  SlotRef intern(Bag bag, std::string_view name);  ///< load time only; at most 65,535 names a bag
  std::optional<SlotRef> find(Bag bag, std::string_view name) const;
  const std::string& name(SlotRef ref) const { return names_[size_t(ref.bag)][ref.index]; }
  size_t size(Bag bag) const { return names_[size_t(bag)].size(); }

 private:
  std::vector<std::string> names_[kBags];
  std::unordered_map<std::string, SlotId> index_[kBags];
};

}  // namespace testudo
