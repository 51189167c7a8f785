#include "decide/witness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "model/event.h"

namespace testudo {
namespace {

constexpr const char* kAnswerNames[] = {"seen", "absent", "unknown", "off"};

// As shipped and hub content name them in evt.Meta.service. HTTP is TCP unless QUIC is served; applications
// that are mostly used behind a proxy of another machine are left out: their lines name who the proxy says it
// was.
constexpr std::string_view kTcpServices[] = {"dovecot",    "dropbear", "exim",    "ftp",      "http",  "imap",
                                             "mail",       "mongodb",  "mssql",   "mysql",    "pgsql", "pop3",
                                             "postgresql", "postfix",  "proftpd", "pureftpd", "redis", "smtp",
                                             "ssh",        "telnet",   "vsftpd"};

bool same_label(std::string_view a, std::string_view b) {
  a = a.substr(0, a.find('.'));
  b = b.substr(0, b.find('.'));
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
         });
}

std::string_view meta(const AlertEvent& event, std::string_view key) {
  const std::string* value = event.find(key);
  return value ? std::string_view(*value) : std::string_view();
}

std::string service_of(const Alert& alert) {
  for (auto e = alert.events.rbegin(); e != alert.events.rend(); ++e)
    if (const std::string_view service = meta(*e, "service"); !service.empty()) return std::string(service);
  return "";
}

/// Whom to ask for: of a range one address that is known to have taken part.
std::optional<Ip> address_of(const Alert& alert) {
  if (alert.source.scope != "Ip" && alert.source.scope != "Range") return std::nullopt;
  auto ip = Ip::parse(alert.source.ip);
  if (!ip) ip = Ip::parse(alert.source.value);
  if (ip) *ip = ip->unmapped();
  return ip;
}

}  // namespace

const char* witness_answer_name(WitnessAnswer answer) { return kAnswerNames[size_t(answer)]; }

bool is_tcp_service(std::string_view service) {
  return std::find(std::begin(kTcpServices), std::end(kTcpServices), service) != std::end(kTcpServices);
}

std::string no_witness_remedy(std::string_view source_name, std::string_view service) {
  const std::string at = source_name.empty() ? "at its source" : "at " + std::string(source_name);
  if (service == "http")
    return "if its clients come through a proxy or CDN (real_ip, remoteip), a ban could not stop them here: "
           "ban at "
           "the proxy, and set `witness: off` " +
           at + " in the acquisition";
  return "somebody may have forged the line; if the service runs on another machine or behind a proxy, set "
         "`witness: off` " +
         at + " in the acquisition";
}

std::string no_witness_remedy(const Alert& alert) {
  return no_witness_remedy(alert.source_name, service_of(alert));
}

Witnesses::Witnesses(WitnessOptions options, Metrics& metrics) : options_(std::move(options)) {
  for (size_t a = 0; a < kWitnessAnswers; ++a)
    answers_[a] = &metrics.counter("testudo_witness_total",
                                   "Bans from logs by whether their address was seen on the wire.",
                                   {{"answer", kAnswerNames[a]}});
  metrics.add_collector([sources = options_.sources](std::vector<MetricFamily>& out) {
    for (const auto& source : sources) {
      const auto room = source->room();
      if (!room) continue;
      out.push_back({"testudo_witness_addresses",
                     "Addresses whose handshakes are remembered; IPv6 by /64.",
                     MetricType::gauge,
                     {{{{"family", "ipv4"}}, double(room->addresses4), nullptr},
                      {{{"family", "ipv6"}}, double(room->addresses6), nullptr}}});
    }
  });
}

bool Witnesses::of_this_machine(std::string_view name) const {
  if (name.empty() || same_label(name, "localhost")) return true;
  return std::any_of(options_.own_names.begin(), options_.own_names.end(),
                     [&](const std::string& own) { return same_label(name, own); });
}

// "" = it must be asked. One event that must is enough: whoever forges needs one forged line only.
std::string Witnesses::why_not_asked(const Alert& alert, const Ip& address) const {
  if (!options_.on) return options_.why_off;
  if (alert.witness == witness::kOff) return "its source has `witness: off`";
  if (address.is_loopback()) return "this machine itself";
  if (alert.witness & witness::kAlways) return "";
  std::string why = "its service is not known to be TCP alone";
  for (const AlertEvent& event : alert.events) {
    if (!is_tcp_service(meta(event, "service"))) continue;
    if (const std::string_view machine = meta(event, "machine"); !of_this_machine(machine))
      why = "a line of another machine, " + std::string(machine.substr(0, 100));
    else
      return "";
  }
  return why;
}

WitnessAnswer Witnesses::lately(const Ip& address) const {
  return options_.on ? look(address, now() - options_.window) : WitnessAnswer::off;
}

WitnessAnswer Witnesses::look(const Ip& address, TimePoint from) const {
  bool complete = false;
  for (const auto& source : options_.sources) {
    const auto at = source->seen(address);
    if (at && *at >= from) return WitnessAnswer::seen;
    complete = complete || source->complete_since(address.family, options_.window) <= from;
  }
  return complete ? WitnessAnswer::absent : WitnessAnswer::unknown;
}

WitnessFinding Witnesses::ask(const Alert& alert) const {
  WitnessFinding out;
  const auto address = address_of(alert);
  if (!address) {
    out.why = "no address";
    return out;
  }
  out.why = why_not_asked(alert, *address);
  if (!out.why.empty()) return out;
  // A timer that ran out says nothing of when the last line was written.
  const TimePoint from = (alert.line.empty() ? alert.start_at : alert.stop_at) - options_.window;
  const bool quic = service_of(alert) == "http" && options_.serves_quic && options_.serves_quic();
  const auto answer = [&](const Ip& ip) {
    const WitnessAnswer found = look(ip, from);
    return found == WitnessAnswer::absent && quic ? WitnessAnswer::unknown : found;
  };
  out.answer = answer(*address);
  if (out.answer == WitnessAnswer::unknown)
    out.why = quic ? "HTTP may come over QUIC here" : "the witness does not reach back so far";
  // The author of the last line has just been on the wire, and is among its addresses: if only one of them
  // was, it is he.
  if (out.answer == WitnessAnswer::seen && alert.ambiguous && !alert.rivals.empty())
    out.alone = std::all_of(alert.rivals.begin(), alert.rivals.end(), [&](const std::string& rival) {
      const auto ip = Ip::parse(rival);
      return ip && answer(ip->unmapped()) == WitnessAnswer::absent;
    });
  return out;
}

void Witnesses::count(const WitnessFinding& finding, const Alert& alert) {
  answers_[size_t(finding.answer)]->add();
  if (finding.answer != WitnessAnswer::absent) return;
  const std::lock_guard lock(mutex_);
  last_absent_at_ = alert.created_at;
  last_absent_ = alert.source.value;
  last_absent_source_ = alert.source_name;
  last_absent_service_ = service_of(alert);
}

std::string Witnesses::describe(const Ip& address) const {
  if (!options_.on) return "";
  std::string said;
  for (const auto& source : options_.sources)
    if (said.empty()) said = source->describe(address);
  return said;
}

WitnessStatus Witnesses::status() const {
  WitnessStatus out;
  out.on = options_.on;
  if (!out.on) out.why_off = options_.why_off;
  out.window = options_.window;
  for (const auto& source : options_.sources)
    if (!out.room) out.room = source->room();
  for (size_t a = 0; a < kWitnessAnswers; ++a) out.answers[a] = answers_[a]->value();
  const std::lock_guard lock(mutex_);
  out.last_absent_at = last_absent_at_;
  out.last_absent = last_absent_;
  out.last_absent_source = last_absent_source_;
  out.last_absent_service = last_absent_service_;
  return out;
}

}  // namespace testudo
