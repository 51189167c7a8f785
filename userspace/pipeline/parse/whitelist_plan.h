// parse/whitelist_plan.h: which expressions of a stage's whitelists can be true of a line; made at load.
//
// The hub has a hundred of them for web servers (`evt.Meta.http_status == '404' && evt.Meta.http_verb ==
// 'GET'
// && …`). What they ask first are equalities: one look for each field that they ask for says which of all
// expressions are worth evaluating. Only fields that no node of the stage writes are looked at, so that one
// look is good for the whole stage.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/text.h"
#include "model/event.h"

namespace testudo::parse {

struct Node;

class WhitelistPlan {
 public:
  /// Numbers the expressions (Whitelist::first) of all whitelists in these nodes and below them.
  static WhitelistPlan make(const std::vector<std::unique_ptr<Node>>& nodes);

  /// A bit for each expression that must be asked. The others are false, and none of their parts fails.
  void look(const Event& event, std::vector<uint64_t>& bits) const;

 private:
  using Bits = std::vector<uint64_t>;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return table_hash(text, process_secret()); }
  };
  struct Field {
    SlotRef slot;
    Bits asking;
    std::unordered_map<std::string, Bits, Hash, std::equal_to<>> allows;
  };
  std::vector<Field> fields_;
  size_t words_ = 0;
};

}  // namespace testudo::parse
