// parse/runner.h: one event through nodes; used by node_run.cpp and step_run.cpp alone.
#pragma once

#include "parse/node_run.h"

namespace testudo::parse {

enum class Step : uint8_t { no, yes, lost };

class Runner {
 public:
  Runner(const ParserSet& set, Event& event, RunContext& context);
  Outcome run();

 private:
  // node_run.cpp: the order of things.
  struct StageResult {
    bool ok = false, lost = false;
    size_t end = 0;  ///< the last node that was looked at
  };
  StageResult plain_stage(const ParserSet::Stage& stage, size_t index);
  StageResult planned_stage(const ParserSet::Stage& stage, size_t index);
  SourceView& view();
  SourceView& find_view();
  Step node(const Node& node, int depth, bool sure);
  Step untraced(const Node& node, int depth, bool sure);
  bool passes(const Node& node);
  Step children(const Node& node, int depth, bool matched, Step state);

  // step_run.cpp: what a node does. Those that return Step::lost or false lose the line.
  bool check_whitelist(const Node& node, const Whitelist& list);
  bool worth_asking(const Whitelist& list, size_t expression);
  bool listed(const Whitelist& list);
  Step grok(const Node& node, const GrokStep& step);
  bool may_match(const GrokStep& step, std::string_view subject);
  bool statics(const Node& node, const Statics& list);
  /// One of them; false when it loses the line.
  bool run_static(const Node& node, const Static& s);
  void apply(const Node& node, const Static& s, std::string_view text);
  void set_field(const EventField& field, std::string_view text);
  void set_marshaled(std::string_view text);
  void stash(const StashStep& step);
  void note_error();
  /// Text of what an expression gave; nothing for kinds that have none.
  std::optional<std::string_view> text_of(const Value& value);

  const ParserSet& set_;
  Event& event_;
  RunContext& context_;
  const WhitelistPlan* whitelists_ = nullptr;  ///< of the stage; null: each expression is asked
  bool looked_ = false;                        ///< context_.whitelist_bits are those of this stage and line
  SourceView* view_ = nullptr;                 ///< of the event's source, once it was asked for
  Trace* detail_;                              ///< null unless somebody wants every detail
};

}  // namespace testudo::parse
