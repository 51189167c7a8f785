// expr/compile.h: tree → operations. Names are looked up, types checked, constants folded, common shapes
// (slot == 'x', slot contains 'x', one subject against many constants) given operations of their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "expr/ast.h"
#include "expr/code.h"
#include "expr/lexer.h"
#include "expr/run.h"

namespace testudo::expr {

class Compiler {
 public:
  Compiler(Program& program, const CompileOptions& options, Problem& problem);

  /// Null with the problem filled. Slots read are appended to `reads`.
  const Operation* compile(const Node& root);

  std::vector<SlotRef> reads;

 private:
  // Every lower_ function returns null after a problem.
  Operation* lower(const Node& node);

  // compile.cpp
  Operation* lower_name(const Node& node);
  Operation* lower_element(const Node& node);
  Operation* lower_let(const Node& node);
  Operation* lower_array(const Node& node);
  Operation* lower_map(const Node& node);

  // compile_access.cpp
  Operation* lower_member(const Node& node);
  Operation* member_of(const Node& node, Operation* base, std::string_view name);
  Operation* bag_member(Operation* base, std::string_view name);
  Operation* lower_index(const Node& node);
  Operation* lower_slice(const Node& node);
  Operation* lower_method(const Node& node);
  void note_meta_key(const Node& node, std::string_view method);

  // compile_operators.cpp
  Operation* lower_unary(const Node& node);
  Operation* lower_binary(const Node& node);
  Operation* lower_arithmetic(const Node& node, Operation* a, Operation* b);
  Operation* lower_ordered(const Node& node);
  Operation* lower_choose(const Node& node);
  Operation* refuse(const Node& node, const Operation* a, const Operation* b);

  // compile_tests.cpp: ==, in, contains …, and/or
  Operation* lower_equals(const Node& node, Operation* a, Operation* b);
  Operation* lower_in(const Node& node, Operation* a, Operation* b);
  Operation* lower_text_test(const Node& node, Operation* a, Operation* b);
  Operation* lower_matches(const Node& node, Operation* a, Operation* b);
  Operation* lower_junction(const Node& node);
  Operation* lower_needles(const Node& node, size_t& at);
  Operation* lower_choices(const Node& node, size_t& at);
  Operation* needle_test(Operation* subject, Needles needles, bool negated);
  Operation* set_test(Operation* subject, std::vector<std::string_view> texts, bool negated);

  // compile_rows.cpp: what expressions of one program share
  bool subject_of(const Operation& op, uint32_t& subject) const;
  void share_needles(Operation& op);
  void share_text(Operation& op);
  void share_pattern(Operation& op);

  // compile_known.cpp: lists that are known at load
  Operation* lower_known_list(const Operation& op);
  Operation* lower_ranges(const Node& node, size_t& at);
  Operation* range_test(Operation* subject, const std::vector<std::string_view>& prefixes);

  // compile_call.cpp
  Operation* lower_call(const Node& node);
  Operation* lower_predicate_call(const Node& node);
  Operation* lower_closure(const Node& node, StaticType element, Operation& call);
  const Helper* find_helper(std::string_view name) const;
  bool lower_arguments(const Node& node, size_t from, std::vector<const Operation*>& args);
  bool check_arguments(const Node& node, size_t from, const std::vector<Type>& params, size_t required,
                       bool variadic, const std::vector<const Operation*>& args);

  Operation* make(Operation::Run run, StaticType type, const Operation* a = nullptr,
                  const Operation* b = nullptr, const Operation* c = nullptr);
  Operation* make_list(Operation::Run run, StaticType type, std::vector<const Operation*> args);
  Operation* constant(Value value, StaticType type);
  /// Replaces an operation whose operands are all constant by its value.
  Operation* fold(Operation* op);
  Operation* fail(const Node& node, std::string message, std::string remedy = "");
  Operation* did_you_mean(const Node& node, std::string message, std::string_view word,
                          const std::vector<std::string>& known, std::string prefix = "");
  SlotRef read_slot(Bag bag, std::string_view name);
  uint32_t take_locals(uint32_t count);

  struct Local {
    std::string name;
    uint32_t place;
    StaticType type;
  };
  struct Closure {
    uint32_t place;
    StaticType element;
    bool has_total;  ///< reduce: #acc
  };

  Program& program_;
  const CompileOptions& options_;
  Problem& problem_;
  std::vector<Local> locals_;
  std::vector<Closure> closures_;
  uint32_t next_local_ = 0;
  Context fold_context_;
  Bounds fold_bounds_{1'000'000, 65'536, 1 << 20};
};

/// Locals of one expression; more are refused.
inline constexpr uint32_t kMaxLocals = 1000;

}  // namespace testudo::expr
