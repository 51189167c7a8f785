#include "enforce/backends.h"

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

/// Modes name a backend, or one way of it.
std::string_view backend_of_mode(std::string_view mode) { return mode == "xdp-generic" ? "xdp" : mode; }

Error unknown_mode(const std::string& mode) {
  if (mode == "nftables")
    return Error{Code::unsupported,
                 "enforce.mode nftables is not part of this build",
                 {},
                 "use auto, xdp, xdp-generic or off"};
  const std::string near = nearest(mode, {"auto", "xdp", "xdp-generic", "nftables", "off"});
  return Error{Code::bad_config,
               "unknown enforce.mode \"" + mode + "\"",
               {},
               near.empty() ? "use auto, xdp, xdp-generic, nftables or off" : "did you mean " + near + "?"};
}

Result<std::unique_ptr<Backend>> first_that_works(const EnforceOptions& options) {
  Errors errors;
  for (const BackendKind* kind : kBackends) {
    if (kind->name == "off") continue;
    auto backend = kind->open(options);
    if (backend) return backend;
    log::warn("enforce.backend_failed", {{"backend", kind->name}, {"why", backend.error().text()}});
    errors.push_back(backend.error());
  }
  return errors.front();
}

}  // namespace

std::span<const BackendKind* const> all_backends() { return kBackends; }

Result<std::unique_ptr<Backend>> open_backend(const EnforceOptions& options) {
  if (options.max_entries == 0)
    return Error{
        Code::bad_config, "enforce.max_entries must be 1 or more, not 0", {}, "the default is 2500000"};
  if (options.mode == "auto") return first_that_works(options);
  for (const BackendKind* kind : kBackends)
    if (kind->name == backend_of_mode(options.mode)) return kind->open(options);
  return unknown_mode(options.mode);
}

}  // namespace testudo
