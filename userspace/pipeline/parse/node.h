// parse/node.h: a parser node as it is run; node_compile.cpp makes it, node_run.cpp runs it.
//
// A node is one YAML document of a parser file, or a nested entry of `nodes:`. Everything in it is immutable
// once compiled; what changes from line to line is in the event and in RunContext.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/cidr_list.h"
#include "expr/expr.h"
#include "parse/enricher.h"
#include "parse/event_fields.h"
#include "parse/literal_gate.h"
#include "parse/stage_plan.h"
#include "parse/stash.h"
#include "pattern/grok.h"

namespace testudo::parse {

/// Where a text comes from. Most expressions of statics and groks name one field: those need no evaluation.
struct TextSource {
  enum class From : uint8_t { constant, slot, field, expression } from = From::constant;
  SlotRef slot;
  std::string_view Event::*field = nullptr;
  std::string constant;
  expr::Expression expression;
};

struct Static {
  enum class Target : uint8_t { slot, field, method, ignored } target = Target::ignored;
  SlotRef slot;
  const EventField* field = nullptr;
  const Enricher* method = nullptr;
  TextSource source;
};

/// A static as it is run: nearly all copy a text from one place to another.
struct StaticMove {
  enum class Kind : uint8_t {
    slot_to_slot,
    constant_to_slot,
    field_to_slot,   ///< evt.Line.Src and its like
    slot_to_field,   ///< evt.StrTime and its like
    slot_to_method,  ///< an enricher's argument
    other,           ///< as the static says
  } kind = Kind::other;
  SlotRef to, from;
  union {
    const Static* row;  ///< slot_to_method, other
    std::string_view Event::*field;
    const std::string* constant;
  };
  StaticMove() : row(nullptr) {}
};

struct Statics {
  std::vector<Static> rows;       ///< as written
  std::vector<StaticMove> moves;  ///< the same, in the same order; points into `rows`

  /// Makes `moves`; `rows` may not change afterwards.
  void finish();
  bool empty() const { return rows.empty(); }
};

struct GrokStep {
  TextSource subject;
  bool must_exist = false;  ///< apply_on: without the key there is no match; an expression then reads as ""
  Grok grok;
  std::string pattern;  ///< as written; %{NAME} where it is named
  explicit GrokStep(Grok g) : grok(std::move(g)) {}
  std::vector<std::pair<int, SlotRef>> binds;  ///< capturing group → field
  Statics statics;
  /// Set when the literals of this pattern are looked for together with those of its siblings.
  const LiteralGate* gate = nullptr;
  std::vector<uint32_t> literal_ids;  ///< in the gate's set: one of them must occur
};

struct StashStep {
  StashDeclaration cache;
  expr::Expression key, value;
};

struct Whitelist {
  std::string reason;
  CidrList networks;  ///< `ip` and `cidr`; an address is a network of its own
  std::vector<expr::Expression> expressions;
  static constexpr uint32_t kUnplanned = UINT32_MAX;
  uint32_t first = kUnplanned;  ///< number of the first expression in the stage's WhitelistPlan
};

enum class OnSuccess : uint8_t { none, next_stage };

struct Node {
  // What a line looks at lies together.
  expr::Expression filter;
  std::unique_ptr<Whitelist> whitelist;
  std::unique_ptr<GrokStep> grok;
  std::vector<std::unique_ptr<Node>> children;
  std::unique_ptr<LiteralGate> gate;  ///< says which children may match; null when nothing would be gained
  uint32_t id = 0;                    ///< index of the counters of a top-level node
  OnSuccess on_success = OnSuccess::none;
  bool has_stash = false;
  Statics statics;

  std::vector<StashStep> stash;
  std::string name;
  Where where;
};

/// Stages in order, each with its nodes in order (by file name, then by document).
struct ParserSet {
  struct Stage {
    std::string name;
    std::vector<std::unique_ptr<Node>> nodes;
    StagePlan plan;
  };
  std::vector<Stage> stages;
  uint32_t node_count = 0;
  uint32_t gate_count = 0;
  std::vector<StashDeclaration> stashes;  ///< each name once, as the first node has it
  SlotRef source_ip;                      ///< evt.Meta.source_ip
};

}  // namespace testudo::parse
