// testudo kernel explain | top | watch | selftest: what the kernel would do, does and can, with or without a
// daemon.
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>

#include "ask.h"
#include "base/log.h"
#include "base/text.h"
#include "commands.h"
#include "enforce/pinned_look.h"
#include "enforce/selftest.h"
#include "table.h"

namespace testudo::cli {
namespace {
using Kind = OptionSpec::Kind;

volatile std::sig_atomic_t interrupted = 0;

std::string place(const KernelEntry& entry) {
  std::string text = remediation_name(entry.remediation);
  const Terms& t = entry.terms;
  if (t.protocol != 0)
    text += t.protocol == 6    ? " of TCP"
            : t.protocol == 17 ? " of UDP"
                               : " of protocol " + std::to_string(t.protocol);
  if (t.port_last != 0)
    text += " port " + std::to_string(t.port_first) +
            (t.port_last != t.port_first ? "-" + std::to_string(t.port_last) : "");
  return text;
}

json::object json_of(const KernelEntry& e) {
  return {
      {"value", e.prefix.text()}, {"remediation", remediation_name(e.remediation)}, {"origin", e.origin},
      {"scenario", e.scenario},   {"duration", format_duration_seconds(e.left)},    {"packets", e.packets},
      {"bytes", e.bytes}};
}

constexpr OptionSpec kExplain[] = {{"ADDRESS", "an IPv4 or IPv6 address", Kind::positional, true}};

int explain(Context& context, const Args& args) {
  const auto address = Ip::parse(args.text("ADDRESS"));
  if (!address) return usage(args.text("ADDRESS") + " is not an address");
  auto outlook = outlook_pinned(context.settings().enforce.pin, *address);
  if (!outlook) return fail(outlook.error());
  // An entry that is narrowed holds for some packets only: what comes behind it is shown as well.
  const bool narrow = !outlook->entries.empty() && outlook->entries.front().terms.narrow();
  std::string verdict = "passes: nothing speaks about it";
  if (outlook->allowed)
    verdict = "passes: allowlisted" +
              std::string(outlook->entries.empty() ? "" : ", which wins over the entries below");
  else if (!outlook->entries.empty())
    verdict = place(outlook->entries.front()) + (narrow ? "; other packets: see below" : "");
  if (context.output != Output::human) {
    json::array entries, reasons;
    for (const KernelEntry& e : outlook->entries) entries.push_back(json_of(e));
    for (const std::string& reason : outlook->allowed_by) reasons.emplace_back(reason);
    print_json(json::object{{"address", address->text()},
                            {"allowed", outlook->allowed},
                            {"allowed_by", reasons},
                            {"verdict", verdict},
                            {"entries", entries}});
    return 0;
  }
  std::printf("next packet from %s: %s\n", address->text().c_str(), bold(context, verdict).c_str());
  for (const std::string& reason : outlook->allowed_by)
    std::printf("  allowlisted: %s\n", reason == "session" ? "an administrator is or was logged in from there"
                                       : reason == "own"
                                           ? "an address of this machine, its gateway or resolver"
                                           : reason.c_str());
  for (const KernelEntry& e : outlook->entries)
    std::printf("  %s: %s by %s (%s), %s left, %s packets\n", e.prefix.text().c_str(), place(e).c_str(),
                escape_for_terminal(e.scenario).c_str(), escape_for_terminal(e.origin).c_str(),
                format_duration_seconds(e.left).c_str(), short_number(e.packets).c_str());
  return 0;
}

constexpr OptionSpec kTop[] = {{"-n,--number", "so many rows (default 20)"}};

Result<size_t> number(const Args& args, const char* name, size_t fallback) {
  if (!args.has(name)) return fallback;
  const std::string text = args.text(name);
  size_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size())
    return Error{Code::bad_config, std::string("--") + name + " takes a number, not '" + text + "'"};
  return value;
}

int top(Context& context, const Args& args) {
  const auto most = number(args, "number", 20);
  if (!most) return usage(most.error().message);
  auto entries = top_pinned(context.settings().enforce.pin, *most);
  if (!entries) return fail(entries.error());
  if (context.output == Output::json) {
    json::array out;
    for (const KernelEntry& e : *entries) out.push_back(json_of(e));
    print_json(out);
    return 0;
  }
  Table table({"Value", "Action", "Origin", "Reason", "Packets", "Bytes", "Last packet"});
  for (const KernelEntry& e : *entries)
    table.row({e.prefix.text(), remediation_name(e.remediation), e.origin, e.scenario,
               std::to_string(e.packets), std::to_string(e.bytes),
               e.last_hit_unix_ns ? format_rfc3339_seconds(from_unix_nanos(e.last_hit_unix_ns)) : "over"});
  if (context.output == Output::raw)
    table.print_raw({"value", "action", "origin", "reason", "packets", "bytes", "last_packet"});
  else if (table.empty())
    std::puts("No entry was hit yet");
  else
    table.print_human();
  return 0;
}

/// A capture file of frame heads (pcap, microseconds, Ethernet): tcpdump and Wireshark read it.
class Capture {
 public:
  explicit Capture(FILE* file) : file_(file, &std::fclose) {
    const uint32_t head[6] = {0xa1b2c3d4, 2 | 4u << 16, 0, 0, 65535, 1};
    std::fwrite(head, sizeof head, 1, file_.get());
  }
  void add(const SeenPacket& p) {
    const int64_t us = unix_nanos(p.at) / 1000;
    const uint32_t head[4] = {uint32_t(us / 1'000'000), uint32_t(us % 1'000'000), uint32_t(p.headers.size()),
                              std::max(p.length, uint32_t(p.headers.size()))};
    std::fwrite(head, sizeof head, 1, file_.get());
    std::fwrite(p.headers.data(), 1, p.headers.size(), file_.get());
    std::fflush(file_.get());
  }

 private:
  std::unique_ptr<FILE, int (*)(FILE*)> file_;
};

std::string protocol_name(uint8_t protocol) {
  switch (protocol) {
    case 0:
      return "-";
    case 1:
      return "icmp";
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 58:
      return "icmp6";
    default:
      return std::to_string(protocol);
  }
}

std::string end_of(const Ip& address, uint16_t port) {
  const std::string text = address.text();
  if (port == 0) return text;
  return (address.is_v4() ? text : "[" + text + "]") + ":" + std::to_string(port);
}

void show(Context& context, const SeenPacket& p) {
  if (context.output == Output::json) {
    print_json(json::object{{"at", format_rfc3339_seconds(p.at)},
                            {"interface", p.interface},
                            {"source", p.source.text()},
                            {"destination", p.destination.text()},
                            {"source_port", p.source_port},
                            {"destination_port", p.destination_port},
                            {"protocol", protocol_name(p.protocol)},
                            {"length", p.length},
                            {"verdict", p.verdict},
                            {"origin", p.origin},
                            {"scenario", p.scenario}});
  } else {
    std::printf("%s %s %s %s > %s %s %u bytes: %s by %s (%s)\n", format_rfc3339_seconds(p.at).c_str(),
                p.interface.c_str(), p.outgoing ? "out" : "in", end_of(p.source, p.source_port).c_str(),
                end_of(p.destination, p.destination_port).c_str(), protocol_name(p.protocol).c_str(),
                p.length, p.verdict.c_str(), escape_for_terminal(p.scenario).c_str(),
                escape_for_terminal(p.origin).c_str());
  }
  std::fflush(stdout);
}

constexpr OptionSpec kWatch[] = {
    {"-n,--number", "end after so many packets"},
    {"--seconds", "end after this time"},
    {"--pcap", "write the frames' heads to this file as well, for tcpdump or Wireshark"}};

int watch(Context& context, const Args& args) {
  const auto most = number(args, "number", SIZE_MAX), seconds = number(args, "seconds", 0);
  if (!most || !seconds) return usage((!most ? most : seconds).error().message);
  auto packets = PacketWatch::open(context.settings().enforce.pin);
  if (!packets) return fail(packets.error());
  std::unique_ptr<Capture> capture;
  if (args.has("pcap")) {
    FILE* file = std::fopen(args.text("pcap").c_str(), "wb");
    if (file == nullptr) return fail(errno_error("cannot write " + args.text("pcap"), errno));
    capture = std::make_unique<Capture>(file);
  }
  if (context.output == Output::human)
    std::fprintf(stderr, "one packet in some hundred is shown, as it comes; Ctrl-C ends it\n");
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  size_t shown = 0;
  const int64_t end = monotonic_ns() + int64_t(*seconds) * 1'000'000'000;
  while (!interrupted && shown < *most && (*seconds == 0 || monotonic_ns() < end)) {
    const auto got = (*packets)->poll(
        [&](const SeenPacket& p) {
          if (shown >= *most) return;
          ++shown;
          show(context, p);
          if (capture) capture->add(p);
        },
        200);
    if (!got && !interrupted) return fail(got.error());
  }
  return 0;
}

int selftest(Context& context, const Args&) {
  log::set_level(log::Level::error);  // an interface that is missing on purpose is no news
  const auto rows = run_selftest("/sys/fs/bpf/testudo-selftest-" + std::to_string(::getpid()));
  if (!rows) return fail(rows.error());
  size_t failed = 0;
  json::array out;
  for (const SelftestRow& row : *rows) {
    failed += !row.passed;
    if (context.output == Output::json)
      out.push_back(json::object{{"test", row.sentence}, {"passed", row.passed}, {"got", row.got}});
    else
      std::printf("%s  %s%s\n",
                  row.passed ? green(context, "ok    ").c_str() : red(context, "FAILED").c_str(),
                  row.sentence.c_str(), row.passed ? "" : (": it was " + row.got).c_str());
  }
  if (context.output == Output::json)
    print_json(out);
  else
    std::printf("%zu passed, %zu failed\n", rows->size() - failed, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace

extern const Command kernel_explain_command{"kernel explain",
                                            "what would become of the next packet from an address",
                                            "  testudo kernel explain 203.0.113.7\n", kExplain, explain};
extern const Command kernel_top_command{"kernel top", "entries that were hit, most packets first",
                                        "  testudo kernel top\n", kTop, top};
extern const Command kernel_watch_command{
    "kernel watch", "dropped packets as they come, one of many",
    "  testudo kernel watch\n  testudo kernel watch --pcap drops.pcap --seconds 60\n", kWatch, watch};
extern const Command kernel_selftest_command{
    "kernel selftest",
    "a table of packets through the program, on this kernel, attached to nothing",
    "  sudo testudo kernel selftest\n",
    {},
    selftest};

}  // namespace testudo::cli
