#include "engine/transform.h"

#include "base/log.h"
#include "model/value.h"

namespace testudo {
namespace {

Result<expr::Expression> compile(std::string_view text, const Where& where, const Program& program,
                                 SlotNames& slots) {
  expr::CompileOptions options;
  options.slots = &slots;
  options.helpers = program.helpers();
  auto compiled = expr::Expression::compile(text, where, options);
  if (!compiled) return compiled.error();
  const expr::Type type = compiled->type();
  if (type != expr::Type::unknown && type != expr::Type::string && type != expr::Type::array &&
      type != expr::Type::nil)
    return Error{Code::bad_config,
                 "transform gives a " + std::string(expr::type_name(type)) + ", which changes no line", where,
                 "it must give text, or a list of text: one event for each"};
  return compiled;
}

}  // namespace

/// Its names have slots of their own: a transform runs before anything is parsed, so it sees the line alone.
struct Transforms::One {
  SlotNames slots;
  expr::Expression expression;
  std::unique_ptr<Event> event;
};

Result<void> check_transform(std::string_view text, const Where& where, const Program& program) {
  SlotNames slots;
  auto compiled = compile(text, where, program, slots);
  if (!compiled) return compiled.error();
  return {};
}

void drop_bad_transforms(std::vector<AcquisDocument>& documents, const Program& program, Errors& errors) {
  std::erase_if(documents, [&](const AcquisDocument& document) {
    const YamlNode* transform = document.section.find("transform");
    if (!transform || transform->text().empty()) return false;
    auto good = check_transform(transform->text(), transform->content_where(), program);
    if (good) return false;
    Error error = good.error();
    error.code = Code::bad_config;
    if (error.remedy.empty()) error.remedy = "this source is off";
    errors.push_back(std::move(error));
    return true;
  });
}

Transforms::Transforms() = default;
Transforms::~Transforms() = default;

void Transforms::adopt(std::shared_ptr<const Program> program) {
  by_source_.clear();
  program_ = std::move(program);
}

Transforms::One* Transforms::of(const SourceInfo& source) {
  const auto found = by_source_.find(source.id);
  if (found != by_source_.end()) return found->second.get();
  auto one = std::make_unique<One>();
  auto compiled = compile(source.transform, source.transform_where, *program_, one->slots);
  if (compiled) {
    one->expression = std::move(*compiled);
    one->event = std::make_unique<Event>(one->slots);
  } else {
    // It was good when the source was opened; what it read of the content is gone.
    log::warn("transform.off", {{"source", source.type + ":" + source.name},
                                {"what", compiled.error().text()},
                                {"meaning", "its lines are parsed as they are"}});
    one.reset();
  }
  return by_source_.emplace(source.id, std::move(one)).first->second.get();
}

Transforms::Outcome Transforms::apply(Event& event, std::vector<std::string_view>& out) {
  out.clear();
  One* one = of(*event.source);
  if (!one) return Outcome::failed;
  Event& scratch = *one->event;
  scratch.reset();
  scratch.raw = event.raw;
  scratch.source = event.source;
  scratch.src = event.src;
  scratch.module = event.module;
  scratch.arrived = scratch.time = event.arrived;
  scratch.log_time = event.log_time;
  expr::Context context;
  context.event = &scratch;
  context.arena = &scratch.arena;
  context.regex = &regex_;
  Value value;
  if (!one->expression.eval(context, value)) return Outcome::failed;
  if (value.is_nil()) return Outcome::unchanged;
  if (value.is_string()) {
    out.push_back(value.text());
    return Outcome::changed;
  }
  if (value.kind != Value::Kind::array) return Outcome::failed;
  for (uint32_t i = 0; i < value.array->size && out.size() < kMaxElements; ++i) {
    if (!value.array->items[i].is_string()) {
      out.clear();
      return Outcome::failed;
    }
    out.push_back(value.array->items[i].text());
  }
  return Outcome::changed;
}

}  // namespace testudo
