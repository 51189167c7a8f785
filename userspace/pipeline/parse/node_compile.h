// parse/node_compile.h: from a YAML document to a node. Semantics: engine-spec §1.5–1.10, §2.4.
#pragma once

#include "parse/node.h"
#include "yaml/yaml.h"

namespace testudo::parse {

struct CompileEnv {
  SlotNames& slots;
  GrokTable& grok;  ///< grows by `pattern_syntax:`, which is one table for all files
  std::vector<const expr::HelperTable*> helpers;
  const EnricherTable& enrichers;
  std::vector<Error>& notes;  ///< what is odd but works as the format says (a target that cannot be set)
  Errors errors{};            ///< of the last document: all that is wrong with it
};

/// Null when the document has no name, description or author, or is of a format this engine does not know:
/// the format then says to skip it. Errors name file:line:column; the first one is returned, all of them are
/// in `env.errors`.
Result<std::unique_ptr<Node>> compile_node(const YamlNode& document, CompileEnv& env);

/// Puts a compiled top-level node into its stage, making the stage; call in the order of installed paths.
void add_node(ParserSet& set, const std::string& stage, std::unique_ptr<Node> node);
/// Sorts the stages by name and works out what lets lines skip nodes. Call once, when all nodes are in.
void finish(ParserSet& set, SlotNames& slots);

}  // namespace testudo::parse
