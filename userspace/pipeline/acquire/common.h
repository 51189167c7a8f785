// acquire/common.h: what every acquisition document may say, whatever its source.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "acquire/source.h"

namespace testudo {

struct CommonKeys {
  std::vector<std::pair<std::string, std::string>> labels;  ///< in order of the file; `type` is among them
  bool once = false;                                        ///< mode: cat
  bool log_time = false;                                    ///< use_time_machine, or mode: cat
  std::string name;
  std::string timezone;   ///< "" = the system's
  std::string transform;  ///< kept as text: the engine, which knows expressions, compiles it
  Where transform_where;
  uint8_t witness = witness::kByService;

  std::string log_type() const;
  /// A fresh row of the source table for one thing that is read.
  std::shared_ptr<const SourceInfo> info(std::string type, std::string src, SourceContext& context) const;
};

/// Errors: labels without `type`, an unknown mode, a time zone that this machine does not know.
Result<CommonKeys> read_common(const YamlNode& section);

}  // namespace testudo
