#include "decide/decider.h"

namespace testudo {
namespace {

constexpr const char* kVerdictNames[] = {"decided",           "simulated", "allowlisted",
                                         "protected_address", "duplicate", "no_profile",
                                         "no_remediation",    "late",      "refused"};

}  // namespace

const char* verdict_name(Verdict verdict) { return kVerdictNames[size_t(verdict)]; }

}  // namespace testudo
