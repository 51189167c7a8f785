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

#include "base/ip.h"
#include "expr/expr.h"
#include "parse/enricher.h"
#include "pattern/grok.h"

namespace testudo::parse {

/// Fields of evt that a static's `target:` may set, beside the bags.
enum class EventField : uint8_t {
  none,
  str_time,
  str_time_format,
  marshaled_time,
  whitelist_reason,
  line_raw,
  line_src,
  line_module
};

struct Static {
  enum class Target : uint8_t { slot, field, method, ignored } target = Target::ignored;
  SlotRef slot;
  EventField field = EventField::none;
  const Enricher* method = nullptr;
  bool has_value = false;
  std::string value;
  expr::Expression expression;
};

struct GrokStep {
  enum class From : uint8_t { line_raw, slot, expression } from = From::slot;
  SlotRef slot;
  expr::Expression expression;
  Grok grok;
  std::string pattern;  ///< as written; %{NAME} where it is named
  explicit GrokStep(Grok g) : grok(std::move(g)) {}
  std::vector<std::pair<int, SlotRef>> binds;  ///< capturing group → field
  std::vector<Static> statics;
};

struct Whitelist {
  std::string reason;
  std::vector<Ip> ips;
  std::vector<Prefix> cidrs;
  std::vector<expr::Expression> expressions;
};

enum class OnSuccess : uint8_t { none, next_stage };

struct Node {
  std::string name;
  Where where;
  uint32_t id = 0;  ///< index of the counters of a top-level node
  expr::Expression filter;
  std::optional<GrokStep> grok;
  std::vector<std::unique_ptr<Node>> children;
  std::vector<Static> statics;
  std::optional<Whitelist> whitelist;
  OnSuccess on_success = OnSuccess::none;
};

/// Stages in order, each with its nodes in order (by file name, then by document).
struct ParserSet {
  struct Stage {
    std::string name;
    std::vector<std::unique_ptr<Node>> nodes;
  };
  std::vector<Stage> stages;
  uint32_t node_count = 0;
  SlotRef source_ip;  ///< evt.Meta.source_ip
};

}  // namespace testudo::parse
