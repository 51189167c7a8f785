// expr/xml_path.h: a path into an XML document, in the notation of etree (a part of XPath), compiled.
//
//   /Event/EventData[1]/Data[@Name='Image']      absolute steps, filters in brackets
//   //Data  ./a  *  ..  .                        any depth, relative, any name, parent, itself
//   [2] [-1] [@a] [@a='v'] [b] [b='v'] [text()] [text()='v']
//
// Prefixes of namespaces are ignored, in names of elements and of attributes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expr/xml_table.h"

namespace testudo::expr {

class XmlPath {
 public:
  static constexpr size_t kMaxText = 4096;

  /// Nothing when it is no path.
  static std::optional<XmlPath> parse(std::string_view text);

  /// The first element on the path, in document order; 0: none. A path that would look at more than 200,000
  /// elements finds none.
  uint32_t find(XmlTable& table) const;

 private:
  struct Filter {
    enum class Kind : uint8_t { position, attribute, attribute_is, child, child_is, text, text_is };
    Kind kind = Kind::position;
    int64_t position = 0;
    std::string name, value;
    uint32_t hash = 0;  ///< of the value
  };
  struct Step {
    enum class Kind : uint8_t { child, descendant, self, parent };
    Kind kind = Kind::child;
    std::string name;  ///< "*": any
    std::vector<Filter> filters;
  };
  struct Search;

  static std::optional<Filter> filter(std::string_view text);
  static std::optional<Step> step(std::string_view text, bool descendant);

  std::vector<Step> steps_;
};

}  // namespace testudo::expr
