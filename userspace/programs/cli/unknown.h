// cli/unknown.h: a command that does not exist is named, with the one that was probably meant.
#pragma once

#include <string>
#include <vector>

namespace testudo::cli {

/// Nouns and verbs of all commands with their aliases, as main.cpp has bound them.
struct Vocabulary {
  struct Word {
    std::vector<std::string> names;  ///< the word and its aliases
    std::vector<std::string> verbs;  ///< what may follow it; empty for a command of one word
  };
  std::vector<Word> words;
  std::vector<std::string> valued_options;  ///< global options that take the next argument: "-c", "--config"
};

/// "unknown command 'decison'; did you mean 'decisions'?" when the first words of the arguments name no
/// command, else "". Options are passed over.
std::string unknown_command(const Vocabulary& known, const std::vector<std::string>& arguments);

}  // namespace testudo::cli
