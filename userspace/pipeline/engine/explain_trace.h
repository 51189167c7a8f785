// engine/explain_trace.h: collects what parser nodes do to a line, with the values that fields had before.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "engine/explain.h"
#include "parse/node_run.h"

namespace testudo {

/// A text for people: at most 1 KiB.
std::string shortened(std::string_view text);

/// A pattern that was tried and did not match.
struct FailedPattern {
  const parse::Node* node;
  std::string top;  ///< name of the top-level node
  std::string_view subject;
};

class ExplainTrace : public parse::Trace {
 public:
  /// Nodes of `postoverflows` are told apart: they work on overflows.
  ExplainTrace(const SlotNames& names, const parse::ParserSet& postoverflows);
  /// Before each line; `event` is the one that will be run.
  void begin(const Event* event);
  /// After it. What an error cut short is in the stages too.
  std::vector<ExplainedStage> take();
  /// What postoverflow stages did to what overflowed with that line.
  std::vector<ExplainedStage> take_postoverflows() { return std::move(overflow_stages_); }
  /// Patterns of the last stage that were tried and did not match.
  const std::vector<FailedPattern>& failed() const { return failed_; }
  /// Of the last stage that was run: some node of it succeeded.
  bool last_stage_ok() const { return last_ok_; }
  /// A field as a node last set it; "" when none did.
  std::string value_of(const std::string& name) const;
  /// What top-level nodes of the last stage ask of the event: "evt.Parsed.program is sshd".
  const std::vector<std::string>& wanted() const { return wanted_; }

  bool detailed() const override { return true; }
  void enter(const parse::Node& node, int depth) override;
  void filter(const parse::Node& node, expr::Expression::Truth truth, std::string_view error) override;
  void grok(const parse::Node& node, std::string_view subject, bool matched) override;
  void set(const parse::Node& node, SlotRef slot, std::string_view value) override;
  void set_field(const parse::Node& node, parse::EventField field, std::string_view value) override;
  void method(const parse::Node& node, const parse::Enricher& method, std::string_view argument) override;
  void whitelisted(const parse::Node& node, std::string_view reason) override;
  void leave(const parse::Node& node, int depth, bool ok) override;
  void node(const parse::ParserSet::Stage& stage, const parse::Node& node, const Event& event,
            bool ok) override;

 private:
  ExplainedNode& current() { return rows_[open_.back()]; }
  void change(const std::string& name, std::string_view value);
  void changes_of_expressions();
  void close_rows();
  void overflow_node(const std::string& stage, const Event& event);

  const SlotNames& names_;
  const Event* event_ = nullptr;
  std::vector<ExplainedNode> rows_;                     ///< of the top-level node that runs
  std::vector<size_t> open_;                            ///< rows of the nodes that run, outermost first
  std::vector<bool> nested_;                            ///< for each of those: a nested one has been run
  std::unordered_map<std::string, std::string> known_;  ///< fields as they were told last
  size_t unmarshaled_ = 0;
  std::vector<ExplainedStage> stages_, overflow_stages_;
  std::vector<const parse::Node*> postoverflows_;    ///< top-level nodes, sorted
  bool overflow_ = false;                            ///< the parsers are done with the line
  std::vector<FailedPattern> failed_, failed_here_;  ///< of the stage; of the top-level node that runs
  bool last_ok_ = false;
  std::vector<std::string> wanted_;
};

}  // namespace testudo
