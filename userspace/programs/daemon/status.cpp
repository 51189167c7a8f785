#include "status.h"

#include "api/model_json.h"

namespace testudo {
namespace {

struct Problem {
  std::string what, remedy;
  bool unprotected;  ///< with this one the machine is not protected
};

/// A ban that was not made is worth a line as long as somebody may wonder about it.
void add_witness_problems(const StatusInput& in, TimePoint now, std::vector<Problem>& out) {
  const WitnessStatus& w = in.witness;
  if (in.witness_wanted && !w.on)
    out.push_back({"there is no wire witness: " + w.why_off, "or set decide.witness.mode: auto", false});
  if (w.last_absent_at == TimePoint{} || now - w.last_absent_at > 24h) return;
  const uint64_t n = w.answers[size_t(WitnessAnswer::absent)];
  out.push_back({std::to_string(n) + (n == 1 ? " ban was" : " bans were") +
                     " not enforced, because the address completed no handshake with this host; the last " +
                     format_duration_short(now - w.last_absent_at) + " ago: " + w.last_absent + ", from " +
                     w.last_absent_source,
                 no_witness_remedy(w.last_absent_source, w.last_absent_service), false});
}

std::vector<Problem> problems(const StatusInput& in, TimePoint now) {
  std::vector<Problem> out;
  bool guarded = false, reads = false;
  for (const InterfaceStatus& i : in.kernel.interfaces) {
    guarded = guarded || i.mode != "off";
    if (i.mode == "off")
      out.push_back({"interface " + i.name + " is not guarded: " + i.why_not_better,
                     "see enforce.interfaces in testudo.yaml", false});
  }
  if (in.kernel.backend == "off")
    out.push_back(
        {"enforcement is off: decisions are made, nothing is dropped", "set enforce.mode: auto", true});
  else if (!guarded)
    out.push_back(
        {"no interface is guarded", "name one in enforce.interfaces; `ip -br link` lists them", true});
  if (!in.store_problem.empty())
    out.push_back({"decisions are in the kernel but not on disk: " + in.store_problem,
                   "make room or repair the disk; it is tried again", false});
  for (const std::string& what : in.not_in_kernel)
    out.push_back({what, "`testudo decisions list` shows them", false});
  for (const SourceStatus& s : in.sources) {
    const std::string name = shown_name(s);
    if (!s.problem.empty()) {
      out.push_back({name + ": " + s.problem, "", false});
      continue;
    }
    if (!s.exists) continue;
    reads = true;
    const TimePoint since = std::max(s.last_line, in.started);
    if (now - since >= 10min)
      out.push_back({name + " has been silent for " + format_duration_short(now - since),
                     "does the service still log there? With nothing to say, all is well", false});
  }
  if (!reads)
    out.push_back(
        {"no log is read",
         "name one in /etc/testudo/acquis.d, or install what writes it; `testudod --check` lists the sources",
         true});
  for (const SourceProgress& p : in.progress)
    if (p.counts.read >= 50 && p.counts.parsed == 0)
      out.push_back(
          {p.type + ":" + p.name + ": none of " + std::to_string(p.counts.read) + " lines was understood",
           "is the label type right? It is '" + p.log_type + "'", false});
  if (in.program->scenarios->scenarios.empty())
    out.push_back({"no scenario is enabled",
                   "paths.content names the folders; /etc/testudo/content holds the shipped ones", true});
  if (in.program->off > 0)
    out.push_back({std::to_string(in.program->off) + " content items are broken and off",
                   "`testudod --check` says why", false});
  if (in.program->former > 0)
    out.push_back({std::to_string(in.program->former) +
                       " content items are broken since the last reload; the version before it runs",
                   "`testudod --check` says why", false});
  if (in.simulation)
    out.push_back({"simulation is on: nobody is banned",
                   "set decide.simulation: false in testudo.yaml, then `systemctl restart testudo`", true});
  add_witness_problems(in, now, out);
  return out;
}

void write_source(JsonWriter& json, const SourceStatus& s, const std::vector<SourceProgress>& progress) {
  const SourceProgress* mine = nullptr;
  for (const SourceProgress& p : progress)
    if (p.type == s.type && p.name == s.name) mine = &p;
  json.begin_object();
  json.field("exists", s.exists).key("fed").begin_array();
  if (mine)
    for (const std::string& scenario : mine->fed) json.value(scenario);
  json.end_array();
  if (s.last_line == TimePoint{})
    json.key("last_line").null();
  else
    json.field("last_line", format_rfc3339_seconds(s.last_line));
  json.field("lines", s.lines)
      .field("log_type", s.log_type)
      .field("name", s.title.empty() ? s.name : s.title);
  json.field("parsed", mine ? mine->counts.parsed : 0)
      .field("problem", s.problem)
      .field("reads", s.name)
      .field("type", s.type);
  json.field("unparsed", mine ? mine->counts.unparsed + mine->counts.failed : 0);
  json.end_object();
}

}  // namespace

std::string shown_name(const SourceStatus& source) {
  return source.type + ":" + (source.title.empty() ? source.name : source.title);
}

std::string write_status(const StatusInput& in, TimePoint now) {
  const std::vector<Problem> found = problems(in, now);
  bool protected_ = true;
  for (const Problem& p : found) protected_ = protected_ && !p.unprotected;
  JsonWriter json;
  json.begin_object();
  json.key("content").begin_object();
  json.field("off", in.program->off)
      .field("parsers", in.program->parser_ids.size())
      .field("scenarios", in.program->scenarios->scenarios.size());
  json.end_object();
  json.key("kernel");
  write_enforce_status(json, in.kernel);
  json.key("problems").begin_array();
  for (const Problem& p : found)
    json.begin_object().field("remedy", p.remedy).field("what", p.what).end_object();
  json.end_array();
  json.field("protected", protected_).field("simulation", in.simulation);
  json.key("sources").begin_array();
  for (const SourceStatus& s : in.sources) write_source(json, s, in.progress);
  json.end_array();
  json.field("started_at", format_rfc3339_seconds(in.started)).field("version", in.version);
  json.key("witness");
  write_witness_status(json, in.witness);
  json.end_object();
  return json.take();
}

}  // namespace testudo
