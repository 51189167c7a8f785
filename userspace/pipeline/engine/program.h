// engine/program.h: all content, compiled: what the workers run. Immutable; reload builds another one.
#pragma once

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
};

struct Program {
  std::shared_ptr<const SlotNames> slots;
  std::shared_ptr<const parse::ParserSet> parsers;
  std::shared_ptr<const detect::ScenarioSet> scenarios;
  std::vector<std::string> parser_ids, scenario_ids;  ///< what is enabled and compiled

  // Kept alive for the compiled content.
  std::shared_ptr<DataFiles> data;
  std::shared_ptr<parse::EnricherTable> enrichers;
  std::shared_ptr<GrokTable> grok;
  std::shared_ptr<expr::TextTests> texts;  ///< what scenarios look for

  Errors errors;                   ///< items that are off, and why
  std::vector<std::string> notes;  ///< what is worth knowing: missing databases, items that yield
  size_t off = 0;                  ///< items that are off because they are broken
};

/// Loads and compiles. Broken items are off and in `errors`; only a missing pattern library fails as a whole.
/// `previous` keeps its slot numbers, so that buckets live on over a reload.
Result<std::shared_ptr<const Program>> load_program(const ProgramOptions& options,
                                                    const Program* previous = nullptr);

}  // namespace testudo
