// Calls of builtins and of helpers: arguments are computed, checked against the row, and handed over.
#include "expr/builtins.h"
#include "expr/members.h"
#include "expr/run.h"
#include "expr/values.h"

namespace testudo::expr {

const Builtin* find_builtin(std::string_view name) {
  for (const auto& group :
       {text_builtins(), number_builtins(), list_builtins(), convert_builtins(), time_builtins()})
    for (const Builtin& row : group)
      if (row.name == name) return &row;
  return nullptr;
}

std::vector<std::string> builtin_names() {
  std::vector<std::string> names;
  for (const auto& group :
       {text_builtins(), number_builtins(), list_builtins(), convert_builtins(), time_builtins()})
    for (const Builtin& row : group) names.emplace_back(row.name);
  return names;
}

namespace run {
namespace {

constexpr size_t kFew = 8;

// Computes the arguments into `few`, or into the arena when they are many.
const Value* arguments(const Operation& op, Machine& m, Value (&few)[kFew]) {
  Value* args = few;
  if (op.args.size() > kFew && !(args = m.array(op.args.size()))) return nullptr;
  for (size_t i = 0; i < op.args.size(); ++i)
    if (!op.args[i]->run(*op.args[i], m, args[i])) return nullptr;
  return args;
}

bool check(Machine& m, std::string_view name, const std::vector<Type>& params, Value* args, size_t count) {
  for (size_t i = 0; i < count && !params.empty(); ++i) {
    const Type wanted = params[std::min(i, params.size() - 1)];
    if (wanted == Type::unknown || type_of(args[i]) == wanted) continue;
    if (wanted == Type::real && args[i].kind == Value::Kind::integer) {
      args[i] = Value::of(double(args[i].integer));
      continue;
    }
    return m.fail({name, " needs ", type_name(wanted), ", not ", kind_name(args[i])});
  }
  return true;
}

// Long texts and lists cost what they weigh.
uint64_t weight(const Value* args, size_t count) {
  uint64_t sum = 4;
  for (size_t i = 0; i < count; ++i) {
    if (args[i].is_string()) sum += args[i].size >> 4;
    if (args[i].kind == Value::Kind::array) sum += args[i].array->size;
    if (args[i].kind == Value::Kind::map) sum += args[i].map->size;
  }
  return sum;
}

}  // namespace

bool builtin(const Operation& op, Machine& m, Value& out) {
  Value few[kFew];
  const size_t count = op.args.size();
  auto* args = const_cast<Value*>(arguments(op, m, few));
  if (!args) return false;
  for (size_t i = 0; i < count; ++i)
    if (!plain(m, args[i])) return false;
  return check(m, op.builtin->name, op.builtin->params, args, count) && m.spend(weight(args, count)) &&
         op.builtin->call(m, args, count, out);
}

bool helper(const Operation& op, Machine& m, Value& out) {
  Value few[kFew];
  const size_t count = op.args.size();
  auto* args = const_cast<Value*>(arguments(op, m, few));
  if (!args || !check(m, op.helper->name, op.helper->params, args, count) || !m.spend(weight(args, count)))
    return false;
  // The event's maps become values where anything is taken; where a map is asked for, it may be written to.
  const auto& params = op.helper->params;
  for (size_t i = 0; i < count && !params.empty(); ++i)
    if (args[i].kind == Value::Kind::object && params[std::min(i, params.size() - 1)] == Type::unknown &&
        !plain(m, args[i]))
      return false;
  out = Value();
  m.ctx.error.clear();
  if (op.helper->call(op.helper->owner, m.ctx, args, count, out)) return true;
  return m.ctx.error.empty() ? m.fail({op.helper->name, " failed"}) : false;
}

}  // namespace run
}  // namespace testudo::expr
