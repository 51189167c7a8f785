#include "model/slots.h"

#include <stdexcept>

namespace testudo {

SlotRef SlotNames::intern(Bag bag, std::string_view name) {
  auto& index = index_[size_t(bag)];
  const auto found = index.find(std::string(name));
  if (found != index.end()) return {bag, found->second};
  auto& names = names_[size_t(bag)];
  if (names.size() >= 65535) throw std::length_error("more than 65,535 field names in one bag");
  const auto id = static_cast<SlotId>(names.size());
  names.emplace_back(name);
  index.emplace(std::string(name), id);
  return {bag, id};
}

std::optional<SlotRef> SlotNames::find(Bag bag, std::string_view name) const {
  const auto& index = index_[size_t(bag)];
  const auto found = index.find(std::string(name));
  if (found == index.end()) return std::nullopt;
  return SlotRef{bag, found->second};
}

}  // namespace testudo
