// api/model_json.h: what the rooms know, as JSON: CrowdSec's shapes for /v1, our own for /v1/testudo.
//
// Keys are alphabetical, no blanks, no trailing newline: several clients compare text.
#pragma once

#include <string>
#include <vector>

#include "base/json_writer.h"
#include "decide/decider.h"
#include "enforce/backend.h"
#include "model/alert.h"
#include "store/store.h"

namespace testudo {

/// Time left in whole seconds, rounded up while it lasts ("1s", never "0s": clients take zero for "for
/// ever"), towards zero when it is over ("-12s").
std::string time_left(TimePoint until, TimePoint now);

/// GET /v1/decisions: an array, or the four bytes `null` when there is none.
std::string decisions_json(const std::vector<Decision>& decisions, TimePoint now);

/// GET /v1/alerts: an array or `null`.
std::string alerts_json(const std::vector<Alert>& alerts, TimePoint now, bool with_decisions = true);
std::string alert_json(const Alert& alert, TimePoint now);

/// GET /v1/allowlists: an array, `[]` when there is none; items only when asked for.
std::string allowlists_json(const std::vector<Allowlist>& lists, bool with_content);
std::string allowlist_json(const Allowlist& list, bool with_content);

/// GET /v1/testudo/scopes: decisions on countries and ASes, and what they are in the kernel.
std::string areas_json(const std::vector<AreaStatus>& areas);

std::string why_json(const WhyReport& report, TimePoint now);
std::string kernel_json(const EnforceStatus& status, const std::vector<KernelEntry>& entries, size_t total);

/// {"answers": …, "on": …} likewise.
void write_witness_status(JsonWriter& json, const WitnessStatus& status);
/// {"status": …} as one object inside another document.
void write_enforce_status(JsonWriter& json, const EnforceStatus& status);

}  // namespace testudo
