#include "parse/node_compile.h"

#include <algorithm>

#include "parse/node_compiler.h"

namespace testudo::parse {
namespace {

constexpr int kMaxNesting = 16;

bool is_pattern_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

}  // namespace

void NodeCompiler::patterns(const YamlNode& yaml) {
  if (!yaml.is_map()) return fail(yaml.error("pattern_syntax must be a mapping of NAME: pattern"));
  for (const auto& [name, value] : yaml.entries()) {
    const auto text = value.as_string("the pattern " + name);
    if (!is_pattern_name(name))
      fail({Code::bad_content, "'" + name + "' is no pattern name", yaml.key_where(name),
            "names are letters, digits and _"});
    else if (!text)
      fail(text.error());
    else if (!env_.grok.add(name, *text))
      env_.notes.push_back(
          Error{Code::bad_content,
                "the pattern " + name + " is defined already with another text; the first one stays",
                yaml.key_where(name), ""});
  }
}

/// Keys that do nothing here and must still be of their kind, as the format reads them.
void NodeCompiler::plain_keys(const YamlNode& yaml) {
  for (const char* key : {"name", "author", "description", "stage"}) text(yaml, key);
  for (const char* key : {"debug", "profiling"})
    if (const YamlNode* flag = yaml.find(key); flag && !flag->is_null())
      if (const auto value = flag->as_bool(key); !value) fail(value.error());
  if (const YamlNode* list = yaml.find("references"); list && !list->is_null() && !list->is_sequence())
    fail(list->error("references must be a list"));
}

void NodeCompiler::children(const YamlNode& yaml, int depth, Node& out) {
  if (!yaml.is_sequence()) return fail(yaml.error("nodes must be a list"));
  for (const YamlNode& child : yaml.items())
    if (!child.is_null())
      if (auto compiled = node(child, depth + 1)) out.children.push_back(std::move(compiled));
}

std::unique_ptr<Node> NodeCompiler::node(const YamlNode& yaml, int depth) {
  const size_t before = errors_.size();
  if (!yaml.is_map()) return fail(yaml.error("a parser node must be a mapping")), nullptr;
  if (depth > kMaxNesting) return fail(yaml.error("nodes are nested deeper than 16 levels")), nullptr;
  keys(yaml, "a parser node",
       {"format", "debug", "profiling", "name", "author", "description", "references", "stage", "onsuccess",
        "filter", "nodes", "pattern_syntax", "grok", "statics", "stash", "whitelist", "data", "yields_to"});
  plain_keys(yaml);
  auto out = std::make_unique<Node>();
  out->where = yaml.where();
  if (const YamlNode* name = yaml.find("name"); name && name->is_scalar()) out->name = name->text();
  const auto with = [&](const char* key, auto&& compile) {
    if (const YamlNode* part = yaml.find(key); part && !part->is_null()) compile(*part);
  };
  with("onsuccess", [&](const YamlNode& then) {
    if (then.text() == "next_stage")
      out->on_success = OnSuccess::next_stage;
    else if (!then.text().empty() && then.text() != "continue")
      fail(then.error("onsuccess must be next_stage or continue, not '" + then.text() + "'"));
  });
  with("filter", [&](const YamlNode& filter) {
    if (filter.is_scalar() && filter.text().empty()) return;
    if (auto compiled = expression(filter, expr::Type::boolean)) out->filter = std::move(*compiled);
  });
  with("pattern_syntax", [&](const YamlNode& part) { patterns(part); });
  with("grok", [&](const YamlNode& part) { out->grok = grok(part); });
  with("stash", [&](const YamlNode& part) {
    if (!part.is_sequence()) return fail(part.error("stash must be a list"));
    for (const YamlNode& item : part.items())
      if (auto compiled = stash(item)) out->stash.push_back(std::move(*compiled));
  });
  with("nodes", [&](const YamlNode& part) { children(part, depth, *out); });
  statics(yaml.find("statics"), Level::node, out->statics);
  with("whitelist", [&](const YamlNode& part) { out->whitelist = whitelist(part); });
  if (errors_.size() != before) return nullptr;
  if (out->grok || !out->children.empty() || !out->statics.empty() || out->whitelist) return out;
  return fail(yaml.error("this node is empty", "a node needs grok, nodes, statics or a whitelist")), nullptr;
}

Result<std::unique_ptr<Node>> compile_node(const YamlNode& document, CompileEnv& env) {
  env.errors.clear();
  if (!document.is_map()) {
    env.errors.push_back(document.error("a parser must be a mapping"));
    return env.errors[0];
  }
  const auto has = [&](const char* key) {
    const YamlNode* n = document.find(key);
    return n && n->is_scalar() && !n->text().empty();
  };
  if (!has("name") && !has("description") && !has("author")) {
    env.notes.push_back(document.error("a document without name, description and author is skipped"));
    return std::unique_ptr<Node>();
  }
  if (const YamlNode* format = document.find("format"); format && !format->is_null()) {
    const auto version = format->as_double("format");
    if (!version || *version < 1.0 || *version > 3.0) {
      env.notes.push_back(format->error("format '" + format->text() +
                                        "' is not known (1.0 to 3.0 are): the document is skipped"));
      return std::unique_ptr<Node>();
    }
  }
  NodeCompiler compiler(env);
  auto node = compiler.node(document, 1);
  env.errors = std::move(compiler.errors());
  if (node) return node;
  return env.errors[0];
}

void add_node(ParserSet& set, const std::string& stage, std::unique_ptr<Node> node) {
  node->id = set.node_count++;
  for (ParserSet::Stage& s : set.stages)
    if (s.name == stage) {
      s.nodes.push_back(std::move(node));
      return;
    }
  set.stages.push_back({stage, {}, {}});
  set.stages.back().nodes.push_back(std::move(node));
}

namespace {

/// Depth first: numbers the gates, takes up the stashes.
void finish_node(Node& node, ParserSet& set) {
  node.has_stash = !node.stash.empty();
  node.statics.finish();
  if (node.grok) node.grok->statics.finish();
  for (const StashStep& step : node.stash)
    if (std::none_of(set.stashes.begin(), set.stashes.end(),
                     [&](const StashDeclaration& known) { return known.name == step.cache.name; }))
      set.stashes.push_back(step.cache);
  for (const auto& child : node.children) finish_node(*child, set);
  if (auto gate = LiteralGate::make(node.children, set.gate_count)) {
    node.gate = std::move(gate);
    ++set.gate_count;
  }
}

}  // namespace

void finish(ParserSet& set, SlotNames& slots) {
  std::sort(set.stages.begin(), set.stages.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  set.source_ip = slots.intern(Bag::meta, "source_ip");
  for (ParserSet::Stage& stage : set.stages) {
    for (const auto& node : stage.nodes) finish_node(*node, set);
    stage.plan = StagePlan::make(stage.nodes, slots);
  }
}

}  // namespace testudo::parse
