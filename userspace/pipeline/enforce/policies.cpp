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

}  // namespace

std::string_view Policies::key_of(std::string_view origin, std::string_view scenario,
                                  Remediation remediation) {
  // As the kernel will hold it: two texts that are cut to the same are one row.
  key_.assign(1, char(remediation));
  key_.append(cut(origin, kLayout.origin));
  key_.push_back('\0');
  key_.append(cut(scenario, kLayout.scenario));
  return key_;
}

void Policies::adopt(uint32_t row, const policy_text& text) {
  if (row >= TESTUDO_POLICIES) return;
  if (rows_.size() <= row) rows_.resize(row + 1);
  rows_[row] = policy_of(text);
  if (row >= TESTUDO_POLICIES_SHARED)
    index_[std::string(key_of(rows_[row].origin, rows_[row].scenario, rows_[row].remediation))] =
        uint16_t(row);
}

Policies::Row Policies::row_of(std::string_view origin, std::string_view scenario, Remediation remediation) {
  const std::string_view key = key_of(origin, scenario, remediation);
  if (const auto found = index_.find(key); found != index_.end()) return {found->second, false};
  if (rows_.size() >= TESTUDO_POLICIES) return {uint16_t(remediation), false};
  if (rows_.size() < TESTUDO_POLICIES_SHARED)
    for (auto row = uint32_t(rows_.size()); row < TESTUDO_POLICIES_SHARED; ++row)
      rows_.push_back(shared(row));
  const auto row = uint16_t(rows_.size());
  index_.emplace(std::string(key), row);
  rows_.push_back(
      {remediation, std::string(cut(origin, kLayout.origin)), std::string(cut(scenario, kLayout.scenario))});
  return {row, true};
}

policy_text Policies::text_of(const Policy& policy) {
  policy_text text{};
  text.remediation = uint32_t(policy.remediation);
  fill(text.origin, policy.origin);
  fill(text.scenario, policy.scenario);
  return text;
}

Policy Policies::policy_of(const policy_text& text) {
  return {Remediation(std::min<uint32_t>(text.remediation, uint32_t(Remediation::log_only))),
          text_in(text.origin), text_in(text.scenario)};
}

}  // namespace testudo
