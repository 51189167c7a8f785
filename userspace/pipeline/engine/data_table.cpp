#include "engine/data_table.h"

#include <atomic>

#include "base/text.h"

namespace testudo {
namespace {

constexpr size_t kToldErrors = 20;  // of one file

uint64_t next_question() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

// Collects the errors of one file, the first of them in full.
class Complaints {
 public:
  Complaints(const std::string& path, Errors& errors) : path_(path), errors_(errors) {}
  ~Complaints() {
    if (count_ > kToldErrors)
      errors_.push_back({Code::bad_content,
                         std::to_string(count_ - kToldErrors) + " more lines of the file are left out",
                         {path_},
                         ""});
  }
  void line(int number, Error error) {
    if (++count_ > kToldErrors) return;
    error.where = {path_, number};
    if (error.remedy.empty()) error.remedy = "this line is left out";
    errors_.push_back(std::move(error));
  }

 private:
  const std::string& path_;
  Errors& errors_;
  size_t count_ = 0;
};

// The lines that count: neither empty nor a comment. Nothing else is trimmed.
template <typename Take>
void each_line(std::string_view content, Complaints& complaints, Take take) {
  int number = 0;
  for (size_t at = 0; at < content.size();) {
    const size_t end = std::min(content.find('\n', at), content.size());
    std::string_view line = content.substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line[0] == '#') continue;
    if (line.size() > DataFiles::kMaxLine)
      complaints.line(number, {Code::too_large,
                               "a line of " + std::to_string(line.size()) + " bytes; 65,536 are the limit"});
    else
      take(line, number);
  }
}

size_t count_lines(std::string_view content) {
  size_t lines = 0;
  for (size_t at = 0; at < content.size(); ++lines) at = std::min(content.find('\n', at), content.size()) + 1;
  return lines;
}

}  // namespace

DataFiles::Table::Table(std::string_view n)
    : name(n), patterns_question(next_question()), map_question(next_question()) {}

void DataFiles::Table::read(Type type, std::string&& content, const std::string& path, Errors& errors) {
  loaded[size_t(type)] = true;
  const size_t limit = type == Type::strings ? kMaxLines : kMaxPatterns;
  if (const size_t lines = count_lines(content); lines > limit) {
    errors.push_back(
        {Code::too_large,
         "the data file has " + std::to_string(lines) + " lines; " + std::to_string(limit) +
             " are the limit for its type",
         {path},
         "it is left out; ban what a long list names with `testudo decisions import`, which takes "
         "millions"});
    return;
  }
  Complaints complaints(path, errors);
  switch (type) {
    case Type::strings:
      content_ = std::move(content);
      each_line(content_, complaints, [&](std::string_view line, int) { values.push_back(Value::of(line)); });
      values.shrink_to_fit();
      array = {values.data(), uint32_t(values.size())};
      break;
    case Type::patterns:
      each_line(content, complaints, [&](std::string_view line, int number) {
        auto regex = Regex::compile(line);
        if (regex) {
          regex->capture_only({});
          patterns.add(std::move(*regex));
        } else
          complaints.line(number, {Code::bad_content, regex.error().message, {}, "this pattern is left out"});
      });
      patterns.finish();
      break;
    case Type::map:
      each_line(content, complaints, [&](std::string_view line, int number) {
        if (auto added = map.add(line); !added) complaints.line(number, std::move(added.error()));
      });
      map.finish();
      break;
  }
}

}  // namespace testudo
