#include "engine/hubtest_assert.h"

#include "base/files.h"
#include "base/text.h"

namespace testudo {
namespace {

constexpr size_t kMaxLines = 200'000;
constexpr uint64_t kMaxFile = 32u << 20;
constexpr size_t kMaxFailures = 100;
constexpr size_t kShown = 200;

bool call_basename(const void*, expr::Context&, const Value* args, size_t, Value& out) {
  std::string_view path = args[0].text();
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  if (path.size() > 1 && slash != std::string_view::npos) path.remove_prefix(slash + 1);
  out = Value::of(path.empty() ? std::string_view(".") : path);
  return true;
}

/// Tests from before logs had an absolute path: `… datasource_path … == "x.log"` means its last part.
std::string with_basename(std::string_view line) {
  if (line.find("datasource_path") == std::string_view::npos ||
      line.find("basename(") != std::string_view::npos)
    return std::string(line);
  const size_t first = line.find("==");
  if (first == std::string_view::npos) return std::string(line);
  const size_t second = line.find("==", first + 2);
  const std::string_view left = line.substr(0, first),
                         right = line.substr(first + 2,
                                             second == std::string_view::npos ? second : second - first - 2);
  return "basename(" + std::string(trim(left)) + ") == " + std::string(trim(right));
}

/// The last word before the first ` == ` that has one; "" when there is none.
std::string_view left_word(std::string_view line) {
  for (size_t at = line.find(" == "); at != std::string_view::npos; at = line.find(" == ", at + 1)) {
    size_t start = at;
    while (start > 0 && line[start - 1] != ' ' && line[start - 1] != '=') --start;
    if (start < at) return line.substr(start, at - start);
  }
  return {};
}

class Checker {
 public:
  Checker(const std::string& file, const Value& results, const AssertionRules& rules)
      : file_(file), rules_(rules) {
    if (rules.slots) slots_ = *rules.slots;
    options_.scope = expr::Scope::assertion;
    options_.slots = &slots_;
    options_.helpers = rules.helpers;
    context_.results = &results;
    context_.arena = &arena_;
    context_.regex = &regex_;
  }

  void line(std::string_view source, int number) {
    const std::string text = with_basename(source);
    const Where where{file_, number, 1};
    ++report.evaluated;
    arena_.reset();
    expr::CompileOptions options = options_;
    options.expect = expr::Type::boolean;
    auto assertion = expr::Expression::compile(text, where, options);
    if (!assertion) return fail(assertion.error().text());
    switch (assertion->test(context_)) {
      case expr::Expression::Truth::yes:
        return;
      case expr::Expression::Truth::failed:
        return fail(place(number) + std::string(source) + " cannot be evaluated: " + context_.error);
      case expr::Expression::Truth::no:
        break;
    }
    if (forgiven(text)) {
      ++report.forgiven;
      return;
    }
    fail(place(number) + std::string(source) + " is false" + instead(text));
  }

  AssertionReport report;

 private:
  std::string place(int number) const { return Where{file_, number, 0}.text() + ": "; }

  void fail(std::string message) {
    ++report.failed;
    if (report.failures.size() < kMaxFailures) report.failures.push_back(std::move(message));
  }

  bool forgiven(std::string_view text) {
    if (rules_.strict) return false;
    const std::string_view word = left_word(text);
    Value value;
    return word.empty() ? rules_.scenario : !evaluate(word, value);
  }

  bool evaluate(std::string_view text, Value& value) {
    auto expression = expr::Expression::compile(text, {file_, 1, 1}, options_);
    if (!expression) return false;
    const bool ok = expression->eval(context_, value);
    kept_ = std::move(*expression);  // its constants may be what it gave
    return ok;
  }

  /// What stands there in place of what was expected: ": it is "x"".
  std::string instead(std::string_view text) {
    const size_t at = text.find(" == ");
    if (at == std::string_view::npos) return "";
    const std::string shown = "toJSON(" + std::string(text.substr(0, at)) + ")";
    Value value;
    if (!evaluate(shown, value) || !value.is_string()) return "";
    std::string json(value.text());
    if (json.size() > kShown) json = json.substr(0, kShown) + "…";
    return ": it is " + json;
  }

  const std::string& file_;
  const AssertionRules& rules_;
  SlotNames slots_;
  expr::CompileOptions options_;
  expr::Context context_;
  expr::Expression kept_;
  RegexScratch regex_;
  Arena arena_;
};

}  // namespace

Result<AssertionReport> check_assertions(std::string_view text, const std::string& file, const Value& results,
                                         const AssertionRules& rules) {
  Checker checker(file, results, rules);
  int number = 0;
  while (!text.empty()) {
    if (size_t(++number) > kMaxLines)
      return Error{Code::too_large, "more than 200,000 assertions in one file", {file, number}, ""};
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line = trim(line);
    if (!line.empty()) checker.line(line, number);
  }
  return std::move(checker.report);
}

Result<AssertionReport> check_assertion_file(const std::string& path, const Value& results,
                                             const AssertionRules& rules) {
  TESTUDO_TRY(const std::string text, read_file(path, kMaxFile));
  return check_assertions(text, path.substr(path.rfind('/') + 1), results, rules);
}

const expr::HelperTable& assertion_helpers() {
  using expr::Type;
  static const expr::HelperTable table = {{"basename",
                                           "last part of a path",
                                           {Type::string},
                                           false,
                                           Type::string,
                                           true,
                                           &call_basename,
                                           nullptr}};
  return table;
}

}  // namespace testudo
