// xdp/libbpf_words.h: what libbpf would have printed, kept for the error of the call that failed.
#pragma once

#include <string>

namespace testudo::xdp {

/// From here on libbpf prints nothing; its last warning of this thread is kept, older ones are forgotten.
void listen_to_libbpf();
/// The last warning of this thread since listen_to_libbpf(); "" = none.
const std::string& libbpf_said();

/// Lockdown in its strict form forbids BPF altogether.
bool locked_down();

}  // namespace testudo::xdp
