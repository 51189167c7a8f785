// store/migrations.h: the schema, as the steps that lead to it.
//
// A database carries its version (PRAGMA user_version). Opening it applies the steps behind that version,
// each in one transaction with the new number, so that a crash leaves a whole version. A step that has been
// released is never edited: to change the schema, append a row.
#pragma once

#include <span>

#include "store/connection.h"

namespace testudo::store {

struct Migration {
  int version;                       ///< reached by this step; rows count 1, 2, 3 …
  const char* sql;                   ///< run first; may be ""
  Result<void> (*run)(Connection&);  ///< what SQL cannot say; may be nullptr
};

/// All steps of this program.
std::span<const Migration> migrations();

/// Brings `connection` up to the last of `steps`. unsupported: the database is newer than that, or is not
/// ours; corrupt: not a database.
Result<void> migrate(Connection& connection, std::span<const Migration> steps);
/// As migrate, but changes nothing: an older schema is an error, too.
Result<void> check_version(Connection& connection, std::span<const Migration> steps);

}  // namespace testudo::store
