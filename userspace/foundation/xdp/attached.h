// xdp/attached.h: what the kernel says about programs and interfaces, whoever put them there.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace testudo::xdp {

struct Attached {
  uint32_t program = 0;  ///< id; 0 = no XDP program
  std::string mode;      ///< "xdp", "xdp-generic" or "xdp-offload"
};
Attached attached_now(uint32_t index);

/// The id of a loaded program, 0 when `fd` is none.
uint32_t program_id(int fd);
/// As its author called it, fit for a terminal; "?" without CAP_SYS_ADMIN.
std::string program_name(uint32_t id);

/// Why an interface that somebody else's program holds is not guarded.
Error foreign_program(const std::string& interface, const Attached& there, const std::string& why);

}  // namespace testudo::xdp
