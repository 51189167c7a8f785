// engine/program.h: all content, compiled: what the workers run. Immutable; reload builds another one.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "detect/scenario.h"
#include "engine/content.h"
#include "engine/data_files.h"
#include "expr/text_tests.h"
#include "parse/node.h"
#include "pattern/grok.h"

namespace testudo {

struct ProgramOptions {
  ContentSelection content;
  /// These items, in this order, in place of `content`: hub tests name files of their own.
  std::vector<ContentItem> files{};
  std::string patterns_folder;  ///< our own grok library; required
  std::string data_folder;      ///< data files and .mmdb files of content
  bool data_by_url = false;
  /// Keep the text of every item, so that one that is broken at the next load goes on as it was (daemon).
  bool keep_texts = false;
};

struct Program {
  std::shared_ptr<const SlotNames> slots;
  std::shared_ptr<const parse::ParserSet> parsers;
  std::shared_ptr<const parse::ParserSet> postoverflows;  ///< stages that overflows go through; may have none
  std::shared_ptr<const detect::ScenarioSet> scenarios;
  /// What is enabled and compiled.
  std::vector<std::string> parser_ids, scenario_ids, postoverflow_ids, context_ids;

  // Kept alive for the compiled content.
  std::shared_ptr<DataFiles> data;
  std::shared_ptr<parse::EnricherTable> enrichers;
  std::shared_ptr<GrokTable> grok;
  std::shared_ptr<expr::TextTests> texts;  ///< what scenarios look for
  /// What expressions of content may call: for what is compiled beside it (a source's transform).
  std::vector<const expr::HelperTable*> helpers() const;

  Errors errors;                   ///< items that are off, and why
  std::vector<std::string> notes;  ///< what is worth knowing: missing databases, items that yield
  size_t off = 0;                  ///< items that are off because they are broken
  size_t former = 0;               ///< items that are broken now and run as they were at the load before

  /// "TYPE:STAGE:ID" → text of what is compiled; only with keep_texts.
  std::map<std::string, std::shared_ptr<const std::string>> item_texts;
};

/// Loads and compiles. Broken items are off and in `errors`; only a missing pattern library fails as a whole.
/// `previous` keeps its slot numbers, so that buckets live on over a reload, and its version of items that
/// are broken now.
Result<std::shared_ptr<const Program>> load_program(const ProgramOptions& options,
                                                    const Program* previous = nullptr);

}  // namespace testudo
