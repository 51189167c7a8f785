// enforce/policies.h: (origin, scenario, remediation) ↔ row of the policy array, so that millions of entries
// need no text. Rows are given once and kept; when they run out, decisions share the row (other, other) of
// their remediation, so that what is done stays right and only the label is lost.
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
};

class Policies {
 public:
  /// Rows of an earlier run, read from the kernel: `adopt(row, text)` for each, before `row_of`.
  void adopt(uint32_t row, const policy_text& text);

  struct Row {
    uint16_t row;
    bool fresh;  ///< must be written to the kernel before an entry points at it
  };
  /// No allocation when the row is known.
  Row row_of(std::string_view origin, std::string_view scenario, Remediation remediation);

  const Policy* at(uint32_t row) const { return row < rows_.size() ? &rows_[row] : nullptr; }
  uint32_t size() const { return uint32_t(rows_.size()); }

  static policy_text text_of(const Policy& policy);
  static Policy policy_of(const policy_text& text);
  static Policy shared(uint32_t row) { return {Remediation(row), "other", "other"}; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::string_view key_of(std::string_view origin, std::string_view scenario, Remediation remediation);

  std::vector<Policy> rows_;
  std::unordered_map<std::string, uint16_t, Hash, std::equal_to<>> index_;
  std::string key_;  ///< reused
};

}  // namespace testudo
