// decide/decider_guard.cpp: which decisions are refused, and why.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "decide/coverage.h"
#include "decide/decider_impl.h"

namespace testudo {

namespace {

// Longer than anything meant; keeps sums of times within their range.
constexpr Duration kLongest = 24h * 365 * 100;
// Of IPv4, for ranges, countries and ASes together.
constexpr uint64_t kMostCovered = kAllOfIpv4 / 16;

bool by_address(const std::string& scope) { return scope == "Ip" || scope == "Range"; }

std::string share(uint64_t addresses) {
  return fmt::format("{:.2f}%", 100.0 * double(addresses) / double(kAllOfIpv4));
}

AlertOutcome refused(Verdict verdict, std::string why) { return {verdict, 0, std::move(why)}; }

}  // namespace

std::optional<Prefix> matching_prefix(const std::string& scope, const std::string& value) {
  if (!by_address(scope)) return std::nullopt;
  const auto prefix = Prefix::parse(value);
  if (!prefix || prefix->ip.is_v4() || prefix->length < 96) return prefix;
  const Ip folded = prefix->ip.unmapped();
  return folded.is_v4() ? Prefix::of(folded, prefix->length - 96) : *prefix;
}

std::string Decider::Impl::too_much(const std::vector<Prefix>& more, uint64_t limit) const {
  uint64_t most = index.wide_sum();
  for (const Prefix& prefix : more) most += addresses4(prefix);
  if (most <= limit) return {};
  const uint64_t sum = index.covered4(more);
  if (sum <= limit) return {};
  const std::vector<ActiveIndex::Wide> largest = index.wide();
  std::string others;
  for (size_t i = 0; i < largest.size() && i < 3; ++i)
    others += fmt::format("{}{} {}", i == 0 ? "" : ", ", largest[i].what, share(largest[i].addresses));
  return fmt::format(
      "with its {} addresses ({}) ranges, countries and ASes in force would cover {} of IPv4, more than {}{}",
      addresses4(more), share(addresses4(more)), share(sum), share(limit),
      others.empty() ? "" : "; in force: " + others);
}

std::optional<AlertOutcome> Decider::Impl::check_address(Decision& decision, bool by_hand, bool force,
                                                         bool drops, TimePoint at) {
  if (!decision.prefix)
    return refused(Verdict::refused, fmt::format("not an address or prefix: {}",
                                                 escape_for_terminal(decision.value.substr(0, 100))));
  // Whoever has one address of IPv6 has the /64. But a neighbour who must not be banned narrows it again.
  const Prefix& exact = *decision.prefix;
  if (!by_hand && !exact.ip.is_v4() && exact.is_host() && options.ipv6_prefix < 128) {
    const Prefix wide = Prefix::of(exact.ip, options.ipv6_prefix);
    if (!allow.touches(wide, at) && !protection.refuse(wide, false)) decision.prefix = wide;
  }
  if (const auto hits = allow.matches(*decision.prefix, at); !hits.empty())
    return refused(Verdict::allowlisted,
                   fmt::format("{} is allowlisted: {}", decision.value, fmt::join(hits, ", ")));
  if (const auto refusal = protection.refuse(*decision.prefix, force))
    return refused(refusal->too_wide ? Verdict::refused : Verdict::protected_address,
                   fmt::format("{} is not banned: {}", decision.value, refusal->why));
  if (force || !drops || decision.prefix->is_host()) return std::nullopt;
  if (const std::string why = too_much({*decision.prefix}, kMostCovered); !why.empty())
    return refused(Verdict::refused, fmt::format("Range {} is not banned: {}", decision.value, why));
  return std::nullopt;
}

// What is allowlisted, protected or logged in lies behind the kernel's allowlist whatever is decided; that
// somebody bans his own country is asked back all the same.
std::optional<AlertOutcome> Decider::Impl::check_area(Decision& decision, bool force, bool drops,
                                                      TimePoint at) {
  decision.params = with_force(decision.params, force);
  const auto list = geo.prefixes(decision.scope, decision.value);
  if (force || !list) return std::nullopt;
  const std::vector<Prefix>& prefixes = **list;
  const auto no = [&](Verdict verdict, const std::string& why) {
    return refused(verdict, fmt::format("{} {} is not banned: {}", decision.scope,
                                        escape_for_terminal(decision.value), why));
  };
  if (const auto refusal = protection.refuse(prefixes, decision.scope == "AS"))
    return no(Verdict::protected_address, refusal->why);
  for (const Prefix& allowed : allow.prefixes(at))
    if (touches(prefixes, allowed))
      return no(Verdict::protected_address,
                "allowlisted addresses are in it: " +
                    fmt::format("{}", fmt::join(allow.matches(allowed, at), ", ")));
  if (!drops) return std::nullopt;
  if (const std::string why = too_much(prefixes, kMostCovered); !why.empty())
    return no(Verdict::refused, why);
  return std::nullopt;
}

std::optional<AlertOutcome> Decider::Impl::check_decision(Decision& decision, const Alert& alert,
                                                          bool by_hand, bool force, TimePoint at) {
  decision.scope = normalize_scope(decision.scope);
  if (decision.type.empty()) return refused(Verdict::refused, "a decision needs a type, such as ban");
  const bool simulated = decision.simulated || alert.simulated;
  const auto effect = effect_of(decision.type, decision.params, simulated);
  if (!effect)
    return refused(Verdict::refused,
                   fmt::format("a {} of {} has params that cannot be: {}",
                               escape_for_terminal(decision.type.substr(0, 60)),
                               escape_for_terminal(decision.value.substr(0, 100)), effect.error().text()));
  const bool insists = force && by_hand, drops = testudo::drops(effect->remediation);
  decision.prefix = matching_prefix(decision.scope, decision.value);
  std::optional<AlertOutcome> refusal;
  if (by_address(decision.scope))
    refusal = check_address(decision, by_hand, insists, drops, at);
  else if (is_geo_scope(decision.scope))
    refusal = check_area(decision, insists, drops, at);
  if (refusal) return refusal;
  if (decision.duration <= 0ns) return refused(Verdict::refused, "the duration must be more than 0");
  decision.duration = std::min(decision.duration, kLongest);
  decision.created_at = at;
  decision.until = std::min(alert.stop_at, at) + decision.duration;
  if (decision.until <= at)
    return refused(Verdict::late,
                   fmt::format("read too late: it happened at {}, and the {} of {} would be over",
                               format_rfc3339_seconds(alert.stop_at), decision.type,
                               format_duration_short(decision.duration)));
  return std::nullopt;
}

}  // namespace testudo
