// Fuzzer: two named patterns, an expression and a subject, each on its line. Whatever compiles must answer as
// RE2 alone does, captures included, and must have told the truth about its literals.
#include <re2/re2.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/text.h"
#include "pattern/grok.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace testudo;
  if (size > 4096) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto parts = split(input, '\n');
  if (parts.size() < 4) return 0;
  GrokTable table;
  table.add("A", std::string(parts[0]));
  table.add("B", std::string(parts[1]));
  auto grok = table.compile(std::string(parts[2]));
  if (!grok) return 0;
  const Regex& regex = grok->regex;
  for (const GrokField& field : grok->fields) require(field.group >= 1 && field.group <= regex.groups());

  static RegexScratch scratch;
  static Captures captures;
  const std::string_view subject =
      input.substr(parts[3].data() - input.data());  // later newlines are part of it
  const bool matched = regex.match(subject, scratch, captures);
  require(regex.test(subject, scratch) == matched);

  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(64 << 20);
  const RE2 re2(regex.pattern(), options);
  std::vector<re2::StringPiece> groups(re2.NumberOfCapturingGroups() + 1);
  const re2::StringPiece piece(subject.data(), subject.size());
  require(re2.Match(piece, 0, subject.size(), RE2::UNANCHORED, groups.data(),
                    static_cast<int>(groups.size())) == matched);
  if (!matched) return 0;
  require(captures.size() == regex.numbers().size());
  for (size_t i = 0; i < captures.size(); ++i) {
    const re2::StringPiece& group = groups[size_t(regex.numbers()[i])];
    require(captures[i].data() == group.data() && captures[i].size() == group.size());
  }
  bool found = regex.required_literals().empty();
  for (const std::string& literal : regex.required_literals())
    found = found || subject.find(literal) != std::string_view::npos;
  require(found);
  return 0;
}
