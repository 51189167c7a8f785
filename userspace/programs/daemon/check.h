// daemon/check.h: `testudod --check`: everything is read and compiled, nothing is touched.
#pragma once

#include "config/settings.h"

namespace testudo {

/// Prints every error with file:line:column to standard error and a summary to standard output; false when
/// there was one.
bool check_everything(const Settings& settings, Errors errors);

}  // namespace testudo
