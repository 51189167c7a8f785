#include "unknown.h"

#include <algorithm>

#include "base/text.h"

namespace testudo::cli {
namespace {

bool has(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string refusal(const std::string& before, const std::string& word, const std::vector<std::string>& known,
                    const std::string& shown) {
  const std::string near = nearest(word, known);
  return "unknown command '" + before + word + "'; " +
         (near.empty() ? shown : "did you mean '" + before + near + "'?");
}

}  // namespace

std::string unknown_command(const Vocabulary& known, const std::vector<std::string>& arguments) {
  const Vocabulary::Word* noun = nullptr;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word.starts_with('-')) {
      if (has(known.valued_options, word)) ++i;
      continue;
    }
    if (noun)
      return has(noun->verbs, word) ? ""
                                    : refusal(noun->names.front() + " ", word, noun->verbs,
                                              noun->names.front() + " knows " + listed(noun->verbs));
    std::vector<std::string> all;
    for (const Vocabulary::Word& w : known.words) {
      all.push_back(w.names.front());
      if (has(w.names, word)) noun = &w;
    }
    if (!noun) return refusal("", word, all, "`testudo --help` lists them all");
    if (noun->verbs.empty()) return "";
  }
  if (!noun || has(arguments, "-h") || has(arguments, "--help")) return "";
  return "'" + noun->names.front() + "' needs one of " + listed(noun->verbs);
}

}  // namespace testudo::cli
