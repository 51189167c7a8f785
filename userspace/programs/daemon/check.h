// daemon/check.h: `testudod --check`: everything is read and compiled, nothing is touched.
#pragma once

#include "config/settings.h"

namespace testudo {

/// What keeps the daemon from starting and can be known before anything is touched: profiles that do not
/// compile, a mode that this build does not have. Broken content and sources are not among it: they are off.
void check_startable(const Settings& settings, Errors& errors);
/// Prints every error with file:line:column to standard error and a summary to standard output; false when
/// there was one.
bool check_everything(const Settings& settings, Errors errors);

}  // namespace testudo
