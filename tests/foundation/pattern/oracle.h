// tests: what RE2 alone says of a pattern and a text; Regex must say the same.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "pattern/regex.h"

namespace re2 {
class RE2;
}

namespace testudo::test {

class Oracle {
 public:
  explicit Oracle(const std::string& pattern);
  ~Oracle();
  /// "" when `regex` agrees about `text`, captures, test() and required literals included; else what differs.
  std::string difference(const Regex& regex, std::string_view text, RegexScratch& scratch,
                         Captures& captures);

 private:
  std::unique_ptr<re2::RE2> re2_;
};

}  // namespace testudo::test
