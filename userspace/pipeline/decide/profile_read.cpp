// decide/profile_read.cpp: one YAML document → one Profile.
#include <fmt/format.h>

#include <charconv>

#include "base/json_writer.h"
#include "base/text.h"
#include "decide/effect.h"
#include "decide/profiles.h"

namespace testudo {

namespace {

constexpr Duration kDefaultDuration = 4h;

Error as_config(Error error) {
  error.code = Code::bad_config;
  return error;
}

std::string text_of(const YamlNode& map, std::string_view key, Errors& errors) {
  const YamlNode* node = map.find(key);
  if (node == nullptr || node->is_null()) return {};
  auto text = node->as_string(key);
  if (text) return *text;
  errors.push_back(as_config(text.error()));
  return {};
}

bool flag_of(const YamlNode& map, std::string_view key, Errors& errors) {
  const YamlNode* node = map.find(key);
  if (node == nullptr || node->is_null()) return false;
  const auto flag = node->as_bool(key);
  if (flag) return *flag;
  errors.push_back(as_config(flag.error()));
  return false;
}

std::string word_of(const YamlNode& map, std::string_view key, const std::vector<std::string>& known,
                    Errors& errors) {
  std::string word = text_of(map, key, errors);
  if (word.empty()) return word;
  for (const std::string& one : known)
    if (word == one) return word;
  errors.push_back(as_config(map.find(key)->error(
      fmt::format("{} is one of {}, not {}", key, fmt::join(known, ", "), escape_for_terminal(word)))));
  return {};
}

expr::Expression compile(const YamlNode& node, expr::Type expect,
                         const std::vector<const expr::HelperTable*>& helpers, Errors& errors) {
  Where where = node.where();
  if (node.content_line() > 0) where.line = node.content_line();
  if (!node.is_scalar()) {
    errors.push_back(as_config(node.error("an expression is a text")));
    return {};
  }
  expr::CompileOptions options;
  options.scope = expr::Scope::profile;
  options.helpers = helpers;
  options.expect = expect;
  auto compiled = expr::Expression::compile(node.text(), where, options);
  if (compiled) return std::move(*compiled);
  errors.push_back(as_config(compiled.error()));
  return {};
}

// Scalars that are written without quotes and read as a number or a flag are one: `burst: 200`, `reject:
// true`.
void write_scalar(JsonWriter& json, const YamlNode& node) {
  int64_t number = 0;
  const std::string& text = node.text();
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!node.quoted() && (text == "true" || text == "false"))
    json.value(text == "true");
  else if (!node.quoted() && !text.empty() && err == std::errc() && end == text.data() + text.size())
    json.value(number);
  else
    json.value(text);
}

void write_json(JsonWriter& json, const YamlNode& node) {
  if (node.is_null()) {
    json.null();
  } else if (node.is_map()) {
    json.begin_object();
    for (const auto& [key, value] : node.entries()) write_json(json.key(key), value);
    json.end_object();
  } else if (node.is_sequence()) {
    json.begin_array();
    for (const YamlNode& item : node.items()) write_json(json, item);
    json.end_array();
  } else {
    write_scalar(json, node);
  }
}

// Keys of other bouncers are theirs; what the kernel is to do is checked here, where the line can be named.
std::string params_of(const YamlNode& node, const std::string& type, Errors& errors) {
  if (!node.is_map()) {
    errors.push_back(as_config(node.error("params is a map", "params: {rate: 100/s, ports: 22}")));
    return {};
  }
  JsonWriter json;
  write_json(json, node);
  std::string params = json.take();
  if (params == "{}") return {};
  const auto effect = effect_of(type, params, false);
  if (effect) return params;
  const std::string& message = effect.error().message;
  const YamlNode* at = node.find(std::string_view(message).substr(0, message.find(':')));
  errors.push_back(as_config((at != nullptr ? *at : node).error(message, effect.error().remedy)));
  return {};
}

DecisionTemplate read_decision(const YamlNode& node, Errors& errors) {
  DecisionTemplate row;
  if (!node.is_map()) {
    errors.push_back(as_config(node.error("a decision is a map", "type: ban, duration: 4h")));
    return row;
  }
  // Keys that only a stored decision has are accepted as the format has them, and do nothing.
  node.check_keys("decision",
                  {"type", "duration", "scope", "origin", "params", "simulated", "value", "scenario"},
                  errors);
  row.type = text_of(node, "type", errors);
  if (row.type.empty()) errors.push_back(as_config(node.error("a decision needs a type", "type: ban")));
  row.duration = kDefaultDuration;
  if (const YamlNode* given = node.find("duration"); given != nullptr && !given->is_null()) {
    const auto duration = given->as_duration("duration");
    if (!duration)
      errors.push_back(as_config(duration.error()));
    else if (*duration <= 0ns)
      errors.push_back(
          as_config(given->error(fmt::format("duration must be more than 0, not {}", given->text()))));
    else if (*duration > kLongestDuration)
      errors.push_back(as_config(given->error(
          fmt::format("duration must be at most 876000h (a hundred years), not {}", given->text()))));
    else
      row.duration = *duration;
  }
  row.scope = normalize_scope(text_of(node, "scope", errors));
  const std::string origin = text_of(node, "origin", errors);
  row.origin = origin.empty() ? "crowdsec" : "crowdsec/" + origin;
  flag_of(node, "simulated", errors);
  if (const YamlNode* params = node.find("params"); params != nullptr && !params->is_null())
    row.params = params_of(*params, row.type, errors);
  return row;
}

}  // namespace

Profile read_profile(const YamlNode& document, const std::vector<const expr::HelperTable*>& helpers,
                     Errors& errors) {
  Profile profile;
  profile.where = document.where();
  if (!document.is_map()) {
    errors.push_back(
        as_config(document.error("a profile is a map", "keys: name, filters, decisions, on_success")));
    return profile;
  }
  const size_t before = errors.size();
  document.check_keys("profile",
                      {"name", "debug", "filters", "decisions", "duration_expr", "on_success", "on_failure",
                       "on_error", "notifications"},
                      errors);
  profile.name = text_of(document, "name", errors);
  profile.debug = flag_of(document, "debug", errors);

  const YamlNode* filters = document.find("filters");
  if (filters == nullptr || !filters->is_sequence() || filters->items().empty()) {
    errors.push_back(as_config((filters != nullptr ? *filters : document)
                                   .error("a profile without filters never matches",
                                          "filters: a list of expressions, one of which must be true")));
  } else {
    for (const YamlNode& filter : filters->items())
      profile.filters.push_back(compile(filter, expr::Type::boolean, helpers, errors));
  }
  if (const YamlNode* decisions = document.find("decisions"); decisions != nullptr && !decisions->is_null()) {
    if (!decisions->is_sequence())
      errors.push_back(as_config(decisions->error("decisions is a list")));
    else
      for (const YamlNode& decision : decisions->items())
        profile.decisions.push_back(read_decision(decision, errors));
  }
  if (const YamlNode* duration = document.find("duration_expr");
      duration != nullptr && !duration->is_null() && !duration->text().empty())
    profile.duration_expr = compile(*duration, expr::Type::unknown, helpers, errors);
  if (const YamlNode* names = document.find("notifications"); names != nullptr && !names->is_null()) {
    auto list = names->as_strings("notifications");
    if (list)
      profile.notifications = std::move(*list);
    else
      errors.push_back(as_config(list.error()));
  }
  if (word_of(document, "on_success", {"continue", "break"}, errors) == "break")
    profile.on_success = Profile::Next::stop;
  // Accepted for the format's sake: neither value has an effect where it comes from, and so it is here.
  word_of(document, "on_failure", {"continue", "break", "apply"}, errors);
  const std::string on_error =
      word_of(document, "on_error", {"continue", "break", "apply", "ignore"}, errors);
  if (on_error == "apply") profile.on_error = Profile::OnError::apply;
  if (on_error == "break") profile.on_error = Profile::OnError::stop;
  for (size_t i = before; i < errors.size(); ++i) errors[i].code = Code::bad_config;
  return profile;
}

}  // namespace testudo
