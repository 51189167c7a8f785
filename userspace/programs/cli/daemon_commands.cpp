// Small commands that show or pass on one thing: metrics, reload, version.
#include <fmt/format.h>

#include "answer.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "table.h"

namespace testudo::cli {
namespace {

/// "name{labels} value" lines → rows of one table; comments and buckets of histograms are left out.
int metrics(const Invocation& call) {
  const auto answer = call.ask("GET", "/v1/testudo/metrics");
  if (!answer) return fail(answer.error());
  if (call.format == Format::raw) {
    print(answer->body);
    return 0;
  }
  Table table({"Metric", "Labels", "Value"});
  JsonWriter json;
  json.begin_array();
  for (const std::string_view line : split(answer->body, '\n')) {
    const size_t blank = line.rfind(' ');
    if (line.empty() || line[0] == '#' || blank == std::string_view::npos) continue;
    const std::string_view head = line.substr(0, blank);
    const size_t brace = head.find('{');
    const std::string name(head.substr(0, brace)), value(line.substr(blank + 1));
    const std::string labels(
        brace == std::string_view::npos ? "" : head.substr(brace + 1, head.size() - brace - 2));
    json.begin_object().field("labels", labels).field("name", name).field("value", value).end_object();
    if (!name.ends_with("_bucket")) table.add({name, labels, value});
  }
  print(call.format == Format::json ? json.end_array().take() + "\n" : table.human(boxes_wanted()));
  return 0;
}

int reload(const Invocation& call) {
  const auto answer = call.ask("POST", "/v1/testudo/reload");
  if (!answer) return fail(answer.error());
  if (call.format == Format::human) print("reloaded\n");
  return 0;
}

int version(const Invocation& call) {
  if (call.format == Format::json)
    print(JsonWriter().begin_object().field("version", TESTUDO_VERSION).end_object().take() + "\n");
  else
    print(std::string(call.format == Format::raw ? "" : "testudo ") + TESTUDO_VERSION + "\n");
  return 0;
}

}  // namespace

extern const Command metrics_command, reload_command, version_command;
const Command metrics_command{"metrics",
                              "Counters of the running daemon",
                              "  testudo metrics\n  testudo metrics -o raw | grep cs_parser",
                              {},
                              "",
                              0,
                              0,
                              metrics};
const Command reload_command{
    "reload", "Let the daemon read its configuration and content anew", "  testudo reload", {}, "", 0, 0,
    reload};
const Command version_command{"version", "The version of this program", "  testudo version", {}, "", 0, 0,
                              version};

}  // namespace testudo::cli
