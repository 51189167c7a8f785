#include "decide/effect.h"

#include <tuple>

namespace testudo {

namespace {

// Ports say more than a protocol: a ban of tcp holds for more packets than one of tcp port 22.
int narrowness(const Terms& terms) { return terms.port_last != 0 ? 2 : terms.protocol != 0 ? 1 : 0; }

auto order(const Effect& e) {
  return std::tuple(-e.rank, narrowness(e.terms), !e.terms.outgoing, e.terms.unit, e.terms.rate,
                    e.terms.burst, e.terms.sample);
}

}  // namespace

int severity(Remediation remediation) {
  switch (remediation) {
    case Remediation::ban:
      return 6;
    case Remediation::reset:
      return 5;
    case Remediation::captcha:
      return 4;
    case Remediation::throttle:
      return 3;
    case Remediation::sample:
      return 2;
    case Remediation::log_only:
      return 1;
    case Remediation::none:
      break;
  }
  return 0;
}

Result<Effect> effect_of(std::string_view type, std::string_view params, bool simulated) {
  TESTUDO_TRY(const KernelParams read, read_params(params));
  Effect effect;
  effect.remediation = remediation_of(type);
  effect.terms = read.terms;
  if (effect.remediation == Remediation::ban && read.reject) effect.remediation = Remediation::reset;
  if (effect.remediation == Remediation::throttle && read.in_requests) {
    effect.remediation = Remediation::none;
    effect.why_not = "its rate counts requests, which the kernel does not see";
  }
  if (effect.remediation == Remediation::throttle && !read.rate_given) effect.terms.rate = kUsualRate;
  // What belongs to another type says nothing here, and must not make two equal bans look different.
  if (effect.remediation != Remediation::throttle) effect.terms.rate = effect.terms.burst = 0;
  if (effect.remediation != Remediation::throttle) effect.terms.unit = Terms::Unit::packets;
  if (effect.remediation != Remediation::sample) effect.terms.sample = 0;
  if (simulated) {
    effect.remediation = drops_all(effect.remediation) ? Remediation::log_only : Remediation::none;
  }
  effect.rank = 2 * severity(effect.remediation) - (simulated ? 1 : 0);
  if (effect.rank <= 0) effect.rank = 0;
  return effect;
}

bool stronger(const Effect& a, const Effect& b) { return order(a) < order(b); }

bool reaches_beyond(const Terms& a, const Terms& b) {
  const bool same_protocol = b.protocol == 0 || b.protocol == a.protocol;
  const bool same_ports =
      b.port_last == 0 || (a.port_last != 0 && b.port_first <= a.port_first && a.port_last <= b.port_last);
  const bool same_direction = b.outgoing || !a.outgoing;
  return !(same_protocol && same_ports && same_direction);
}

bool drops_all(Remediation remediation) {
  return remediation == Remediation::ban || remediation == Remediation::reset;
}

bool drops(Remediation remediation) { return drops_all(remediation) || remediation == Remediation::throttle; }

}  // namespace testudo
