// parse/literal_gate.h: which of a node's children may match at all.
//
// sshd-logs has sixteen children, each with a pattern of its own for the same message, and a line matches one
// of them. Nearly every pattern needs some literal ("Invalid user"): one pass over the message looks for the
// literals of all children, and only children whose literals are there are asked.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "model/event.h"
#include "pattern/literal_set.h"

namespace testudo::parse {

struct Node;
struct GrokStep;

/// What a gate found in its subject; one per gate and worker. Good as long as the subject is the same text.
struct GateHits {
  LiteralHits hits;
  const char* subject = nullptr;
  size_t size = 0;
  uint64_t epoch = 0;  ///< of the event
  const Event* event = nullptr;
};

class LiteralGate {
 public:
  static constexpr size_t kMaxChildren = 64;

  /// Null unless at least three children ask for literals in the same text. Marks the children's groks.
  static std::unique_ptr<LiteralGate> make(const std::vector<std::unique_ptr<Node>>& children, uint32_t id);

  uint32_t id() const { return id_; }
  /// Looks, unless it has looked at this text of this event already.
  const LiteralHits& look(const Event& event, std::string_view subject, std::vector<GateHits>& all) const;
  /// A bit for each child that must be run: those whose literals are there, and those that are no bare
  /// patterns. The others would fail and do nothing.
  uint64_t children(const Event& event, std::vector<GateHits>& all) const;

 private:
  LiteralGate() = default;
  std::string_view subject(const Event& event) const;

  LiteralSet set_;
  std::vector<uint64_t> children_of_;  ///< by literal
  uint64_t always_ = 0;
  uint32_t id_ = 0;
  bool line_raw_ = false;
  SlotRef slot_;
};

}  // namespace testudo::parse
