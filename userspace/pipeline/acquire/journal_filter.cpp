#include "acquire/journal_filter.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace testudo {
namespace {

using Op = JournalFilter::Op;

Error refused(const std::string& argument) {
  return Error{
      Code::bad_config,
      "journalctl_filter: " + argument + " is not supported",
      {},
      "use FIELD=VALUE, +, -u UNIT, -t IDENTIFIER, -p LEVEL, -k, --directory=DIR or --namespace=NAME"};
}

struct Option {
  char letter;
  std::string_view name;
  bool has_value;
};
constexpr Option kOptions[] = {{'u', "unit", true},   {'t', "identifier", true}, {'p', "priority", true},
                               {'k', "dmesg", false}, {'D', "directory", true},  {'\0', "namespace", true},
                               {'q', "quiet", false}, {'f', "follow", false}};

bool is_field(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string_view::npos;
}

Result<std::string> unit_name(std::string unit) {
  if (unit.empty() || unit.find_first_of("*?[") != std::string::npos)
    return Error{Code::bad_config,
                 "journalctl_filter: unit " + unit + " is a pattern or empty",
                 {},
                 "name each unit, or match another field as _COMM=sshd"};
  if (unit.find('.') == std::string::npos) unit += ".service";
  return unit;
}

Result<int> level(const std::string& text) {
  constexpr std::string_view kNames[] = {"emerg",   "alert",  "crit", "err",
                                         "warning", "notice", "info", "debug"};
  for (int i = 0; i < 8; ++i)
    if (text == kNames[i] || text == std::to_string(i)) return i;
  return Error{
      Code::bad_config, "journalctl_filter: unknown priority " + text, {}, "emerg, alert … debug, or 0 to 7"};
}

/// Collected as journalctl does: kinds are ANDed, several of one kind are alternatives.
struct Collected {
  std::vector<std::string> units, identifiers, matches;
  std::optional<int> priority;
  bool kernel = false;

  void emit(JournalFilter& out) const {
    const auto match = [&](std::string text) { out.steps.push_back({Op::match, std::move(text)}); };
    if (kernel) {
      match("_TRANSPORT=kernel");
      out.steps.push_back({Op::both, ""});
    }
    for (size_t i = 0; i < units.size(); ++i) {
      if (i > 0) out.steps.push_back({Op::either, ""});
      match("_SYSTEMD_UNIT=" + units[i]);
      out.steps.push_back({Op::either, ""});  // what the manager says of the unit
      match("_PID=1");
      match("UNIT=" + units[i]);
    }
    if (!units.empty()) out.steps.push_back({Op::both, ""});
    for (const std::string& identifier : identifiers) match("SYSLOG_IDENTIFIER=" + identifier);
    if (!identifiers.empty()) out.steps.push_back({Op::both, ""});
    if (priority) {
      for (int i = 0; i <= *priority; ++i) match("PRIORITY=" + std::to_string(i));
      out.steps.push_back({Op::both, ""});
    }
    for (const std::string& m : matches)
      if (m == "+")
        out.steps.push_back({Op::either, ""});
      else
        match(m);
  }
};

}  // namespace

Result<JournalFilter> parse_journal_filter(const std::vector<std::string>& arguments) {
  JournalFilter filter;
  Collected collected;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string argument(trim(arguments[i]));
    if (argument.empty() || argument == "+") {
      if (!argument.empty()) collected.matches.push_back(argument);
      continue;
    }
    if (argument[0] != '-') {
      const size_t equals = argument.find('=');
      if (equals == std::string::npos || !is_field(std::string_view(argument).substr(0, equals)))
        return refused(argument);
      collected.matches.push_back(argument);
      continue;
    }
    const Option* option = nullptr;
    std::optional<std::string> value;
    for (const Option& o : kOptions) {
      const std::string long_name = "--" + std::string(o.name), short_name = {'-', o.letter};
      if (argument == long_name || (o.letter && argument == short_name)) {
        option = &o;
      } else if (o.has_value && argument.starts_with(long_name + "=")) {
        option = &o;
        value = argument.substr(long_name.size() + 1);
      } else if (o.has_value && o.letter && argument[1] == o.letter) {
        option = &o;
        value = std::string(trim(std::string_view(argument).substr(2)));
      }
      if (option) break;
    }
    if (!option) return refused(argument);
    if (option->has_value && !value) {
      if (i + 1 == arguments.size())
        return Error{Code::bad_config, "journalctl_filter: " + argument + " lacks its value", {}, ""};
      value = std::string(trim(arguments[++i]));
    }
    if (option->name == "unit") {
      TESTUDO_TRY(std::string unit, unit_name(*value));
      collected.units.push_back(std::move(unit));
    } else if (option->name == "identifier") {
      collected.identifiers.push_back(*value);
    } else if (option->name == "priority") {
      TESTUDO_TRY(collected.priority, level(*value));
    } else if (option->name == "dmesg") {
      collected.kernel = true;
    } else if (option->name == "directory") {
      filter.folder = *value;
    } else if (option->name == "namespace") {
      filter.space = *value;
    }
  }
  collected.emit(filter);
  if (filter.steps.empty())
    return Error{Code::bad_config,
                 "journalctl_filter names no match: the whole journal would be read",
                 {},
                 "add for example _SYSTEMD_UNIT=ssh.service"};
  return filter;
}

}  // namespace testudo
