#include "engine/program.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/files.h"
#include "parse/node_compile.h"

namespace testudo {
namespace {

/// What a node of a postoverflow reads of the alert.
void note_reads(const parse::Node& node, detect::AlertReads& reads) {
  const auto add = [&](const expr::Expression& expression) {
    if (expression) reads.add(expression.text());
  };
  add(node.filter);
  for (const parse::StashStep& step : node.stash) {
    add(step.key);
    add(step.value);
  }
  const auto add_statics = [&](const parse::Statics& statics) {
    for (const parse::Static& one : statics.rows) add(one.source.expression);
  };
  add_statics(node.statics);
  if (node.grok) {
    add(node.grok->subject.expression);
    add_statics(node.grok->statics);
  }
  if (node.whitelist)
    for (const expr::Expression& expression : node.whitelist->expressions) add(expression);
  for (const auto& child : node.children) note_reads(*child, reads);
}

/// Puts a program together, item after item. A broken item is off as a whole: half of a parser file would
/// send lines the wrong way, half of a scenario file would look as if it were there.
class Loader {
 public:
  Loader(const ProgramOptions& options, const Program* previous)
      : options_(options),
        program_(std::make_shared<Program>()),
        previous_(previous),
        slots_(previous ? std::make_shared<SlotNames>(*previous->slots) : std::make_shared<SlotNames>()) {}

  Result<std::shared_ptr<const Program>> load() {
    Program& p = *program_;
    p.grok = std::make_shared<GrokTable>();
    p.data = std::make_shared<DataFiles>();
    p.texts = std::make_shared<expr::TextTests>();
    TESTUDO_CHECK(p.grok->load_folder(options_.patterns_folder));
    // Names that parsers define are not those of postoverflows.
    GrokTable postoverflow_grok = *p.grok;

    std::vector<ContentItem> items =
        options_.files.empty() ? find_content(options_.content, p.errors) : options_.files;
    read_items(items, p.errors, p.notes);
    std::vector<std::string> enrich_notes;
    const parse::EnricherOptions enrich = databases(items);
    p.enrichers =
        std::make_shared<parse::EnricherTable>(parse::make_enrichers(*slots_, enrich, enrich_notes));
    // Data first: constant files are folded into the expressions that read them.
    for (const ContentItem& item : items)
      if (!load_data(item) && item.type == ItemType::scenario) incomplete_.insert(item.path);

    parsers_env_ = std::make_unique<parse::CompileEnv>(
        parse::CompileEnv{*slots_, *p.grok, p.helpers(), *p.enrichers, notes_, {}});
    postoverflows_env_ = std::make_unique<parse::CompileEnv>(
        parse::CompileEnv{*slots_, postoverflow_grok, p.helpers(), *p.enrichers, notes_, {}});
    scenarios_env_ = std::make_unique<detect::ScenarioEnv>(
        detect::ScenarioEnv{*slots_, p.helpers(), notes_, p.texts.get()});
    for (ContentItem& item : items) {
      const bool on = !item.unreadable && compile(item);
      if (!on && !compile_former(item)) ++p.off;
      std::vector<YamlNode>().swap(item.documents);  // the trees of a hub take 15 MB
    }
    parse::finish(*parsers_, *slots_);
    parse::finish(*postoverflows_, *slots_);
    for (const auto& stage : postoverflows_->stages)
      for (const auto& node : stage.nodes) note_reads(*node, scenarios_->later);
    detect::finish(*scenarios_, *slots_);
    p.texts->finish();
    notes_.insert(notes_.end(), p.data->notes().begin(), p.data->notes().end());
    for (const Error& note : notes_) p.notes.push_back(note.text());
    if (wants_geoip_) p.notes.insert(p.notes.end(), enrich_notes.begin(), enrich_notes.end());
    p.slots = std::move(slots_);
    p.parsers = std::move(parsers_);
    p.postoverflows = std::move(postoverflows_);
    p.scenarios = std::move(scenarios_);
    return std::shared_ptr<const Program>(std::move(program_));
  }

 private:
  /// Hub tests bring databases of their own, named by URL and meant to lie where the stock ones do.
  parse::EnricherOptions databases(const std::vector<ContentItem>& items) const {
    parse::EnricherOptions out;
    out.data_folder = options_.data_folder;
    if (!options_.data_by_url) return out;
    for (const ContentItem& item : items)
      for (const YamlNode& document : item.documents) {
        const YamlNode* data = document.find("data");
        if (!data || !data->is_sequence()) continue;
        for (const YamlNode& entry : data->items()) {
          const YamlNode *name = entry.find("dest_file"), *url = entry.find("source_url");
          if (!name || !url) continue;
          const std::string path = out.data_folder + "/" + url->text().substr(url->text().rfind('/') + 1);
          std::string* place = name->text() == "GeoLite2-City.mmdb"  ? &out.city
                               : name->text() == "GeoLite2-ASN.mmdb" ? &out.asn
                                                                     : nullptr;
          if (place && file_exists(path)) *place = path;
        }
      }
    return out;
  }

  /// The `data:` sections of an item; false when a file that its expressions need is missing.
  bool load_data(const ContentItem& item) {
    bool complete = true;
    for (const YamlNode& document : item.documents) {
      const YamlNode* data = document.find("data");
      if (!data) continue;
      for (const std::string& path :
           program_->data->load(*data, options_.data_folder, options_.data_by_url, program_->errors)) {
        complete = false;
        program_->errors.push_back(
            Error{Code::not_found, "the data file " + path + " of " + item.id + " is missing", data->where(),
                  item.type == ItemType::scenario ? "this scenario is off; put the file there and reload"
                                                  : "put the file there and reload"});
      }
    }
    return complete;
  }

  bool add_nodes(const ContentItem& item, parse::ParserSet& set, parse::CompileEnv& env,
                 std::vector<std::string>& ids) {
    std::vector<std::unique_ptr<parse::Node>> nodes;
    bool whole = true;
    // What a broken item defines must not be seen by others.
    std::optional<GrokTable> before;
    if (item.text.find("pattern_syntax") != std::string::npos) before = env.grok;
    for (const YamlNode& document : item.documents) {
      auto node = parse::compile_node(document, env);
      if (!node) {
        program_->errors.insert(program_->errors.end(), env.errors.begin(), env.errors.end());
        whole = false;
      } else if (*node) {
        nodes.push_back(std::move(*node));
      }
    }
    if (!whole) {
      if (before) env.grok = std::move(*before);
      return false;
    }
    ids.push_back(item.id);
    for (auto& node : nodes) {
      for (const parse::Static& s : node->statics.rows)
        wants_geoip_ = wants_geoip_ || (s.method && s.method->name.starts_with("GeoIp"));
      parse::add_node(set, item.stage, std::move(node));
    }
    return true;
  }

  bool add_scenarios(const ContentItem& item) {
    if (incomplete_.contains(item.path)) return false;
    std::vector<std::unique_ptr<detect::Scenario>> made;
    bool whole = true;
    for (const YamlNode& document : item.documents) {
      auto scenario = detect::compile_scenario(document, *scenarios_env_);
      if (!scenario) {
        program_->errors.push_back(scenario.error());
        whole = false;
      } else if (*scenario) {
        made.push_back(std::move(*scenario));
      }
    }
    if (!whole) return false;
    for (auto& scenario : made) detect::add_scenario(*scenarios_, std::move(scenario));
    program_->scenario_ids.push_back(item.id);
    return true;
  }

  bool add_contexts(const ContentItem& item) {
    bool whole = true;
    for (const YamlNode& document : item.documents)
      if (auto added = detect::add_context(*scenarios_, document, *scenarios_env_); !added) {
        program_->errors.push_back(added.error());
        whole = false;
      }
    if (whole) program_->context_ids.push_back(item.id);
    return whole;
  }

  bool compile(ContentItem& item) {
    const bool on = item.type == ItemType::parser
                        ? add_nodes(item, *parsers_, *parsers_env_, program_->parser_ids)
                    : item.type == ItemType::postoverflow
                        ? add_nodes(item, *postoverflows_, *postoverflows_env_, program_->postoverflow_ids)
                    : item.type == ItemType::scenario ? add_scenarios(item)
                                                      : add_contexts(item);
    if (on && options_.keep_texts)
      program_->item_texts[key(item)] = std::make_shared<const std::string>(std::move(item.text));
    return on;
  }

  /// An item that ran until now goes on as it was; its errors say so.
  bool compile_former(ContentItem& item) {
    if (!previous_) return false;
    const auto found = previous_->item_texts.find(key(item));
    if (found == previous_->item_texts.end() || incomplete_.contains(item.path)) return false;
    auto documents = parse_yaml(*found->second, item.path);
    if (!documents) return false;
    item.documents = std::move(*documents);
    item.text = *found->second;
    Errors now = std::move(program_->errors);
    program_->errors.clear();
    const bool on = compile(item);
    program_->errors = std::move(now);
    if (!on) return false;
    ++program_->former;
    constexpr const char* kGoesOn = "the version that ran before goes on";
    for (Error& error : program_->errors)
      if (error.where.file == item.path) error.remedy = kGoesOn;
    return true;
  }

  static std::string key(const ContentItem& item) {
    return std::string(item_type_name(item.type)) + ":" + item.stage + ":" + item.id;
  }

  const ProgramOptions& options_;
  std::shared_ptr<Program> program_;
  const Program* previous_;
  std::shared_ptr<SlotNames> slots_;
  std::shared_ptr<parse::ParserSet> parsers_ = std::make_shared<parse::ParserSet>();
  std::shared_ptr<parse::ParserSet> postoverflows_ = std::make_shared<parse::ParserSet>();
  std::shared_ptr<detect::ScenarioSet> scenarios_ = std::make_shared<detect::ScenarioSet>();
  std::unique_ptr<parse::CompileEnv> parsers_env_, postoverflows_env_;
  std::unique_ptr<detect::ScenarioEnv> scenarios_env_;
  std::set<std::string> incomplete_;  ///< paths of scenarios whose data is not there
  std::vector<Error> notes_;
  bool wants_geoip_ = false;
};

}  // namespace

std::vector<const expr::HelperTable*> Program::helpers() const {
  return {&expr::pure_helpers(), &data->helpers(), &parse::parse_helpers()};
}

Result<std::shared_ptr<const Program>> load_program(const ProgramOptions& options, const Program* previous) {
  return Loader(options, previous).load();
}

}  // namespace testudo
