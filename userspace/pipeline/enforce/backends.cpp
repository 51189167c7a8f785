#include "enforce/backends.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"

namespace testudo {

#define X(name) extern const BackendKind name##_backend;
TESTUDO_BACKENDS(X)
#undef X

namespace {

#define X(name) &name##_backend,
constexpr const BackendKind* kBackends[] = {TESTUDO_BACKENDS(X)};
#undef X

constexpr const char* kModes = "use auto, xdp, xdp-generic, nftables or off";

/// Modes name a backend, or one way of it.
std::string_view backend_of_mode(std::string_view mode) { return mode == "xdp-generic" ? "xdp" : mode; }

const BackendKind* kind_of_mode(std::string_view mode) {
  for (const BackendKind* kind : kBackends)
    if (kind->name == backend_of_mode(mode)) return kind;
  return nullptr;
}

Error unknown_mode(const std::string& mode, const std::string& what) {
  const std::string near = nearest(mode, {"auto", "xdp", "xdp-generic", "nftables", "off"});
  return Error{Code::bad_config,
               "unknown " + what + " \"" + mode + "\"",
               {},
               near.empty() ? kModes : "did you mean " + near + "?"};
}

size_t place_in(const std::vector<std::string>& order, std::string_view mode) {
  return size_t(std::find(order.begin(), order.end(), mode) - order.begin());
}

/// Mode xdp falls to generic by itself where a driver has no native mode: not wanted where the order puts
/// something else before it. The refusal, or "".
std::string fell_too_far(const EnforceOptions& options, const EnforceStatus& status) {
  if (place_in(options.order, "xdp-generic") <= place_in(options.order, "nftables")) return "";
  for (const InterfaceStatus& at : status.interfaces)
    if (at.mode == "xdp-generic") return at.name + ": " + at.why_not_better;
  return "";
}

Result<void> check_order(const std::vector<std::string>& order) {
  if (order.empty())
    return Error{Code::bad_config, "enforce.order is empty", {}, "the default is xdp, xdp-generic, nftables"};
  for (const std::string& mode : order)
    if (mode == "off" || mode == "auto" || !kind_of_mode(mode))
      return unknown_mode(mode, "mode in enforce.order");
  return {};
}

Result<std::unique_ptr<Backend>> first_that_works(const EnforceOptions& options) {
  TESTUDO_CHECK(check_order(options.order));
  Errors errors;
  EnforceOptions tried = options;
  for (const std::string& mode : options.order) {
    tried.mode = mode;
    auto backend = kind_of_mode(mode)->open(tried);
    std::string why;
    if (!backend) {
      // Another daemon that owns the pins, or a pin that is none: a worse mode beside it would hide a
      // mistake.
      if (backend.error().code == Code::refused || backend.error().code == Code::bad_config)
        return backend.error();
      why = backend.error().text();
      errors.push_back(backend.error());
    } else if (mode == "xdp") {
      // What it has attached goes on until what is taken instead is filled: see retire_others().
      why = fell_too_far(options, (*backend)->status());
    }
    if (why.empty()) return backend;
    log::warn("enforce.backend_failed", {{"mode", mode}, {"why", why}});
    tried.why_not_better += (tried.why_not_better.empty() ? "" : "; ") + mode + ": " + why;
  }
  if (errors.empty())
    return Error{
        Code::unsupported, "no mode of enforce.order works here: " + tried.why_not_better, {}, kModes};
  return errors.front();
}

}  // namespace

std::span<const BackendKind* const> all_backends() { return kBackends; }

Result<std::unique_ptr<Backend>> open_backend(const EnforceOptions& options) {
  if (options.max_entries == 0)
    return Error{
        Code::bad_config, "enforce.max_entries must be 1 or more, not 0", {}, "the default is 2500000"};
  if (options.mode == "auto") return first_that_works(options);
  if (const BackendKind* kind = kind_of_mode(options.mode)) return kind->open(options);
  return unknown_mode(options.mode, "enforce.mode");
}

}  // namespace testudo
