// Any YAML as a parser and as a scenario: compiled or refused with a place, and what compiles runs over the
// input as a line.
#include <cstdint>
#include <cstdlib>

#include "detect/matcher.h"
#include "detect/scenario.h"
#include "detect/shards.h"
#include "parse/node_compile.h"
#include "parse/node_run.h"
#include "yaml/yaml.h"

namespace {

using namespace testudo;

void require(bool holds) {
  if (!holds) std::abort();
}

GrokTable library() {
  GrokTable table;
  for (const auto& [name, text] :
       {std::pair("WORD", R"(\b\w+\b)"), std::pair("IP", R"([0-9a-fA-F.:]+)"), std::pair("DATA", ".*?"),
        std::pair("GREEDYDATA", ".*"), std::pair("INT", R"([+-]?\d+)"), std::pair("NOTSPACE", R"(\S+)")})
    table.add(name, text);
  return table;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 16384) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto documents = parse_yaml(text, "fuzz.yaml");
  if (!documents) return 0;
  static const GrokTable patterns = library();
  auto slots = std::make_shared<SlotNames>();
  std::vector<std::string> told;
  const parse::EnricherTable enrichers = parse::make_enrichers(*slots, {}, told);
  Errors notes;
  GrokTable grok = patterns;
  parse::CompileEnv parse_env{*slots, grok, {&expr::pure_helpers()}, enrichers, notes};
  detect::ScenarioEnv detect_env{*slots, {&expr::pure_helpers()}, notes};
  parse::ParserSet parsers;
  auto scenarios = std::make_shared<detect::ScenarioSet>();
  for (const YamlNode& document : *documents) {
    if (auto node = parse::compile_node(document, parse_env)) {
      if (*node) parse::add_node(parsers, "s00-raw", std::move(*node));
    } else {
      require(node.error().where.file == "fuzz.yaml" && !node.error().message.empty());
    }
    if (auto scenario = detect::compile_scenario(document, detect_env)) {
      if (*scenario) detect::add_scenario(*scenarios, std::move(*scenario));
    } else {
      require(scenario.error().where.file == "fuzz.yaml" && !scenario.error().message.empty());
    }
  }
  parse::finish(parsers, *slots);
  detect::finish(*scenarios, *slots);
  const SourceInfo source{1, "file", "/var/log/fuzz.log", {{"type", "fuzz"}}, true, ""};
  Event event(*slots);
  parse::RunContext context(parsers);
  context.enrich.today = from_unix_seconds(1795544569);
  context.enrich.replay = true;
  detect::Matcher matcher(scenarios, slots);
  detect::Shards shards(scenarios, slots, {});
  detect::PourBatch pours;
  std::vector<detect::Emitted> emitted;
  for (int i = 0; i < 4; ++i) {
    event.reset();
    event.raw = text;
    event.source = &source;
    event.src = source.name;
    event.module = source.type;
    event.arrived = event.time = context.enrich.today;
    event.log_time = true;
    if (parse::run_stages(parsers, event, context) == parse::Outcome::failed) continue;
    event.set(parsers.source_ip, "192.0.2.1");
    const TimePoint t = event.arrived + std::chrono::seconds(i);
    if (matcher.match(event, {t, "2026-11-24T18:22:49Z"}, context.expr, pours)) shards.take(pours, emitted);
    pours.reset();
  }
  shards.tick(context.enrich.today + 1h, 100, emitted);
  for (const detect::Emitted& one : emitted) require(!one.overflow.alerts.empty());
  return 0;
}
