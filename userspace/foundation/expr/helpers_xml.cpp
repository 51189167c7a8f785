// Values out of XML documents. The event's document is read once, however many values are asked for.
#include "expr/documents.h"
#include "expr/helpers.h"

namespace testudo::expr {
namespace {

constexpr Type kS = Type::string;

// The element on the path; null when there is no such document, path or element.
XmlTable* find(Documents& documents, const Context& c, const Value* a, uint32_t& node) {
  const XmlPath* path = documents.path(a[1].text());
  XmlTable* table = path ? documents.xml(c.event, a[0].text()) : nullptr;
  node = table ? path->find(*table) : 0;
  return node ? table : nullptr;
}

bool node_value(const void*, Context& c, const Value* a, size_t, Value& out) {
  BorrowedDocuments documents(c);
  uint32_t node = 0;
  const XmlTable* table = find(*documents, c, a, node);
  out = Value::of(table ? table->text(node, *c.arena) : std::string_view());
  return true;
}
bool attribute_value(const void*, Context& c, const Value* a, size_t, Value& out) {
  BorrowedDocuments documents(c);
  uint32_t node = 0;
  const XmlTable* table = find(*documents, c, a, node);
  const XmlTable::Attribute* attribute = table ? table->attribute(node, a[2].text()) : nullptr;
  out = Value::of(std::string_view());
  if (!attribute) return true;
  // A value that an index has decoded lies in the table's own memory, which the next event reuses.
  out = Value::of(attribute->plain ? c.arena->copy(attribute->value) : table->value(*attribute, *c.arena));
  return true;
}

const Helper rows[] = {
    {"XMLGetNodeValue",
     "text of the first element on a path: /Event/EventData[1]/Data[@Name='x']",
     {kS, kS},
     false,
     kS,
     true,
     node_value},
    {"XMLGetAttributeValue",
     "an attribute of the first element on a path",
     {kS, kS, kS},
     false,
     kS,
     true,
     attribute_value},
};

}  // namespace

void add_xml_helpers(HelperTable& table) { table.insert(table.end(), std::begin(rows), std::end(rows)); }

}  // namespace testudo::expr
