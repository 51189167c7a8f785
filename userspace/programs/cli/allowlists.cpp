// testudo allowlists create | add | list | inspect | remove | delete | check
#include <cstdio>

#include "ask.h"
#include "base/ip.h"
#include "base/text.h"
#include "commands.h"
#include "table.h"

namespace testudo::cli {
namespace {
using Kind = OptionSpec::Kind;

constexpr OptionSpec kCreate[] = {{"NAME", "name of the list", Kind::positional, true},
                                  {"-d,--description", "what it is for"}};
constexpr OptionSpec kAdd[] = {
    {"NAME", "name of the list; made when it is missing", Kind::positional, true},
    {"VALUE", "addresses and ranges", Kind::positionals, true},
    {"-e,--expiration", "for how long: 8h, 7d (default: for ever)"},
    {"-d,--comment", "who or what that is"},
};
constexpr OptionSpec kRemove[] = {{"NAME", "name of the list", Kind::positional, true},
                                  {"VALUE", "addresses and ranges", Kind::positionals, true}};
constexpr OptionSpec kName[] = {{"NAME", "name of the list", Kind::positional, true}};
constexpr OptionSpec kCheck[] = {{"VALUE", "addresses and ranges", Kind::positionals, true}};

std::string path(const Args& args) { return "/v1/testudo/allowlists/" + encode(args.text("NAME")); }

int create(Context& context, const Args& args) {
  const json::object body{{"name", args.text("NAME")}, {"description", args.text("description")}};
  auto answer = ask(context, "POST", "/v1/testudo/allowlists", json::serialize(body));
  if (!answer) return fail(answer.error());
  if (context.output == Output::human)
    std::printf("allowlist '%s' created\n", escape_for_terminal(args.text("NAME")).c_str());
  else
    print_json(*answer);
  return 0;
}

int add(Context& context, const Args& args) {
  json::array list;
  for (const std::string& value : args.list("VALUE")) {
    if (!Prefix::parse(value)) return usage(value + " is not an address or a range");
    json::object item{{"value", value}, {"comment", args.text("comment")}};
    if (args.has("expiration")) item["duration"] = args.text("expiration");
    list.push_back(std::move(item));
  }
  const size_t count = list.size();
  auto answer =
      ask(context, "POST", path(args) + "/items", json::serialize(json::object{{"items", std::move(list)}}));
  if (!answer) return fail(answer.error());
  if (context.output != Output::human) {
    print_json(*answer);
    return 0;
  }
  std::printf("added %zu value(s) to allowlist %s\n", count, escape_for_terminal(args.text("NAME")).c_str());
  std::string ended = text(*answer, "nbDeleted");
  if (ended.empty()) ended = text(*answer, "ended");
  if (!ended.empty() && ended != "0") std::printf("%s decision(s) ended by it\n", ended.c_str());
  return 0;
}

int list(Context& context, const Args&) {
  auto answer = ask(context, "GET", "/v1/allowlists?with_content=true");
  if (!answer) return fail(answer.error());
  if (context.output == Output::json) {
    print_json(*answer);
    return 0;
  }
  Table table({"Name", "Description", "Created at", "Updated at", "Size"});
  for (const json::value& l : items(*answer))
    table.row({text(l, "name"), text(l, "description"), text(l, "created_at"), text(l, "updated_at"),
               std::to_string(items(l, "items").size())});
  if (context.output == Output::raw)
    table.print_raw({"name", "description", "created_at", "updated_at", "size"});
  else if (table.empty())
    std::puts("No allowlist yet. testudo allowlists add office YOUR-ADDRESS makes one");
  else
    table.print_human();
  return 0;
}

int inspect(Context& context, const Args& args) {
  auto answer = ask(context, "GET", "/v1/allowlists/" + encode(args.text("NAME")) + "?with_content=true");
  if (!answer) return fail(answer.error());
  if (context.output == Output::json) {
    print_json(*answer);
    return 0;
  }
  Table table({"Value", "Comment", "Expiration", "Created at"});
  for (const json::value& i : items(*answer, "items")) {
    const std::string end = text(i, "expiration");
    table.row({text(i, "value"), text(i, "description"), end.starts_with("0001") ? "never" : end,
               text(i, "created_at")});
  }
  if (context.output == Output::raw) {
    table.print_raw({"value", "comment", "expiration", "created_at"});
    return 0;
  }
  std::printf("%s: %s\n", escape_for_terminal(text(*answer, "name")).c_str(),
              escape_for_terminal(text(*answer, "description")).c_str());
  table.print_human();
  return 0;
}

int remove(Context& context, const Args& args) {
  json::array values;
  for (const std::string& value : args.list("VALUE")) {
    if (!Prefix::parse(value)) return usage(value + " is not an address or a range");
    values.push_back(json::string(value));
  }
  auto answer = ask(context, "DELETE", path(args) + "/items",
                    json::serialize(json::object{{"values", std::move(values)}}));
  if (!answer) return fail(answer.error());
  if (context.output == Output::human)
    std::printf("%s value(s) removed from allowlist %s\n", text(*answer, "nbDeleted").c_str(),
                escape_for_terminal(args.text("NAME")).c_str());
  else
    print_json(*answer);
  return 0;
}

int drop(Context& context, const Args& args) {
  auto answer = ask_text(context, "DELETE", path(args));
  if (!answer) return fail(answer.error());
  if (context.output == Output::human)
    std::printf("allowlist '%s' deleted\n", escape_for_terminal(args.text("NAME")).c_str());
  else
    print_json(json::object{{"deleted", args.text("NAME")}});
  return 0;
}

int check(Context& context, const Args& args) {
  json::array targets;
  for (const std::string& value : args.list("VALUE")) {
    if (!Prefix::parse(value)) return usage(value + " is not an address or a range");
    targets.push_back(json::string(value));
  }
  auto answer = ask(context, "POST", "/v1/allowlists/check",
                    json::serialize(json::object{{"targets", std::move(targets)}}));
  if (!answer) return fail(answer.error());
  if (context.output == Output::json) {
    print_json(*answer);
    return 0;
  }
  Table table({"value", "allowlisted_by"});
  for (const std::string& value : args.list("VALUE")) {
    std::string by;
    for (const json::value& row : items(*answer, "results"))
      if (text(row, "target") == value)
        for (const json::value& entry : items(row, "allowlists"))
          by += (by.empty() ? "" : ", ") + std::string(entry.as_string());
    if (context.output == Output::raw)
      table.row({value, by});
    else if (by.empty())
      std::printf("%s is not allowlisted\n", escape_for_terminal(value).c_str());
    else
      std::printf("%s is allowlisted by item %s\n", escape_for_terminal(value).c_str(),
                  escape_for_terminal(by).c_str());
  }
  if (context.output == Output::raw) table.print_raw({"value", "allowlisted_by"});
  return 0;
}

}  // namespace

extern const Command allowlists_create_command{"allowlists create", "make an empty list",
                                               "  testudo allowlists create office -d 'our own addresses'\n",
                                               kCreate, create};
extern const Command allowlists_add_command{
    "allowlists add", "never ban these; bans on them end at once",
    "  testudo allowlists add office 203.0.113.7 198.51.100.0/24\n  testudo allowlists add guests "
    "203.0.113.9 -e 8h -d 'on site today'\n",
    kAdd, add};
extern const Command allowlists_list_command{
    "allowlists list", "the lists", "  testudo allowlists list\n", {}, list};
extern const Command allowlists_inspect_command{"allowlists inspect", "what a list holds",
                                                "  testudo allowlists inspect office\n", kName, inspect};
extern const Command allowlists_remove_command{"allowlists remove", "take values off a list",
                                               "  testudo allowlists remove office 203.0.113.7\n", kRemove,
                                               remove};
extern const Command allowlists_delete_command{"allowlists delete", "delete a whole list",
                                               "  testudo allowlists delete office\n", kName, drop};
extern const Command allowlists_check_command{"allowlists check", "is this allowlisted, and by what",
                                              "  testudo allowlists check 203.0.113.7\n", kCheck, check};

}  // namespace testudo::cli
