// pattern/grok.h: %{NAME:field} expressions over a table of named patterns.
//
// Rules (engine-spec §2): a reference is exactly %{NAME} or %{NAME:field} with \w+ in both places, anything
// else is literal regex text; each reference becomes one group; the first definition of a name
// wins; a field named at an outer level hides the same field of nested patterns; the last occurrence of a
// field at one level wins, even when it did not take part; plain (?P<x>…) groups are not fields.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pattern/regex.h"

namespace testudo {

struct GrokField {
  std::string name;
  int group = 0;  ///< of Grok::regex, which captures fields alone
};

struct Grok {
  Regex regex;
  /// Every field once, in order of appearance. No field at all: by the format such a pattern never matches.
  std::vector<GrokField> fields;
};

class GrokTable {
 public:
  /// Adds a name. False when the name exists already with another text (the first definition stays).
  bool add(const std::string& name, const std::string& expression);
  bool contains(std::string_view name) const;
  const std::string* find(std::string_view name) const;

  /// Reads every file of a patterns folder (names with a dot are ignored; a line is a definition when it
  /// matches ^(\w+)\s+(.+)$, '#' lines and others are ignored). A redefinition within the folder is an error.
  Result<void> load_folder(const std::string& path);

  /// Expands and compiles. Unknown names, endless recursion, expansions over 1 MiB and whatever RE2 refuses
  /// are errors (bad_content); `where` is put into them. "Did you mean" for unknown names.
  Result<Grok> compile(const std::string& expression, const Where& where = {}) const;
  /// As compile() of "%{NAME}" at top level: the fields are those of the named pattern itself.
  Result<Grok> compile_named(const std::string& name, const Where& where = {}) const;

  size_t size() const { return names_.size(); }
  std::vector<std::string> names() const;  ///< sorted

 private:
  std::map<std::string, std::string, std::less<>> names_;
};

}  // namespace testudo
