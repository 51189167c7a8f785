// enforce/policies.h: (origin, scenario, remediation, terms) ↔ row of the policy array, so that millions of
// entries need no text. Rows are given once and kept. When they run out, decisions share rows without a
// label, (other, other), one for each remediation and terms, so that what is done stays right and only the
// label is lost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "bpf/abi.h"
#include "model/decision.h"

namespace testudo {

struct Policy {
  Remediation remediation = Remediation::none;
  std::string origin, scenario;
  policy_value value{};  ///< what the program reads; the remediation stands in it, too
};

/// As the program needs it. `bad_config` for a throttle without a rate.
Result<policy_value> policy_value_of(Remediation remediation, const Terms& terms);
/// Back, for people: the rate is what the program allows, rounded to whole units.
Terms terms_of(const policy_value& value);

class Policies {
 public:
  /// Rows of an earlier run, read from the kernel: `adopt(row, …)` for each, before `row_of`.
  void adopt(uint32_t row, const policy_text& text, const policy_value& value);

  struct Row {
    uint16_t row;
    bool fresh;  ///< must be written to the kernel before an entry points at it
  };
  /// No allocation when the row is known. `too_large` when there are thousands of different terms.
  Result<Row> row_of(std::string_view origin, std::string_view scenario, const policy_value& value);

  const Policy* at(uint32_t row) const { return row < rows_.size() ? &rows_[row] : nullptr; }
  uint32_t size() const { return uint32_t(rows_.size()); }

  static policy_text text_of(const Policy& policy);
  static Policy policy_of(const policy_text& text, const policy_value& value);
  /// Row N of those that belong to nobody: remediation N without terms.
  static Policy shared(uint32_t row);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::string_view key_of(std::string_view origin, std::string_view scenario, const policy_value& value);
  Row add(std::string_view origin, std::string_view scenario, const policy_value& value);

  std::vector<Policy> rows_;
  std::unordered_map<std::string, uint16_t, Hash, std::equal_to<>> index_;
  std::string key_;  ///< reused
};

}  // namespace testudo
