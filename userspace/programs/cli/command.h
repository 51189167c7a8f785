// cli/command.h: what a command is, and what it is given.
//
// A command describes itself in its own file: words, summary, options, examples; commands.h names it once.
// Only main.cpp, which reads the table, knows CLI11.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace testudo::cli {

enum class Output { human, json, raw };

struct OptionSpec {
  enum class Kind { flag, text, list, positional, positionals };
  const char* names;  ///< "-i,--ip", or the name of a positional
  const char* help;
  Kind kind = Kind::text;
  bool required = false;
};

/// Parsed arguments, by the long name without dashes ("ip") or the positional's name.
class Args {
 public:
  bool flag(const std::string& name) const { return values_.contains(name); }
  bool has(const std::string& name) const { return values_.contains(name); }
  std::string text(const std::string& name, const std::string& fallback = "") const {
    const auto found = values_.find(name);
    return found == values_.end() || found->second.empty() ? fallback : found->second.front();
  }
  std::vector<std::string> list(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::vector<std::string>() : found->second;
  }
  void put(const std::string& name, std::vector<std::string> values) { values_[name] = std::move(values); }

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

struct Context {
  std::string config;  ///< path of testudo.yaml
  Output output = Output::human;
  bool colour = false;
  /// Reads the configuration; errors in it do not matter here: only paths are taken from it.
  const Settings& settings();
  const Errors& config_errors() { return settings(), config_errors_; }
  std::string socket() { return settings().api.socket; }

 private:
  std::unique_ptr<Settings> settings_;
  Errors config_errors_;
};

struct Command {
  const char* words;  ///< "decisions list"
  const char* summary;
  const char* examples;  ///< shown by --help
  std::span<const OptionSpec> options;
  int (*run)(Context&, const Args&);  ///< exit status: 0 done, 1 failed, 2 usage
};

/// Prints the error and its remedy to standard error; 1.
int fail(const Error& error);
/// For wrong arguments; 2.
int usage(const std::string& message);

}  // namespace testudo::cli
