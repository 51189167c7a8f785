#include "detect/context.h"

#include <algorithm>

#include "base/json_writer.h"
#include "detect/event_image.h"
#include "detect/shape.h"
#include "expr/values.h"

namespace testudo::detect {
namespace {

constexpr size_t kMaxTexts = 64;         // of one value that is a list
constexpr size_t kMaxExpressions = 500;  // of all documents

void add_text(const Value& value, expr::Context& context, std::vector<std::string_view>& out) {
  if (value.is_nil() || out.size() >= kMaxTexts) return;
  if (value.is_string()) {
    if (!value.text().empty()) out.push_back(value.text().substr(0, EventImage::kMaxValue));
    return;
  }
  std::string text;
  expr::Machine machine{context};
  if (expr::append_text(machine, value, text) && !text.empty())
    out.push_back(context.arena->copy(std::string_view(text).substr(0, EventImage::kMaxValue)));
}

}  // namespace

void context_texts(const Value& value, expr::Context& context, std::vector<std::string_view>& out) {
  if (value.kind != Value::Kind::array) {
    add_text(value, context, out);
    return;
  }
  for (uint32_t i = 0; i < value.array->size; ++i) add_text(value.array->items[i], context, out);
}

std::string context_json(std::vector<std::string> values, size_t limit) {
  const auto text = [&] {
    JsonWriter json;
    json.begin_array();
    for (const std::string& value : values) json.value(value);
    return json.end_array().take();
  };
  while (!values.empty()) {
    std::string out = text();
    if (out.size() <= limit) return out;
    if (values.size() > 1)
      values.pop_back();
    else if (values[0].size() < 8)
      return {};  // not even that fits: no limit of ours is so small
    else
      values[0] = values[0].substr(0, values[0].size() / 2) + "...";
  }
  return {};
}

void early_context_values(const ScenarioSet& set, expr::Context& context,
                          std::vector<std::pair<std::string_view, std::string_view>>& out) {
  std::vector<std::string_view> texts;
  for (const ContextExpression& one : set.contexts) {
    if (one.early.empty()) continue;
    Value value;
    if (!one.expression.eval(context, value)) continue;
    texts.clear();
    context_texts(value, context, texts);
    for (const std::string_view text : texts) out.emplace_back(one.early, text);
  }
}

Result<void> add_context(ScenarioSet& set, const YamlNode& document, ScenarioEnv& env) {
  const YamlNode* context = document.is_map() ? document.find("context") : nullptr;
  if (!context || context->is_null()) return document.error("a context needs a mapping named context");
  if (!context->is_map()) return context->error("context must be a mapping of names to expressions");
  std::vector<ContextExpression> fresh;
  for (const auto& [key, value] : context->entries()) {
    const YamlNode* one = &value;
    const size_t count = value.is_sequence() ? value.items().size() : 1;
    for (size_t i = 0; i < count; ++i) {
      if (value.is_sequence()) one = &value.items()[i];
      if (one->is_null() || (one->is_scalar() && one->text().empty())) continue;
      if (!one->is_scalar()) return one->error("a context's value is an expression, or a list of them");
      const auto same = [&, &name = key](const ContextExpression& known) {
        return known.key == name && known.expression.text() == one->text();
      };
      if (std::any_of(set.contexts.begin(), set.contexts.end(), same) ||
          std::any_of(fresh.begin(), fresh.end(), same))
        continue;
      if (set.contexts.size() + fresh.size() >= kMaxExpressions)
        return one->error("more than " + std::to_string(kMaxExpressions) + " expressions in all contexts");
      ContextExpression out;
      out.key = key;
      expr::CompileOptions options;
      options.scope = expr::Scope::context;
      options.slots = &env.slots;
      options.helpers = env.helpers;
      TESTUDO_TRY(out.expression, expr::Expression::compile(one->text(), one->content_where(), options));
      if (!beyond_image(one->text(), false).empty())
        out.early = EventImage::kHidden + std::to_string(set.contexts.size() + fresh.size());
      fresh.push_back(std::move(out));
    }
  }
  for (ContextExpression& one : fresh) set.contexts.push_back(std::move(one));
  return {};
}

}  // namespace testudo::detect
