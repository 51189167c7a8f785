#include "explain_view.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "table.h"

namespace testudo::cli {
namespace {

using Outcome = ExplainedLine::Outcome;

std::string safe(std::string_view text) { return escape_for_terminal(text); }

class View {
 public:
  View(const Context& context, bool verbose) : context_(context), verbose_(verbose) {}

  std::string line(const ExplainedLine& line) {
    say(0, bold(context_, "line " + std::to_string(line.number)) + "  " + safe(line.text));
    for (const ExplainedStage& stage : line.stages) show(stage);
    outcome(line);
    if (!line.pours.empty() || !line.failed_filters.empty()) say(1, "scenarios");
    for (const ExplainedPour& pour : line.pours) show(pour);
    for (const auto& [scenario, error] : line.failed_filters)
      say(2, sign(false) + " " + safe(scenario) + ": its filter failed: " + safe(error));
    if (line.outcome == Outcome::parsed && line.pours.empty()) say(1, "no scenario wanted it");
    for (const ExplainedStage& stage : line.postoverflows) show(stage);
    for (const ExplainedOverflow& overflow : line.overflows) show(overflow);
    return std::move(out_);
  }

 private:
  void say(int indent, const std::string& text) {
    out_.append(size_t(indent) * 2, ' ').append(text).append("\n");
  }
  std::string sign(bool ok) const {
    if (!context_.colour) return ok ? "ok" : "--";
    return ok ? green(context_, "✓") : red(context_, "✗");
  }

  void show(const ExplainedStage& stage) {
    say(1, stage.name);
    size_t unwilling = 0, at = 0;
    const std::vector<ExplainedNode>& nodes = stage.nodes;
    while (at < nodes.size()) {
      size_t end = at + 1;
      while (end < nodes.size() && nodes[end].depth > 0) ++end;
      if (nodes[at].filter == ExplainedNode::Filter::no && !verbose_)
        ++unwilling;
      else
        show(nodes, at, end);
      at = end;
    }
    if (unwilling)
      say(2, "(" + counted(unwilling, "node", "nodes") + " did not want it by " +
                 (unwilling == 1 ? "its filter)" : "their filters)"));
  }

  /// Would a person miss it?
  bool worth_showing(const ExplainedNode& node) const {
    return verbose_ || node.depth == 0 || node.ok || !node.changes.empty() || !node.error.empty();
  }

  /// A node, what is nested in it, and what it did after that, in the order in which it happened.
  void show(const std::vector<ExplainedNode>& nodes, size_t at, size_t end) {
    const ExplainedNode& node = nodes[at];
    const int indent = 2 + 2 * std::min(node.depth, 4);
    head(node, indent);
    changes(node, indent + 2, false);
    size_t quiet = 0;
    for (size_t i = at + 1; i < end;) {
      size_t next = i + 1;
      while (next < end && nodes[next].depth > nodes[i].depth) ++next;
      bool shown = false;
      for (size_t k = i; k < next; ++k) shown = shown || worth_showing(nodes[k]);
      if (shown)
        show(nodes, i, next);
      else
        ++quiet;
      i = next;
    }
    if (quiet) say(indent + 2, "(" + counted(quiet, "nested node", "nested nodes") + " did nothing)");
    changes(node, indent + 2, true);
  }

  void head(const ExplainedNode& node, int indent) {
    std::string text = sign(node.ok) + " " + safe(node.name);
    if (node.name.empty() || node.depth > 0)
      text += (node.name.empty() ? "(" : " (") + safe(node.place.substr(node.place.rfind('/') + 1)) + ")";
    if (node.filter == ExplainedNode::Filter::no) text += "  not wanted: " + brief(node.filter_text);
    if (node.filter == ExplainedNode::Filter::failed) text += "  its filter failed: " + safe(node.error);
    if (node.has_pattern && (node.pattern_tried || verbose_))
      text += std::string("  ") +
              (node.matched         ? "matched "
               : node.pattern_tried ? "did not match "
                                    : "had nothing to match ") +
              brief(node.pattern);
    say(indent, text);
    if (!node.whitelist.empty()) say(indent + 2, "whitelisted: " + safe(node.whitelist));
  }

  void changes(const ExplainedNode& node, int indent, bool late) {
    for (const ExplainedChange& change : node.changes) {
      const bool changed = change.had_before && change.before != change.value;
      // Groups of a pattern that took no part are set to nothing: seldom what is asked for.
      if (change.late != late || (change.value.empty() && !changed && !verbose_)) continue;
      std::string text = safe(change.name) + " = " + quoted(change.value);
      if (changed) text += " (was " + quoted(change.before) + ")";
      say(indent, text);
    }
  }

  static std::string brief(const std::string& pattern) {
    const std::string text = safe(pattern);
    if (utf8_length(text) <= 100) return text;
    size_t at = 0;
    for (int i = 0; i < 99; ++i) next_utf8(text, at);
    return text.substr(0, at) + "…";
  }
  static std::string quoted(const std::string& value) { return "\"" + safe(value) + "\""; }

  void outcome(const ExplainedLine& line) {
    switch (line.outcome) {
      case Outcome::parsed:
        break;
      case Outcome::whitelisted:
        say(1, green(context_, "whitelisted") + ": " + safe(line.whitelist_reason) + "; no scenario sees it");
        break;
      case Outcome::failed:
        say(1, red(context_, "lost") + ": " + safe(line.error));
        return;
      case Outcome::unparsed:
        say(1, red(context_, "not parsed") + ": " + safe(line.why));
        if (line.nearest) nearest(*line.nearest);
        return;
    }
    std::string what = "time " + (line.time.empty() ? "none: it cannot be poured" : safe(line.time));
    if (!line.source.empty()) what += ", source " + safe(line.source);
    say(1, what);
    if (!line.ambiguous) return;
    std::string who;
    for (const std::string& candidate : line.candidates) who += (who.empty() ? "" : ", ") + safe(candidate);
    say(1, red(context_, "ambiguous") + ": " + (who.empty() ? "another address" : who) +
               " in the line could be its source just as well, so that it bans nobody by itself");
  }

  void nearest(const ExplainedLine::Nearest& near) {
    say(2, "nearest: " + safe(near.node) + " got as far as the mark");
    // A window around the place where it stopped.
    constexpr size_t kBefore = 70, kBehind = 30;
    size_t from = near.end > kBefore ? near.end - kBefore : 0;
    while (from > 0 && (near.text[from] & 0xc0) == 0x80) --from;
    const std::string before =
        (from ? "…" : "") + safe(std::string_view(near.text).substr(from, near.end - from));
    std::string behind = safe(std::string_view(near.text).substr(near.end, kBehind));
    if (near.end + kBehind < near.text.size()) behind += "…";
    say(3, before + behind);
    say(3, std::string(utf8_length(before), ' ') + "^ expected " + quoted(near.expected));
  }

  void show(const ExplainedPour& pour) {
    std::string text =
        sign(true) + " " + safe(pour.scenario) + "  key " + (pour.group.empty() ? "(all)" : safe(pour.group));
    if (pour.type != "trigger") {
      char level[64];
      if (pour.capacity >= 0)
        std::snprintf(level, sizeof level, "  bucket %.3g/%d", pour.level, pour.capacity);
      else
        std::snprintf(level, sizeof level, "  bucket of %d events", pour.total);
      text += level;
    }
    text += "  " + pour.result;
    if (pour.result == "seen") text += ": such an event counts once";
    if (pour.result == "blackholed") text += ": it has alerted of this key lately";
    if (pour.result == "cancelled") text += ": the bucket is gone";
    if (pour.result == "filtered") text += ": its overflow_filter wants no alert";
    if (pour.result == "no source") text += ": no alert, the event has no usable source";
    if (!pour.owner.empty()) text += " (bucket of " + safe(pour.owner) + ")";
    if (pour.marked) text += ", marked as doubtful";
    say(2, text);
  }

  void show(const ExplainedOverflow& overflow) {
    std::string sources;
    for (const std::string& source : overflow.sources)
      sources += (sources.empty() ? "" : ", ") + safe(source);
    std::string text = bold(context_, "overflow") + ": " + safe(overflow.scenario) + " by " + sources + ", " +
                       counted(uint64_t(overflow.events), "event", "events");
    if (overflow.whitelisted)
      text += "; " + green(context_, "whitelisted") + ": " + safe(overflow.whitelist_reason);
    else if (overflow.ambiguous)
      text += "; bans nobody: its lines are no witness";
    else if (!overflow.remediation)
      text += "; an alert only, its scenario asks for no remedy";
    say(1, text);
  }

  const Context& context_;
  bool verbose_;
  std::string out_;
};

}  // namespace

std::string explained_for_people(const Context& context, const ExplainedLine& line, bool verbose) {
  return View(context, verbose).line(line);
}

}  // namespace testudo::cli
