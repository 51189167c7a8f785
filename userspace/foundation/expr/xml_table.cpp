#include "expr/xml_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

namespace testudo::expr {
namespace {

constexpr size_t npos = std::string_view::npos;

// What may stand in a name: everything but white space, markup and control bytes.
constexpr std::array<bool, 256> name_bytes = [] {
  std::array<bool, 256> is{};
  for (int c = 0x21; c < 256; ++c) is[size_t(c)] = true;
  for (const char c : {'<', '>', '/', '=', '"', '\'', '&', '!', '?', '\x7f'}) is[uint8_t(c)] = false;
  return is;
}();
bool is_name(char c) { return name_bytes[uint8_t(c)]; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

size_t find_byte(std::string_view text, char c, size_t from) {
  if (from >= text.size()) return npos;
  const void* found = std::memchr(text.data() + from, c, text.size() - from);
  return found ? size_t(static_cast<const char*>(found) - text.data()) : npos;
}

// "ns:name" → "name", and how much was cut off.
std::string_view local_name(std::string_view name) {
  const size_t colon = find_byte(name, ':', 0);
  return colon == npos || colon + 1 == name.size() ? name : name.substr(colon + 1);
}

}  // namespace

bool XmlTable::read(std::string_view text) {
  nodes_.clear();
  attributes_.clear();
  used_indexes_ = 0;
  values_.reset();
  text_ = text;
  current_ = depth_ = 0;
  nodes_.emplace_back();
  const auto unreadable = [&] {
    nodes_.resize(1);
    nodes_[0] = Node();
    attributes_.clear();
    return false;
  };
  if (text.size() > kMaxText) return unreadable();
  special_ = find_byte(text, '&', 0) != npos || find_byte(text, '\r', 0) != npos;

  for (size_t at = 0; (at = find_byte(text, '<', at)) != npos;) {
    const char c = at + 1 < text.size() ? text[at + 1] : '\0';
    bool ok = true;
    if (c == '/') {
      ok = close(at);
    } else if (c == '!' || c == '?') {
      ok = declaration(at);
    } else if (is_name(c)) {
      ok = open(at);
    } else if (current_ == 0) {
      ++at;  // "a < b" around the document: text
    } else {
      ok = false;
    }
    if (!ok) return unreadable();
  }
  return (current_ == 0 && nodes_.size() > 1) || unreadable();
}

void XmlTable::end_text(size_t at) {
  Node& node = nodes_[current_];
  if (node.text_ended || current_ == 0) return;
  node.text_ended = true;
  node.text = {node.text.data(), size_t(text_.data() + at - node.text.data())};
}

bool XmlTable::open(size_t& at) {
  if (nodes_.size() > kMaxNodes || depth_ == kMaxDepth) return false;
  end_text(at);
  const size_t start = ++at;
  while (at < text_.size() && is_name(text_[at])) ++at;
  const std::string_view whole = text_.substr(start, at - start), name = local_name(whole);
  const uint32_t id = uint32_t(nodes_.size());
  Node& node = nodes_.emplace_back();
  node.name = name;
  node.prefix = uint32_t(whole.size() - name.size());
  node.parent = current_;
  Node& parent = nodes_[current_];
  (parent.last_child ? nodes_[parent.last_child].next : parent.first_child) = id;
  parent.last_child = id;
  ++parent.children;
  bool empty = false;
  if (!read_attributes(at, id, empty)) return false;
  if (empty) return true;
  nodes_[id].text = {text_.data() + at, 0};
  current_ = id;
  ++depth_;
  return true;
}

// `name="value"` … up to and over > or />.
bool XmlTable::read_attributes(size_t& at, uint32_t node, bool& empty) {
  nodes_[node].attributes = uint32_t(attributes_.size());
  for (;;) {
    while (at < text_.size() && is_blank(text_[at])) ++at;
    if (at >= text_.size()) return false;
    if (text_[at] == '>') return ++at, true;
    if (text_[at] == '/') {
      empty = true;
      if (at + 1 >= text_.size() || text_[at + 1] != '>') return false;
      at += 2;
      return true;
    }
    const size_t start = at;
    while (at < text_.size() && is_name(text_[at])) ++at;
    const std::string_view name = text_.substr(start, at - start);
    while (at < text_.size() && is_blank(text_[at])) ++at;
    if (name.empty() || at >= text_.size() || text_[at] != '=') return false;
    ++at;
    while (at < text_.size() && is_blank(text_[at])) ++at;
    if (at >= text_.size() || (text_[at] != '"' && text_[at] != '\'')) return false;
    const size_t end = find_byte(text_, text_[at], at + 1);
    if (end == npos || attributes_.size() == kMaxNodes) return false;
    attributes_.push_back({local_name(name), text_.substr(at + 1, end - at - 1), node});
    ++nodes_[node].attribute_count;
    at = end + 1;
  }
}

bool XmlTable::close(size_t& at) {
  if (current_ == 0) return false;
  const Node& node = nodes_[current_];
  const std::string_view name(node.name.data() - node.prefix, node.name.size() + node.prefix);
  size_t end = at + 2 + name.size();
  if (text_.substr(at + 2, name.size()) != name) return false;
  while (end < text_.size() && is_blank(text_[end])) ++end;
  if (end >= text_.size() || text_[end] != '>') return false;
  end_text(at);
  current_ = node.parent;
  --depth_;
  at = end + 1;
  return true;
}

// Comments and CDATA belong to the text around them; a processing instruction ends it; a DTD is passed over.
bool XmlTable::declaration(size_t& at) {
  const std::string_view rest = text_.substr(at);
  const auto skip = [&](std::string_view end, size_t from) {
    const size_t found = rest.find(end, from);
    at += found == npos ? 0 : found + end.size();
    return found != npos;
  };
  if (rest.starts_with("<?")) {
    end_text(at);
    return skip("?>", 2);
  }
  special_ = true;
  if (rest.starts_with("<!--")) return skip("-->", 4);
  if (rest.starts_with("<![CDATA[")) return skip("]]>", 9);
  int open = 0;
  for (size_t i = 0; i < rest.size(); ++i) {
    open += (rest[i] == '<' || rest[i] == '[') - (rest[i] == '>' || rest[i] == ']');
    if (open == 0) return at += i + 1, true;
  }
  return false;
}

const XmlTable::Attribute* XmlTable::attribute(uint32_t node, std::string_view name) const {
  const Node& of = nodes_[node];
  for (uint32_t i = of.attributes; i < of.attributes + of.attribute_count; ++i)
    if (attributes_[i].name == name) return &attributes_[i];
  return nullptr;
}

}  // namespace testudo::expr
