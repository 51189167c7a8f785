// enforce/nft_program.h: runs the nft program, which sets up the table; its libraries are GPL and not linked.
#pragma once

#include <string>

#include "base/result.h"

namespace testudo::nft {

/// Where the program is, or the error with its remedy. PATH is not asked: services often have none that
/// holds sbin.
Result<std::string> find_program();

/// `program -f -` with `script` as its input: one transaction, all of it or nothing. Waits for its end, ten
/// seconds at most. The error holds the first line that the program said.
Result<void> run_script(const std::string& program, const std::string& script);

}  // namespace testudo::nft
