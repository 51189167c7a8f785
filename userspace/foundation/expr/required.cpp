#include "expr/required.h"

#include <algorithm>

#include "expr/run.h"

namespace testudo::expr {
namespace {

std::vector<std::string> values_of(const TextSet& set) {
  std::vector<std::string> values(set.few.begin(), set.few.end());
  values.insert(values.end(), set.many.begin(), set.many.end());
  std::sort(values.begin(), values.end());
  return values;
}

bool equality(const Operation& op) {
  return !op.flag && (op.run == run::slot_is || op.run == run::slot_in_set);
}

}  // namespace

bool never_otherwise(const Operation& op) {
  return op.run == run::choose && op.c->is_constant && op.c->constant.is_bool() && !op.c->constant.boolean;
}

void collect_required(const Operation& root, std::vector<Expression::Required>& slots,
                      std::vector<Expression::RequiredLabel>& labels) {
  const Operation* alone = &root;
  const Operation* const branch[] = {root.a, root.b};
  std::span<const Operation* const> operands(&alone, 1);
  if (root.run == run::all_of) operands = root.args;
  if (never_otherwise(root)) operands = branch;
  for (const Operation* op : operands) {
    // UnmarshalJSON in front of the equality acts even where the equality fails later.
    if (op->writes) return;
    if (op->run == run::all_of || (never_otherwise(*op) && op != alone)) collect_required(*op, slots, labels);
    if (op->flag) continue;
    if (op->run == run::slot_is) slots.push_back({op->slot, {std::string(op->text)}});
    if (op->run == run::slot_in_set) slots.push_back({op->slot, values_of(*op->set)});
    if (!op->a || op->a->run != run::label) continue;
    const std::string name(op->a->text);
    if (op->run == run::equals_text) labels.push_back({name, {std::string(op->text)}});
    if (op->run == run::in_set) labels.push_back({name, values_of(*op->set)});
  }
}

bool operands_beside_required(const Operation& root, size_t required, std::vector<const Operation*>& out) {
  if (root.run != run::all_of || required == 0) return false;
  for (const Operation* op : root.args) {
    if (op->writes) return false;
    if (equality(*op))
      --required;
    else
      out.push_back(op);
  }
  return required == 0;
}

size_t leading_equalities(const Operation& root) {
  if (root.run != run::all_of) return equality(root);
  const auto end =
      std::find_if_not(root.args.begin(), root.args.end(), [](const Operation* op) { return equality(*op); });
  return size_t(end - root.args.begin());
}

}  // namespace testudo::expr
