// testudo replay FILE: a log file through the engine at full speed; no daemon, no kernel, no network.
#include <charconv>
#include <cstdio>

#include "ask.h"
#include "base/text.h"
#include "commands.h"
#include "content_args.h"
#include "engine/replay.h"
#include "parse/resolver.h"
#include "table.h"

namespace testudo::cli {
namespace {
using Kind = OptionSpec::Kind;

constexpr OptionSpec kOptions[] = {
    {"FILE", "log file", Kind::positional, true},
    {"-t,--type", "label `type` of its lines: syslog, nginx, apache2 …", Kind::text, true},
    {"--module", "source that its lines came from: wineventlog, journalctl … (default file)"},
    {"--label", "further label, K=V", Kind::list},
    {"--hub", "folder that holds parsers/, scenarios/ …: that content alone", Kind::text},
    {"--item", "only this item: [TYPE:]AUTHOR/NAME; a collection brings what it lists", Kind::list},
    {"--data", "folder of data files and .mmdb files (default paths.data)"},
    {"--now", "stands for now where a log has no year (RFC 3339 or a date)"},
    {"--hosts", "names of addresses, lines as in /etc/hosts (default: no address has a name)"},
    {"--threads", "threads that parse (default 1); the result is the same for any number"},
    {"--profile", "measure what each step of a line takes; told on standard error", Kind::flag},
};

void print_alert(const BriefAlert& a) {
  json::object row{{"scenario", a.scenario},   {"scope", a.scope},       {"value", a.value},
                   {"start_at", a.start_text}, {"stop_at", a.stop_text}, {"events_count", a.events_count}};
  if (a.ambiguous) row["ambiguous"] = true;
  if (a.line_number) row["line"] = a.line_number;
  if (!a.remediation) row["remediation"] = false;  // no profile of the shipped ones bans for it
  std::puts(json_line(row).c_str());
}

void print_summary(const ReplayResult& result, double rate) {
  json::object row{{"lines", result.counts.read},
                   {"parsed", result.counts.parsed},
                   {"seconds", result.seconds},
                   {"lines_per_second", uint64_t(rate)},
                   {"peak_rss_bytes", result.peak_rss_bytes}};
  if (!result.profile.empty()) {
    json::array steps;
    for (const Profile::Row& r : result.profile)
      steps.push_back(json::object{
          {"step", r.step}, {"ns_per_line", r.per_line}, {"ns_per_parsed_line", r.per_parsed_line}});
    row["profile"] = std::move(steps);
  }
  std::fprintf(stderr, "%s\n", json::serialize(row).c_str());
}

void print_profile(const std::vector<Profile::Row>& rows) {
  if (rows.empty()) return;
  std::fprintf(stderr, "%-14s %12s %18s\n", "step", "ns per line", "ns per parsed line");
  Profile::Row sum{"together"};
  for (const Profile::Row& r : rows) {
    std::fprintf(stderr, "%-14s %12.0f %18.0f\n", escape_for_terminal(r.step).c_str(), r.per_line,
                 r.per_parsed_line);
    sum.per_line += r.per_line;
    sum.per_parsed_line += r.per_parsed_line;
  }
  std::fprintf(stderr, "%-14s %12.0f %18.0f\n", sum.step.c_str(), sum.per_line, sum.per_parsed_line);
}

int run(Context& context, const Args& args) {
  const auto time = now_argument(args);
  if (!time) return usage("--now: " + time.error().text());
  auto labels = label_arguments(args);
  if (!labels) return usage(labels.error().text());
  ReplayOptions replayed;
  replayed.file = args.text("FILE");
  replayed.type = args.text("type");
  replayed.module = args.text("module", "file");
  replayed.labels = std::move(*labels);
  replayed.today = *time;
  if (args.has("threads")) {
    const std::string text = args.text("threads");
    unsigned threads = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), threads);
    if (error != std::errc() || end != text.data() + text.size() || threads < 1 || threads > 256)
      return usage("--threads takes a number from 1 to 256, not " + text);
    replayed.threads = threads;
  }
  replayed.profile = args.flag("profile");
  replayed.brief = true;  // the rest of an alert is not printed
  std::unique_ptr<parse::Resolver> hosts;
  if (args.has("hosts")) {
    auto read = parse::hosts_resolver(args.text("hosts"));
    if (!read) return fail(read.error());
    hosts = std::move(*read);
    replayed.resolver = hosts.get();
  }
  const auto program = load_content(content_arguments(context, args));
  if (!program) return fail(program.error());
  auto result = replay(*program, replayed);
  if (!result) return fail(result.error());

  if (context.output == Output::json) {
    for (const BriefAlert& a : result->brief) print_alert(a);
  } else {
    Table table({"Line", "Scenario", "Scope:Value", "Events", "Begin", "End", ""});
    for (const BriefAlert& a : result->brief) {
      std::vector<std::string> row = {std::to_string(a.line_number),
                                      std::string(a.scenario),
                                      std::string(a.scope) + ":" + std::string(a.value),
                                      std::to_string(a.events_count),
                                      std::string(a.start_text),
                                      std::string(a.stop_text)};
      row.push_back(a.ambiguous ? "ambiguous line: bans nobody" : "");
      table.row(std::move(row));
    }
    if (context.output == Output::raw)
      table.print_raw({"line", "scenario", "value", "events_count", "start_at", "stop_at", "note"});
    else if (table.empty())
      std::puts("No alert");
    else
      table.print_human();
  }
  const double rate = result->seconds > 0 ? double(result->counts.read) / result->seconds : 0;
  if (context.output == Output::json)
    print_summary(*result, rate);
  else
    std::fprintf(stderr, "%llu lines, %llu parsed, in %.3f s: %.0f lines/s, peak memory %s\n",
                 static_cast<unsigned long long>(result->counts.read),
                 static_cast<unsigned long long>(result->counts.parsed), result->seconds, rate,
                 short_bytes(result->peak_rss_bytes).c_str());
  if (context.output != Output::json) print_profile(result->profile);
  if (result->counts.read > 0 && result->counts.parsed == 0)
    std::fprintf(
        stderr,
        "no line was understood: is --type %s right? `testudo explain --file` shows where each line stops\n",
        escape_for_terminal(replayed.type).c_str());
  if (result->cut)
    std::fprintf(stderr, "%llu lines were longer than 64 KiB and were cut there\n",
                 static_cast<unsigned long long>(result->cut));
  return 0;
}

}  // namespace

extern const Command replay_command{
    "replay", "a log file through the enabled content, at full speed; bans nobody",
    "  testudo replay --type syslog /var/log/auth.log\n"
    "  testudo replay --type nginx --hub ./hub --item crowdsecurity/nginx --data ./data access.log -o json\n",
    kOptions, run};

}  // namespace testudo::cli
