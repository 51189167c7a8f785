#include <fmt/format.h>

#include "answer.h"
#include "table.h"

namespace testudo::cli {
namespace {

constexpr Flag flags[] = {
    {"-i,--ip", "ADDRESS", "Decisions that cover this address, ranges too"},
    {"-r,--range", "PREFIX", "Decisions that cover this range"},
    {"-t,--type", "TYPE", "Only this type"},
    {"-v,--value", "VALUE", "Exactly this value"},
    {"-s,--scenario", "SCENARIO", "Only this scenario"},
    {"--scope", "SCOPE", "Only this scope"},
    {"--origin", "ORIGIN", "Only this origin"},
    {"--id", "ID", "The decision of this number"},
    {"--contained", "", "Decisions that lie inside the range, instead"},
    {"--all", "", "All of them"},
};

int run(const Invocation& call) {
  Query query;
  for (const char* name : {"ip", "range", "type", "value", "scenario", "scope", "origin"})
    query.add(name, call.option(name));
  if (query.text().empty() && !call.has("id") && !call.has("all"))
    return fail_usage("at least one filter or --all must be specified");
  if (call.has("contained")) query.add("contains", "false");
  std::string target = "/v1/decisions" + query.text();
  if (const auto id = call.option("id")) target = "/v1/decisions/" + *id;
  const auto answer = ask_json(call, "DELETE", target);
  if (!answer) return fail(answer.error());
  if (call.format == Format::json)
    print_json(*answer);
  else
    print(text_of(*answer, "nbDeleted") + (call.format == Format::raw ? "\n" : " decision(s) deleted\n"));
  return 0;
}

int run_flush(const Invocation& call) {
  const auto answer = ask_json(call, "DELETE", "/v1/decisions");
  if (!answer) return fail(answer.error());
  if (call.format == Format::json)
    print_json(*answer);
  else
    print(text_of(*answer, "nbDeleted") + (call.format == Format::raw ? "\n" : " decision(s) ended\n"));
  return 0;
}

}  // namespace

extern const Command decisions_delete_command;
const Command decisions_delete_command{"decisions delete",
                                       "End decisions that match every given filter",
                                       "  testudo decisions delete -i 192.0.2.7\n  testudo decisions delete "
                                       "--id 42\n  testudo decisions delete --type captcha\n"
                                       "  testudo decisions delete -r 192.0.2.0/24 --contained",
                                       flags,
                                       "",
                                       0,
                                       0,
                                       run};

extern const Command decisions_flush_command;
const Command decisions_flush_command{
    "decisions flush",
    "End every decision, in the store and everywhere",
    "  testudo decisions flush\n  (locked out? `testudo flush` also works with the daemon down)",
    {},
    "",
    0,
    0,
    run_flush};

}  // namespace testudo::cli
