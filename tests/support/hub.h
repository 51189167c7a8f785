// Where the public hub's content lies: TESTUDO_HUB, else beside the checkout. Tests without it are skipped
// aloud.
#pragma once

#include <cstdlib>
#include <string>

#include "base/files.h"

namespace testudo::support {

inline std::string hub() {
  const char* from_environment = std::getenv("TESTUDO_HUB");
  const std::string path = from_environment ? from_environment : TESTUDO_SOURCE_DIR "/../shared/crowdsec-hub";
  return file_exists(path + "/hub") ? path : "";
}

#define TESTUDO_NEED_HUB()                                                                              \
  if (testudo::support::hub().empty())                                                                  \
  GTEST_SKIP() << "the public hub's content is not here: set TESTUDO_HUB to a folder that holds hub/, " \
                  "data/ and tests/"

}  // namespace testudo::support
