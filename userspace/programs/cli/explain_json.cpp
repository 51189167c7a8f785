// An explained line as one JSON object; docs/user-guide.md says what is in it.
#include "ask.h"
#include "explain_view.h"

namespace testudo::cli {
namespace {

const char* filter_word(ExplainedNode::Filter filter) {
  switch (filter) {
    case ExplainedNode::Filter::yes:
      return "yes";
    case ExplainedNode::Filter::no:
      return "no";
    case ExplainedNode::Filter::failed:
      return "failed";
    case ExplainedNode::Filter::none:
      break;
  }
  return "none";
}

json::object node_json(const ExplainedNode& node) {
  json::object out{
      {"name", node.name}, {"place", node.place}, {"ok", node.ok}, {"filter", filter_word(node.filter)}};
  if (!node.error.empty()) out["error"] = node.error;
  if (node.has_pattern) {
    out["pattern"] = node.pattern;
    out["matched"] = node.pattern_tried ? json::value(node.matched) : json::value(nullptr);
  }
  if (!node.whitelist.empty()) out["whitelist"] = node.whitelist;
  json::array set;
  for (const ExplainedChange& change : node.changes) {
    json::object row{{"name", change.name}, {"value", change.value}};
    if (change.had_before) row["before"] = change.before;
    set.push_back(std::move(row));
  }
  if (!set.empty()) out["set"] = std::move(set);
  return out;
}

/// The nodes from `at` on that are as deep as it, each with those that are nested in it.
json::array nested(const std::vector<ExplainedNode>& nodes, size_t& at) {
  json::array out;
  const int depth = nodes[at].depth;
  while (at < nodes.size() && nodes[at].depth >= depth) {
    json::object row = node_json(nodes[at++]);
    if (at < nodes.size() && nodes[at].depth > depth) row["nodes"] = nested(nodes, at);
    out.push_back(std::move(row));
  }
  return out;
}

json::array stages_json(const std::vector<ExplainedStage>& stages) {
  json::array out;
  for (const ExplainedStage& stage : stages) {
    // Who does not want a line is counted: in a hub that is nearly everybody.
    std::vector<ExplainedNode> willing;
    size_t unwilling = 0;
    bool skip = false;
    for (const ExplainedNode& node : stage.nodes) {
      if (node.depth == 0) skip = node.filter == ExplainedNode::Filter::no;
      if (!skip)
        willing.push_back(node);
      else
        unwilling += node.depth == 0;
    }
    json::object row{{"stage", stage.name}, {"not_wanted", unwilling}};
    size_t at = 0;
    row["nodes"] = willing.empty() ? json::array() : nested(willing, at);
    out.push_back(std::move(row));
  }
  return out;
}

json::array strings(const std::vector<std::string>& list) { return json::array(list.begin(), list.end()); }

}  // namespace

std::string explained_as_json(const ExplainedLine& line) {
  static const char* const words[] = {"parsed", "whitelisted", "unparsed", "failed"};
  json::object out{{"line", line.number}, {"text", line.text}, {"outcome", words[int(line.outcome)]}};
  if (!line.time.empty()) out["time"] = line.time;
  if (!line.source.empty()) out["source"] = line.source;
  if (!line.whitelist_reason.empty()) out["whitelist"] = line.whitelist_reason;
  if (!line.error.empty()) out["error"] = line.error;
  if (line.outcome == ExplainedLine::Outcome::unparsed) {
    out["ended_in"] = line.ended_in;
    out["why"] = line.why;
  }
  if (const auto& near = line.nearest)
    out["nearest"] =
        json::object{{"node", near->node},      {"pattern", near->pattern},    {"text", near->text},
                     {"matched_to", near->end}, {"matched_from", near->begin}, {"expected", near->expected}};
  if (line.ambiguous) out["ambiguous"] = json::object{{"candidates", strings(line.candidates)}};
  out["stages"] = stages_json(line.stages);
  json::array scenarios;
  for (const ExplainedPour& pour : line.pours) {
    json::object row{{"scenario", pour.scenario}, {"type", pour.type},   {"key", pour.group},
                     {"result", pour.result},     {"level", pour.level}, {"capacity", pour.capacity},
                     {"events", pour.total},      {"new", pour.fresh},   {"doubtful", pour.marked}};
    if (!pour.owner.empty()) row["bucket_of"] = pour.owner;
    scenarios.push_back(std::move(row));
  }
  for (const auto& [scenario, error] : line.failed_filters)
    scenarios.push_back(json::object{{"scenario", scenario}, {"result", "error"}, {"error", error}});
  out["scenarios"] = std::move(scenarios);
  json::array overflows;
  for (const ExplainedOverflow& overflow : line.overflows) {
    json::object row{{"scenario", overflow.scenario},
                     {"sources", strings(overflow.sources)},
                     {"events_count", overflow.events},
                     {"remediation", overflow.remediation},
                     {"ambiguous", overflow.ambiguous}};
    if (overflow.whitelisted) row["whitelist"] = overflow.whitelist_reason;
    overflows.push_back(std::move(row));
  }
  out["overflows"] = std::move(overflows);
  if (!line.postoverflows.empty()) out["postoverflows"] = stages_json(line.postoverflows);
  return json_line(out);
}

}  // namespace testudo::cli
