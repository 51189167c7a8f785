// Groks, statics, whitelists and stashes of a node: from YAML to what step_run.cpp runs.
#include "base/text.h"
#include "parse/node_compiler.h"
#include "parse/shape.h"

namespace testudo::parse {
namespace {

constexpr int64_t kMaxStash = 1'000'000;

const YamlNode* given(const YamlNode& yaml, const char* key) {
  const YamlNode* found = yaml.find(key);
  return found && !found->is_null() ? found : nullptr;
}

}  // namespace

bool NodeCompiler::keys(const YamlNode& yaml, const char* what, const std::vector<std::string>& known) {
  const size_t before = errors_.size();
  yaml.check_keys(what, known, errors_);
  return errors_.size() == before;
}

std::string NodeCompiler::text(const YamlNode& yaml, const char* key) {
  const YamlNode* found = given(yaml, key);
  if (!found) return {};
  if (found->is_scalar()) return found->text();
  fail(found->error(std::string(key) + " must be text"));
  return {};
}

std::optional<expr::Expression> NodeCompiler::expression(const YamlNode& yaml, expr::Type expect) {
  if (!yaml.is_scalar()) {
    fail(yaml.error("an expression must be text"));
    return std::nullopt;
  }
  expr::CompileOptions options;
  options.slots = &env_.slots;
  options.helpers = env_.helpers;
  options.expect = expect;
  auto compiled = expr::Expression::compile(yaml.text(), yaml.content_where(), options);
  if (compiled) return std::move(*compiled);
  fail(compiled.error());
  return std::nullopt;
}

/// Compiled even where it names a field and is never evaluated: unknown names are found that way.
std::optional<TextSource> NodeCompiler::source(const YamlNode& yaml) {
  auto compiled = expression(yaml, expr::Type::unknown);
  if (!compiled) return std::nullopt;
  TextSource out;
  if (const auto field = as_named_field(yaml.text())) {
    out.from = TextSource::From::slot;
    out.slot = env_.slots.intern(field->bag, field->name);
  } else if (const auto member = as_event_text(yaml.text())) {
    out.from = TextSource::From::field;
    out.field = member;
  } else {
    out.from = TextSource::From::expression;
    out.expression = std::move(*compiled);
  }
  return out;
}

void NodeCompiler::statics(const YamlNode* yaml, Level level, Statics& out) {
  if (!yaml || yaml->is_null()) return;
  if (!yaml->is_sequence()) return fail(yaml->error("statics must be a list"));
  for (const YamlNode& item : yaml->items())
    if (auto compiled = one_static(item, level)) out.rows.push_back(std::move(*compiled));
}

std::optional<Static> NodeCompiler::one_static(const YamlNode& yaml, Level level) {
  if (!yaml.is_map()) {
    fail(yaml.error("a static must be a mapping such as {meta: service, value: ssh}"));
    return std::nullopt;
  }
  if (!keys(yaml, "a static", {"method", "parsed", "meta", "enriched", "target", "value", "expression"}))
    return std::nullopt;
  Static out;
  out.source.constant = text(yaml, "value");
  if (out.source.constant.empty()) {
    const YamlNode* from = given(yaml, "expression");
    if (!from || (from->is_scalar() && from->text().empty())) {
      // Within a grok the format looks at this only when a line comes; the static then does nothing.
      const Error missing = yaml.error("a static needs a value or an expression");
      if (level == Level::node)
        fail(missing);
      else
        env_.notes.push_back(missing);
      return std::nullopt;
    }
    auto source = this->source(*from);
    if (!source) return std::nullopt;
    out.source = std::move(*source);
  }
  if (!target(yaml, level, out)) return std::nullopt;
  return out;
}

/// The first of method, parsed, meta, enriched, target that is there.
bool NodeCompiler::target(const YamlNode& yaml, Level level, Static& out) {
  if (const std::string name = text(yaml, "method"); !name.empty()) return method(yaml, name, out);
  const auto slot = [&](const char* key, Bag bag) {
    const std::string name = text(yaml, key);
    if (name.empty()) return false;
    out.target = Static::Target::slot;
    out.slot = env_.slots.intern(bag, name);
    return true;
  };
  if (slot("parsed", Bag::parsed) || slot("meta", Bag::meta)) return true;
  if (level == Level::grok && slot("enriched", Bag::enriched)) return true;
  if (const std::string name = text(yaml, "target"); !name.empty()) return path(yaml, name, out);
  if (level == Level::grok) {
    env_.notes.push_back(yaml.error("a static without meta, parsed, target or method does nothing"));
    return false;
  }
  fail(given(yaml, "enriched") ? yaml.error("a node's static cannot set evt.Enriched", "use meta: or parsed:")
                               : yaml.error("a static needs one of meta, parsed, target or method"));
  return false;
}

bool NodeCompiler::method(const YamlNode& yaml, const std::string& name, Static& out) {
  for (const Enricher& e : env_.enrichers)
    if (e.name == name) {
      out.target = Static::Target::method;
      out.method = &e;
      return true;
    }
  // The format passes over unknown methods.
  env_.notes.push_back(yaml.error("the method '" + name + "' is not known and does nothing"));
  return true;
}

/// `evt.Parsed.x`, `Parsed.x`, `evt.StrTime`, `MarshaledTime` …; what cannot be set is passed over, as the
/// format has it. Behind a bag's key the rest of the path does not matter.
bool NodeCompiler::path(const YamlNode& yaml, std::string_view path, Static& out) {
  const std::string_view written = path;
  if (path.starts_with("evt.")) path.remove_prefix(4);
  const auto parts = split(path, '.');
  static constexpr std::pair<std::string_view, Bag> bags[] = {
      {"Parsed", Bag::parsed}, {"Meta", Bag::meta}, {"Enriched", Bag::enriched}};
  for (const auto& [name, bag] : bags)
    if (parts[0] == name && parts.size() > 1 && !parts[1].empty()) {
      out.target = Static::Target::slot;
      out.slot = env_.slots.intern(bag, parts[1]);
      return true;
    }
  if (const EventField* field = find_event_field(path)) {
    out.target = Static::Target::field;
    out.field = field;
    return true;
  }
  env_.notes.push_back(yaml.error("the target '" + std::string(written) + "' cannot be set and is ignored"));
  return true;
}

std::unique_ptr<GrokStep> NodeCompiler::grok(const YamlNode& yaml) {
  if (yaml.is_null()) return nullptr;
  if (!yaml.is_map()) {
    fail(yaml.error("grok must be a mapping with pattern or name, and apply_on or expression"));
    return nullptr;
  }
  if (!keys(yaml, "grok", {"name", "pattern", "apply_on", "expression", "statics"})) return nullptr;
  const std::string name = text(yaml, "name"), pattern = text(yaml, "pattern"),
                    apply_on = text(yaml, "apply_on");
  if (name.empty() && pattern.empty()) return nullptr;
  auto compiled = name.empty() ? env_.grok.compile(pattern, yaml.find("pattern")->content_where())
                               : env_.grok.compile_named(name, yaml.find("name")->where());
  std::optional<TextSource> subject;
  if (apply_on == "Line.Raw") {
    subject.emplace().from = TextSource::From::field;
    subject->field = &Event::raw;
  } else if (!apply_on.empty()) {
    subject.emplace().from = TextSource::From::slot;
    subject->slot = env_.slots.intern(Bag::parsed, apply_on);
  } else if (const YamlNode* from = given(yaml, "expression")) {
    subject = source(*from);
  } else {
    fail(yaml.error("grok needs apply_on or expression", "for example apply_on: message"));
  }
  Statics after;
  statics(yaml.find("statics"), Level::grok, after);
  if (!compiled) fail(compiled.error());
  if (!compiled || !subject) return nullptr;
  auto step = std::make_unique<GrokStep>(std::move(*compiled));
  step->pattern = name.empty() ? pattern : "%{" + name + "}";
  step->must_exist = subject->from == TextSource::From::slot && !apply_on.empty();
  step->subject = std::move(*subject);
  step->statics = std::move(after);
  for (const GrokField& field : step->grok.fields)
    step->binds.emplace_back(field.group, env_.slots.intern(Bag::parsed, field.name));
  return step;
}

std::unique_ptr<Whitelist> NodeCompiler::whitelist(const YamlNode& yaml) {
  if (!yaml.is_map()) {
    fail(yaml.error("whitelist must be a mapping"));
    return nullptr;
  }
  if (!keys(yaml, "whitelist", {"reason", "ip", "cidr", "expression"})) return nullptr;
  auto made = std::make_unique<Whitelist>();
  Whitelist& out = *made;
  out.reason = text(yaml, "reason");
  const auto each = [&](const char* key, auto&& take) {
    const YamlNode* list = given(yaml, key);
    if (!list) return;
    if (!list->is_sequence()) return fail(list->error(std::string(key) + " must be a list"));
    for (const YamlNode& item : list->items()) take(item);
  };
  each("ip", [&](const YamlNode& item) {
    if (const auto ip = Ip::parse(item.text()))
      out.networks.add(Prefix::host(*ip));
    else
      fail(item.error("'" + item.text() + "' is not an address"));
  });
  each("cidr", [&](const YamlNode& item) {
    const auto prefix = Prefix::parse(item.text());
    if (prefix && item.text().find('/') != std::string::npos)
      out.networks.add(*prefix);
    else
      fail(item.error("'" + item.text() + "' is not a network such as 10.0.0.0/8"));
  });
  each("expression", [&](const YamlNode& item) {
    if (auto compiled = expression(item, expr::Type::unknown))
      out.expressions.push_back(std::move(*compiled));
  });
  return made;
}

std::optional<StashStep> NodeCompiler::stash(const YamlNode& yaml) {
  if (!yaml.is_map()) {
    fail(yaml.error("a stash must be a mapping with name, key, value and ttl"));
    return std::nullopt;
  }
  const size_t before = errors_.size();
  if (!keys(yaml, "a stash", {"name", "key", "value", "ttl", "size", "strategy"})) return std::nullopt;
  StashStep out;
  out.cache.name = text(yaml, "name");
  StashOptions& options = out.cache.options;
  for (const char* key : {"name", "key", "value", "ttl"})
    if (text(yaml, key).empty())
      fail(yaml.error(std::string("a stash needs ") + key,
                      "name, key, value and ttl must be there, size and strategy may"));
  if (errors_.size() != before) return std::nullopt;
  if (auto key = expression(*yaml.find("key"), expr::Type::unknown)) out.key = std::move(*key);
  if (auto value = expression(*yaml.find("value"), expr::Type::unknown)) out.value = std::move(*value);
  const YamlNode& ttl = *yaml.find("ttl");
  if (const auto duration = ttl.as_duration("ttl"); !duration)
    fail(duration.error());
  else if (*duration <= Duration::zero())
    fail(ttl.error("ttl must be more than nothing, not " + ttl.text()));
  else
    options.ttl = *duration;
  if (const YamlNode* size = given(yaml, "size")) {
    const auto number = size->as_int("size");
    if (!number)
      fail(number.error());
    else if (*number < 0 || *number > kMaxStash)
      fail(size->error("size must be between 1 and 1000000, not " + size->text()));
    else if (*number > 0)
      options.size = size_t(*number);  // 0 stands for the default
  }
  const std::string strategy = text(yaml, "strategy");
  if (strategy == "LFU")
    options.strategy = StashStrategy::lfu;
  else if (strategy == "ARC")
    options.strategy = StashStrategy::arc;
  else if (!strategy.empty() && strategy != "LRU")
    fail(yaml.find("strategy")->error("strategy must be LRU, LFU or ARC, not '" + strategy + "'"));
  if (errors_.size() != before) return std::nullopt;
  return out;
}

}  // namespace testudo::parse
