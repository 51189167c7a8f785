// parse/trace.h: what one line went through, for `explain` and hub tests. There is no second copy of the
// engine: the run that counts tells a Trace what it does.
#pragma once

#include <string_view>

#include "expr/expr.h"
#include "parse/node.h"

namespace testudo::parse {

/// Watches one line. RunContext::trace; tested once per top-level node, so an absent trace costs nothing.
/// With a trace every node of a stage is run in plain order, so that failing ones are seen as well.
struct Trace {
  virtual ~Trace() = default;
  /// After a top-level node that was run: whether it succeeded. The event is as the node left it. (Not called
  /// for a node that raised an error.)
  virtual void node(const ParserSet::Stage& stage, const Node& node, const Event& event, bool ok) = 0;
  /// When true the hooks below are called as well, for nodes of every depth.
  virtual bool detailed() const { return false; }
  virtual void enter(const Node& /*node*/, int /*depth*/) {}
  /// Only for nodes that have a filter. `error` is empty unless `truth` is failed.
  virtual void filter(const Node& /*node*/, expr::Expression::Truth /*truth*/, std::string_view /*error*/) {}
  virtual void grok(const Node& /*node*/, std::string_view /*subject*/, bool /*matched*/) {}
  virtual void set(const Node& /*node*/, SlotRef /*slot*/, std::string_view /*value*/) {}
  virtual void set_field(const Node& /*node*/, EventField /*field*/, std::string_view /*value*/) {}
  /// `method: NAME` was run with this argument; what it wrote is in evt.Enriched.
  virtual void method(const Node& /*node*/, const Enricher& /*method*/, std::string_view /*argument*/) {}
  virtual void whitelisted(const Node& /*node*/, std::string_view /*reason*/) {}
  virtual void leave(const Node& /*node*/, int /*depth*/, bool /*ok*/) {}
};

}  // namespace testudo::parse
