// expr/expr.h: the expression language of filters, statics, group keys and profiles, compiled at load.
//
// The language is expr-lang's as engine-spec §3 restates it. An Expression is typed code over slots: field
// names were resolved when it was compiled, constants are folded, constant patterns are compiled, and
// evaluation neither throws nor allocates outside the arena. Errors at run time (a nil member, a wrong type)
// come back as a status: the caller counts them, the expression is then as good as absent.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/result.h"
#include "model/event.h"
#include "model/slots.h"
#include "model/value.h"
#include "pattern/regex.h"

namespace testudo {

struct Alert;

namespace expr {

/// One event that a bucket keeps, as a scenario's condition sees it in `queue.Queue`. Made by detect.
struct KeptEvent {
  TimePoint time{};
  std::string_view marshaled_time;
  std::vector<std::pair<SlotRef, std::string_view>> fields;  ///< of all three bags; absent reads as ""
  const std::string_view* find(SlotRef slot) const {
    for (const auto& [s, v] : fields)
      if (s == slot) return &v;
    return nullptr;
  }
};
/// The value of one element of Context::queue.
Value kept_event_value(const KeptEvent* event);

/// The bucket that a condition, an overflow filter or cancel_on looks at: `leaky`. Made by detect.
struct BucketView {
  int64_t total = 0;
  TimePoint first{}, last{}, overflow{};
  Duration duration{};
  std::string_view mapkey, uuid;
};

class TextTests;  // text_tests.h: the constants that many expressions look for in the same texts
class TextScan;   // text_tests.h: which of them occur in this event's texts; one per thread
class Documents;  // documents.h: JSON and XML documents of this event, read once; one per thread

/// What an evaluation may read and write. One per thread; `event`, `alert` are set before each evaluation.
struct Context {
  Event* event = nullptr;             ///< `evt`
  const Alert* alert = nullptr;       ///< `Alert` (profiles), `signal`
  const ValueArray* queue = nullptr;  ///< `queue.Queue` (conditions): elements are kept_event_value()
  const BucketView* leaky = nullptr;  ///< `leaky` (conditions)
  const Value* results = nullptr;     ///< `results` (assertions of hub tests)
  Arena* arena = nullptr;             ///< where computed strings live; usually &event->arena
  RegexScratch* regex = nullptr;
  TextScan* texts = nullptr;       ///< null: each constant is looked for on its own
  Documents* documents = nullptr;  ///< null: each call reads its document anew
  void* room = nullptr;  ///< whatever the owner of a helper wants to find in a call (the stash, say)
  std::string error;     ///< set when an evaluation failed: what went wrong
};

enum class Type : uint8_t {
  unknown,
  nil,
  boolean,
  integer,
  real,
  string,
  array,
  map,
  time,
  duration,
  object
};
const char* type_name(Type type);

/// One helper function: a row in its owner's table. Arguments were checked against `params` at compile time
/// as far as types were known then; `call` checks the rest. On failure it sets ctx.error and returns false.
struct Helper {
  std::string_view name;
  std::string_view summary;  ///< one line for documentation and `testudo doctor`
  std::vector<Type> params;  ///< unknown = any
  bool variadic = false;     ///< the last parameter may repeat (or be absent)
  Type result = Type::unknown;
  bool pure = false;  ///< same arguments, same result: may be folded when all are constant
  bool (*call)(const void* owner, Context& ctx, const Value* args, size_t count, Value& out) = nullptr;
  const void* owner = nullptr;  ///< state of the owner (data files, GeoIP …); outlives the expressions
};
using HelperTable = std::vector<Helper>;

/// The helpers that need nothing but their arguments (Upper, Split, IpInRange, Match, Sprintf …).
const HelperTable& pure_helpers();

/// Which names the expression may use.
enum class Scope : uint8_t {
  event,      ///< evt
  profile,    ///< Alert
  bucket,     ///< evt, queue, leaky: conditions, overflow filters, cancel_on
  context,    ///< evt, match, req: alert contexts; the latter two are of the application firewall and empty
  assertion,  ///< results: what a hub test made of its lines
};

struct CompileOptions {
  Scope scope = Scope::event;
  SlotNames* slots = nullptr;               ///< names are interned here (event scope)
  std::vector<const HelperTable*> helpers;  ///< searched in order, after the language's builtins
  TextTests* texts = nullptr;               ///< constants that are looked for in slots are registered here
  Type expect = Type::unknown;  ///< boolean for filters, string for keys …: known other types are errors
};

class Expression {
 public:
  Expression();
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  /// `where` is the place of the text's first character: errors name the exact line and column inside it.
  /// Errors: bad_content, with "did you mean" for unknown fields and helpers.
  static Result<Expression> compile(std::string_view text, const Where& where, const CompileOptions& options);

  explicit operator bool() const { return impl_ != nullptr; }
  const std::string& text() const;  ///< the source, as written
  Type type() const;                ///< as far as it is known at compile time

  /// False when the evaluation failed; ctx.error says why.
  bool eval(Context& ctx, Value& out) const;

  enum class Truth : uint8_t { no, yes, failed };
  /// For filters: anything but a boolean is a failure.
  Truth test(Context& ctx) const;
  /// The same, where every equality of required() is known to hold: what is left of the `and` is asked.
  Truth test_rest(Context& ctx) const;

  /// Equalities that must hold for the expression to be true: `evt.Meta.log_type == 'x'` or `in [...]` among
  /// the operands of a top-level `and`. Used for dispatch; empty when there is none.
  struct Required {
    SlotRef slot;
    std::vector<std::string> values;
  };
  const std::vector<Required>& required() const;
  /// So many of them, from the first, are asked before anything else.
  size_t leading_required() const;
  /// Does required() say all: is it true where they hold?
  bool only_required() const;
  bool writes() const;  ///< may evaluating it change the event?

  /// The same for the labels of the line's source: `evt.Line.Labels.type == 'syslog'`.
  struct RequiredLabel {
    std::string label;
    std::vector<std::string> values;
  };
  const std::vector<RequiredLabel>& required_labels() const;

  /// Rows of CompileOptions::texts of which at least one must hold for the expression to be true; empty when
  /// nothing of the kind is known. For dispatch.
  const std::vector<uint32_t>& guard() const;

  /// The slots it reads, as far as they are known by name. For copies of events in buckets.
  const std::vector<SlotRef>& reads() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace expr
}  // namespace testudo
