// testudo rehearse: the machine's own past through the enabled content: who would have been banned? Bans
// nobody.
#include "engine/rehearse.h"

#include <cstdio>
#include <iterator>

#include "ask.h"
#include "base/log.h"
#include "base/text.h"
#include "commands.h"
#include "table.h"

namespace testudo::cli {
namespace {

constexpr OptionSpec kOptions[] = {{"--since", "how far back (default 7d)"}};

std::string scenarios_of(const RehearsedSource& s) {
  std::string out;
  for (const auto& [name, n] : s.scenarios)
    out += (out.empty() ? "" : ", ") + name + (n > 1 ? " ×" + std::to_string(n) : "");
  return out;
}

int run(Context& context, const Args& args) {
  log::set_level(log::Level::warn);  // what is read is said below, not in the log's words
  auto back = parse_duration(args.text("since", "7d"));
  if (!back || *back <= Duration(0)) return usage("--since takes how far back, for example 7d");
  const Settings& settings = context.settings();
  Errors errors;
  std::vector<AcquisDocument> documents = load_acquis(settings.acquire.files, errors);
  for (const YamlNode& node : settings.acquire.sources) {
    auto more = read_acquis(node, errors);
    std::move(more.begin(), more.end(), std::back_inserter(documents));
  }
  ProgramOptions options;
  options.content.folders = settings.paths.content;
  options.patterns_folder = settings.patterns_folder();
  options.data_folder = settings.paths.data;
  auto program = load_program(options);
  if (!program) return fail(program.error());
  errors.insert(errors.end(), (*program)->errors.begin(), (*program)->errors.end());
  for (const Error& e : errors) fail(e);
  if (documents.empty())
    return fail(Error{
        Code::not_found, "no log is configured", {}, "acquire.files names them; see " + context.config});
  const TimePoint at = now();
  const Rehearsal result = rehearse(*program, documents, at - *back, at, settings.detect.zone);

  if (context.output == Output::json) {
    json::array sources, files;
    for (const RehearsedSource& s : result.sources) {
      json::object by;
      for (const auto& [name, n] : s.scenarios) by[name] = n;
      json::array logins(s.logins.begin(), s.logins.end());
      sources.push_back(json::object{{"value", s.address},
                                     {"scenarios", std::move(by)},
                                     {"first", format_rfc3339_seconds(s.first)},
                                     {"last", format_rfc3339_seconds(s.last)},
                                     {"would_be_banned", !s.ambiguous},
                                     {"logins", std::move(logins)}});
    }
    for (const RehearsedFile& f : result.files)
      files.push_back(
          json::object{{"name", f.name}, {"lines", f.lines}, {"parsed", f.parsed}, {"problem", f.problem}});
    print_json(json::object{{"since", format_rfc3339_seconds(result.since)},
                            {"read", std::move(files)},
                            {"sources", std::move(sources)}});
    return 0;
  }
  Table table({"Address", "Would be banned for", "First", "Last", "Has logged in"});
  size_t innocent = 0;
  for (const RehearsedSource& s : result.sources) {
    std::string logins;
    for (const std::string& l : s.logins) logins += (logins.empty() ? "" : "; ") + l;
    innocent += !s.logins.empty();
    table.row({s.address,
               (s.ambiguous ? "nothing: its lines are no witness (" : "") + scenarios_of(s) +
                   (s.ambiguous ? ")" : ""),
               format_rfc3339_seconds(s.first), format_rfc3339_seconds(s.last), logins});
  }
  if (context.output == Output::raw) {
    table.print_raw({"address", "reason", "first", "last", "logins"});
    return 0;
  }
  std::printf("Since %s, as if Testudo had been running:\n", format_rfc3339_seconds(result.since).c_str());
  for (const RehearsedFile& f : result.files)
    std::printf("  read %s: %s lines, %s understood%s%s\n", escape_for_terminal(f.name).c_str(),
                short_number(f.lines).c_str(), short_number(f.parsed).c_str(), f.problem.empty() ? "" : "; ",
                escape_for_terminal(f.problem).c_str());
  if (result.files.empty()) std::puts("  no log of that time was found");
  std::puts("");
  if (table.empty())
    std::puts("Nobody would have been banned.");
  else
    table.print_human();
  if (innocent)
    std::printf(
        "\n%s\n",
        red(context,
            std::to_string(innocent) +
                " of them have logged in since: allowlist them first (testudo allowlists add NAME ADDRESS).")
            .c_str());
  return 0;
}

}  // namespace

extern const Command rehearse_command{
    "rehearse", "who would have been banned in the last days, by this machine's own logs; bans nobody",
    "  testudo rehearse --since 7d\n  testudo rehearse --since 24h -o json\n", kOptions, run};

}  // namespace testudo::cli
