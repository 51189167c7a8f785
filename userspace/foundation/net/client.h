// net/client.h: one request over a unix socket, waited for: what the command line uses.
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/http.h"

namespace testudo {

/// Sends `method target` with `body` (JSON, when there is one) and waits at most `timeout` for the whole
/// answer. Any status is a success here. Errors: unavailable (no daemon answers; says how to start it),
/// permission (the socket is not for this user; says which group is), too_large (an answer of more than 1
/// GiB).
Result<Response> http_unix(const std::string& socket, const std::string& method, const std::string& target,
                           const std::string& body = "", Duration timeout = 30s);

}  // namespace testudo
