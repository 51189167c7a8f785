// Content written in the test, lines written in the test: what became of each line.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>

#include "engine/replay.h"
#include "support/temp_dir.h"

namespace testudo::support {

/// What is printed of an alert, from either form of a replay's result.
inline std::vector<std::string> heads(const ReplayResult& result) {
  std::vector<std::string> out;
  const auto add = [&](uint64_t line, const auto&... texts) {
    std::string head = std::to_string(line);
    ((head += ' ', head += texts), ...);
    out.push_back(std::move(head));
  };
  for (const Alert& a : result.alerts)
    add(a.line_number, a.scenario, a.source.scope, a.source.value, a.start_text, a.stop_text,
        std::to_string(a.events_count), a.ambiguous ? "ambiguous" : "", a.remediation ? "bans" : "");
  for (const BriefAlert& a : result.brief)
    add(a.line_number, a.scenario, a.scope, a.value, a.start_text, a.stop_text,
        std::to_string(a.events_count), a.ambiguous ? "ambiguous" : "", a.remediation ? "bans" : "");
  return out;
}

/// A content folder in the making.
class Content {
 public:
  Content& parser(const std::string& stage, const std::string& name, const std::string& yaml) {
    dir_.write("content/parsers/" + stage + "/" + name + ".yaml", yaml);
    return *this;
  }
  /// The node that hub content leaves to dateparse-enrich: evt.StrTime becomes the event's time.
  Content& dates() {
    return parser("s01-parse", "b",
                  "name: b\nstatics:\n"
                  "  - {method: ParseDate, expression: evt.StrTime}\n"
                  "  - {target: MarshaledTime, expression: evt.Enriched.MarshaledTime}\n");
  }
  Content& scenario(const std::string& name, const std::string& yaml) {
    dir_.write("content/scenarios/" + name + ".yaml", yaml);
    return *this;
  }
  Content& postoverflow(const std::string& stage, const std::string& name, const std::string& yaml) {
    return file("postoverflows/" + stage + "/" + name + ".yaml", yaml);
  }
  Content& context(const std::string& name, const std::string& yaml) {
    return file("contexts/" + name + ".yaml", yaml);
  }
  /// Any file of the content folder.
  Content& file(const std::string& path, const std::string& text) {
    dir_.write("content/" + path, text);
    return *this;
  }
  Content& remove(const std::string& path) {
    std::remove((dir_.path() + "/content/" + path).c_str());
    return *this;
  }
  Content& data(const std::string& name, const std::string& text) {
    dir_.write("data/" + name, text);
    return *this;
  }
  ProgramOptions options() const {
    ProgramOptions out;
    out.content.folders = {dir_.path() + "/content"};
    out.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
    out.data_folder = dir_.path() + "/data";
    return out;
  }
  std::shared_ptr<const Program> load() const {
    auto program = load_program(options());
    EXPECT_TRUE(program.ok()) << (program.ok() ? "" : program.error().text());
    return program.ok() ? *program : nullptr;
  }
  /// Errors of a load, without the folder's own path.
  std::vector<std::string> errors() const {
    std::vector<std::string> out;
    const auto program = load();
    for (const Error& e : program->errors) {
      std::string text = e.text();
      for (size_t at; (at = text.find(dir_.path() + "/")) != std::string::npos;)
        text.erase(at, dir_.path().size() + 1);
      out.push_back(text);
    }
    return out;
  }
  /// Checks as well that a brief replay tells the same.
  std::vector<Alert> replay(const std::string& lines, const std::string& type = "t",
                            size_t threads = 1) const {
    const auto program = load();
    for (const Error& e : program->errors) ADD_FAILURE() << e.text();
    ReplayOptions run;
    run.file = dir_.write("log", lines);
    run.type = type;
    run.threads = threads;
    run.today = *parse_rfc3339("2026-06-01T00:00:00Z");
    auto result = testudo::replay(program, run);
    EXPECT_TRUE(result.ok());
    counts = result->counts;
    run.brief = true;
    const auto brief = testudo::replay(program, run);
    EXPECT_TRUE(brief.ok() && brief->alerts.empty());
    EXPECT_EQ(heads(*brief), heads(*result)) << "who wants the heads alone gets the same ones";
    return std::move(result->alerts);
  }
  mutable LineCounts counts;  ///< of the last replay

 private:
  TempDir dir_;
};

/// Lines of one source into a worker, one batch each; what overflows.
class Feed {
 public:
  Feed() {
    source_->type = "file";
    source_->labels = {{"type", "t"}};
  }
  void operator()(Worker& worker, const std::string& line) {
    LineBatch batch;
    batch.bytes = std::make_shared<const std::string>(line);
    batch.lines = {*batch.bytes};
    batch.source = source_;
    worker.run(batch, alerts);
  }
  std::vector<Alert> alerts;

 private:
  std::shared_ptr<SourceInfo> source_ = std::make_shared<SourceInfo>();
};

/// One line through the stages; fields of the event afterwards.
class OneLine {
 public:
  explicit OneLine(std::shared_ptr<const Program> program)
      : program_(std::move(program)), event_(*program_->slots), context_(*program_->parsers) {
    context_.enrich.replay = true;
    context_.enrich.today = *parse_rfc3339("2026-06-01T00:00:00Z");
  }
  parse::Outcome run(std::string_view line, const std::string& type = "t") {
    event_.reset();
    source_.type = "file";
    source_.name = "/var/log/test.log";
    source_.labels = {{"type", type}};
    event_.raw = line;
    event_.source = &source_;
    event_.src = source_.name;
    event_.module = source_.type;
    event_.log_time = true;
    return parse::run_stages(*program_->parsers, event_, context_);
  }
  /// "(absent)" tells it from "".
  std::string parsed(const std::string& name) { return field(Bag::parsed, name); }
  std::string meta(const std::string& name) { return field(Bag::meta, name); }
  std::string enriched(const std::string& name) { return field(Bag::enriched, name); }
  Event& event() { return event_; }

 private:
  std::string field(Bag bag, const std::string& name) {
    const auto slot = program_->slots->find(bag, name);
    if (!slot || !event_.bags[size_t(bag)].has(slot->index)) return "(absent)";
    return std::string(event_.get(*slot));
  }
  std::shared_ptr<const Program> program_;
  SourceInfo source_;
  Event event_;
  parse::RunContext context_;
};

}  // namespace testudo::support
