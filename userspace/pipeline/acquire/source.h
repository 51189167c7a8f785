// acquire/source.h: where lines come from.
//
// To add a source: write acquire/NAME.cpp with `const SourceKind NAME_source`, add NAME to TESTUDO_SOURCES in
// sources.h. A source describes its keys; anything else in its YAML is an error.
//
// All sources of a daemon are driven by one I/O thread (acquire/acquirer.h): a source says which descriptor
// or moment it waits for, and is polled when it comes. It hands batches to the sink, which may make it wait.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/metrics.h"
#include "base/result.h"
#include "model/line_batch.h"
#include "yaml/yaml.h"

namespace testudo {

/// What `status` and the metrics say of one thing that is read (a file, a journal filter).
struct SourceStatus {
  std::string type;      ///< "file", "journalctl"
  std::string name;      ///< path or filter
  std::string title;     ///< for people, shorter than a filter; "" = name is short enough
  std::string log_type;  ///< label `type`
  uint64_t lines = 0, bytes = 0;
  TimePoint last_line{};  ///< zero = none yet
  std::string problem;    ///< "" or what is wrong and what to do ("cannot open: Permission denied; add user
                          ///< testudo to group adm")
  bool exists = true;     ///< a path that does not exist is information, not an error
  uint64_t too_long = 0, binary = 0;  ///< lines cut at the limit, lines with NUL bytes
};

struct SourceContext {
  std::function<bool(LineBatch&&)> sink;  ///< false = shutting down; may block
  std::function<std::optional<std::string>(const std::string& key)> saved_position;
  Metrics* metrics = nullptr;
  uint32_t next_source_id = 1;
  std::string pin;  ///< folder of the kernel's maps, for sources that read them
  /// Did this address complete a handshake with this machine lately? Nothing = nobody can say. May be null.
  std::function<std::optional<bool>(const Ip&)> witnessed;
};

class Source {
 public:
  virtual ~Source() = default;
  /// Opens what it reads. Errors that time may heal (missing file) are status, not failures.
  virtual Result<void> start() = 0;
  /// Descriptor to wait on for reading, or -1.
  virtual int poll_fd() const = 0;
  /// When it wants to be called again even if the descriptor is quiet.
  virtual Duration poll_interval() const = 0;
  /// Reads what there is, a bounded amount; true = there is more at once.
  virtual bool poll() = 0;
  /// Everything was read and no more will come (mode: cat).
  virtual bool done() const { return false; }
  virtual std::vector<SourceStatus> status() const = 0;  ///< any thread
};

struct KeySpec {
  std::string_view name, type, fallback, summary;
};
struct SourceKind {
  std::string_view name;
  std::string_view summary;
  std::span<const KeySpec> keys;
  Result<std::unique_ptr<Source>> (*open)(const YamlNode& section, SourceContext& context);
  /// What `open` would say of the values, without opening anything; may be null.
  Result<void> (*check)(const YamlNode& section) = nullptr;
};

}  // namespace testudo
