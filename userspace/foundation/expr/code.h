// expr/code.h: what compile makes and eval runs: a tree of operations, each with the function that runs it.
//
// An operation reads its operands by calling their `run`; there is no dispatch on kinds and no stack of
// values. Locals (let, #, #index, #acc) have fixed places that were counted at compile time.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/arena.h"
#include "expr/expr.h"
#include "expr/prefix_list.h"
#include "expr/types.h"
#include "pattern/finder.h"
#include "pattern/literal_set.h"

namespace testudo::expr {

struct Machine;
struct Operation;
struct Member;
struct Method;
struct Builtin;

/// Strings of a constant list, for `in`.
struct TextSet {
  std::vector<std::string_view> few;  ///< up to eight, compared one after another
  std::unordered_set<std::string_view> many;
  size_t longest = 0;  ///< a text that is longer is not hashed
  bool contains(std::string_view text) const {
    if (text.size() > longest) return false;
    if (many.empty()) {
      for (const std::string_view one : few)
        if (one == text) return true;
      return false;
    }
    return many.contains(text);
  }
};

/// One of `contains`, `startsWith`, `endsWith` with a constant.
struct Needle {
  enum class Where : uint8_t { inside, start, end };
  Where where = Where::inside;
  std::string_view text;
  Finder finder;  ///< for Where::inside
};

/// Rows of CompileOptions::texts that an operation asks for; all of one subject.
struct RowTest {
  const TextTests* tests = nullptr;
  uint32_t subject = 0;
  std::vector<std::pair<uint32_t, uint64_t>> masks;  ///< word of the scan's marks, bits of the rows in it
};

/// Several needles, joined by or.
struct Needles : std::vector<Needle> {
  using std::vector<Needle>::vector;
  std::unique_ptr<LiteralSet> inside;  ///< those of Where::inside, when they are many
};

struct Operation {
  using Run = bool (*)(const Operation&, Machine&, Value&);
  /// Computes the value; false when it failed (Machine::fail has said why).
  Run run = nullptr;
  StaticType type;
  const Operation* a = nullptr;
  const Operation* b = nullptr;
  const Operation* c = nullptr;
  std::span<const Operation* const> args;
  Value constant;
  SlotRef slot;
  uint32_t local = 0;  ///< place of a let variable; first place of a closure (#, #index, #acc)
  uint32_t cost = 1;   ///< operations below, itself included
  bool is_constant = false;
  bool flag = false;    ///< negated, or optional (?.)
  bool pure = true;     ///< same result every time within one event
  bool writes = false;  ///< changes the event
  std::string_view text;
  const RowTest* rows = nullptr;  ///< what of it is shared with other expressions …
  Run direct = nullptr;           ///< … and what runs where nothing is
  union {
    const void* extra = nullptr;
    const Regex* regex;
    const TextSet* set;
    const Needles* needles;
    const Helper* helper;
    const Builtin* builtin;
    const Member* member;
    const Method* method;
  };
};

/// A compiled expression and everything its operations point to.
struct Program {
  std::deque<Operation> operations;
  std::deque<std::vector<const Operation*>> lists;
  std::deque<std::string> strings;
  std::deque<TextSet> sets;
  std::deque<Needles> needles;
  std::deque<PrefixList> prefixes;
  std::deque<RowTest> row_tests;
  std::deque<Helper> helpers;  ///< copies: an owner's table may move
  std::vector<std::unique_ptr<Regex>> regexes;
  Arena constants;  ///< arrays and strings that folding made
  const Operation* root = nullptr;
  const SlotNames* slots = nullptr;
  uint32_t locals = 0;

  std::string_view keep(std::string text) { return strings.emplace_back(std::move(text)); }
};

/// Bounds of one evaluation: a hostile expression ends, and ends small.
struct Bounds {
  uint64_t steps = 10'000'000;
  uint64_t elements = 1'000'000;
  uint64_t bytes = 16 << 20;
};
/// Depth to which values are compared, printed and flattened.
inline constexpr int kMaxValueDepth = 256;

/// One evaluation under way.
struct Machine {
  Context& ctx;
  const SlotNames* slots = nullptr;
  Value* locals = nullptr;
  Bounds left{};     ///< what may still be spent
  bool cut = false;  ///< ?. met nil: the chain around it is nil

  bool fail(std::initializer_list<std::string_view> message);
  /// Counts work; false (and failed) beyond the bound.
  bool spend(uint64_t count) {
    if (count > left.steps) return fail({"too many steps: the expression was stopped"});
    left.steps -= count;
    return true;
  }
  /// Room for `count` array elements; null (and failed) beyond the bound.
  Value* array(uint64_t count);
  ValueMapEntry* entries(uint64_t count);
  /// Room for a string; null (and failed) beyond the bound.
  char* text(uint64_t size);
  bool copy(std::string_view text, Value& out);
};

/// Makes an array or map value of items in the arena.
bool make_array(Machine& m, const Value* items, uint64_t size, ClassId flavour, Value& out);
bool make_map(Machine& m, const ValueMapEntry* entries, uint64_t size, ClassId flavour, Value& out);

}  // namespace testudo::expr
