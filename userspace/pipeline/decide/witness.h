// decide/witness.h: was the address on this host's wire? Asked before a ban that rests on lines of a log.
//
//   alert → must it be asked? (source, service, machine) → sources, best first → seen | absent | unknown
//
// Whoever chooses a user name or a URL writes into logs, but nobody completes a TCP handshake from an address
// that is not his. So an address that a log accuses and that no source has seen is not banned: the decision
// is simulated. What cannot be told (the witness has just begun, its map ran over, HTTP over QUIC) is
// "unknown" and banned as without a witness: a doubt about the witness must not disarm the machine.
//
// To add a source of sightings: derive from WitnessSource, hand it over in WitnessOptions::sources.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "model/alert.h"

namespace testudo {

/// What the kernel's map of handshakes holds, for `status`.
struct WitnessRoom {
  uint64_t addresses4 = 0, addresses6 = 0, room = 0;  ///< `room` for each of the families
  TimePoint since{};
};

/// Who may have seen an address. Called from any thread.
struct WitnessSource {
  virtual ~WitnessSource() = default;
  virtual std::string_view name() const = 0;
  /// The latest moment at which it is known to have had a connection to this host.
  virtual std::optional<TimePoint> seen(const Ip& address) = 0;
  /// From then on it has missed nobody of that family (as far as `window` reaches back); max: its not having
  /// seen somebody never means anything.
  virtual TimePoint complete_since(Family, Duration /*window*/) { return TimePoint::max(); }
  /// For `why`: "completed a handshake with port 22; its last connection ended 3m ago", "" = nothing to say.
  virtual std::string describe(const Ip&) { return ""; }
  virtual std::optional<WitnessRoom> room() { return std::nullopt; }
};

struct WitnessOptions {
  bool on = false;
  std::string why_off = "decide.witness.mode is off";  ///< when it is not on
  Duration window = 10min;             ///< so long before a line was written its author must have been seen
  std::vector<std::string> own_names;  ///< of this machine; a line of another machine is not asked for
  std::vector<std::shared_ptr<WitnessSource>> sources;
  std::function<bool()> serves_quic;  ///< HTTP without TCP may come here; empty = it may not
};

enum class WitnessAnswer : uint8_t { seen, absent, unknown, off };
inline constexpr size_t kWitnessAnswers = size_t(WitnessAnswer::off) + 1;
const char* witness_answer_name(WitnessAnswer answer);

/// What was found for one alert.
struct WitnessFinding {
  WitnessAnswer answer = WitnessAnswer::off;
  bool alone = false;  ///< of all addresses that an ambiguous line could mean, this one alone was on the wire
  std::string why;     ///< one clause: why it was not asked or cannot be told
};

struct WitnessStatus {
  bool on = false;
  std::string why_off;
  Duration window{};
  std::optional<WitnessRoom> room;
  uint64_t answers[kWitnessAnswers] = {};
  TimePoint last_absent_at{};                                        ///< zero: never
  std::string last_absent, last_absent_source, last_absent_service;  ///< address, "file:/var/log/…", "http"
};

/// The one word under which an alert without a witness is kept.
inline constexpr const char* kNoWitness = "no witness on the wire";
/// What to do about it, for people. `service` "" = not known.
std::string no_witness_remedy(std::string_view source_name, std::string_view service);
std::string no_witness_remedy(const Alert& alert);
/// Services whose lines speak of TCP alone: their meta `service`.
bool is_tcp_service(std::string_view service);

class Witnesses {
 public:
  Witnesses(WitnessOptions options, Metrics& metrics);

  /// Counts nothing: what is asked in vain (an allowlisted address) is no answer that mattered.
  WitnessFinding ask(const Alert& alert) const;
  void count(const WitnessFinding& finding, const Alert& alert);
  /// Of a packet that came just now, for whoever judges packets instead of lines.
  WitnessAnswer lately(const Ip& address) const;
  std::string describe(const Ip& address) const;
  WitnessStatus status() const;

 private:
  std::string why_not_asked(const Alert& alert, const Ip& address) const;
  bool of_this_machine(std::string_view name) const;
  WitnessAnswer look(const Ip& address, TimePoint from) const;

  WitnessOptions options_;
  Counter* answers_[kWitnessAnswers] = {};
  mutable std::mutex mutex_;  ///< the last absent one
  TimePoint last_absent_at_{};
  std::string last_absent_, last_absent_source_, last_absent_service_;
};

/// The kernel's map of handshakes, attached now (xdp/witness.h).
Result<std::shared_ptr<WitnessSource>> kernel_witness(const std::string& pin, uint32_t entries);
/// Detaches it and removes its pins.
void remove_kernel_witness(const std::string& pin);
/// Sockets that are open in this network namespace: those that began before the map did, or were forgotten by
/// it.
std::shared_ptr<WitnessSource> socket_witness();
/// A UDP socket is bound to port 443 or 8443 of this network namespace. Remembered for a minute.
bool serves_quic();

}  // namespace testudo
