// store/errors.h: what SQLite's result codes mean to an administrator.
#pragma once

#include <string>

#include "base/result.h"

namespace testudo::store {

/// `code` may be extended; `system_errno` 0 = not known.
Error sqlite_error(int code, const std::string& message, int system_errno, const std::string& path);

/// The file is damaged, or no database at all.
Error corrupt_error(const std::string& what, const std::string& path);

}  // namespace testudo::store
