// The children of an element by the value of an attribute. A Windows event has thirty <Data Name="…">, and
// the parsers of the hub ask for nearly all of them, one after another.
#include <functional>

#include "expr/xml_table.h"

namespace testudo::expr {
namespace {

constexpr size_t kMaxIndexes = 8;  // of one document; more are looked for one by one
constexpr uint32_t kFew = 4;       // children that are not worth an index
constexpr size_t kMaxProbes = 64;  // a document made to collide gets no index

}  // namespace

uint32_t XmlTable::hash_of(std::string_view value) {
  const size_t hash = std::hash<std::string_view>{}(value);
  return uint32_t(hash ^ (hash >> 32));
}

// Null: the document has too many already.
XmlTable::Index* XmlTable::index_of(uint32_t parent, std::string_view attribute) {
  for (size_t i = 0; i < used_indexes_; ++i)
    if (indexes_[i].parent == parent && indexes_[i].attribute == attribute) return &indexes_[i];
  if (used_indexes_ == kMaxIndexes) return nullptr;
  if (used_indexes_ == indexes_.size()) indexes_.emplace_back();
  Index& index = indexes_[used_indexes_++];
  index.parent = parent;
  index.attribute = attribute;
  fill(index);
  return &index;
}

void XmlTable::fill(Index& index) {
  size_t size = 16;
  while (size < 2 * size_t(nodes_[index.parent].children)) size *= 2;
  index.slots.assign(size, {});
  index.usable = false;
  for (uint32_t child = nodes_[index.parent].first_child; child; child = nodes_[child].next) {
    const Attribute* found = attribute(child, index.attribute);
    if (!found) continue;
    // Decoded once: lookups compare the value as it is meant.
    Attribute& kept = attributes_[size_t(found - attributes_.data())];
    kept.value = value(kept, values_);
    kept.plain = true;
    const uint32_t hash = hash_of(kept.value);
    size_t probes = 0, at = hash & (size - 1);
    while (index.slots[at].attribute && ++probes < kMaxProbes) at = (at + 1) & (size - 1);
    if (index.slots[at].attribute) return;
    index.slots[at] = {uint32_t(found - attributes_.data()) + 1, hash};
  }
  index.usable = true;
}

uint32_t XmlTable::child_by_attribute(uint32_t parent, std::string_view name, std::string_view attribute_name,
                                      std::string_view value, uint32_t hash) {
  const bool any = name == "*";
  if (nodes_[parent].children > kFew) {
    if (const Index* index = index_of(parent, attribute_name); index && index->usable) {
      const size_t mask = index->slots.size() - 1;
      for (size_t at = hash & mask; index->slots[at].attribute; at = (at + 1) & mask) {
        const Attribute& one = attributes_[index->slots[at].attribute - 1];
        if (index->slots[at].hash == hash && one.value == value && (any || nodes_[one.node].name == name))
          return one.node;
      }
      return 0;
    }
  }
  Arena local;
  for (uint32_t child = nodes_[parent].first_child; child; child = nodes_[child].next) {
    if (!any && nodes_[child].name != name) continue;
    const Attribute* found = attribute(child, attribute_name);
    if (found && this->value(*found, local) == value) return child;
  }
  return 0;
}

}  // namespace testudo::expr
