#include "enforce/policies.h"

#include <algorithm>
#include <cstring>

namespace testudo {
namespace {

template <size_t N>
std::string text_in(const char (&field)[N]) {
  return std::string(field, strnlen(field, N));
}

template <size_t N>
std::string_view cut(std::string_view text, const char (&)[N]) {
  text = text.substr(0, N - 1);
  return text.substr(0, text.find('\0'));
}

template <size_t N>
void fill(char (&field)[N], std::string_view text) {
  const std::string_view fits = cut(text, field);
  std::memcpy(field, fits.data(), fits.size());
}

constexpr policy_text kLayout{};
/// The last rows are for terms whose label is lost.
constexpr uint32_t kLabelled = TESTUDO_POLICIES - 256;
constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kForever = uint64_t(1) << 62;

}  // namespace

Result<policy_value> policy_value_of(Remediation remediation, const Terms& terms) {
  policy_value value{};
  value.remediation = uint8_t(remediation);
  value.protocol = terms.protocol;
  value.direction = uint8_t(TESTUDO_INCOMING | (terms.outgoing ? TESTUDO_OUTGOING : 0));
  value.port_first = terms.port_last ? terms.port_first : 0;
  value.port_last = terms.port_last;
  if (remediation == Remediation::sample) value.sample = terms.sample ? terms.sample : 100;
  if (remediation != Remediation::throttle) return value;
  if (terms.rate == 0)
    return Error{Code::bad_config,
                 "a throttle without a rate",
                 {},
                 "say how much may pass: `rate: 100` packets a second, or `unit: bytes` and bytes a second"};
  value.unit = terms.unit == Terms::Unit::bytes ? TESTUDO_UNIT_BYTES : TESTUDO_UNIT_PACKETS;
  using Wide = unsigned __int128;
  value.interval = std::max<uint64_t>(1, (kSecond << TESTUDO_INTERVAL_SHIFT) / terms.rate);
  const Wide burst = Wide(terms.burst ? terms.burst : terms.rate) * value.interval >>
                     (TESTUDO_INTERVAL_SHIFT - TESTUDO_TAT_SHIFT);
  value.burst = uint64_t(std::clamp<Wide>(burst, 1, kForever));
  return value;
}

Terms terms_of(const policy_value& value) {
  Terms terms;
  terms.protocol = value.protocol;
  terms.port_first = value.port_first;
  terms.port_last = value.port_last;
  terms.outgoing = value.direction & TESTUDO_OUTGOING;
  terms.sample = value.sample;
  if (value.interval == 0) return terms;
  terms.unit = value.unit == TESTUDO_UNIT_BYTES ? Terms::Unit::bytes : Terms::Unit::packets;
  using Wide = unsigned __int128;
  terms.rate = uint64_t(((Wide(kSecond) << TESTUDO_INTERVAL_SHIFT) + value.interval / 2) / value.interval);
  terms.burst =
      uint64_t((Wide(value.burst) << (TESTUDO_INTERVAL_SHIFT - TESTUDO_TAT_SHIFT)) / value.interval);
  return terms;
}

std::string_view Policies::key_of(std::string_view origin, std::string_view scenario,
                                  const policy_value& value) {
  // As the kernel will hold it: two texts that are cut to the same are one row.
  key_.assign(reinterpret_cast<const char*>(&value), sizeof value);
  key_.append(cut(origin, kLayout.origin));
  key_.push_back('\0');
  key_.append(cut(scenario, kLayout.scenario));
  return key_;
}

Policy Policies::shared(uint32_t row) {
  policy_value value{};
  value.remediation = uint8_t(row);
  value.direction = TESTUDO_INCOMING;
  if (row == TESTUDO_REMEDIATION_SAMPLE) value.sample = 100;
  return {Remediation(row), "other", "other", value};
}

void Policies::adopt(uint32_t row, const policy_text& text, const policy_value& value) {
  if (row >= TESTUDO_POLICIES) return;
  if (rows_.size() <= row) rows_.resize(row + 1);
  rows_[row] = policy_of(text, value);
  if (row != 0) index_[std::string(key_of(rows_[row].origin, rows_[row].scenario, value))] = uint16_t(row);
}

Policies::Row Policies::add(std::string_view origin, std::string_view scenario, const policy_value& value) {
  const auto row = uint16_t(rows_.size());
  index_.emplace(std::string(key_of(origin, scenario, value)), row);
  rows_.push_back({Remediation(value.remediation), std::string(cut(origin, kLayout.origin)),
                   std::string(cut(scenario, kLayout.scenario)), value});
  return {row, true};
}

Result<Policies::Row> Policies::row_of(std::string_view origin, std::string_view scenario,
                                       const policy_value& value) {
  if (const auto found = index_.find(key_of(origin, scenario, value)); found != index_.end())
    return Row{found->second, false};
  for (auto row = uint32_t(rows_.size()); row < TESTUDO_POLICIES_SHARED; ++row) {
    const Policy policy = shared(row);
    adopt(row, text_of(policy), policy.value);
  }
  if (rows_.size() < kLabelled) return add(origin, scenario, value);
  if (const auto found = index_.find(key_of("other", "other", value)); found != index_.end())
    return Row{found->second, false};
  if (rows_.size() < TESTUDO_POLICIES) return add("other", "other", value);
  return Error{Code::too_large,
               "no row is left for the terms of " + std::string(origin) + " " + std::string(scenario) + ": " +
                   std::to_string(TESTUDO_POLICIES) + " different ones are in the kernel",
               {},
               "give fewer different protocols, ports and rates; the rows are made anew after `testudo "
               "flush` and a removal of the pins"};
}

policy_text Policies::text_of(const Policy& policy) {
  policy_text text{};
  text.remediation = uint32_t(policy.remediation);
  fill(text.origin, policy.origin);
  fill(text.scenario, policy.scenario);
  return text;
}

Policy Policies::policy_of(const policy_text& text, const policy_value& value) {
  return {Remediation(std::min<uint32_t>(text.remediation, uint32_t(Remediation::reset))),
          text_in(text.origin), text_in(text.scenario), value};
}

}  // namespace testudo
