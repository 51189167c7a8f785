// Any text as XML, JSON or key=value pairs: the readers end, stay inside the text and agree with their slow
// selves. The first line is a path, the rest the document.
#include "expr/documents.h"
#include "expr/helpers.h"

namespace {

using namespace testudo;
using namespace testudo::expr;

void require(bool holds) {
  if (!holds) __builtin_trap();
}

bool inside(std::string_view part, std::string_view text) {
  return part.empty() ||
         (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
}

// A child found by an index is the first one that a walk over all children finds.
void check_index(XmlTable& table, Arena& arena) {
  for (uint32_t parent = 0, left = 64; left > 0; --left) {
    const XmlTable::Node& node = table.node(parent);
    uint32_t last = node.last_child;
    if (last == 0) return;
    if (table.node(last).attribute_count > 0) {
      const XmlTable::Attribute attribute = table.attribute(table.node(last).attributes);
      const std::string value(table.value(attribute, arena));
      uint32_t first = 0;
      for (uint32_t c = node.first_child; c && !first; c = table.node(c).next)
        if (const XmlTable::Attribute* found = table.attribute(c, attribute.name))
          if (table.value(*found, arena) == value) first = c;
      require(first != 0);
      require(table.child_by_attribute(parent, "*", attribute.name, value, XmlTable::hash_of(value)) ==
              first);
    }
    parent = last;
  }
}

// What is JSON is an object whose every plain key is found, and as the same value.
void check_members(JsonIndex& index, Machine& m, const Value& whole) {
  if (whole.kind != Value::Kind::map) return;
  for (uint32_t i = 0; i < std::min(whole.map->size, 50u); ++i) {
    const auto& [key, value] = whole.map->entries[i];
    if (key.empty() || key.find_first_of(".[") != std::string_view::npos) continue;
    const JsonIndex::Found found = index.find(key);
    require(found.kind != JsonIndex::Kind::absent);
    Value again;
    if (found.kind == JsonIndex::Kind::object || found.kind == JsonIndex::Kind::array)
      require(read_json(m, found.text, again));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view path = input.substr(0, input.find('\n'));
  const std::string_view text = input.substr(std::min(input.size(), path.size() + 1));
  static SlotNames slots;
  Event event(slots);
  Documents documents;
  Context ctx;
  ctx.event = &event;
  ctx.arena = &event.arena;
  ctx.documents = &documents;

  if (XmlTable* table = documents.xml(&event, text)) {
    if (const XmlPath* compiled = documents.path(path)) {
      const uint32_t id = compiled->find(*table);
      if (id) require(table->text(id, event.arena).size() <= text.size());
      require(compiled->find(*table) == id);
    }
    check_index(*table, event.arena);
  }

  JsonIndex& index = documents.json(&event, text);
  require(inside(index.find(path).text, text));
  Machine m{ctx};
  Value whole;
  if (documents.json_value(ctx, text, whole)) check_members(index, m, whole);

  for (const Helper& helper : pure_helpers()) {
    if (helper.name != "ParseKV" && helper.name != "ParseKVLax") continue;
    const Value args[] = {Value::of(text), Value::of_object(uint8_t(ClassId::unmarshaled), &event),
                          Value::of(path)};
    Value out;
    if (helper.call(nullptr, ctx, args, 3, out)) require(!event.unmarshaled.empty());
  }
  return 0;
}
