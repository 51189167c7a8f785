#include "engine/data_files.h"

#include "base/files.h"
#include "base/text.h"
#include "pattern/regex_set.h"

namespace testudo {

struct DataFiles::Table {
  bool has_strings = false, has_regexes = false;
  std::vector<std::string> lines;
  std::vector<Value> values;
  ValueArray array;
  RegexSet regexes;
};

namespace {

constexpr uint64_t kMaxFile = 256u << 20;
constexpr size_t kMaxLine = 64 * 1024;
constexpr size_t kMaxLines = 5'000'000;
constexpr size_t kMaxRegexes = 20'000;

bool call_file(const void* owner, expr::Context&, const Value* args, size_t, Value& out) {
  static const ValueArray empty;
  const auto* table = static_cast<const DataFiles*>(owner)->find(args[0].text());
  out = Value::of(table ? &table->array : &empty);
  return true;
}

bool call_regexp_in_file(const void* owner, expr::Context& context, const Value* args, size_t, Value& out) {
  const auto* table = static_cast<const DataFiles*>(owner)->find(args[1].text());
  out = Value::of(table && table->regexes.any(args[0].text(), *context.regex));
  return true;
}

}  // namespace

DataFiles::DataFiles() {
  using expr::Type;
  helpers_.push_back({"File",
                      "lines of a data file of type string",
                      {Type::string},
                      false,
                      Type::array,
                      true,
                      &call_file,
                      this});
  helpers_.push_back({"RegexpInFile",
                      "does any pattern of a data file of type regexp match",
                      {Type::string, Type::string},
                      false,
                      Type::boolean,
                      false,
                      &call_regexp_in_file,
                      this});
}
DataFiles::~DataFiles() = default;

const DataFiles::Table* DataFiles::find(std::string_view name) const {
  const auto found = tables_.find(name);
  return found == tables_.end() ? nullptr : found->second.get();
}

std::vector<std::string> DataFiles::load(const YamlNode& data, const std::string& folder, bool by_url,
                                         Errors& errors) {
  std::vector<std::string> missing;
  if (data.is_null()) return missing;
  if (!data.is_sequence()) {
    errors.push_back(data.error("data must be a list"));
    return missing;
  }
  for (const YamlNode& entry : data.items()) {
    const auto text = [&](const char* key) -> std::string {
      const YamlNode* n = entry.find(key);
      return n && n->is_scalar() ? n->text() : std::string();
    };
    const std::string type = text("type"), name = text("dest_file"), url = text("source_url");
    if (type.empty()) continue;
    if (name.empty() || name.find("..") != std::string::npos) {
      errors.push_back(entry.error("data needs a dest_file inside the data folder"));
      continue;
    }
    if (type != "string" && type != "regexp" && type != "regex") {
      errors.push_back(entry.error("unknown data type '" + type + "'", "types are string and regexp"));
      continue;
    }
    Table& table = *tables_.try_emplace(name, std::make_unique<Table>()).first->second;
    bool& loaded = type == "string" ? table.has_strings : table.has_regexes;
    if (loaded) continue;
    std::string path = folder + "/" + name;
    if (by_url) {
      const std::string by_name = folder + "/" + url.substr(url.rfind('/') + 1);
      if (!url.empty() && file_exists(by_name)) path = by_name;
    }
    auto content = read_file(path, kMaxFile);
    if (!content) {
      if (content.error().code == Code::not_found)
        missing.push_back(path);
      else
        errors.push_back(content.error());
      continue;
    }
    loaded = true;
    int line_number = 0;
    for (std::string_view line : split(*content, '\n')) {
      ++line_number;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty() || line[0] == '#') continue;
      if (line.size() > kMaxLine || table.lines.size() >= kMaxLines || table.regexes.size() >= kMaxRegexes) {
        errors.push_back(
            {Code::too_large,
             "a line is longer than 64 KiB, or the file has over 5,000,000 lines or 20,000 patterns",
             {path, line_number},
             "the rest of the file is left out"});
        break;
      }
      if (type == "string") {
        table.lines.emplace_back(line);
      } else {
        auto regex = Regex::compile(line);
        if (!regex)
          errors.push_back(
              {Code::bad_content, regex.error().message, {path, line_number}, "this pattern is left out"});
        else
          table.regexes.add(std::move(*regex));
      }
    }
    if (type == "regexp") table.regexes.finish();
    if (type == "string") {
      table.values.clear();
      for (const std::string& line : table.lines) table.values.push_back(Value::of(std::string_view(line)));
      table.array = {table.values.data(), uint32_t(table.values.size())};
    }
  }
  return missing;
}

}  // namespace testudo
