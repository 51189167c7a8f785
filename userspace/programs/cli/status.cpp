// testudo status: one screen: is this machine protected, and if not, what to do.
#include <cstdio>
#include <cstdlib>

#include "ask.h"
#include "base/text.h"
#include "base/time.h"
#include "commands.h"
#include "table.h"

namespace testudo::cli {
namespace {

uint64_t number(const json::value& object, std::string_view key) {
  return std::strtoull(text(object, key).c_str(), nullptr, 10);
}

std::string source_line(const json::value& s) {
  if (text(s, "exists") == "false") return "";
  const uint64_t parsed = number(s, "parsed"), unparsed = number(s, "unparsed");
  std::string out = text(s, "type") + ":" + text(s, "name") + " (" + text(s, "log_type") + ")";
  out += "  last line " + ago(text(s, "last_line"));
  if (parsed + unparsed > 0)
    out += ", " + short_number(parsed) + " of " + short_number(parsed + unparsed) + " lines understood";
  std::string fed;
  size_t n = 0;
  for (const json::value& f : items(s, "fed")) {
    if (++n <= 3) fed += (fed.empty() ? "" : ", ") + std::string(f.as_string());
  }
  if (n > 3) fed += " and " + std::to_string(n - 3) + " more";
  if (!fed.empty()) out += "; feeds " + fed;
  return out;
}

std::string witness_line(const json::value& w) {
  if (text(w, "on") != "true") return "wire witness: off (" + text(w, "why_off") + ")";
  const json::value& answers = w.as_object().at("answers");
  std::string out = "wire witness: on, " + counted(number(w, "addresses"), "address", "addresses") +
                    " since " + whole_seconds(text(w, "since")) + ", window " + text(w, "window") +
                    "; of bans from logs " + text(answers, "seen") + " seen, " + text(answers, "absent") +
                    " not";
  if (text(answers, "unknown") != "0") out += ", " + text(answers, "unknown") + " could not be told";
  if (text(answers, "off") != "0") out += ", " + text(answers, "off") + " not asked";
  return out;
}

int run(Context& context, const Args&) {
  auto answer = ask(context, "GET", "/v1/testudo/status");
  if (!answer) {
    fail(answer.error());
    return 1;
  }
  const bool guarded = text(*answer, "protected") == "true";
  if (context.output != Output::human) {
    print_json(*answer);
    return guarded ? 0 : 1;
  }
  const json::value& kernel = answer->as_object().at("kernel");
  const json::value& content = answer->as_object().at("content");
  std::printf("%s  testudod %s, up %s\n",
              guarded ? green(context, "This machine is protected.").c_str()
                      : red(context, "This machine is NOT protected.").c_str(),
              text(*answer, "version").c_str(), age(text(*answer, "started_at")).c_str());
  std::puts("");
  std::puts(bold(context, "Reads").c_str());
  size_t absent = 0;
  for (const json::value& s : items(*answer, "sources")) {
    const std::string line = source_line(s);
    if (line.empty())
      ++absent;
    else
      std::printf("  %s\n", escape_for_terminal(line).c_str());
  }
  if (absent) std::printf("  (%zu configured paths do not exist; they are read once they do)\n", absent);
  std::puts(bold(context, "Knows").c_str());
  std::printf(
      "  %s parsers, %s scenarios%s\n", text(content, "parsers").c_str(), text(content, "scenarios").c_str(),
      text(content, "off") == "0" ? "" : (", " + text(content, "off") + " items broken and off").c_str());
  std::puts(bold(context, "Guards").c_str());
  for (const json::value& i : items(kernel, "interfaces")) {
    std::printf("  %s in mode %s", escape_for_terminal(text(i, "name")).c_str(), text(i, "mode").c_str());
    if (const std::string why = text(i, "why_not_better"); !why.empty())
      std::printf(" (%s)", escape_for_terminal(why).c_str());
    std::puts("");
  }
  std::printf("  %s and %s in force; %s allowlisted, this machine's own among them\n",
              counted(number(kernel, "bans"), "ban", "bans").c_str(),
              counted(number(kernel, "ranges"), "range", "ranges").c_str(),
              counted(number(kernel, "allowed"), "address", "addresses").c_str());
  std::printf("  %s packets dropped (%s), the last one %s\n",
              short_number(number(kernel, "dropped_packets")).c_str(),
              short_bytes(number(kernel, "dropped_bytes")).c_str(), ago(text(kernel, "last_drop")).c_str());
  std::printf("  %s\n", escape_for_terminal(witness_line(answer->as_object().at("witness"))).c_str());
  const json::array& problems = items(*answer, "problems");
  if (!problems.empty()) {
    std::puts(bold(context, "To do").c_str());
    for (const json::value& p : problems) {
      std::printf("  - %s\n", escape_for_terminal(text(p, "what")).c_str());
      if (const std::string remedy = text(p, "remedy"); !remedy.empty())
        std::printf("    → %s\n", escape_for_terminal(remedy).c_str());
    }
  }
  return guarded ? 0 : 1;
}

}  // namespace

extern const Command status_command{
    "status",
    "is this machine protected? what is read, guarded, dropped; exit status 1 when not",
    "  testudo status\n  testudo status -o json\n",
    {},
    run};

}  // namespace testudo::cli
