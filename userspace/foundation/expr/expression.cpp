// The front door: text → tokens → tree → operations, and the evaluation of the result.
#include <algorithm>

#include "base/text.h"
#include "expr/compile.h"
#include "expr/guard.h"
#include "expr/parser.h"
#include "expr/required.h"
#include "expr/run.h"

namespace testudo::expr {
namespace {

constexpr size_t kMaxSource = 1 << 20;
constexpr uint32_t kFewLocals = 16;

// The place of a byte inside the text, which starts at `start` and may have many lines.
Where place(std::string_view text, const Where& start, size_t offset) {
  Where where = start;
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  if (where.line == 0) where.line = 1;
  if (lines == 0) {
    where.column = std::max(where.column, 1) + int(before.size());
  } else {
    where.line += int(lines);
    // Lines after the first of a block are indented as much as the first one.
    where.column = std::max(start.column, 1) - 1 + int(before.size() - before.rfind('\n'));
  }
  return where;
}

}  // namespace

struct Expression::Impl {
  std::string text;
  Program program;
  std::vector<Required> required;
  std::vector<RequiredLabel> required_labels;
  std::vector<uint32_t> guard;
  std::vector<SlotRef> reads;
  std::vector<const Operation*> rest;  ///< operands of the `and` at the top that are not in `required`
  bool has_rest = false, only_required = false;
  size_t leading = 0;

  bool run(Context& ctx, Value& out) const {
    if (program.locals == 0) {  // nearly all: saves clearing the locals
      Machine machine{ctx, program.slots};
      return program.root->run(*program.root, machine, out);
    }
    return run_with_locals(ctx, out);
  }

  /// As far as a bool came of it; anything else is told by run().
  Truth run_rest(Context& ctx) const {
    Value few[kFewLocals], value;
    Machine machine{ctx, program.slots, few};
    for (const Operation* op : rest) {
      if (!op->run(*op, machine, value) || !value.is_bool()) return Truth::failed;
      if (!value.boolean) return Truth::no;
    }
    return Truth::yes;
  }

  bool run_with_locals(Context& ctx, Value& out) const {
    Value few[kFewLocals];
    Machine machine{ctx, program.slots, few};
    if (program.locals > kFewLocals && !(machine.locals = machine.array(program.locals))) return false;
    return program.root->run(*program.root, machine, out);
  }
};

Expression::Expression() = default;
Expression::Expression(Expression&&) noexcept = default;
Expression& Expression::operator=(Expression&&) noexcept = default;
Expression::~Expression() = default;

Result<Expression> Expression::compile(std::string_view text, const Where& where,
                                       const CompileOptions& options) {
  if (text.size() > kMaxSource)
    return Error{Code::too_large,
                 "the expression has " + std::to_string(text.size()) + " bytes, more than 1 MiB", where, ""};
  auto impl = std::make_unique<Impl>();
  impl->text = std::string(text);
  const std::string_view source = impl->text;
  Problem problem;
  const auto refused = [&] {
    return Error{Code::bad_content, problem.message, place(source, where, problem.offset), problem.remedy};
  };

  std::vector<Token> tokens;
  if (!tokenize(source, tokens, problem)) return refused();
  Tree tree;
  tree.root = Parser(tokens, tree, problem).parse();
  if (!tree.root) return refused();
  Compiler compiler(impl->program, options, problem);
  impl->program.root = compiler.compile(*tree.root);
  if (!impl->program.root) return refused();
  impl->reads = std::move(compiler.reads);
  collect_required(*impl->program.root, impl->required, impl->required_labels);
  impl->has_rest = impl->program.locals <= kFewLocals &&
                   operands_beside_required(*impl->program.root, impl->required.size(), impl->rest);
  impl->leading = leading_equalities(*impl->program.root);
  impl->only_required = impl->leading > 0 && impl->leading == impl->required.size() &&
                        (impl->has_rest ? impl->rest.empty() : impl->program.root->run != run::all_of);
  if (options.texts) impl->guard = collect_guard(*impl->program.root, *options.texts);

  Expression expression;
  expression.impl_ = std::move(impl);
  return expression;
}

const std::string& Expression::text() const { return impl_->text; }
Type Expression::type() const { return impl_->program.root->type.type; }
bool Expression::eval(Context& ctx, Value& out) const { return impl_->run(ctx, out); }

Expression::Truth Expression::test(Context& ctx) const {
  Value value;
  if (!impl_->run(ctx, value)) return Truth::failed;
  if (value.is_bool()) return value.boolean ? Truth::yes : Truth::no;
  ctx.error.assign("a filter gives bool, not ").append(type_name(type_of(value)));
  return Truth::failed;
}

Expression::Truth Expression::test_rest(Context& ctx) const {
  if (!impl_->has_rest) return test(ctx);
  const Truth truth = impl_->run_rest(ctx);
  return truth == Truth::failed ? test(ctx) : truth;
}

const std::vector<Expression::Required>& Expression::required() const { return impl_->required; }
size_t Expression::leading_required() const { return impl_->leading; }
bool Expression::only_required() const { return impl_->only_required; }
bool Expression::writes() const { return impl_->program.root->writes; }
const std::vector<Expression::RequiredLabel>& Expression::required_labels() const {
  return impl_->required_labels;
}
const std::vector<uint32_t>& Expression::guard() const { return impl_->guard; }
const std::vector<SlotRef>& Expression::reads() const { return impl_->reads; }

Value kept_event_value(const KeptEvent* event) {
  return Value::of_object(uint8_t(ClassId::kept_event), event);
}

}  // namespace testudo::expr
