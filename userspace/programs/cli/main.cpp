// testudo: the command line. The one file that knows CLI11; everything else is a row of commands.h.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>

#include "base/log.h"
#include "base/text.h"
#include "command.h"

namespace testudo::cli {
namespace {

/// What CLI11 writes into while it parses one command.
struct Bound {
  const Command* command = nullptr;
  CLI::App* app = nullptr;
  std::vector<std::string> args;
  struct Value {
    const Flag* flag;
    CLI::Option* option;
    std::vector<std::string> texts;
  };
  std::deque<Value> values;
};

std::string long_name(std::string_view names) {
  const size_t dashes = names.rfind("--");
  return std::string(names.substr(dashes == std::string_view::npos ? 0 : dashes + 2));
}

void add_flag(Bound& bound, const Flag& flag) {
  auto& value = bound.values.emplace_back(Bound::Value{&flag, nullptr, {}});
  const std::string help(flag.help);  // const: else CLI11 takes it for the variable to set
  if (flag.value.empty()) {
    value.option = bound.app->add_flag(std::string(flag.names), help);
    return;
  }
  value.option = bound.app->add_option(
      std::string(flag.names), value.texts,
      flag.fallback.empty() ? help : fmt::format("{} (default {})", help, flag.fallback));
  value.option->type_name(std::string(flag.value))->expected(1);
  value.option->multi_option_policy(flag.repeat ? CLI::MultiOptionPolicy::TakeAll
                                                : CLI::MultiOptionPolicy::TakeLast);
}

using Groups = std::map<std::string, CLI::App*, std::less<>>;

CLI::App* group_of(CLI::App& app, std::string_view name, Groups& made) {
  if (const auto known = made.find(name); known != made.end()) return known->second;
  CLI::App* group = app.add_subcommand(std::string(name));
  group->require_subcommand(1);
  group->fallthrough();
  for (const Group& row : all_groups()) {
    if (row.name != name) continue;
    group->description(std::string(row.summary));
    if (!row.alias.empty()) group->alias(std::string(row.alias));
  }
  made.emplace(name, group);
  return group;
}

void add_command(CLI::App& app, const Command& command, std::deque<Bound>& all, Groups& groups) {
  CLI::App* parent = &app;
  std::string_view name = command.path;
  if (const size_t blank = name.find(' '); blank != std::string_view::npos) {
    parent = group_of(app, name.substr(0, blank), groups);
    name = name.substr(blank + 1);
  }
  Bound& bound = all.emplace_back();
  bound.command = &command;
  bound.app = parent->add_subcommand(std::string(name), std::string(command.summary));
  bound.app->fallthrough();
  if (command.path == "decisions delete") bound.app->alias("remove");
  if (!command.examples.empty()) bound.app->footer("Examples:\n" + std::string(command.examples));
  for (const Flag& flag : command.flags) add_flag(bound, flag);
  if (!command.args.empty()) {
    CLI::Option* option = bound.app->add_option(std::string(command.args), bound.args);
    option->expected(std::max(command.min_args, 1), command.max_args < 0 ? 100000 : command.max_args);
    if (command.min_args > 0) option->required();
  }
}

Invocation invocation_of(const Bound& bound) {
  Invocation call;
  call.args = bound.args;
  for (const auto& value : bound.values) {
    if (value.option->count() > 0)
      call.options[long_name(value.flag->names)] = value.texts;
    else if (!value.flag->fallback.empty())
      call.options[long_name(value.flag->names)] = {std::string(value.flag->fallback)};
  }
  return call;
}

/// CLI11 would say that a subcommand is required, which the user thought to have given.
int unknown_command(const CLI::App& app, const std::string& word) {
  const CLI::App* place = &app;
  for (const auto* parsed = &app; parsed;) {
    place = parsed;
    const auto inner = parsed->get_subcommands();
    parsed = inner.empty() ? nullptr : inner.front();
  }
  std::vector<std::string> known;
  for (const CLI::App* command : place->get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(command->get_name());
  const std::string near = nearest(word, known);
  return fail_usage(fmt::format("'{}' is not understood here{}; {} --help shows what is",
                                escape_for_terminal(word),
                                near.empty() ? "" : fmt::format(", did you mean '{}'?", near),
                                place == &app ? "testudo" : "testudo " + place->get_name()));
}

int run(int argc, char** argv) {
  CLI::App app("testudo: finds attackers in logs and drops their packets in the kernel.", "testudo");
  app.require_subcommand(1);
  app.set_version_flag("--version", TESTUDO_VERSION);
  const char* from_environment = std::getenv("TESTUDO_CONFIG");
  std::string config = from_environment && *from_environment ? from_environment : kDefaultConfig,
              format = "human";
  app.add_option("-c,--config", config, "Configuration: finds the socket and the pins (or TESTUDO_CONFIG)")
      ->type_name("FILE");
  app.add_option("-o,--output", format, "Output: human, json or raw")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"human", "json", "raw"}));
  std::deque<Bound> all;
  Groups groups;
  for (const Command* command : all_commands()) add_command(app, *command, all, groups);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0)
      if (const auto rest = app.remaining(true); !rest.empty()) return unknown_command(app, rest.front());
    return app.exit(error) == 0 ? 0 : 2;
  }
  for (const Bound& bound : all) {
    if (!bound.app->parsed()) continue;
    Invocation call = invocation_of(bound);
    call.format = format == "json" ? Format::json : format == "raw" ? Format::raw : Format::human;
    Errors errors;
    call.settings = read_settings(config, errors);
    // A broken configuration must not stand between an administrator and `flush`: the rest is as good as it
    // can be.
    for (const Error& error : errors)
      std::fprintf(stderr, "testudo: warning: %s\n", escape_for_terminal(error.text()).c_str());
    const int status = bound.command->run(call);
    return std::fflush(stdout) == 0 ? status : 1;
  }
  return 2;
}

}  // namespace
}  // namespace testudo::cli

int main(int argc, char** argv) {
  testudo::log::set_level(testudo::log::Level::warn);
  return testudo::cli::run(argc, argv);
}
