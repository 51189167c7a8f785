// Parser files written in the test, lines written in the test: what became of the event.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/alert.h"
#include "parse/node_compile.h"
#include "parse/node_run.h"
#include "yaml/yaml.h"

namespace testudo::parse {

/// Parser files in the order in which they are added, which is that of their installed paths.
class Parsers {
 public:
  Parsers() {
    const auto loaded = grok_.load_folder(TESTUDO_SOURCE_DIR "/config/patterns");
    EXPECT_TRUE(loaded.ok());
  }
  /// Compiles every document; false when one was refused.
  bool add(const std::string& stage, const std::string& yaml) {
    const auto documents = parse_yaml(yaml, "test.yaml");
    if (!documents) {
      errors.push_back(documents.error());
      return false;
    }
    bool whole = true;
    for (const YamlNode& document : *documents) {
      CompileEnv env{slots, grok_, {&expr::pure_helpers(), &parse_helpers()}, enrichers_, notes};
      auto node = compile_node(document, env);
      if (node && *node) add_node(set, stage, std::move(*node));
      if (!node) errors.insert(errors.end(), env.errors.begin(), env.errors.end());
      whole = whole && node.ok();
    }
    return whole;
  }
  void finish() {
    if (!finished_) parse::finish(set, slots);
    finished_ = true;
  }

  SlotNames slots;
  ParserSet set;
  Errors errors, notes;

 private:
  bool finished_ = false;
  GrokTable grok_;
  std::vector<std::string> enrich_notes_;
  EnricherTable enrichers_ = make_enrichers(slots, {}, enrich_notes_);
};

/// One line at a time through finished parsers; the event afterwards.
class Lines {
 public:
  explicit Lines(Parsers& parsers) : parsers_(parsers), event((parsers.finish(), parsers.slots)) {
    context.enrich.replay = true;
    context.enrich.today = *parse_rfc3339("2026-06-01T00:00:00Z");
    source.id = 1;
    source.type = "file";
    source.name = "/var/log/test.log";
    source.labels = {{"type", "t"}};
  }
  /// An overflow, as the engine sends it through postoverflow stages.
  Outcome run(Overflow& overflow) {
    event.reset();
    event.type = EventType::overflow;
    event.overflow = &overflow;
    return run_stages(parsers_.set, event, context);
  }
  Outcome run(std::string_view line) {
    event.reset();
    event.raw = line;
    event.source = &source;
    event.src = source.name;
    event.module = source.type;
    event.log_time = true;
    return run_stages(parsers_.set, event, context);
  }
  /// "(absent)" tells it from "".
  std::string parsed(const std::string& name) const { return field(Bag::parsed, name); }
  std::string meta(const std::string& name) const { return field(Bag::meta, name); }
  std::string enriched(const std::string& name) const { return field(Bag::enriched, name); }

 private:
  std::string field(Bag bag, const std::string& name) const {
    const auto slot = parsers_.slots.find(bag, name);
    if (!slot || !event.bags[size_t(bag)].has(slot->index)) return "(absent)";
    return std::string(event.get(*slot));
  }
  Parsers& parsers_;

 public:
  SourceInfo source;
  Event event;
  RunContext context{parsers_.set};
};

}  // namespace testudo::parse
