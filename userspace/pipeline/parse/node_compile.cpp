#include "parse/node_compile.h"

#include <algorithm>

#include "base/text.h"

namespace testudo::parse {
namespace {

constexpr int kMaxNesting = 16;

Result<expr::Expression> expression(const YamlNode& node, expr::Type expect, CompileEnv& env) {
  if (!node.is_scalar()) return node.error("an expression must be text");
  expr::CompileOptions options;
  options.slots = &env.slots;
  options.helpers = env.helpers;
  options.expect = expect;
  return expr::Expression::compile(node.text(), node.content_where(), options);
}

struct TargetPath {
  Static::Target target = Static::Target::ignored;
  SlotRef slot;
  EventField field = EventField::none;
};

/// `evt.Parsed.x`, `Parsed.x`, `evt.StrTime`, `MarshaledTime`; what cannot be set is ignored, as the format
/// has it.
TargetPath target_path(std::string_view path, CompileEnv& env) {
  if (path.starts_with("evt.")) path.remove_prefix(4);
  const auto parts = split(path, '.');
  const auto slot = [&](Bag bag) {
    if (parts.size() < 2 || parts[1].empty()) return TargetPath{};
    return TargetPath{Static::Target::slot, env.slots.intern(bag, parts[1]), EventField::none};
  };
  const auto field = [](EventField f) { return TargetPath{Static::Target::field, {}, f}; };
  if (parts[0] == "Parsed") return slot(Bag::parsed);
  if (parts[0] == "Meta") return slot(Bag::meta);
  if (parts[0] == "Enriched") return slot(Bag::enriched);
  if (path == "StrTime") return field(EventField::str_time);
  if (path == "StrTimeFormat") return field(EventField::str_time_format);
  if (path == "MarshaledTime") return field(EventField::marshaled_time);
  if (path == "WhitelistReason") return field(EventField::whitelist_reason);
  if (path == "Line.Raw") return field(EventField::line_raw);
  if (path == "Line.Src") return field(EventField::line_src);
  if (path == "Line.Module") return field(EventField::line_module);
  return {};
}

Result<Static> compile_static(const YamlNode& yaml, bool node_level, CompileEnv& env) {
  if (!yaml.is_map()) return yaml.error("a static must be a mapping such as {meta: service, value: ssh}");
  Errors unknown;
  yaml.check_keys("a static", {"method", "parsed", "meta", "enriched", "target", "value", "expression"},
                  unknown);
  if (!unknown.empty()) return unknown[0];
  Static out;
  const YamlNode* value = yaml.find("value");
  const YamlNode* source = yaml.find("expression");
  if (value && !value->is_null()) {
    TESTUDO_TRY(out.value, value->as_string("value"));
    out.has_value = !out.value.empty();
  }
  if (!out.has_value) {
    if (!source || source->is_null()) return yaml.error("a static needs a value or an expression");
    TESTUDO_TRY(out.expression, expression(*source, expr::Type::unknown, env));
  }
  const auto name = [&](const char* key) -> std::string {
    const YamlNode* n = yaml.find(key);
    return n && n->is_scalar() ? n->text() : std::string();
  };
  if (const std::string method = name("method"); !method.empty()) {
    out.target = Static::Target::ignored;  // an unknown method is ignored by the format
    for (const Enricher& e : env.enrichers)
      if (e.name == method) {
        out.target = Static::Target::method;
        out.method = &e;
      }
    if (!out.method)
      env.notes.push_back(yaml.error("the method '" + method + "' is not known and does nothing"));
  } else if (const std::string parsed = name("parsed"); !parsed.empty()) {
    out.target = Static::Target::slot;
    out.slot = env.slots.intern(Bag::parsed, parsed);
  } else if (const std::string meta = name("meta"); !meta.empty()) {
    out.target = Static::Target::slot;
    out.slot = env.slots.intern(Bag::meta, meta);
  } else if (const std::string enriched = name("enriched"); !enriched.empty()) {
    if (node_level) return yaml.error("a node's static cannot set evt.Enriched", "use meta: or parsed:");
    out.target = Static::Target::slot;
    out.slot = env.slots.intern(Bag::enriched, enriched);
  } else if (const std::string target = name("target"); !target.empty()) {
    const TargetPath path = target_path(target, env);
    out.target = path.target;
    out.slot = path.slot;
    out.field = path.field;
    if (path.target == Static::Target::ignored)
      env.notes.push_back(yaml.error("the target '" + target + "' cannot be set and is ignored"));
  } else {
    return yaml.error("a static needs one of meta, parsed, target or method");
  }
  return out;
}

Result<void> compile_statics(const YamlNode* yaml, bool node_level, std::vector<Static>& out,
                             CompileEnv& env) {
  if (!yaml || yaml->is_null()) return {};
  if (!yaml->is_sequence()) return yaml->error("statics must be a list");
  for (const YamlNode& item : yaml->items()) {
    TESTUDO_TRY(Static compiled, compile_static(item, node_level, env));
    out.push_back(std::move(compiled));
  }
  return {};
}

Result<std::optional<GrokStep>> compile_grok(const YamlNode& yaml, CompileEnv& env) {
  if (yaml.is_null()) return std::optional<GrokStep>();
  if (!yaml.is_map())
    return yaml.error("grok must be a mapping with pattern or name, and apply_on or expression");
  Errors unknown;
  yaml.check_keys("grok", {"name", "pattern", "apply_on", "expression", "statics"}, unknown);
  if (!unknown.empty()) return unknown[0];
  const auto text = [&](const char* key) -> std::string {
    const YamlNode* n = yaml.find(key);
    return n && n->is_scalar() ? n->text() : std::string();
  };
  const std::string name = text("name"), pattern = text("pattern"), apply_on = text("apply_on");
  if (name.empty() && pattern.empty()) return std::optional<GrokStep>();
  TESTUDO_TRY(Grok grok, name.empty() ? env.grok.compile(pattern, yaml.find("pattern")->content_where())
                                      : env.grok.compile_named(name, yaml.find("name")->where()));
  GrokStep step(std::move(grok));
  step.pattern = name.empty() ? pattern : "%{" + name + "}";
  if (apply_on == "Line.Raw") {
    step.from = GrokStep::From::line_raw;
  } else if (!apply_on.empty()) {
    step.from = GrokStep::From::slot;
    step.slot = env.slots.intern(Bag::parsed, apply_on);
  } else if (const YamlNode* source = yaml.find("expression"); source && !source->is_null()) {
    step.from = GrokStep::From::expression;
    TESTUDO_TRY(step.expression, expression(*source, expr::Type::unknown, env));
  } else {
    return yaml.error("grok needs apply_on or expression", "for example apply_on: message");
  }
  for (const GrokField& field : step.grok.fields)
    step.binds.emplace_back(field.group, env.slots.intern(Bag::parsed, field.name));
  TESTUDO_CHECK(compile_statics(yaml.find("statics"), false, step.statics, env));
  return std::optional<GrokStep>(std::move(step));
}

Result<Whitelist> compile_whitelist(const YamlNode& yaml, CompileEnv& env) {
  if (!yaml.is_map()) return yaml.error("whitelist must be a mapping");
  Errors unknown;
  yaml.check_keys("whitelist", {"reason", "ip", "cidr", "expression"}, unknown);
  if (!unknown.empty()) return unknown[0];
  Whitelist out;
  if (const YamlNode* reason = yaml.find("reason"); reason && !reason->is_null()) {
    TESTUDO_TRY(out.reason, reason->as_string("reason"));
  }
  const auto each = [&](const char* key, auto&& take) -> Result<void> {
    const YamlNode* list = yaml.find(key);
    if (!list || list->is_null()) return {};
    if (!list->is_sequence()) return list->error(std::string(key) + " must be a list");
    for (const YamlNode& item : list->items()) TESTUDO_CHECK(take(item));
    return {};
  };
  TESTUDO_CHECK(each("ip", [&](const YamlNode& item) -> Result<void> {
    const auto ip = Ip::parse(item.text());
    if (!ip) return item.error("'" + item.text() + "' is not an address");
    out.ips.push_back(*ip);
    return {};
  }));
  TESTUDO_CHECK(each("cidr", [&](const YamlNode& item) -> Result<void> {
    const auto prefix = Prefix::parse(item.text());
    if (!prefix || item.text().find('/') == std::string::npos)
      return item.error("'" + item.text() + "' is not a network such as 10.0.0.0/8");
    out.cidrs.push_back(*prefix);
    return {};
  }));
  TESTUDO_CHECK(each("expression", [&](const YamlNode& item) -> Result<void> {
    TESTUDO_TRY(expr::Expression compiled, expression(item, expr::Type::unknown, env));
    out.expressions.push_back(std::move(compiled));
    return {};
  }));
  return out;
}

Result<void> add_patterns(const YamlNode* yaml, CompileEnv& env) {
  if (!yaml || yaml->is_null()) return {};
  if (!yaml->is_map()) return yaml->error("pattern_syntax must be a mapping of NAME: pattern");
  for (const auto& [name, value] : yaml->entries()) {
    TESTUDO_TRY(const std::string text, value.as_string("the pattern " + name));
    for (char c : name)
      if (!(c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
        return Error{Code::bad_content, "'" + name + "' is no pattern name", yaml->key_where(name),
                     "names are letters, digits and _"};
    if (!env.grok.add(name, text))
      env.notes.push_back(
          Error{Code::bad_content,
                "the pattern " + name + " is defined already with another text; the first one stays",
                yaml->key_where(name), ""});
  }
  return {};
}

Result<std::unique_ptr<Node>> compile_one(const YamlNode& yaml, int depth, CompileEnv& env) {
  if (!yaml.is_map()) return yaml.error("a parser node must be a mapping");
  if (depth > kMaxNesting) return yaml.error("nodes are nested deeper than 16 levels");
  Errors unknown;
  yaml.check_keys(
      "a parser node",
      {"format", "debug", "profiling", "name", "author", "description", "references", "stage", "onsuccess",
       "filter", "nodes", "pattern_syntax", "grok", "statics", "stash", "whitelist", "data", "yields_to"},
      unknown);
  if (!unknown.empty()) return unknown[0];
  auto node = std::make_unique<Node>();
  node->where = yaml.where();
  if (const YamlNode* name = yaml.find("name"); name && name->is_scalar()) node->name = name->text();
  if (const YamlNode* then = yaml.find("onsuccess"); then && !then->is_null()) {
    if (then->text() == "next_stage")
      node->on_success = OnSuccess::next_stage;
    else if (!then->text().empty() && then->text() != "continue")
      return then->error("onsuccess must be next_stage or continue, not '" + then->text() + "'");
  }
  if (const YamlNode* filter = yaml.find("filter"); filter && !filter->is_null() && !filter->text().empty()) {
    TESTUDO_TRY(node->filter, expression(*filter, expr::Type::boolean, env));
  }
  TESTUDO_CHECK(add_patterns(yaml.find("pattern_syntax"), env));
  if (const YamlNode* grok = yaml.find("grok")) {
    TESTUDO_TRY(node->grok, compile_grok(*grok, env));
  }
  if (const YamlNode* stash = yaml.find("stash"); stash && !stash->is_null())
    return Error{Code::unsupported, "stash is not supported yet", stash->where(),
                 "this parser is off; the others run"};
  if (const YamlNode* children = yaml.find("nodes"); children && !children->is_null()) {
    if (!children->is_sequence()) return children->error("nodes must be a list");
    for (const YamlNode& child : children->items()) {
      if (child.is_null()) continue;
      TESTUDO_TRY(auto compiled, compile_one(child, depth + 1, env));
      node->children.push_back(std::move(compiled));
    }
  }
  TESTUDO_CHECK(compile_statics(yaml.find("statics"), true, node->statics, env));
  if (const YamlNode* whitelist = yaml.find("whitelist"); whitelist && !whitelist->is_null()) {
    TESTUDO_TRY(node->whitelist, compile_whitelist(*whitelist, env));
  }
  if (!node->grok && node->children.empty() && node->statics.empty() && !node->whitelist)
    return yaml.error("this node is empty", "a node needs grok, nodes, statics or a whitelist");
  return node;
}

}  // namespace

Result<std::unique_ptr<Node>> compile_node(const YamlNode& document, CompileEnv& env) {
  if (!document.is_map()) return document.error("a parser must be a mapping");
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
  return compile_one(document, 1, env);
}

void add_node(ParserSet& set, const std::string& stage, std::unique_ptr<Node> node) {
  node->id = set.node_count++;
  for (ParserSet::Stage& s : set.stages)
    if (s.name == stage) {
      s.nodes.push_back(std::move(node));
      return;
    }
  set.stages.push_back({stage, {}});
  set.stages.back().nodes.push_back(std::move(node));
}

void finish(ParserSet& set, SlotNames& slots) {
  std::sort(set.stages.begin(), set.stages.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  set.source_ip = slots.intern(Bag::meta, "source_ip");
}

}  // namespace testudo::parse
