#include "pattern/grok_expand.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace testudo {
namespace {

constexpr size_t kMaxExpansion = 1u << 20;
constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxFields = 1000;

bool word_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

size_t word_end(std::string_view text, size_t at) {
  while (at < text.size() && word_character(text[at])) ++at;
  return at;
}

struct Reference {
  std::string_view name;
  std::string_view field;
  size_t end = 0;  ///< offset behind the closing brace
};

/// Reads %{NAME} or %{NAME:field} at `at`; anything else is literal text.
bool read_reference(std::string_view text, size_t at, Reference& reference) {
  if (text.substr(at, 2) != "%{") return false;
  const size_t name_end = word_end(text, at + 2);
  reference.name = text.substr(at + 2, name_end - at - 2);
  reference.field = {};
  size_t end = name_end;
  if (end < text.size() && text[end] == ':') {
    end = word_end(text, name_end + 1);
    reference.field = text.substr(name_end + 1, end - name_end - 1);
    if (reference.field.empty()) return false;
  }
  reference.end = end + 1;
  return !reference.name.empty() && end < text.size() && text[end] == '}';
}

/// A field and the offset, in the expansion, of the parenthesis that captures it.
struct Place {
  std::string field;
  size_t parenthesis = 0;
};

/// Later ones hide earlier ones of the same name, which keep their rank.
void put(std::vector<Place>& places, const std::string& field, size_t parenthesis) {
  const auto same =
      std::find_if(places.begin(), places.end(), [&](const Place& p) { return p.field == field; });
  if (same != places.end())
    same->parenthesis = parenthesis;
  else
    places.push_back({field, parenthesis});
}

class Expander {
 public:
  explicit Expander(const GrokTable& table) : table_(table) {}

  /// Appends the expansion of one level to `out`; fields of nested levels come first into `places`, so that
  /// those of this level hide them.
  Result<void> level(std::string_view text, std::vector<Place>& places) {
    std::vector<Place> own;
    for (size_t at = 0; at < text.size();) {
      Reference reference;
      if (!read_reference(text, at, reference)) {
        out += text[at++];
        continue;
      }
      const size_t parenthesis = out.size();
      TESTUDO_CHECK(nested(std::string(reference.name), places));
      if (!reference.field.empty()) put(own, std::string(reference.field), parenthesis);
      at = reference.end;
      if (own.size() > kMaxFields || places.size() > kMaxFields)
        return Error{Code::bad_content, fmt::format("pattern with more than {} fields", kMaxFields)};
    }
    for (const Place& place : own) put(places, place.field, place.parenthesis);
    return {};
  }

  std::string out;

 private:
  Result<void> nested(const std::string& name, std::vector<Place>& places) {
    const std::string* text = table_.find(name);
    if (!text) {
      const std::string near = nearest(name, table_.names());
      return Error{Code::bad_content,
                   fmt::format("unknown pattern %{{{}}}", name),
                   {},
                   near.empty() ? "define it in pattern_syntax or in a file of the patterns folder"
                                : fmt::format("did you mean %{{{}}}?", near)};
    }
    if (std::find(open_.begin(), open_.end(), name) != open_.end())
      return Error{Code::bad_content, fmt::format("pattern %{{{}}} contains itself", name)};
    if (open_.size() >= kMaxDepth)
      return Error{Code::bad_content,
                   fmt::format("pattern %{{{}}} lies deeper than {} references", open_.front(), kMaxDepth)};
    if (out.size() + text->size() > kMaxExpansion)
      return Error{Code::bad_content,
                   fmt::format("expansion over {} bytes, at %{{{}}}", kMaxExpansion, name)};
    open_.push_back(name);
    out += '(';
    std::vector<Place> inner;
    TESTUDO_CHECK(level(*text, inner));
    out += ')';
    open_.pop_back();
    for (const Place& place : inner) put(places, place.field, place.parenthesis);
    return {};
  }

  const GrokTable& table_;
  std::vector<std::string> open_;
};

}  // namespace

std::vector<size_t> capturing_parentheses(std::string_view regex) {
  std::vector<size_t> found;
  for (size_t i = 0; i < regex.size(); ++i) {
    const std::string_view rest = regex.substr(i);
    if (rest.starts_with("\\Q")) {
      const size_t end = regex.find("\\E", i + 2);
      if (end == std::string_view::npos) break;
      i = end + 1;
    } else if (rest.front() == '\\') {
      ++i;
    } else if (rest.front() == '[') {
      i += rest.starts_with("[^") ? 2 : 1;
      // A bracket that stands first is a member; [:name:] and escapes hold brackets that do not close.
      for (size_t start = i; i < regex.size() && (regex[i] != ']' || i == start); ++i) {
        if (regex[i] == '\\') {
          ++i;
        } else if (regex.substr(i, 2) == "[:") {
          const size_t end = regex.find(":]", i + 2);
          if (end != std::string_view::npos) i = end + 1;
        }
      }
    } else if (rest.front() == '(' && (!rest.starts_with("(?") || rest.starts_with("(?P<"))) {
      found.push_back(i);
    }
  }
  return found;
}

Result<GrokExpansion> expand_grok(const GrokTable& table, const std::string& expression) {
  if (expression.size() > kMaxExpansion)
    return Error{Code::bad_content,
                 fmt::format("pattern of {} bytes, the limit is {}", expression.size(), kMaxExpansion)};
  Expander expander(table);
  std::vector<Place> places;
  TESTUDO_CHECK(expander.level(expression, places));
  const std::vector<size_t> groups = capturing_parentheses(expander.out);
  GrokExpansion expansion;
  for (const Place& place : places) {
    const auto group = std::lower_bound(groups.begin(), groups.end(), place.parenthesis);
    if (group == groups.end() || *group != place.parenthesis)
      return Error{Code::bad_content,
                   fmt::format("field '{}' stands inside brackets or \\Q…\\E, where nothing "
                               "is captured",
                               place.field)};
    expansion.fields.push_back({place.field, static_cast<int>(group - groups.begin()) + 1});
  }
  std::sort(expansion.fields.begin(), expansion.fields.end(),
            [](const GrokField& a, const GrokField& b) { return a.group < b.group; });
  expansion.regex = std::move(expander.out);
  return expansion;
}

}  // namespace testudo
