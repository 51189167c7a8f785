// testudo explain: what the enabled content does to each line, and why; no daemon, no kernel, no network.
#include "engine/explain.h"

#include <unistd.h>

#include <charconv>
#include <cstdio>

#include "commands.h"
#include "content_args.h"
#include "explain_view.h"

namespace testudo::cli {
namespace {
using Kind = OptionSpec::Kind;

constexpr OptionSpec kOptions[] = {
    {"-t,--type", "label `type` of the lines: syslog, nginx, apache2 …", Kind::text, true},
    {"--log", "one line"},
    {"--file", "a file of lines; - is standard input"},
    {"--label", "further label, K=V", Kind::list},
    {"--hub", "folder that holds parsers/, scenarios/ …: that content alone"},
    {"--item", "only this item: [TYPE:]AUTHOR/NAME; a collection brings what it lists", Kind::list},
    {"--data", "folder of data files and .mmdb files (default paths.data)"},
    {"--now", "stands for now where a log has no year (RFC 3339 or a date)"},
    {"--since", "only lines from then on: 2h, 7d, a date or a time"},
    {"--limit", "stop after this many lines"},
    {"--only-unparsed", "only lines that no parser took", Kind::flag},
    {"-v,--verbose", "nodes too that did nothing", Kind::flag},
};

int run(Context& context, const Args& args) {
  if (args.has("log") == args.has("file")) return usage("give a line with --log, or a file with --file");
  const auto today = now_argument(args);
  if (!today) return usage("--now: " + today.error().text());
  const auto since = since_argument(args, *today);
  if (!since) return usage("--since: " + since.error().text());
  const auto labels = label_arguments(args);
  if (!labels) return usage(labels.error().text());
  uint64_t limit = UINT64_MAX;
  if (args.has("limit")) {
    const std::string text = args.text("limit");
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (error != std::errc() || end != text.data() + text.size() || limit == 0)
      return usage("--limit takes how many lines, not " + text);
  }
  const auto program = load_content(content_arguments(context, args));
  if (!program) return fail(program.error());

  ExplainOptions options;
  options.type = args.text("type");
  options.labels = *labels;
  options.today = *today;
  options.since = *since;
  if (args.has("file") && args.text("file") != "-") options.source_name = args.text("file");
  Explainer explainer(*program, options);
  const bool only_unparsed = args.flag("only-unparsed"), verbose = args.flag("verbose");
  uint64_t shown = 0;
  bool begun = !args.has("since");  // a line without a time goes with the one before it
  const auto explain = [&](std::string_view text) {
    const ExplainedLine& line = explainer.line(text);
    if (!line.time.empty() && args.has("since"))
      if (const auto time = parse_rfc3339(line.time)) begun = *time >= *since;
    if (!begun || (only_unparsed && line.outcome != ExplainedLine::Outcome::unparsed)) return true;
    const std::string said = context.output == Output::json ? explained_as_json(line) + "\n"
                                                            : explained_for_people(context, line, verbose);
    if (context.output != Output::json && shown > 0) std::fputc('\n', stdout);
    std::fwrite(said.data(), 1, said.size(), stdout);
    return ++shown < limit;
  };
  if (args.has("log")) {
    explain(args.text("log"));
    return 0;
  }
  const auto read = for_each_line(args.text("file"), explain);
  return read ? 0 : fail(read.error());
}

}  // namespace

extern const Command explain_command{
    "explain", "what the enabled content does to each line of a log, and why",
    "  testudo explain --type syslog --log 'Jun  1 12:00:00 web sshd[7]: Failed password for root from "
    "203.0.113.5 "
    "port 22 ssh2'\n"
    "  testudo explain --type nginx --file /var/log/nginx/access.log --only-unparsed --limit 5\n",
    kOptions, run};

}  // namespace testudo::cli
