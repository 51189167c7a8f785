#include "base/result.h"

#include <cstring>

namespace testudo {

const char* code_name(Code code) {
  switch (code) {
    case Code::bad_content:
      return "bad_content";
    case Code::bad_config:
      return "bad_config";
    case Code::bad_input:
      return "bad_input";
    case Code::not_found:
      return "not_found";
    case Code::refused:
      return "refused";
    case Code::conflict:
      return "conflict";
    case Code::permission:
      return "permission";
    case Code::unsupported:
      return "unsupported";
    case Code::io:
      return "io";
    case Code::corrupt:
      return "corrupt";
    case Code::too_large:
      return "too_large";
    case Code::unavailable:
      return "unavailable";
    case Code::internal:
      return "internal";
  }
  return "internal";
}

std::string Where::text() const {
  std::string out = file;
  if (line > 0) {
    out += ":" + std::to_string(line);
    if (column > 0) out += ":" + std::to_string(column);
  }
  return out;
}

std::string Error::text() const {
  std::string out;
  // Of a whole file, the message often names it already.
  if (where.line > 0 || message.find(where.file) == std::string::npos) out = where.text() + ": ";
  out += message;
  if (!remedy.empty()) out += ". " + remedy;
  return out;
}

Error errno_error(std::string what, int err, Where where, std::string remedy) {
  const Code code = err == EACCES || err == EPERM ? Code::permission
                    : err == ENOENT               ? Code::not_found
                                                  : Code::io;
  return Error{code, what + ": " + std::strerror(err), std::move(where), std::move(remedy)};
}

}  // namespace testudo
