#include "expr/xml_path.h"

#include <charconv>

namespace testudo::expr {
namespace {

constexpr size_t npos = std::string_view::npos;

std::string_view without_prefix(std::string_view name) {
  const size_t colon = name.find(':');
  return colon == npos ? name : name.substr(colon + 1);
}

// The end of a step: the next / outside of brackets and quotes.
size_t step_end(std::string_view text, size_t at) {
  char quote = 0;
  int brackets = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quote) {
      if (c == quote) quote = 0;
    } else if (brackets > 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '/' && brackets == 0) {
      break;
    } else {
      brackets += (c == '[') - (c == ']');
    }
  }
  return at;
}

}  // namespace

// What stands in brackets: a position, or a name and perhaps a quoted value.
std::optional<XmlPath::Filter> XmlPath::filter(std::string_view text) {
  Filter filter;
  using Kind = Filter::Kind;
  if (text.empty()) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), filter.position);
  if (error == std::errc() && end == text.data() + text.size())
    return filter.position == 0 ? std::nullopt : std::optional(filter);
  std::string_view name = text;
  bool compared = false;
  if (const size_t equals = text.find('='); equals != npos) {
    const std::string_view quoted = text.substr(equals + 1);
    if (quoted.size() < 2 || quoted.front() != quoted.back() ||
        (quoted.front() != '\'' && quoted.front() != '"'))
      return std::nullopt;
    name = text.substr(0, equals);
    filter.value = quoted.substr(1, quoted.size() - 2);
    filter.hash = XmlTable::hash_of(filter.value);
    compared = true;
  }
  if (name == "text()") {
    filter.kind = compared ? Kind::text_is : Kind::text;
    return filter;
  }
  const bool attribute = name.starts_with('@');
  filter.name = without_prefix(attribute ? name.substr(1) : name);
  if (filter.name.empty() || filter.name.find_first_of("()[]@") != npos) return std::nullopt;
  filter.kind = attribute ? (compared ? Kind::attribute_is : Kind::attribute)
                          : (compared ? Kind::child_is : Kind::child);
  return filter;
}

std::optional<XmlPath::Step> XmlPath::step(std::string_view text, bool descendant) {
  Step step;
  const size_t bracket = text.find('[');
  const std::string_view name = text.substr(0, bracket);
  if (name.empty() || name.find_first_of("]@()'\"") != npos) return std::nullopt;
  step.kind = name == "."    ? Step::Kind::self
              : name == ".." ? Step::Kind::parent
              : descendant   ? Step::Kind::descendant
                             : Step::Kind::child;
  step.name = without_prefix(name);
  for (std::string_view rest = bracket == npos ? "" : text.substr(bracket); !rest.empty();) {
    if (rest[0] != '[') return std::nullopt;
    // A quoted value may hold a bracket.
    size_t end = 1;
    for (char quote = 0; end < rest.size() && (quote || rest[end] != ']'); ++end)
      if (quote ? rest[end] == quote : rest[end] == '\'' || rest[end] == '"') quote = quote ? 0 : rest[end];
    if (end >= rest.size()) return std::nullopt;
    auto one = filter(rest.substr(1, end - 1));
    if (!one) return std::nullopt;
    step.filters.push_back(std::move(*one));
    rest.remove_prefix(end + 1);
  }
  return step;
}

std::optional<XmlPath> XmlPath::parse(std::string_view text) {
  XmlPath path;
  if (text.empty() || text.size() > kMaxText) return std::nullopt;
  size_t at = text[0] == '/' ? 1 : 0;
  bool descendant = false;
  if (text.starts_with("//")) {
    at = 2;
    descendant = true;
  }
  for (;;) {
    const size_t end = step_end(text, at);
    auto one = step(text.substr(at, end - at), descendant);
    if (!one) return std::nullopt;
    if (one->kind != Step::Kind::self || !one->filters.empty()) path.steps_.push_back(std::move(*one));
    if (end >= text.size()) break;
    descendant = text.substr(end).starts_with("//");
    at = end + (descendant ? 2 : 1);
  }
  return path;
}

struct XmlPath::Search {
  XmlTable& table;
  const std::vector<Step>& steps;
  size_t left = 200'000;  // elements that may be looked at
  Arena texts{};

  bool passes(const Filter& filter, uint32_t id) {
    using Kind = Filter::Kind;
    switch (filter.kind) {
      case Kind::attribute:
        return table.attribute(id, filter.name) != nullptr;
      case Kind::attribute_is: {
        const XmlTable::Attribute* found = table.attribute(id, filter.name);
        return found && table.value(*found, texts) == filter.value;
      }
      case Kind::child:
      case Kind::child_is:
        for (uint32_t c = table.node(id).first_child; c && left; c = table.node(c).next, --left)
          if (table.node(c).name == filter.name &&
              (filter.kind == Kind::child || table.text(c, texts) == filter.value))
            return true;
        return false;
      case Kind::text:
        return !table.text(id, texts).empty();
      case Kind::text_is:
        return table.text(id, texts) == filter.value;
      case Kind::position:
        break;
    }
    return false;
  }

  // The candidates of one step below one element, filtered; positions count what the filters before them
  // left.
  void filtered(const Step& step, std::vector<uint32_t>& found) {
    for (const Filter& filter : step.filters) {
      if (filter.kind != Filter::Kind::position) {
        std::erase_if(found, [&](uint32_t id) { return !passes(filter, id); });
        continue;
      }
      const int64_t place =
          filter.position > 0 ? filter.position - 1 : int64_t(found.size()) + filter.position;
      const bool there = place >= 0 && place < int64_t(found.size());
      found = there ? std::vector{found[size_t(place)]} : std::vector<uint32_t>{};
    }
  }

  bool named(const Step& step, uint32_t id) const {
    return step.name == "*" || table.node(id).name == step.name;
  }

  void descendants(const Step& step, uint32_t id, std::vector<uint32_t>& found) {
    for (uint32_t c = table.node(id).first_child; c && left; c = table.node(c).next) {
      --left;
      if (named(step, c)) found.push_back(c);
      descendants(step, c, found);
    }
  }

  uint32_t below(uint32_t id, size_t at) {
    if (at == steps.size()) return id;
    const Step& step = steps[at];
    if (step.kind == Step::Kind::child) {
      if (step.filters.empty()) return each_child(step, id, at);
      const Filter& only = step.filters.front();
      if (step.filters.size() == 1 && only.kind == Filter::Kind::position && only.position > 0)
        return nth_child(step, id, at, only.position);
      // The last step: the first that has the value is the answer.
      if (step.filters.size() == 1 && only.kind == Filter::Kind::attribute_is && at + 1 == steps.size())
        return table.child_by_attribute(id, step.name, only.name, only.value, only.hash);
    }
    std::vector<uint32_t> found;
    if (step.kind == Step::Kind::child)
      for (uint32_t c = table.node(id).first_child; c && left; c = table.node(c).next, --left)
        if (named(step, c)) found.push_back(c);
    if (step.kind == Step::Kind::descendant) descendants(step, id, found);
    if (step.kind == Step::Kind::self) found.push_back(id);
    if (step.kind == Step::Kind::parent && id != 0) found.push_back(table.node(id).parent);
    filtered(step, found);
    for (const uint32_t one : found)
      if (const uint32_t answer = left ? below(one, at + 1) : 0) return answer;
    return 0;
  }

  uint32_t each_child(const Step& step, uint32_t id, size_t at) {
    for (uint32_t c = table.node(id).first_child; c && left; c = table.node(c).next, --left)
      if (named(step, c))
        if (const uint32_t answer = below(c, at + 1)) return answer;
    return 0;
  }
  uint32_t nth_child(const Step& step, uint32_t id, size_t at, int64_t n) {
    for (uint32_t c = table.node(id).first_child; c && left; c = table.node(c).next, --left)
      if (named(step, c) && --n == 0) return below(c, at + 1);
    return 0;
  }
};

uint32_t XmlPath::find(XmlTable& table) const {
  Search search{table, steps_};
  return search.below(0, 0);
}

}  // namespace testudo::expr
