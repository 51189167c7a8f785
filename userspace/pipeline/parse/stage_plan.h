// parse/stage_plan.h: which filters of a stage hang on which field; made at load, immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/slots.h"
#include "parse/whitelist_plan.h"

namespace testudo::parse {

struct Node;

struct StagePlan {
  static constexpr size_t kMaxGates = 4;
  static constexpr size_t kMaxNodes = 512;  ///< stages with more nodes are run without a plan

  /// Nodes whose filter hangs on one field.
  struct Gate {
    SlotRef slot;
    std::vector<uint32_t> decided;  ///< on nothing else, but for labels of the source
    std::vector<uint32_t> needed;   ///< on this field having one of some values, and on more
  };
  std::vector<Gate> gates;
  std::vector<uint32_t> by_source;  ///< the filter hangs on labels alone
  std::vector<uint32_t> gated;      ///< `needed` of some gate, or of several
  std::vector<uint32_t> equal;      ///< those of them whose filter is true once all gates let them through
  std::vector<uint32_t> open;       ///< no filter, or one that must be evaluated
  WhitelistPlan whitelists;
  bool usable = false;

  static StagePlan make(const std::vector<std::unique_ptr<Node>>& nodes, const SlotNames& slots);
};

}  // namespace testudo::parse
