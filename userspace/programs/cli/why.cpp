// testudo why ADDRESS: everything that is known of one address.
#include <cstdio>
#include <cstdlib>

#include "ask.h"
#include "base/ip.h"
#include "base/text.h"
#include "commands.h"
#include "decision_view.h"
#include "table.h"

namespace testudo::cli {
namespace {
using Kind = OptionSpec::Kind;

constexpr OptionSpec kOptions[] = {{"ADDRESS", "an address", Kind::positional, true}};

std::string safe(const json::value& object, std::string_view key) {
  return escape_for_terminal(text(object, key));
}

void show_decision(const json::value& d, const char* mark) {
  const std::string terms = shown_terms(d);
  std::printf("  %s %s%s of %s:%s by %s (%s), %s\n", mark, safe(d, "type").c_str(),
              terms.empty() ? "" : (" " + terms).c_str(), safe(d, "scope").c_str(), safe(d, "value").c_str(),
              safe(d, "scenario").c_str(), safe(d, "origin").c_str(),
              text(d, "simulated") == "true" ? "simulated: nothing is dropped for it"
              : text(d, "duration").starts_with('-') || text(d, "duration") == "0s"
                  ? ("ended " + text(d, "until")).c_str()
                  : ("until " + text(d, "until") + ", " + text(d, "duration") + " left").c_str());
}

int run(Context& context, const Args& args) {
  const std::string address = args.text("ADDRESS");
  if (!Ip::parse(address)) return usage(address + " is not an address");
  auto answer = ask(context, "GET", "/v1/testudo/why/" + encode(address));
  if (!answer) return fail(answer.error());
  if (context.output != Output::human) {
    print_json(*answer);
    return 0;
  }
  const bool banned = text(*answer, "banned") == "true";
  std::string headline =
      banned ? red(context, address + " is banned.") : green(context, address + " is not banned.");
  std::puts(headline.c_str());
  for (const json::value& entry : items(*answer, "allowlisted_by"))
    std::printf("  allowlisted by %s: nothing can ban it\n", escape_for_terminal(entry.as_string()).c_str());
  if (const std::string by = text(*answer, "protected_by"); !by.empty())
    std::printf("  protected: %s\n", escape_for_terminal(by).c_str());
  for (const json::value& d : items(*answer, "active")) show_decision(d, "→");
  for (const json::value& note : items(*answer, "notes"))
    std::printf("  but: %s\n", escape_for_terminal(note.as_string()).c_str());
  for (const json::value& k : items(*answer, "kernel"))
    std::printf("  kernel: %s %s, %s packets (%s) dropped, last %s\n", safe(k, "value").c_str(),
                safe(k, "remediation").c_str(), safe(k, "packets").c_str(),
                short_bytes(std::strtoull(text(k, "bytes").c_str(), nullptr, 10)).c_str(),
                ago(text(k, "last_hit")).c_str());
  const json::array& alerts = items(*answer, "alerts");
  if (!alerts.empty()) std::puts(bold(context, "What is known").c_str());
  if (const std::string wire = text(*answer, "wire"); !wire.empty() && !alerts.empty())
    std::printf("  wire: %s\n", escape_for_terminal(wire).c_str());
  size_t shown = 0;
  for (const json::value& a : alerts) {
    if (++shown > 5) {
      std::printf("  … and %zu more: testudo alerts list --value %s\n", alerts.size() - 5, address.c_str());
      break;
    }
    const std::string at = whole_seconds(safe(a, "stop_at"));
    if (text(a, "kind") == "cscli")
      std::printf("  alert %s at %s: banned by hand: %s\n", safe(a, "id").c_str(), at.c_str(),
                  safe(a, "scenario").c_str());
    else
      std::printf(
          "  alert %s at %s: %s, %s\n", safe(a, "id").c_str(), at.c_str(), safe(a, "scenario").c_str(),
          counted(std::strtoull(text(a, "events_count").c_str(), nullptr, 10), "event", "events").c_str());
    if (const std::string why = text(a, "simulated_why"); !why.empty())
      std::printf("    simulated: %s\n", escape_for_terminal(why).c_str());
    if (const std::string remedy = text(a, "simulated_remedy"); !remedy.empty())
      std::printf("    → %s\n", escape_for_terminal(remedy).c_str());
    if (const std::string line = text(a, "line"); !line.empty())
      std::printf("    %s: %s\n", safe(a, "source_name").c_str(),
                  escape_for_terminal(line.substr(0, 300)).c_str());
  }
  const json::array& unheard = items(*answer, "unheard");
  if (!unheard.empty()) std::puts(bold(context, "Alerts that banned nobody").c_str());
  for (const json::value& u : unheard) {
    std::printf("  %s: %s: %s\n", safe(u, "at").c_str(), safe(u, "scenario").c_str(), safe(u, "why").c_str());
    if (const std::string line = text(u, "line"); !line.empty())
      std::printf("    %s\n", escape_for_terminal(line.substr(0, 300)).c_str());
  }
  const json::array& recent = items(*answer, "recent");
  if (!recent.empty()) std::puts(bold(context, "Earlier decisions").c_str());
  shown = 0;
  for (const json::value& d : recent)
    if (++shown <= 5) show_decision(d, "·");
  if (!banned && alerts.empty() && unheard.empty() && recent.empty() &&
      items(*answer, "allowlisted_by").empty())
    std::puts("  Nothing is known of it.");
  std::string which = "--ip " + address;
  for (const json::value& d : items(*answer, "active"))
    if (text(d, "scope") == "Country" || text(d, "scope") == "AS") which = "--id " + text(d, "id");
  if (banned)
    std::printf(
        "To lift it: testudo decisions delete %s · so that it is never banned again: testudo allowlists "
        "add NAME %s\n",
        which.c_str(), address.c_str());
  return 0;
}

}  // namespace

extern const Command why_command{"why",
                                 "is this address banned, and why: decisions, alerts, log lines, drops",
                                 "  testudo why 203.0.113.7\n", kOptions, run};

}  // namespace testudo::cli
