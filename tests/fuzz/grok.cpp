// Fuzzer: a table of two patterns, an expression and a subject; Regex must answer as RE2's meaning demands of
// itself (match and test agree, captures lie inside the subject, required literals occur).
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "pattern/grok.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace testudo;
  if (size > 4096) return 0;
  const auto parts = split({reinterpret_cast<const char*>(data), size}, '\n');
  if (parts.size() < 4) return 0;
  GrokTable table;
  table.add("A", std::string(parts[0]));
  table.add("B", std::string(parts[1]));
  auto grok = table.compile(std::string(parts[2]));
  if (!grok) return 0;
  for (const GrokField& field : grok->fields)
    if (field.group < 1 || field.group > grok->regex.groups()) std::abort();
  static RegexScratch scratch;
  static Captures captures;
  const std::string_view subject(parts[3].data(), reinterpret_cast<const char*>(data) + size - parts[3].data());
  const bool matched = grok->regex.match(subject, scratch, captures);
  if (grok->regex.test(subject, scratch) != matched) std::abort();
  if (!matched) return 0;
  if (captures.size() != static_cast<size_t>(grok->regex.groups()) + 1) std::abort();
  for (size_t i = 0; i < captures.size(); ++i) {
    if (!captures.took_part(i) || subject.empty()) continue;
    if (captures[i].data() < subject.data() ||
        captures[i].data() + captures[i].size() > subject.data() + subject.size())
      std::abort();
  }
  bool found = grok->regex.required_literals().empty();
  for (const std::string& literal : grok->regex.required_literals())
    found = found || subject.find(literal) != std::string_view::npos;
  if (!found) std::abort();
  return 0;
}
