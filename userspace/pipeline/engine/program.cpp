#include "engine/program.h"

#include <algorithm>
#include <set>

#include "parse/node_compile.h"

namespace testudo {
namespace {

/// The `data:` sections of an item; false when a file that its expressions need is missing.
bool load_data(const ContentItem& item, const ProgramOptions& options, Program& program) {
  bool complete = true;
  for (const YamlNode& document : item.documents) {
    const YamlNode* data = document.find("data");
    if (!data) continue;
    for (const std::string& path :
         program.data->load(*data, options.data_folder, options.data_by_url, program.errors)) {
      complete = false;
      program.errors.push_back(
          Error{Code::not_found, "the data file " + path + " of " + item.id + " is missing", data->where(),
                item.type == ItemType::scenario ? "this scenario is off; put the file there and reload"
                                                : "put the file there and reload"});
    }
  }
  return complete;
}

}  // namespace

Result<std::shared_ptr<const Program>> load_program(const ProgramOptions& options, const Program* previous) {
  auto program = std::make_shared<Program>();
  auto slots = previous ? std::make_shared<SlotNames>(*previous->slots) : std::make_shared<SlotNames>();
  auto parsers = std::make_shared<parse::ParserSet>();
  auto scenarios = std::make_shared<detect::ScenarioSet>();
  program->grok = std::make_shared<GrokTable>();
  program->data = std::make_shared<DataFiles>();
  program->texts = std::make_shared<expr::TextTests>();
  TESTUDO_CHECK(program->grok->load_folder(options.patterns_folder));

  std::vector<ContentItem> items =
      options.files.empty() ? find_content(options.content, program->errors) : options.files;
  program->off += read_items(items, program->errors, program->notes);

  std::vector<std::string> enrich_notes;
  parse::EnricherOptions enrich{options.data_folder};
  program->enrichers =
      std::make_shared<parse::EnricherTable>(parse::make_enrichers(*slots, enrich, enrich_notes));
  bool wants_geoip = false;

  // Data first: constant files are folded into the expressions that read them.
  std::set<std::string> incomplete;
  for (const ContentItem& item : items)
    if (!load_data(item, options, *program) && item.type == ItemType::scenario) incomplete.insert(item.path);

  std::vector<Error> notes;
  const std::vector<const expr::HelperTable*> helpers = {&expr::pure_helpers(), &program->data->helpers()};
  parse::CompileEnv parse_env{*slots, *program->grok, helpers, *program->enrichers, notes};
  detect::ScenarioEnv detect_env{*slots, helpers, notes, program->texts.get()};
  for (const ContentItem& item : items) {
    if (item.type == ItemType::parser) {
      // A parser file is on as a whole or not at all: half of it would send lines the wrong way.
      std::vector<std::unique_ptr<parse::Node>> nodes;
      bool whole = true;
      for (const YamlNode& document : item.documents) {
        auto node = parse::compile_node(document, parse_env);
        if (!node) {
          program->errors.insert(program->errors.end(), parse_env.errors.begin(), parse_env.errors.end());
          whole = false;
        } else if (*node) {
          nodes.push_back(std::move(*node));
        }
      }
      program->off += !whole;
      if (!whole) continue;
      program->parser_ids.push_back(item.id);
      for (auto& node : nodes) {
        for (const parse::Static& s : node->statics)
          wants_geoip = wants_geoip || (s.method && s.method->name.starts_with("GeoIp"));
        parse::add_node(*parsers, item.stage, std::move(node));
      }
    } else if (item.type == ItemType::scenario) {
      if (incomplete.contains(item.path)) {
        ++program->off;
        continue;
      }
      bool whole = true;
      for (const YamlNode& document : item.documents) {
        auto scenario = detect::compile_scenario(document, detect_env);
        if (!scenario) {
          program->errors.push_back(scenario.error());
          whole = false;
          continue;
        }
        if (*scenario) detect::add_scenario(*scenarios, std::move(*scenario));
      }
      program->off += !whole;
      if (whole) program->scenario_ids.push_back(item.id);
    }
  }
  parse::finish(*parsers, *slots);
  detect::finish(*scenarios, *slots);
  program->texts->finish();
  for (const Error& note : notes) program->notes.push_back(note.text());
  if (wants_geoip) program->notes.insert(program->notes.end(), enrich_notes.begin(), enrich_notes.end());
  program->slots = std::move(slots);
  program->parsers = std::move(parsers);
  program->scenarios = std::move(scenarios);
  return std::shared_ptr<const Program>(std::move(program));
}

}  // namespace testudo
