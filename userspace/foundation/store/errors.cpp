#include "store/errors.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstring>

namespace testudo::store {

Error corrupt_error(const std::string& what, const std::string& path) {
  return Error{
      Code::corrupt,
      what,
      {path},
      fmt::format("move it aside (`mv {0} {0}.broken`, the same for {0}-wal and {0}-shm) and start again: "
                  "bans that are in the kernel stay in force and are adopted until they expire; "
                  "`sqlite3 {0}.broken .recover` shows what can be read of alerts and allowlists",
                  path)};
}

Error sqlite_error(int code, const std::string& message, int system_errno, const std::string& path) {
  const int kind = code & 0xff;
  // For other codes the number is left over from some earlier call.
  const bool from_system = kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN || kind == SQLITE_FULL;
  const std::string reason = from_system && system_errno != 0
                                 ? fmt::format("{} ({})", message, std::strerror(system_errno))
                                 : message;
  switch (kind) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return corrupt_error(fmt::format("the store is damaged: {}", message), path);
    case SQLITE_FULL:
      return Error{
          Code::io,
          fmt::format("the store cannot grow: {}", reason),
          {path},
          fmt::format("free some space (`df -h {}`, `testudo alerts delete`); nothing is lost that was "
                      "stored before, and writing goes on by itself when there is room",
                      path)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error{Code::unavailable,
                   fmt::format("another process holds the store: {}", reason),
                   {path},
                   fmt::format("`fuser -v {}` names it; it is tried again with the next write", path)};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Error{
          Code::permission,
          fmt::format("the store cannot be written: {}", reason),
          {path},
          "the user of the daemon must be able to write the file and its folder, and the file system "
          "must not be mounted read-only"};
    case SQLITE_CANTOPEN:
      return Error{Code::io,
                   fmt::format("the store cannot be opened: {}", reason),
                   {path},
                   "the user of the daemon must be able to write the file and its folder"};
    case SQLITE_CONSTRAINT:
      return Error{Code::conflict, fmt::format("the store refuses the row: {}", reason), {path}};
    case SQLITE_TOOBIG:
      return Error{Code::too_large, fmt::format("too large for the store: {}", reason), {path}};
    case SQLITE_IOERR:
      return Error{
          Code::io,
          fmt::format("the store's disk fails: {}", reason),
          {path},
          fmt::format("see `dmesg` and `df -h {}`; what was stored before is not touched, and writing goes "
                      "on by itself when the disk does",
                      path)};
    default:
      return Error{Code::internal, fmt::format("the store refuses the query: {}", reason), {path}};
  }
}

}  // namespace testudo::store
