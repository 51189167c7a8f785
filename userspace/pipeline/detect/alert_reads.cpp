#include "detect/alert_reads.h"

#include <algorithm>

#include "detect/tokens.h"

namespace testudo::detect {
namespace {

using Tokens = std::vector<Token>;
using Kind = Token::Kind;

/// What an alert without events tells as well.
constexpr std::string_view kHead[] = {"Scenario", "GetScenario", "Source",      "GetScope",
                                      "GetValue", "Remediation", "EventsCount", "GetEventsCount",
                                      "Capacity", "Leakspeed",   "StartAt",     "StopAt"};
constexpr std::string_view kOverflow[] = {"Sources", "GetSources", "Whitelisted", "Reprocess"};

template <size_t N>
bool one_of(std::string_view name, const std::string_view (&names)[N]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

class Walk {
 public:
  Walk(const Tokens& tokens, AlertReads& out) : tokens_(tokens), out_(out) {}
  /// False: it may read anything.
  bool run() {
    for (size_t i = 0; i < tokens_.size(); ++i)
      if (at(i).name("evt") && !dot(i - 1) && !event(i)) return false;
    return true;
  }

 private:
  const Token& at(size_t i) const {
    static const Token none{Kind::sign, {}};
    return i < tokens_.size() ? tokens_[i] : none;
  }
  bool dot(size_t i) const { return at(i).sign(".") || at(i).sign("?."); }

  bool event(size_t i) {
    if (!dot(i + 1)) return false;  // handed on as a whole
    if (at(i + 2).name("GetMeta")) return get_meta(i + 2);
    if (!at(i + 2).name("Overflow")) return true;  // fields of its own, not of what caused it
    if (!dot(i + 3)) return false;
    if (!at(i + 4).name("Alert")) return one_of(at(i + 4).text, kOverflow);
    if (!dot(i + 5)) return false;
    if (at(i + 6).name("Events")) return each_event(i + 7);
    return one_of(at(i + 6).text, kHead);
  }
  /// `GetMeta('x')`
  bool get_meta(size_t i) {
    const Token& name = at(i + 2);
    if (!at(i + 1).sign("(") || name.kind != Kind::string || name.odd || !at(i + 3).sign(")")) return false;
    if (std::find(out_.meta.begin(), out_.meta.end(), name.text) == out_.meta.end())
      out_.meta.emplace_back(name.text);
    return true;
  }
  /// `, {predicate})` that reads `.GetMeta('x')` of each event.
  bool each_event(size_t i) {
    if (!at(i).sign(",") || !at(i + 1).sign("{")) return false;
    size_t depth = 0;
    for (++i; i < tokens_.size(); ++i) {
      const Token& t = at(i);
      if (t.sign("{")) ++depth;
      if (t.sign("}") && --depth == 0) return true;
      if (t.sign("#") && !dot(i + 1)) return false;
      const bool behind_value = at(i - 1).kind != Kind::sign || at(i - 1).sign(")") || at(i - 1).sign("]");
      if (dot(i) && !behind_value && (!at(i + 1).name("GetMeta") || !get_meta(i + 1))) return false;
    }
    return false;
  }

  const Tokens& tokens_;
  AlertReads& out_;
};

}  // namespace

void AlertReads::add(std::string_view expression) {
  any = true;
  const Tokens tokens = tokens_of(expression);
  if (!Walk(tokens, *this).run()) whole = true;
}

}  // namespace testudo::detect
