// expr/run.h: the operations, by what they do. compile chooses, eval calls.
//
// `a`, `b`, `c` and `args` are operands; see Operation for the rest. All return false when they failed.
#pragma once

#include "expr/code.h"

namespace testudo::expr::run {

#define TESTUDO_OPERATION(name) bool name(const Operation& op, Machine& m, Value& out)

// run_access.cpp
TESTUDO_OPERATION(constant);
TESTUDO_OPERATION(local);
TESTUDO_OPERATION(let);            // local = a; b
TESTUDO_OPERATION(event);          // evt
TESTUDO_OPERATION(alert);          // Alert
TESTUDO_OPERATION(queue);          // queue
TESTUDO_OPERATION(results);        // results
TESTUDO_OPERATION(leaky);          // leaky
TESTUDO_OPERATION(signal);         // signal: the overflow that an overflow_filter judges
TESTUDO_OPERATION(empty_object);   // evt.Appsec and req, by constant
TESTUDO_OPERATION(slot);           // evt.Parsed.x
TESTUDO_OPERATION(kept_slot);      // .Meta.x of a kept event (a)
TESTUDO_OPERATION(label);          // evt.Line.Labels.x
TESTUDO_OPERATION(unmarshaled);    // evt.Unmarshaled.x
TESTUDO_OPERATION(event_member);   // evt.X
TESTUDO_OPERATION(object_member);  // a.X, class known
TESTUDO_OPERATION(any_member);     // a.X, class unknown
TESTUDO_OPERATION(any_index);      // a[b]
TESTUDO_OPERATION(slice);          // a[b:c]
TESTUDO_OPERATION(chain);          // nil where ?. met nil
TESTUDO_OPERATION(method);         // a.X(args), class known
TESTUDO_OPERATION(any_method);     // a.X(args), class unknown
TESTUDO_OPERATION(array);
TESTUDO_OPERATION(map);  // args: key, value, …

// run_logic.cpp
TESTUDO_OPERATION(all_of);
TESTUDO_OPERATION(any_of);
TESTUDO_OPERATION(negate);
TESTUDO_OPERATION(choose);
TESTUDO_OPERATION(otherwise);  // a ?: b
TESTUDO_OPERATION(coalesce);
TESTUDO_OPERATION(equals);       // flag: !=
TESTUDO_OPERATION(equals_text);  // a == text
TESTUDO_OPERATION(slot_is);      // slot == text
TESTUDO_OPERATION(ordered);      // args, text: operators as letters
TESTUDO_OPERATION(in);           // flag: negated, as in all below
TESTUDO_OPERATION(in_set);       // a in strings known at compile time
TESTUDO_OPERATION(slot_in_set);
TESTUDO_OPERATION(slot_present);  // 'x' in evt.Meta

// run_text.cpp
TESTUDO_OPERATION(contains);
TESTUDO_OPERATION(starts_with);
TESTUDO_OPERATION(ends_with);
TESTUDO_OPERATION(slot_needle);
TESTUDO_OPERATION(any_needle);   // constant needles, joined by or
TESTUDO_OPERATION(row_needle);   // the same, by the scan that expressions share
TESTUDO_OPERATION(shared_text);  // a pure helper of a slot, computed once per event
TESTUDO_OPERATION(matches);
TESTUDO_OPERATION(matches_constant);
TESTUDO_OPERATION(row_matches);  // the same, where the pattern needs literals that are rows

// run_known.cpp
TESTUDO_OPERATION(in_prefixes);  // a: an address; extra: the PrefixList

// run_arithmetic.cpp
TESTUDO_OPERATION(minus);
TESTUDO_OPERATION(plus);
TESTUDO_OPERATION(add);
TESTUDO_OPERATION(subtract);
TESTUDO_OPERATION(multiply);
TESTUDO_OPERATION(divide);
TESTUDO_OPERATION(remainder);
TESTUDO_OPERATION(power);
TESTUDO_OPERATION(range);

// run_predicates.cpp: a is the list, b the closure's body, c a further argument.
TESTUDO_OPERATION(all);
TESTUDO_OPERATION(any);
TESTUDO_OPERATION(one);
TESTUDO_OPERATION(none);
TESTUDO_OPERATION(filter);
TESTUDO_OPERATION(map_each);
TESTUDO_OPERATION(count);
TESTUDO_OPERATION(sum);
TESTUDO_OPERATION(find);
TESTUDO_OPERATION(find_index);
TESTUDO_OPERATION(find_last);
TESTUDO_OPERATION(find_last_index);
TESTUDO_OPERATION(group_by);
TESTUDO_OPERATION(sort_by);
TESTUDO_OPERATION(reduce);

// run_call.cpp
TESTUDO_OPERATION(builtin);
TESTUDO_OPERATION(helper);

#undef TESTUDO_OPERATION

/// Does the needle occur in the text?
bool found(const Needle& needle, std::string_view text);

}  // namespace testudo::expr::run
