// decide/effect.h: what a decision does in the kernel, and which of two is stronger.
//
//   ban > reset > captcha > throttle > sample > log-only > what is simulated
//
// (Silence tells an attacker less than RST.) A captcha is the business of web bouncers: the kernel goes on
// with what comes after it.
//
// Of equals the wider one is stronger (a ban of one port is no stronger than a ban of all), then the tighter
// one (10/s before 100/s); who compares decisions asks for their ends after that.
#pragma once

#include <string>
#include <string_view>

#include "decide/terms.h"

namespace testudo {

/// In the order above, from 6 down; 0 for what does not project.
int severity(Remediation remediation);

struct Effect {
  Remediation remediation = Remediation::none;
  Terms terms;
  int rank = 0;         ///< 0: nothing in the kernel
  std::string why_not;  ///< with rank 0: why, where the type is one that the kernel knows
};

/// A simulated ban is log-only: what would have been dropped is counted. Other simulated decisions do
/// nothing. Errors are those of read_params.
Result<Effect> effect_of(std::string_view type, std::string_view params, bool simulated);

/// A strict weak order; ends do not count.
bool stronger(const Effect& a, const Effect& b);
/// Whether some packet meets `a` and not `b`.
bool reaches_beyond(const Terms& a, const Terms& b);
/// Drops packets, some of them at least: ban, reset, throttle.
bool drops(Remediation remediation);
/// Drops all packets that it holds for: ban, reset.
bool drops_all(Remediation remediation);

}  // namespace testudo
