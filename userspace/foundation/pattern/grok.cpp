#include "pattern/grok.h"

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"
#include "pattern/grok_expand.h"

namespace testudo {
namespace {

constexpr uint64_t kMaxFile = 4u << 20;

/// ^(\w+)\s+(.+)$, the line without its newline.
bool read_definition(std::string_view line, std::string& name, std::string& expression) {
  size_t at = 0;
  while (at < line.size() && (isalnum(static_cast<unsigned char>(line[at])) || line[at] == '_')) ++at;
  name = line.substr(0, at);
  const size_t text = line.find_first_not_of(" \t\f\r", at);
  if (name.empty() || text == at || text == std::string_view::npos) return false;
  expression = line.substr(text);
  if (expression.ends_with('\r')) expression.pop_back();
  return !expression.empty();
}

Error at(Error error, const Where& where) {
  if (error.where.file.empty() && error.where.line == 0) error.where = where;
  return error;
}

}  // namespace

bool GrokTable::add(const std::string& name, const std::string& expression) {
  const auto [entry, added] = names_.emplace(name, expression);
  return added || entry->second == expression;
}

bool GrokTable::contains(std::string_view name) const { return names_.find(name) != names_.end(); }

const std::string* GrokTable::find(std::string_view name) const {
  const auto entry = names_.find(name);
  return entry == names_.end() ? nullptr : &entry->second;
}

std::vector<std::string> GrokTable::names() const {
  std::vector<std::string> all;
  for (const auto& entry : names_) all.push_back(entry.first);
  return all;
}

Result<void> GrokTable::load_folder(const std::string& path) {
  std::map<std::string, Where> seen;
  for (const std::string& file : list_directory(path)) {
    if (file.find('.') != std::string::npos) continue;
    const std::string full = path + "/" + file;
    TESTUDO_TRY(const std::string content, read_file(full, kMaxFile));
    int number = 0;
    for (const std::string_view line : split(content, '\n')) {
      ++number;
      std::string name;
      std::string expression;
      if (!read_definition(line, name, expression)) continue;
      const Where here{full, number, 1};
      const auto [first, fresh] = seen.emplace(name, here);
      if (!fresh)
        return Error{Code::bad_content, fmt::format("pattern {} is defined twice", name), here,
                     fmt::format("the first definition is at {}", first->second.text())};
      add(name, expression);
    }
  }
  return {};
}

Result<Grok> GrokTable::compile(const std::string& expression, const Where& where) const {
  auto expansion = expand_grok(*this, expression);
  if (!expansion) return at(std::move(expansion).error(), where);
  auto regex = Regex::compile(expansion->regex);
  if (!regex) return at(std::move(regex).error(), where);
  for (const GrokField& field : expansion->fields)
    if (field.group > regex->groups())
      return Error{Code::internal,
                   fmt::format("field '{}' has group {} of {}", field.name, field.group, regex->groups()),
                   where};
  std::vector<int> read;
  for (GrokField& field : expansion->fields) {  // in the order of their groups
    read.push_back(field.group);
    field.group = int(read.size());
  }
  regex->capture_only(std::move(read));
  return Grok{std::move(*regex), std::move(expansion->fields)};
}

Result<Grok> GrokTable::compile_named(const std::string& name, const Where& where) const {
  // %{NAME} and not the text of NAME, so that an unknown name has the same error in both cases.
  return compile("%{" + name + "}", where);
}

}  // namespace testudo
