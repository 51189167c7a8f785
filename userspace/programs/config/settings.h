// config/settings.h: /etc/testudo/testudo.yaml, read and checked. Both programs read it: the daemon to know
// its roles, the CLI to find socket and pins.
//
// Every key has a default; an unknown key or a wrong type is an error with file:line:column. All errors are
// collected, so that `testudod --check` shows them together.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "enforce/backend.h"
#include "parse/date.h"
#include "yaml/yaml.h"

namespace testudo {

struct Settings {
  std::string file;  ///< where it was read from; "" = defaults, no file

  struct {
    std::string state = "/var/lib/testudo", run = "/run/testudo", data = "/var/lib/testudo/data";
    std::vector<std::string> content{"/etc/testudo/hub", "/etc/testudo/content"};
    std::string patterns;  ///< our grok library; "" = found by default_patterns()
  } paths;

  struct {
    bool on = true;
    std::vector<std::string> files{"/etc/testudo/acquis.yaml", "/etc/testudo/acquis.d"};
    std::vector<YamlNode> sources;
  } acquire;

  struct {
    int64_t max_buckets = 200'000;
    int64_t workers = 1;  ///< threads that parse and detect
    parse::Zone zone{parse::Zone::Kind::local, 0, nullptr};
  } detect;

  std::vector<std::string> profiles{"/etc/testudo/profiles.yaml"};

  struct {
    std::string simulation_file = "/etc/testudo/simulation.yaml";
    bool simulation = false;  ///< everything is simulated: alerts yes, bans no
    int64_t ipv6_prefix = 64;
    std::vector<std::string> admin_groups{"sudo", "wheel", "admin"};
    Duration session_grace = 4h;
    std::string cdn_ranges;  ///< "" = the shipped file, "none" = no protection of CDN ranges
    struct {
      std::string mode = "auto";  ///< auto = where the kernel takes it, on = not having it is a problem, off
      Duration window = 10min;
      int64_t entries = 65536;
    } witness;
  } decide;

  struct {
    std::string socket = "/run/testudo/api.sock", listen = "127.0.0.1:8080";
  } api;

  EnforceOptions enforce;
  struct {
    std::string listen = "127.0.0.1:6060";  ///< "" = no metrics
  } metrics;

  /// A shipped file or folder ("patterns", "cdn-ranges.txt", "content"): beside the configuration file, in
  /// /etc/testudo, or, for a program that runs from its build folder, in the source tree's config/.
  std::string shipped(const std::string& name) const;
  std::string patterns_folder() const {
    return paths.patterns.empty() ? shipped("patterns") : paths.patterns;
  }
};

inline constexpr const char* kDefaultConfig = "/etc/testudo/testudo.yaml";

/// Reads `path`; a missing file at the default path gives the defaults. Errors are appended; the settings are
/// as good as they can be then.
Settings read_settings(const std::string& path, Errors& errors);

/// Takes state, run, socket and pin from the plain text of a file that is no YAML; what is not found stays.
/// read_settings() does it where it must.
void rescue_paths(const std::string& path, Settings& settings);

}  // namespace testudo
