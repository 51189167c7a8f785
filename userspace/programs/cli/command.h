// cli/command.h: a command describes itself; main.cpp turns the table into a parser, help and examples.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "net/http.h"

namespace testudo::cli {

enum class Format : uint8_t { human, json, raw };

/// One call of one command: what was typed, and the way to the daemon.
struct Invocation {
  Format format = Format::human;
  std::map<std::string, std::vector<std::string>, std::less<>>
      options;  ///< long name without dashes → values
  std::vector<std::string> args;
  Settings settings;

  bool has(std::string_view name) const { return options.contains(name); }
  /// The last value given, or the flag's default; nothing when there is neither.
  std::optional<std::string> option(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;

  /// One request to the daemon. A status of 400 or more is an error with the daemon's message and remedy.
  Result<Response> ask(const std::string& method, const std::string& target,
                       const std::string& body = "") const;
};

struct Flag {
  std::string_view names;  ///< "-i,--ip"; the long name comes last
  std::string_view value;  ///< placeholder, "ADDRESS"; "" = a switch
  std::string_view help;
  std::string_view fallback{};  ///< default value; "" = none
  bool repeat = false;
};

struct Command {
  std::string_view path;      ///< "decisions list", as typed
  std::string_view summary;   ///< one line of help
  std::string_view examples;  ///< lines, shown by --help
  std::span<const Flag> flags;
  std::string_view args;           ///< placeholder of what follows, "" = nothing
  int min_args = 0, max_args = 0;  ///< max -1 = any number
  /// Exit status: 0 done, 1 failed, 2 usage.
  int (*run)(const Invocation&);
};

/// A noun that groups commands, with the spellings that people bring along.
struct Group {
  std::string_view name, alias, summary;
};

std::span<const Command* const> all_commands();
std::span<const Group> all_groups();

/// Prints "testudo: …" to standard error; 1.
int fail(const Error& error);
int fail_usage(std::string_view message);

/// "?a=b&c=d" of what was given; "" when nothing was.
class Query {
 public:
  Query& add(std::string_view name, const std::optional<std::string>& value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace testudo::cli
