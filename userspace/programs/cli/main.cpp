// testudo: the command line. Reads the table of commands into CLI11 and runs the one that was asked for.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "commands.h"
#include "unknown.h"

namespace testudo::cli {
namespace {

/// Storage that CLI11 writes one option into.
struct Bound {
  const OptionSpec* spec;
  std::string key;
  bool flag = false;
  std::vector<std::string> values;
  CLI::Option* option = nullptr;
};
struct BoundCommand {
  const Command* command;
  CLI::App* app;
  std::vector<std::unique_ptr<Bound>> options;
};

/// "-i,--ip" → "ip"; a positional keeps its name.
std::string key_of(const std::string& names) {
  const size_t at = names.find("--");
  return at == std::string::npos ? names : names.substr(at + 2);
}

void bind(BoundCommand& bound) {
  using Kind = OptionSpec::Kind;
  for (const OptionSpec& spec : bound.command->options) {
    auto& b = *bound.options.emplace_back(std::make_unique<Bound>());
    b.spec = &spec;
    b.key = key_of(spec.names);
    if (spec.kind == Kind::flag) {
      b.option = bound.app->add_flag(spec.names, b.flag, spec.help);
    } else {
      b.option = bound.app->add_option(spec.names, b.values, spec.help);
      b.option->type_name(spec.kind == Kind::list || spec.kind == Kind::positionals ? "TEXT…" : "TEXT");
      const bool many = spec.kind == Kind::list || spec.kind == Kind::positionals;
      // A list option takes one value each time it is named, so that it never eats what follows.
      if (spec.kind == Kind::list) b.option->allow_extra_args(false);
      if (!many) b.option->expected(1)->allow_extra_args(false);
    }
    if (spec.required) b.option->required();
  }
}

/// Noun groups and their aliases: singular works as well as plural.
CLI::App* group(CLI::App& root, const std::string& noun) {
  static const std::map<std::string, std::pair<const char*, const char*>> known = {
      {"decisions", {"decision", "who is banned, by whom, until when"}},
      {"alerts", {"alert", "what was seen"}},
      {"allowlists", {"allowlist", "whom nothing may ban"}},
      {"hubtest", {"", "tests of hub content"}},
      {"kernel", {"", "what the kernel holds; works without a daemon"}},
  };
  for (CLI::App* app : root.get_subcommands([](CLI::App*) { return true; }))
    if (app->get_name() == noun) return app;
  CLI::App* app = root.add_subcommand(noun);
  const auto row = known.find(noun);
  if (row != known.end()) {
    app->description(row->second.second);
    if (*row->second.first) app->alias(row->second.first);
  }
  app->require_subcommand(1);
  return app;
}

std::vector<std::string> names_of(const CLI::App& app) {
  std::vector<std::string> out{app.get_name()};
  for (const std::string& alias : app.get_aliases()) out.push_back(alias);
  return out;
}

Vocabulary vocabulary(const CLI::App& root) {
  Vocabulary out{{}, {"-c", "--config", "-o", "--output", "--color"}};
  const auto every = [](const CLI::App*) { return true; };
  for (const CLI::App* app : root.get_subcommands(every)) {
    Vocabulary::Word word{names_of(*app), {}};
    for (const CLI::App* verb : app->get_subcommands(every))
      for (const std::string& name : names_of(*verb)) word.verbs.push_back(name);
    out.words.push_back(std::move(word));
  }
  return out;
}

int run(int argc, char** argv) {
  Context context;
  const char* from_environment = std::getenv("TESTUDO_CONFIG");
  context.config = from_environment ? from_environment : kDefaultConfig;
  std::string output = "human", colour = "auto";
  CLI::App root{"testudo: see and steer what Testudo does on this machine", "testudo"};
  root.footer(
      "First steps: testudo status · testudo allowlists add office YOUR-ADDRESS · testudo rehearse --since "
      "7d\n"
      "Locked out? testudo flush");
  root.add_option("-c,--config", context.config,
                  "configuration (default /etc/testudo/testudo.yaml, or TESTUDO_CONFIG)")
      ->type_name("FILE");
  root.add_option("-o,--output", output, "human, json or raw (CSV)")
      ->check(CLI::IsMember({"human", "json", "raw"}));
  root.add_option("--color", colour, "yes, no or auto")->check(CLI::IsMember({"yes", "no", "auto"}));
  root.require_subcommand(1);
  root.fallthrough();
  std::vector<std::unique_ptr<BoundCommand>> bound;
  for (const Command* command : all_commands()) {
    const auto words = split(command->words, ' ');
    CLI::App* parent = words.size() > 1 ? group(root, std::string(words[0])) : &root;
    CLI::App* app = parent->add_subcommand(std::string(words.back()), command->summary);
    if (words.back() == "remove" && words[0] != "kernel") app->alias("rm");
    if (words[0] == "decisions" && words.back() == "delete") app->alias("remove")->alias("rm");
    app->footer(std::string("Examples:\n") + command->examples);
    app->fallthrough();
    auto& b = *bound.emplace_back(std::make_unique<BoundCommand>(BoundCommand{command, app, {}}));
    bind(b);
  }
  if (const std::string unknown = unknown_command(vocabulary(root), {argv + 1, argv + argc});
      !unknown.empty())
    return usage(unknown);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int status = root.exit(e);
    return status == 0 ? 0 : 2;
  }
  context.output = output == "json" ? Output::json : output == "raw" ? Output::raw : Output::human;
  context.colour = colour == "yes" || (colour == "auto" && ::isatty(1) && !std::getenv("NO_COLOR"));
  for (const auto& b : bound) {
    if (!b->app->parsed()) continue;
    Args args;
    for (const auto& o : b->options) {
      if (o->spec->kind == OptionSpec::Kind::flag) {
        if (o->flag) args.put(o->key, {"true"});
      } else if (o->option->count() > 0) {
        args.put(o->key, o->values);
      }
    }
    return b->command->run(context, args);
  }
  return 2;
}

}  // namespace

const Settings& Context::settings() {
  if (!settings_) settings_ = std::make_unique<Settings>(read_settings(config, config_errors_));
  return *settings_;
}

int fail(const Error& error) {
  std::fprintf(stderr, "testudo: %s\n", escape_for_terminal(error.text()).c_str());
  return 1;
}

int usage(const std::string& message) {
  std::fprintf(stderr, "testudo: %s\n", escape_for_terminal(message).c_str());
  return 2;
}

}  // namespace testudo::cli

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_DFL);  // `testudo … | head` ends quietly
  return testudo::cli::run(argc, argv);
}
