#include "expr/guard.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "expr/required.h"
#include "expr/run.h"

namespace testudo::expr {
namespace {

using Where = TextTests::Where;

constexpr size_t kMostRows = 4096;

/// A row that is not registered yet: most are dropped in favour of better ones.
struct Atom {
  uint32_t subject;
  Where where;
  std::string_view text;
};
/// No value: nothing is known. Empty: the part is never true.
struct Needed {
  std::vector<Atom> atoms;
  double price = 0;  ///< how often one of them holds, very roughly
};
using Guess = std::optional<Needed>;

void add(Needed& needed, Atom atom) {
  // Long texts are rare texts; that one stands in a given place is rarer. "" stands everywhere.
  const double length =
      double(std::min<size_t>(atom.text.size(), 32)) + (atom.where == Where::inside ? 0 : 4);
  needed.price += atom.text.empty() ? 1 : std::exp2(-length / 2);
  needed.atoms.push_back(atom);
}

void unite(Needed& all, Needed part) {
  all.price += part.price;
  all.atoms.insert(all.atoms.end(), part.atoms.begin(), part.atoms.end());
}

class Collector {
 public:
  explicit Collector(TextTests& tests) : tests_(tests) {}

  Guess of(const Operation& op) {
    if (op.is_constant) {
      const bool never = op.constant.is_bool() && !op.constant.boolean;
      return never ? Guess(Needed{}) : std::nullopt;
    }
    if (op.run == run::all_of) return of_all(op.args);
    if (op.run == run::any_of) return of_any(op.args);
    if (op.run == run::choose) return of_choice(op);
    if (op.run == run::chain || op.run == run::let) return of_body(op);
    if (op.flag) return std::nullopt;
    if (op.run == run::row_needle) return of_needles(op);
    if (op.run == run::matches_constant || op.run == run::row_matches) return of_pattern(op);
    if (op.run == run::helper && op.helper->pure && op.helper->name == "Match") return of_glob(op);
    return of_equality(op);
  }

  // The best operand of the outermost `and`. Equalities of a slot come last: most of them ask for the kind of
  // event (log_type, service), which is true of all events that come as far as this filter.
  Guess of_conjuncts(const Operation& op) {
    Guess equality;
    Guess best = of_conjuncts(op, equality);
    return best ? best : equality;
  }

 private:
  Guess of_conjuncts(const Operation& op, Guess& equality) {
    if (op.run == run::slot_is || op.run == run::slot_in_set) {
      keep_better(equality, of(op));
      return std::nullopt;
    }
    if (op.run != run::all_of && !never_otherwise(op)) return of(op);
    Guess best;
    const Operation* const branch[] = {op.a, op.b};
    for (const Operation* one : op.run == run::all_of ? op.args : branch) {
      keep_better(best, of_conjuncts(*one, equality));
      if (one->writes) break;
    }
    return best;
  }

  static void keep_better(Guess& best, Guess other) {
    if (other && (!best || other->price < best->price)) best = std::move(other);
  }

  // Behind an operand that writes the event, slots may hold what they did not hold when rows were asked.
  Guess of_all(std::span<const Operation* const> operands) {
    Guess best;
    for (const Operation* one : operands) {
      keep_better(best, of(*one));
      if (one->writes) break;
    }
    return best;
  }
  Guess of_any(std::span<const Operation* const> operands) {
    Needed all;
    for (size_t i = 0; i < operands.size(); ++i) {
      Guess part = of(*operands[i]);
      if (!part || (operands[i]->writes && i + 1 < operands.size())) return std::nullopt;
      unite(all, std::move(*part));
      if (all.atoms.size() > kMostRows) return std::nullopt;
    }
    return all;
  }
  // a ? b : c is true when b is, or c.
  Guess of_choice(const Operation& op) {
    const Operation* const both[] = {op.a, op.b};
    if (never_otherwise(op)) return of_all(both);
    if (op.a->writes) return std::nullopt;
    const Operation* const parts[] = {op.b, op.c};
    return of_any(parts);
  }
  Guess of_body(const Operation& op) {
    if (op.run == run::chain) return of(*op.a);
    return op.a->writes ? std::nullopt : of(*op.b);
  }

  Guess of_needles(const Operation& op) {
    Needed needed;
    for (const Needle& one : *op.needles) {
      const Where where = one.where == Needle::Where::start ? Where::start
                          : one.where == Needle::Where::end ? Where::end
                                                            : Where::inside;
      add(needed, {op.rows->subject, where, one.text});
    }
    return needed;
  }
  Guess of_pattern(const Operation& op) {
    uint32_t subject = 0;
    const std::vector<std::string>& literals = op.regex->required_literals();
    if (literals.empty() || !subject_of(*op.a, subject)) return std::nullopt;
    Needed needed;
    for (const std::string& one : literals) add(needed, {subject, Where::inside, one});
    return needed;
  }
  // Match('cmd.exe /c * > *', text): what stands between the wildcards.
  Guess of_glob(const Operation& op) {
    uint32_t subject = 0;
    if (op.args.size() != 2 || !op.args[0]->is_constant || !op.args[0]->constant.is_string() ||
        !subject_of(*op.args[1], subject))
      return std::nullopt;
    const std::string_view glob = op.args[0]->constant.text();
    std::string_view longest;
    for (size_t at = 0; at < glob.size();) {
      const size_t end = std::min(glob.find_first_of("*?", at), glob.size());
      if (end - at > longest.size()) longest = glob.substr(at, end - at);
      at = end + 1;
    }
    Needed needed;
    add(needed, {subject, Where::inside, longest});
    return needed;
  }
  Guess of_equality(const Operation& op) {
    uint32_t subject = 0;
    if (op.run == run::slot_is || op.run == run::slot_in_set)
      subject = tests_.subject(op.slot);
    else if ((op.run != run::equals_text && op.run != run::in_set) || !subject_of(*op.a, subject))
      return std::nullopt;
    Needed needed;
    if (op.run == run::slot_is || op.run == run::equals_text) {
      add(needed, {subject, Where::equal, op.text});
      return needed;
    }
    if (op.set->few.size() + op.set->many.size() > kMostRows) return std::nullopt;
    for (const std::string_view one : op.set->few) add(needed, {subject, Where::equal, one});
    for (const std::string_view one : op.set->many) add(needed, {subject, Where::equal, one});
    return needed;
  }

  bool subject_of(const Operation& op, uint32_t& subject) {
    if (op.run == run::slot)
      subject = tests_.subject(op.slot);
    else if (op.run == run::shared_text)
      subject = op.rows->subject;
    else
      return false;
    return true;
  }

  TextTests& tests_;
};

}  // namespace

std::vector<uint32_t> collect_guard(const Operation& root, TextTests& tests) {
  const Guess best = Collector(tests).of_conjuncts(root);
  std::vector<uint32_t> rows;
  if (!best) return rows;
  for (const Atom& atom : best->atoms) {
    rows.push_back(tests.row(atom.subject, atom.where, atom.text));
    tests.note_guard(atom.subject);
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

}  // namespace testudo::expr
