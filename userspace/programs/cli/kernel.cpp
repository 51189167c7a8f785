#include <fmt/format.h>

#include "answer.h"
#include "api/model_json.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "table.h"

namespace testudo::cli {
namespace {

constexpr Flag list_flags[] = {
    {"-i,--ip", "ADDRESS", "Only entries that touch this address or range"},
    {"-l,--limit", "N", "Number of entries, 0 = all", "1000"},
};

/// What the daemon says, or what the pinned maps say when none answers.
Result<json::value> look(const Invocation& call, size_t limit, const std::optional<std::string>& address) {
  auto answer = ask_json(
      call, "GET",
      "/v1/testudo/kernel" + Query().add("limit", std::to_string(limit)).add("address", address).text());
  if (answer || (answer.error().code != Code::unavailable && answer.error().code != Code::permission))
    return answer;
  const std::string& pin = call.settings.enforce.pin;
  TESTUDO_TRY(const EnforceStatus status, status_pinned(pin));
  std::optional<Prefix> only;
  if (address) {
    only = Prefix::parse(*address);
    if (!only) return Error{Code::bad_input, fmt::format("{} is not a valid address or range", *address)};
  }
  TESTUDO_TRY(std::vector<KernelEntry> entries, list_pinned(pin, only ? &*only : nullptr));
  const size_t total = entries.size();
  if (limit > 0 && total > limit) entries.resize(limit);
  std::fprintf(stderr, "no daemon answers: this is what is pinned under %s\n", pin.c_str());
  return json_value::parse(kernel_json(status, entries, total));
}

int status(const Invocation& call) {
  const auto answer = look(call, 1, std::nullopt);
  if (!answer) return fail(answer.error());
  const json::value& s = at(*answer, "status");
  if (call.format != Format::human) {
    print_json(s);
    return 0;
  }
  print(fmt::format("backend {}: {} bans, {} ranges, {} allowed\n{} packets ({} bytes) dropped, {} passed\n",
                    text_of(s, "backend"), text_of(s, "bans"), text_of(s, "ranges"), text_of(s, "allowed"),
                    text_of(s, "dropped_packets"), text_of(s, "dropped_bytes"),
                    text_of(s, "passed_packets")));
  for (const json::value& i : array_of(s, "interfaces"))
    print(escape_for_terminal(fmt::format("{}: {} {}", text_of(i, "name"), text_of(i, "mode"),
                                          text_of(i, "why_not_better"))) +
          "\n");
  return 0;
}

int list(const Invocation& call) {
  size_t limit = 0;
  const std::string limit_text = call.option("limit").value_or("");
  for (const char c : limit_text) {
    if (c < '0' || c > '9' || limit > 100000000) return fail_usage("--limit must be a number, 0 or more");
    limit = limit * 10 + size_t(c - '0');
  }
  const auto answer = look(call, limit, call.option("ip"));
  if (!answer) return fail(answer.error());
  const json::array& entries = array_of(*answer, "entries");
  if (call.format == Format::json) {
    print_json(at(*answer, "entries"));
    return 0;
  }
  const bool raw = call.format == Format::raw;
  Table table(raw ? std::vector<std::string>{"value", "action", "origin", "reason", "expiration", "packets",
                                             "bytes", "last_hit"}
                  : std::vector<std::string>{"Value", "Action", "Origin", "Reason", "Expiration", "Packets",
                                             "Bytes", "Last hit"});
  for (const json::value& e : entries)
    table.add({text_of(e, "value"), text_of(e, "remediation"), text_of(e, "origin"), text_of(e, "scenario"),
               text_of(e, "duration"), text_of(e, "packets"), text_of(e, "bytes"), text_of(e, "last_hit")});
  print(raw ? table.csv() : table.empty() ? "The kernel holds no entries\n" : table.human(boxes_wanted()));
  if (!raw && text_of(*answer, "entries_total") != std::to_string(entries.size()))
    print(fmt::format("{} of {} entries; --limit 0 shows all\n", entries.size(),
                      text_of(*answer, "entries_total")));
  return 0;
}

int flush(const Invocation& call) {
  const auto answer = call.ask("POST", "/v1/testudo/kernel/flush");
  if (!answer) {
    Error error = answer.error();
    if (error.code == Code::unavailable) error.remedy = "`testudo flush` empties the kernel with no daemon";
    return fail(error);
  }
  if (call.format == Format::human)
    print("the kernel's tables are empty until the next reconcile (ten minutes at most)\n");
  return 0;
}

}  // namespace

extern const Command kernel_status_command, kernel_list_command, kernel_flush_command;
const Command kernel_status_command{
    "kernel status", "Interfaces, entries and counters", "  testudo kernel status", {}, "", 0, 0, status};
const Command kernel_list_command{
    "kernel list",
    "Entries as the kernel has them",
    "  testudo kernel list -i 192.0.2.7\n  testudo kernel list -o raw --limit 0",
    list_flags,
    "",
    0,
    0,
    list};
const Command kernel_flush_command{"kernel flush",
                                   "Empty the kernel's tables until the next reconcile; decisions stay",
                                   "  testudo kernel flush",
                                   {},
                                   "",
                                   0,
                                   0,
                                   flush};

}  // namespace testudo::cli
