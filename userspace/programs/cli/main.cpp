// testudo: the command line. The one file that knows CLI11; everything else is a row of commands.h.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <deque>

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
  std::string help(flag.help);
  if (flag.value.empty()) {
    value.option = bound.app->add_flag(std::string(flag.names), help);
    return;
  }
  if (!flag.fallback.empty()) help += fmt::format(" (default {})", flag.fallback);
  value.option = bound.app->add_option(std::string(flag.names), value.texts, help);
  value.option->type_name(std::string(flag.value))->expected(1);
  value.option->multi_option_policy(flag.repeat ? CLI::MultiOptionPolicy::TakeAll
                                                : CLI::MultiOptionPolicy::TakeLast);
}

CLI::App* group_of(CLI::App& app, std::string_view name) {
  if (CLI::App* known = app.get_subcommand_no_throw(std::string(name))) return known;
  for (const Group& group : all_groups()) {
    if (group.name != name) continue;
    CLI::App* made = app.add_subcommand(std::string(name), std::string(group.summary));
    if (!group.alias.empty()) made->alias(std::string(group.alias));
    made->require_subcommand(1);
    made->fallthrough();
    return made;
  }
  return app.add_subcommand(std::string(name));
}

void add_command(CLI::App& app, const Command& command, std::deque<Bound>& all) {
  CLI::App* parent = &app;
  std::string_view name = command.path;
  if (const size_t blank = name.find(' '); blank != std::string_view::npos) {
    parent = group_of(app, name.substr(0, blank));
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
  for (const Command* command : all_commands()) add_command(app, *command, all);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
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
