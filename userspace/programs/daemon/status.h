// daemon/status.h: one screen's worth of truth: is this machine protected, and if not, what to do.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "acquire/source.h"
#include "decide/witness.h"
#include "enforce/backend.h"
#include "engine/engine.h"

namespace testudo {

struct StatusInput {
  std::string version;
  TimePoint started{};
  std::vector<SourceStatus> sources;
  std::vector<SourceProgress> progress;
  std::shared_ptr<const Program> program;
  EnforceStatus kernel;
  bool simulation = false;
  std::string store_problem;               ///< "" or why decisions are not on disk
  std::vector<std::string> not_in_kernel;  ///< countries and ASes that are banned and could not be, with why
  WitnessStatus witness;
  bool witness_wanted = false;  ///< decide.witness.mode: on
};

/// TYPE:NAME as people are shown it.
std::string shown_name(const SourceStatus& source);
/// JSON: version, started_at, protected, problems [{what, remedy}], sources, kernel, content.
std::string write_status(const StatusInput& input, TimePoint now);

}  // namespace testudo
