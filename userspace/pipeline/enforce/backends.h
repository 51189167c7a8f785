// enforce/backends.h: to add a backend, write enforce/NAME.cpp with `const BackendKind NAME_backend`, add
// NAME here. `mode: auto` tries the modes of EnforceOptions::order: the first that works is taken, and why
// the better ones did not is said.
#pragma once

#include <span>

#include "enforce/backend.h"

namespace testudo {

#define TESTUDO_BACKENDS(X) X(xdp) X(nftables) X(off)

/// All kinds; auto never takes `off`.
std::span<const BackendKind* const> all_backends();

/// Detaches the XDP program and removes its pins; what nftables holds stays.
Result<void> remove_xdp(const std::string& pin);

}  // namespace testudo
