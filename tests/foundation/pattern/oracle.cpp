#include "oracle.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace testudo::test {

Oracle::Oracle(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_max_mem(64 << 20);
  options.set_log_errors(false);
  re2_ = std::make_unique<re2::RE2>(pattern, options);
}
Oracle::~Oracle() = default;

std::string Oracle::difference(const Regex& regex, std::string_view text, RegexScratch& scratch,
                               Captures& captures) {
  const auto tell = [&](const std::string& what) {
    return fmt::format("{}\n  pattern {}\n  text    {}", what, escape_for_terminal(regex.pattern()),
                       escape_for_terminal(text));
  };
  // Most pairs do not match, and for these one pass of RE2 without captures says so.
  const re2::StringPiece piece(text.data(), text.size());
  const bool expected = re2_->Match(piece, 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
  if (regex.match(text, scratch, captures) != expected)
    return tell(expected ? "RE2 matches, Regex does not" : "Regex matches, RE2 does not");
  if (regex.test(text, scratch) != expected) return tell("test() and match() differ");
  if (!expected) return "";
  const auto& literals = regex.required_literals();
  if (!literals.empty() && std::none_of(literals.begin(), literals.end(), [&](const std::string& literal) {
        return text.find(literal) != std::string_view::npos;
      }))
    return tell("matches without any required literal, of which the first is " + literals.front());
  std::vector<re2::StringPiece> all(re2_->NumberOfCapturingGroups() + 1), groups;
  re2_->Match(piece, 0, text.size(), re2::RE2::UNANCHORED, all.data(), static_cast<int>(all.size()));
  for (const int number : regex.numbers()) groups.push_back(all[size_t(number)]);
  if (captures.size() != groups.size()) return tell("number of groups differs");
  for (size_t i = 0; i < groups.size(); ++i) {
    const bool took_part = groups[i].data() != nullptr;
    if (captures.took_part(i) != took_part)
      return tell(fmt::format("group {} {} in RE2", i, took_part ? "takes part" : "takes no part"));
    if (took_part && (captures[i].data() != groups[i].data() || captures[i].size() != groups[i].size()))
      return tell(fmt::format("group {} is '{}', in RE2 '{}'", i, escape_for_terminal(captures[i]),
                              escape_for_terminal({groups[i].data(), groups[i].size()})));
  }
  return "";
}

}  // namespace testudo::test
