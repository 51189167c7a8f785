// detect/scenario.h: a scenario as it is run; scenario_compile.cpp makes it from YAML.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "expr/expr.h"
#include "yaml/yaml.h"

namespace testudo::detect {

enum class BucketType : uint8_t { leaky, trigger };

struct Scenario {
  uint32_t id = 0;         ///< row in ScenarioSet
  uint32_t partition = 0;  ///< scenarios with the same name and filter text share buckets
  std::string name, description, version, hash;
  Where where;
  BucketType type = BucketType::leaky;
  expr::Expression filter;
  expr::Expression groupby;   ///< absent: one bucket for all
  expr::Expression distinct;  ///< absent: every event counts
  int32_t capacity = 0;
  Duration leakspeed{};
  std::string leakspeed_text = "0s";
  Duration blackhole{};
  int32_t cache_size = 0;
  std::string scope = "Ip";
  expr::Expression scope_expression;
  bool remediation = false;
  bool reprocess = false;
  std::string label;                ///< for people: labels.label
  std::vector<std::string> labels;  ///< "key:value", scalar labels only

  /// Events that are kept for the alert.
  size_t queue_limit() const {
    const int32_t l = cache_size > 0 && cache_size <= capacity ? cache_size : capacity;
    return size_t(l) + 1;
  }
  /// Without an event for longer than this the bucket is empty and gone.
  Duration lifetime() const { return leakspeed * (int64_t(capacity) + 1); }
};

struct ScenarioSet {
  std::vector<std::unique_ptr<Scenario>> scenarios;
  uint32_t partitions = 0;
  // Slots that alerts are built from.
  SlotRef source_ip, source_range, as_number, asn_number, as_name, country, latitude, longitude;
};

struct ScenarioEnv {
  SlotNames& slots;
  std::vector<const expr::HelperTable*> helpers;
  std::vector<Error>& notes;
  expr::TextTests* texts = nullptr;  ///< what the filters look for is registered here
};

/// Null when the format says to skip the document. Types that this engine does not have yet are refused by
/// name (unsupported).
Result<std::unique_ptr<Scenario>> compile_scenario(const YamlNode& document, ScenarioEnv& env);
void add_scenario(ScenarioSet& set, std::unique_ptr<Scenario> scenario);
void finish(ScenarioSet& set, SlotNames& slots);

}  // namespace testudo::detect
