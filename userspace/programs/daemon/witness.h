// daemon/witness.h: the wire witness as the configuration wants it and the kernel has it.
#pragma once

#include "config/settings.h"
#include "decide/witness.h"

namespace testudo {

/// Attaches it, or says aloud why not; with `mode: off` what an earlier run attached is taken away.
WitnessOptions open_witness(const Settings& settings);

}  // namespace testudo
