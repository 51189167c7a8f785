// testudo kernel status | list | flush | remove, testudo flush: on pinned maps, with or without a daemon.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <thread>

#include "ask.h"
#include "base/files.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "commands.h"
#include "decide/flush_mark.h"
#include "enforce/backend.h"
#include "table.h"

namespace testudo::cli {
namespace {
using Kind = OptionSpec::Kind;

constexpr int kSpanMs = 300;

/// The order of the first lines is a promise: protected or not and how, what is in force, what it drops.
int status(Context& context, const Args&) {
  const std::string pin = context.settings().enforce.pin;
  const auto before = status_pinned(pin);
  if (!before) return fail(before.error());
  std::this_thread::sleep_for(std::chrono::milliseconds(kSpanMs));
  auto status = status_pinned(pin);
  if (!status) return fail(status.error());
  const uint64_t a_minute =
      (status->dropped_packets - std::min(status->dropped_packets, before->dropped_packets)) * 60'000 /
      kSpanMs;
  if (context.output != Output::human) {
    JsonWriter out;
    out.begin_object()
        .field("adopted", status->adopted)
        .field("allowed", status->allowed)
        .field("backend", status->backend);
    out.field("bans", status->bans)
        .field("dropped_bytes", status->dropped_bytes)
        .field("dropped_packets", status->dropped_packets)
        .field("drops_a_minute", a_minute);
    out.key("interfaces").begin_array();
    for (const InterfaceStatus& i : status->interfaces)
      out.begin_object()
          .field("mode", i.mode)
          .field("name", i.name)
          .field("why_not_better", i.why_not_better)
          .end_object();
    out.end_array()
        .field("passed_packets", status->passed_packets)
        .field("ranges", status->ranges)
        .end_object();
    print_json(json::parse(out.take()));
    return 0;
  }
  std::string interfaces;
  for (const InterfaceStatus& i : status->interfaces)
    interfaces += (interfaces.empty() ? "" : ", ") + i.name + " (" + i.mode + ")";
  std::printf("mode:       %s\n", status->interfaces.empty()
                                      ? red(context, "nothing is attached: NOT protected").c_str()
                                      : interfaces.c_str());
  std::printf("in force:   %s bans, %s ranges, %s allowlisted\n", short_number(status->bans).c_str(),
              short_number(status->ranges).c_str(), short_number(status->allowed).c_str());
  std::printf("dropped:    %s packets, %s; now %s a minute; last %s\n",
              short_number(status->dropped_packets).c_str(), short_bytes(status->dropped_bytes).c_str(),
              short_number(a_minute).c_str(),
              status->last_drop_unix_ns
                  ? ago(format_rfc3339_seconds(from_unix_nanos(status->last_drop_unix_ns))).c_str()
                  : "never");
  std::printf("passed:     %s packets\n", short_number(status->passed_packets).c_str());
  for (const InterfaceStatus& i : status->interfaces)
    if (!i.why_not_better.empty())
      std::printf("%s: %s\n", i.name.c_str(), escape_for_terminal(i.why_not_better).c_str());
  const PacketTotals& t = status->totals;
  std::printf(
      "of these:   %s only logged or sampled, %s within a throttle's rate, %s allowlisted, %s malformed\n",
      short_number(t.logged).c_str(), short_number(t.throttled).c_str(), short_number(t.allowed).c_str(),
      short_number(t.malformed).c_str());
  if (status->restored > 0)
    std::printf("restored:   %s times, after another program had removed our table\n",
                short_number(status->restored).c_str());
  return 0;
}

constexpr OptionSpec kList[] = {{"ADDRESS", "only what touches this address or range", Kind::positional},
                                {"-l,--limit", "at most so many (default 1000, 0 = all)"}};

int list(Context& context, const Args& args) {
  size_t limit = 1000;
  if (args.has("limit")) {
    const std::string text = args.text("limit");
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), limit);
    if (ec != std::errc() || end != text.data() + text.size())
      return usage("--limit takes a number, 0 for all, not '" + text + "'");
  }
  std::optional<Prefix> only;
  if (args.has("ADDRESS")) {
    only = Prefix::parse(args.text("ADDRESS"));
    if (!only) return usage(args.text("ADDRESS") + " is not an address or a range");
  }
  auto entries = list_pinned(context.settings().enforce.pin, only ? &*only : nullptr);
  if (!entries) return fail(entries.error());
  const size_t total = entries->size();
  if (limit > 0 && total > limit) entries->resize(limit);
  if (context.output == Output::json) {
    json::array out;
    for (const KernelEntry& e : *entries)
      out.push_back(json::object{{"value", e.prefix.text()},
                                 {"remediation", remediation_name(e.remediation)},
                                 {"origin", e.origin},
                                 {"scenario", e.scenario},
                                 {"duration", format_duration_seconds(e.left)},
                                 {"packets", e.packets},
                                 {"bytes", e.bytes}});
    print_json(out);
    return 0;
  }
  const bool raw = context.output == Output::raw;
  Table table({"Value", "Action", "Origin", "Reason", "Left", "Packets", "Bytes", "Last drop"});
  for (const KernelEntry& e : *entries)
    table.row({e.prefix.text(), remediation_name(e.remediation), e.origin, e.scenario,
               format_duration_seconds(e.left), std::to_string(e.packets), std::to_string(e.bytes),
               e.last_hit_unix_ns ? format_rfc3339_seconds(from_unix_nanos(e.last_hit_unix_ns)) : ""});
  if (raw) {
    table.print_raw({"value", "action", "origin", "reason", "left", "packets", "bytes", "last_drop"});
  } else if (table.empty()) {
    std::puts(only ? "The kernel holds nothing for it" : "The kernel holds no bans");
  } else {
    table.print_human();
    if (total > limit && limit > 0) std::printf("%zu of %zu; --limit 0 shows all\n", limit, total);
  }
  return 0;
}

int lists(Context& context, const Args&) {
  auto lists = lists_pinned(context.settings().enforce.pin);
  if (!lists) return fail(lists.error());
  if (context.output == Output::json) {
    json::array out;
    for (const ListStatus& l : *lists)
      out.push_back(json::object{{"name", l.name},
                                 {"entries", l.entries},
                                 {"generation", l.generation},
                                 {"memory_bytes", l.memory_bytes},
                                 {"loaded", format_rfc3339_seconds(from_unix_nanos(l.loaded_unix_ns))},
                                 {"dropped_packets", l.dropped_packets}});
    print_json(out);
    return 0;
  }
  Table table({"Name", "Entries", "Generation", "Memory", "Swapped in", "Dropped"});
  for (const ListStatus& l : *lists)
    table.row({l.name, std::to_string(l.entries), std::to_string(l.generation),
               context.output == Output::raw ? std::to_string(l.memory_bytes) : short_bytes(l.memory_bytes),
               format_rfc3339_seconds(from_unix_nanos(l.loaded_unix_ns)), std::to_string(l.dropped_packets)});
  if (context.output == Output::raw)
    table.print_raw({"name", "entries", "generation", "memory_bytes", "loaded", "dropped_packets"});
  else if (table.empty())
    std::puts("The kernel holds no blocklists; enforce.lists in testudo.yaml names them");
  else
    table.print_human();
  return 0;
}

int kernel_flush(Context& context, const Args&) {
  // Through the daemon: flush_pinned() leaves the flush mark, and the daemon would end its decisions for it.
  auto answer = ask_text(context, "POST", "/v1/testudo/kernel/flush");
  if (!answer) {
    Error error = answer.error();
    if (error.code == Code::unavailable)
      error.remedy = "`testudo flush` empties the kernel without a daemon, for good";
    return fail(error);
  }
  if (context.output != Output::human) {
    print_json(json::object{{"flushed", true}});
    return 0;
  }
  std::puts(
      "the kernel's tables are empty; the daemon puts its decisions back within ten minutes; `testudo flush` "
      "ends them for good");
  return 0;
}

constexpr OptionSpec kRemove[] = {{"--yes", "really do it", Kind::flag}};

int kernel_remove(Context& context, const Args& args) {
  if (!args.flag("yes"))
    return usage(
        "this detaches the program and removes every pinned map: nothing is dropped afterwards. Say --yes");
  auto done = remove_pinned(context.settings().enforce.pin);
  if (!done) return fail(done.error());
  std::puts("detached; no map or link of ours is left in the kernel");
  return 0;
}

/// The way out of a lock-out. The kernel first, whatever else is broken; then the mark that keeps older
/// decisions from coming back; then the daemon, if there is one.
int flush(Context& context, const Args&) {
  const Settings& settings = context.settings();
  const bool human = context.output == Output::human;
  int result = 0;
  json::object done{{"kernel", nullptr}, {"daemon", nullptr}};
  if (!context.config_errors().empty()) {
    fail(context.config_errors().front());
    std::fprintf(stderr, "testudo: flushing %s all the same; state folder %s\n", settings.enforce.pin.c_str(),
                 settings.paths.state.c_str());
  }
  auto kernel = flush_pinned(settings.enforce.pin);
  if (!kernel)
    result = fail(kernel.error());
  else if (done["kernel"] = kernel->removed; human && kernel->found)
    std::printf("kernel: %llu entries removed\n", static_cast<unsigned long long>(kernel->removed));
  else if (human)
    std::puts("kernel: nothing of ours was in force");
  if (auto marked = write_flush_mark(settings.paths.state, now()); !marked) {
    // Without a state folder there is no store either, and so nothing that could come back.
    if (file_exists(settings.paths.state)) result = fail(marked.error());
  }
  auto answer = ask(context, "POST", "/v1/testudo/flush");
  if (!answer && answer.error().code != Code::unavailable)
    result = fail(answer.error());
  else if (answer)
    done["daemon"] = std::strtoull(text(*answer, "nbDeleted").c_str(), nullptr, 10);
  if (!human)
    print_json(done);
  else if (answer)
    std::printf("daemon: %s decision(s) ended\n", text(*answer, "nbDeleted").c_str());
  else if (answer.error().code == Code::unavailable)
    std::puts("daemon: none is running; decisions older than now do not come back when it starts");
  return result;
}

}  // namespace

extern const Command kernel_status_command{
    "kernel status", "mode, interfaces, bans and drops", "  testudo kernel status\n", {}, status};
extern const Command kernel_list_command{"kernel list", "what is in force, with hits",
                                         "  testudo kernel list\n  testudo kernel list 203.0.113.7\n", kList,
                                         list};
extern const Command kernel_lists_command{
    "kernel lists", "blocklists in force: entries, memory, drops", "  testudo kernel lists\n", {}, lists};
extern const Command kernel_flush_command{"kernel flush",
                                          "empty the kernel's tables until the next reconcile",
                                          "  testudo kernel flush\n",
                                          {},
                                          kernel_flush};
extern const Command kernel_remove_command{"kernel remove", "detach and remove every pin (uninstall)",
                                           "  testudo kernel remove --yes\n", kRemove, kernel_remove};
extern const Command flush_command{"flush",
                                   "locked out? lift every ban at once, with or without a daemon",
                                   "  sudo testudo flush\n",
                                   {},
                                   flush};

}  // namespace testudo::cli
