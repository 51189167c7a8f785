// engine/ambiguity.h: a log line is not a witness.
//
// Whoever chooses a user name or a URL writes into logs. When a line holds a second address, two questions
// tell whether that one could be the source just as well:
//   1. With the parsed source masked in the line, does the content find another source? (The design's rule.)
//   2. Does the second address lie outside of what the pattern matched, in the same surroundings as the
//   source?
//      The hub's unanchored `Invalid user x from 8.8.8.8` stops at the first address and never looks at the
//      ` from 192.0.2.1 port 22` behind it, which is sshd's own.
// `GET /?8.8.8.8` passes both: nothing is matched without the client, and the URL lies inside the match.
// Patterns that are anchored at both ends pass question 2 always.
//
// And some lines are no witness whomever they name, though they hold one address only:
//   3. The match begins inside of quotes that it did not open: somebody's words, quoted (sshd quotes a bad
//      greeting, and does not say who sent it).
//   4. nginx's error log, where a stranger writes whole lines.
#pragma once

#include <string>
#include <vector>

#include "base/ip.h"
#include "parse/node_run.h"

namespace testudo {

struct FoundAddress {
  Ip ip;
  std::string_view text;
};
/// Address literals in `text`, each address once, without `except`; stops after `limit`. A quick scan: digits
/// and dots, hexadecimal digits and colons.
void find_addresses(std::string_view text, size_t limit, std::vector<FoundAddress>& out,
                    const Ip* except = nullptr);

/// Addresses that no client has: x.0.0.0 (browsers write their version that way, as in Chrome/120.0.0.0), 0.…
bool nobodys(const Ip& ip);
/// A cheap look, some tens of nanoseconds: could find_addresses() find another address than `source`, which
/// is a part of `text`? Never false when it could, rarely true when it could not.
bool may_hold_another(std::string_view text, std::string_view source);

/// A line of nginx's own error log. It writes decoded URLs and user names as they are (`GET /x%0a2026/06/01
/// …`), so that any line in it may be a stranger's, without a trace. The access log, which escapes them, has
/// the same events.
bool a_stranger_may_have_written_it(std::string_view line);

class Ambiguity {
 public:
  explicit Ambiguity(const parse::ParserSet& set, const SlotNames& names)
      : set_(set), event_(names), context_(set) {
    context_.silent = true;
  }

  /// What the lines before have left, for reading alone.
  void use_stash(parse::Stash* stash, parse::StashTurn* turn) {
    context_.stash = stash;
    context_.stash_turn = turn;
  }
  void begin_batch() { context_.begin_batch(); }

  struct Doubt {
    bool ambiguous = false;               ///< the source cannot be told for sure
    std::vector<std::string> candidates;  ///< other addresses that may be it; may be empty all the same
    /// The true one is certainly among the source and these.
    bool complete = true;
  };
  /// False for nearly every line, and cheap: then there is no doubt, and nothing need be asked.
  bool worth_asking(const Event& event, const parse::RunContext& context) const;
  /// Costs as much as parsing the line again when a second address stands in it. `context` is the run that
  /// parsed `event` (its match spans are read).
  const Doubt& ask(const Event& event, const parse::RunContext& context);

 private:
  static const parse::MatchSpan* span_of(std::string_view source, const parse::RunContext& context);
  void ask_masked(const Event& event, std::string_view source, const Ip& ip);
  void ask_outside(const parse::MatchSpan& span, std::string_view source, const Ip& ip);
  void add(const Ip& ip);

  const parse::ParserSet& set_;
  Event event_;  // scratch for the masked line
  parse::RunContext context_;
  std::string masked_;
  std::vector<FoundAddress> found_;
  Doubt out_;
};

}  // namespace testudo
