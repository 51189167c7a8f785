// enforce/selftest.h: a table of packets through the program on this kernel, attached to nothing.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace testudo {

struct SelftestRow {
  std::string sentence;  ///< "a banned source is dropped"
  bool passed = false;
  std::string got;  ///< what happened instead, where it did not pass
};

/// Makes maps of its own under `pin` (which must not be in use) and removes them. An error says why the
/// program cannot even be loaded here.
Result<std::vector<SelftestRow>> run_selftest(const std::string& pin);

}  // namespace testudo
