#include "content_args.h"

namespace testudo::cli {
namespace {

Result<TimePoint> moment(std::string text) {
  if (text.size() == 10) text += "T00:00:00Z";
  return parse_rfc3339(text);
}

}  // namespace

Result<TimePoint> now_argument(const Args& args) {
  return args.has("now") ? moment(args.text("now")) : Result<TimePoint>(now());
}

Result<TimePoint> since_argument(const Args& args, TimePoint today) {
  if (!args.has("since")) return TimePoint{};
  const std::string text = args.text("since");
  if (const auto back = parse_duration(text); back && *back > Duration(0)) return today - *back;
  return moment(text);
}

Result<std::vector<std::pair<std::string, std::string>>> label_arguments(const Args& args) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& label : args.list("label")) {
    const size_t at = label.find('=');
    if (at == std::string::npos || at == 0)
      return Error{Code::bad_input, "--label takes K=V, not " + label, {}, ""};
    out.emplace_back(label.substr(0, at), label.substr(at + 1));
  }
  return out;
}

ProgramOptions content_arguments(Context& context, const Args& args) {
  ProgramOptions options;
  options.content.folders =
      args.has("hub") ? std::vector<std::string>{args.text("hub")} : context.settings().paths.content;
  options.content.items = args.list("item");
  options.patterns_folder = context.settings().patterns_folder();
  options.data_folder = args.text("data", context.settings().paths.data);
  return options;
}

Result<std::shared_ptr<const Program>> load_content(const ProgramOptions& options) {
  TESTUDO_TRY(std::shared_ptr<const Program> program, load_program(options));
  for (const Error& e : program->errors) {
    if (e.code == Code::not_found && e.where.file.empty()) return e;  // an item that was named is not there
    fail(e);
  }
  if (program->parser_ids.empty())
    return Error{
        Code::not_found, "no parser is enabled", {}, "name a folder with --hub, or a configuration with -c"};
  return program;
}

}  // namespace testudo::cli
