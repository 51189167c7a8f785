// engine/hubtest_results.h: what a hub test's assertions look at: copies of events, and the overflows.
//
// `results` of parser.assert: map of stage → map of node name → list of {Idx, Evt, Success}, one entry each
// time that node was run, and an entry "success" that has always been there and is counted by len(results).
// `results` of scenario.assert: list of overflow events, sorted descending by scenario and sources.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "model/alert.h"
#include "model/event.h"
#include "model/value.h"
#include "parse/node_run.h"

namespace testudo {

/// What a copy's views point into lives as long as the keeper.
class EventKeeper {
 public:
  explicit EventKeeper(const SlotNames& names) : names_(names) {}
  /// A deep copy, but for the source's labels.
  const Event& keep(const Event& event);
  /// Bytes that the copies hold, about.
  size_t bytes() const { return bytes_; }

 private:
  std::string_view copy(std::string_view text);
  Value copy(const Value& value, int depth);

  const SlotNames& names_;
  Arena arena_;
  std::deque<Event> events_;
  size_t bytes_ = 0;
};

class NodeResults : public parse::Trace {
 public:
  /// Keeps at most about `limit` bytes; full() says that it was not enough.
  NodeResults(const SlotNames& names, size_t limit) : events_(names), limit_(limit) {}

  void node(const parse::ParserSet::Stage& stage, const parse::Node& node, const Event& event,
            bool ok) override;

  bool full() const { return full_; }
  /// `results`; lives as long as this object, and must be asked for again after further lines.
  Value results();

 private:
  struct Entry {
    const Event* event;
    bool ok;
  };
  struct NodeEntries {
    std::string name;
    std::vector<Entry> entries;
  };
  struct StageEntries {
    std::string name;
    std::vector<NodeEntries> nodes;
  };
  EventKeeper events_;
  size_t limit_;
  bool full_ = false;
  std::vector<StageEntries> stages_;
  Arena arena_;
};

class OverflowResults {
 public:
  explicit OverflowResults(const SlotNames& names) : names_(names) {}
  void add(Overflow overflow);
  Value results();
  size_t size() const { return overflows_.size(); }

 private:
  const SlotNames& names_;
  std::deque<Overflow> overflows_;
  std::deque<Event> events_;
  std::vector<Value> items_;
  ValueArray array_;
};

}  // namespace testudo
