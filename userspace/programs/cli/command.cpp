#include "command.h"

#include <fmt/format.h>

#include <cstdio>

#include "api/json_value.h"
#include "base/text.h"
#include "net/client.h"
#include "net/url.h"

namespace testudo::cli {

std::optional<std::string> Invocation::option(std::string_view name) const {
  const auto found = options.find(name);
  if (found == options.end() || found->second.empty()) return std::nullopt;
  return found->second.back();
}

std::vector<std::string> Invocation::all(std::string_view name) const {
  const auto found = options.find(name);
  return found == options.end() ? std::vector<std::string>() : found->second;
}

Result<Response> Invocation::ask(const std::string& method, const std::string& target,
                                 const std::string& body) const {
  TESTUDO_TRY(Response response, http_unix(settings.api.socket, method, target, body, 60s));
  if (response.status < 400) return response;
  Error error{response.status == 404   ? Code::not_found
              : response.status == 409 ? Code::conflict
              : response.status == 403 ? Code::permission
                                       : Code::bad_input,
              fmt::format("the daemon answered with status {}", response.status)};
  if (const auto parsed = json_value::parse(response.body); parsed && parsed->is_object()) {
    const auto& object = parsed->get_object();
    if (auto message = json_value::text(object, "message", 1 << 20, true)) error.message = *message;
    if (auto remedy = json_value::text(object, "remedy", 1 << 20, false)) error.remedy = *remedy;
    if (auto where = json_value::text(object, "where", 1 << 20, false); where && !where->empty())
      error.message = *where + ": " + error.message;
  }
  return error;
}

int fail(const Error& error) {
  // Messages may quote what a log or a request brought.
  const std::string all = error.text();
  std::string text;
  for (const std::string_view line : split(all, '\n'))
    text += (text.empty() ? "" : "\n") + escape_for_terminal(line);
  std::fprintf(stderr, "testudo: %s\n", text.c_str());
  return 1;
}

int fail_usage(std::string_view message) {
  std::fprintf(stderr, "testudo: %.*s\n", int(message.size()), message.data());
  return 2;
}

Query& Query::add(std::string_view name, const std::optional<std::string>& value) {
  if (!value) return *this;
  text_ += (text_.empty() ? "?" : "&") + std::string(name) + "=" + percent_encode(*value);
  return *this;
}

}  // namespace testudo::cli
