// Any text must compile or be refused, and what compiles must end without touching foreign memory.
#include <memory>

#include "expr/expr.h"
#include "model/event.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace testudo;
  static RegexScratch regex;
  SlotNames slots;
  expr::CompileOptions options;
  options.slots = &slots;
  options.helpers = {&expr::pure_helpers()};
  options.scope = size && data[0] % 2 ? expr::Scope::event : expr::Scope::context;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Result<expr::Expression> expression = expr::Expression::compile(text, {"fuzz", 1, 1}, options);
  if (!expression) return expression.error().message.empty() ? __builtin_trap(), 0 : 0;
  Event event(slots);
  event.raw = text;
  event.unmarshaled.emplace_back("x", Value::of(text));
  expr::Context ctx;
  ctx.event = &event;
  ctx.arena = &event.arena;
  ctx.regex = &regex;
  Value value;
  (void)expression->eval(ctx, value);
  (void)expression->required();
  return 0;
}
