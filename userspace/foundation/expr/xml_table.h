// expr/xml_table.h: an XML document as a flat table, made in one pass, for many questions about it.
//
//   <Event><System><EventID>1</EventID></System></Event>
//   0 (the document) ── 1 Event ── 2 System ── 3 EventID "1"      children are linked, in document order
//
// The reader is lenient where logs are: text before, between and after the outermost elements is passed over
// (a browser's copy of a Windows event begins with "- <Event"), namespace prefixes and DTDs are ignored.
// It is strict where a document was cut or forged: an element that is not closed, or closed by another name,
// makes the whole document unreadable. Names and texts are views into the text that was read; entities are
// decoded when somebody asks. The memory is reused from document to document.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"

namespace testudo::expr {

class XmlTable {
 public:
  static constexpr size_t kMaxText = 1 << 20;
  static constexpr size_t kMaxNodes = 100'000;  ///< and as many attributes
  static constexpr size_t kMaxDepth = 256;

  struct Node {
    std::string_view name;     ///< without its prefix
    std::string_view text;     ///< as written, up to the first element within
    uint32_t prefix = 0;       ///< bytes before the name: "ns:"
    uint32_t parent = 0;       ///< 0 is the document itself
    uint32_t first_child = 0;  ///< 0: none
    uint32_t last_child = 0;
    uint32_t next = 0;  ///< sibling; 0: none
    uint32_t children = 0;
    uint32_t attributes = 0;  ///< the first one, in attributes()
    uint32_t attribute_count = 0;
    bool text_ended = false;
  };
  struct Attribute {
    std::string_view name;   ///< without its prefix
    std::string_view value;  ///< as written, unless `plain`
    uint32_t node = 0;
    bool plain = false;  ///< entities are decoded
  };

  /// False when it is not XML or beyond the bounds; the table then holds nothing. `text` must outlive the
  /// questions.
  bool read(std::string_view text);

  const Node& node(uint32_t id) const { return nodes_[id]; }
  const Attribute* attribute(uint32_t node, std::string_view name) const;
  const Attribute& attribute(uint32_t id) const { return attributes_[id]; }

  /// Character data before the first element within, entities decoded. Into `arena` where it is not the text
  /// as written.
  std::string_view text(uint32_t node, Arena& arena) const { return decoded(nodes_[node].text, arena, true); }
  std::string_view value(const Attribute& attribute, Arena& arena) const {
    return attribute.plain ? attribute.value : decoded(attribute.value, arena, false);
  }

  /// The first child of `parent`, in document order, that is called `name` ("*": anything) and whose
  /// attribute has that value; 0: none. The children are indexed by the attribute the first time.
  uint32_t child_by_attribute(uint32_t parent, std::string_view name, std::string_view attribute,
                              std::string_view value, uint32_t hash);
  static uint32_t hash_of(std::string_view value);

 private:
  /// Children of one element by the value of one attribute: open addressing, in document order.
  struct Index {
    uint32_t parent = 0;
    std::string attribute;
    struct Slot {
      uint32_t attribute = 0;  ///< number + 1; 0: free
      uint32_t hash = 0;
    };
    std::vector<Slot> slots;
    bool usable = false;
  };

  bool open(size_t& at);
  bool close(size_t& at);
  bool declaration(size_t& at);
  bool read_attributes(size_t& at, uint32_t node, bool& empty);
  void end_text(size_t at);
  std::string_view decoded(std::string_view raw, Arena& arena, bool markup) const;
  Index* index_of(uint32_t parent, std::string_view attribute);
  void fill(Index& index);

  std::string_view text_;
  std::vector<Node> nodes_;
  std::vector<Attribute> attributes_;
  std::vector<Index> indexes_;
  size_t used_indexes_ = 0;
  Arena values_;  ///< attribute values that had to be decoded for an index
  uint32_t current_ = 0;
  uint32_t depth_ = 0;
  bool special_ = false;  ///< there are entities, CDATA, comments or carriage returns: texts need decoding
};

}  // namespace testudo::expr
