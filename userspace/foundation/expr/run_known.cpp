// Questions about lists that were known when the expression was compiled.
#include "expr/documents.h"
#include "expr/prefix_list.h"
#include "expr/run.h"
#include "expr/values.h"

namespace testudo::expr::run {

bool in_prefixes(const Operation& op, Machine& m, Value& out) {
  Value subject;
  if (!op.a->run(*op.a, m, subject)) return false;
  if (!subject.is_string()) return m.fail({"IpInRange needs string, not ", kind_name(subject)});
  std::optional<Ip> ip;
  if (m.ctx.documents)
    ip = m.ctx.documents->address(subject.text());
  else if ((ip = Ip::parse(subject.text())))
    ip = ip->unmapped();
  out = Value::of(ip && static_cast<const PrefixList*>(op.extra)->contains(*ip));
  return true;
}

}  // namespace testudo::expr::run
