// acquire/acquis.h: acquisition documents, in CrowdSec's form, → what is to be read.
//
// One YAML document a source; several in a file, divided by ---. ${NAME} stands for an environment variable;
// one that is not set stays as it is written.
#pragma once

#include <string>
#include <vector>

#include "acquire/source.h"

namespace testudo {

struct AcquisDocument {
  const SourceKind* kind = nullptr;
  YamlNode section;
};

/// Documents of files and of folders (their *.yaml and *.yml, by name). A path that does not exist is said in
/// the log, no error. Each document that cannot be used is an error with its place; the others are returned.
std::vector<AcquisDocument> load_acquis(const std::vector<std::string>& paths, Errors& errors);
/// Documents written inline in testudo.yaml: a sequence of maps, or one of its items.
std::vector<AcquisDocument> read_acquis(const YamlNode& sources, Errors& errors);
/// As load_acquis(), of text.
std::vector<AcquisDocument> parse_acquis(std::string_view text, const std::string& file, Errors& errors);

}  // namespace testudo
