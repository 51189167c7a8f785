// parse/stage_view.h: which nodes of a stage a line can concern, as one worker remembers it.
//
// The hub's s01-parse has 160 nodes, nearly all of which begin with `evt.Parsed.program == 'x'`. A filter
// that hangs on nothing but the labels of the line's source and one field is evaluated once for each value of
// that field and remembered; a line then jumps to the few nodes that are left. What is remembered is bounded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/text.h"
#include "parse/node.h"

namespace testudo::parse {

struct RunContext;

/// A bit for each node of a stage.
struct NodeMask {
  uint64_t words[StagePlan::kMaxNodes / 64] = {};
  void set(size_t i) { words[i / 64] |= uint64_t{1} << (i % 64); }
  bool has(size_t i) const { return words[i / 64] >> (i % 64) & 1; }
};

/// Nodes to look at, and those among them whose filter is known to be true.
struct Jump {
  NodeMask look, sure;
  std::string_view seen[StagePlan::kMaxGates];  ///< the values that it was made for
};

/// One stage for lines of one source. A view lives in a RunContext and no longer than its ParserSet.
class StageView {
 public:
  explicit StageView(const ParserSet::Stage& stage)
      : stage_(&stage), words_((stage.nodes.size() + 63) / 64) {}

  void jump(const Event& event, RunContext& context, Jump& out);
  /// False when a node has written one of the fields that `jump` was made for.
  bool holds(const Event& event, const Jump& jump) const;

 private:
  /// Of one value: the nodes that hang on it alone and are to be looked at, those whose filter is then true,
  /// and those whose equality holds.
  struct Masks {
    NodeMask look, sure, allowed;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return table_hash(text, process_secret()); }
  };
  /// What one gate remembers.
  struct Memory {
    std::unordered_map<std::string, Masks, Hash, std::equal_to<>> values;
    std::string_view last;  ///< neighbouring lines often have the same value
    const Masks* last_masks = nullptr;
  };

  const Masks& masks(size_t gate, std::string_view value, RunContext& context);
  void decide(const std::vector<uint32_t>& nodes, RunContext& context, Masks& out) const;
  bool source_allows(const Node& node, const Event& event) const;

  const ParserSet::Stage* stage_;
  size_t words_;
  bool ready_ = false;
  Masks base_;  ///< open nodes, and what the source decides; gated nodes as if all gates were open
  NodeMask asks_[StagePlan::kMaxGates];  ///< nodes that the gate must let through
  Memory memory_[StagePlan::kMaxGates];
  Masks unknown_[StagePlan::kMaxGates];  ///< for values that are too long to be remembered: all are looked at
};

/// All stages for lines of one source; found again by its labels, on which filters may depend.
struct SourceView {
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<StageView> stages;
};

}  // namespace testudo::parse
