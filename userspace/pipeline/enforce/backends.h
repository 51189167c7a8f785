// enforce/backends.h: to add a backend, write enforce/NAME.cpp with `const BackendKind NAME_backend`, add
// NAME here. The order is that of `mode: auto`: the first that works is taken, and why the better ones did
// not is said.
#pragma once

#include <span>

#include "enforce/backend.h"

namespace testudo {

#define TESTUDO_BACKENDS(X) X(xdp) X(nftables) X(off)

/// All kinds in order of preference; `off` comes last and auto never takes it.
std::span<const BackendKind* const> all_backends();

}  // namespace testudo
