#include <fmt/format.h>

#include "answer.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "net/url.h"
#include "table.h"

namespace testudo::cli {
namespace {

constexpr Flag create_flags[] = {{"-d,--description", "TEXT", "What it is for"}};
constexpr Flag add_flags[] = {
    {"-e,--expiration", "DURATION", "Entries end after this time (7d); never without it"},
    {"-d,--comment", "TEXT", "Why"},
};

/// `answer` as JSON or raw count; in human form `sentence`.
int done(const Invocation& call, const json::value& answer, const std::string& sentence) {
  if (call.format == Format::json)
    print((answer.is_null() ? "{}" : json_value::write(answer)) + "\n");
  else if (call.format == Format::human)
    print(sentence + "\n");
  return 0;
}

std::string list_path(const Invocation& call) {
  return "/v1/testudo/allowlists/" + percent_encode(call.args[0]);
}

int create(const Invocation& call) {
  JsonWriter json;
  json.begin_object()
      .field("description", call.option("description").value_or(""))
      .field("name", call.args[0])
      .end_object();
  const auto answer = ask_json(call, "POST", "/v1/testudo/allowlists", json.take());
  if (!answer) return fail(answer.error());
  return done(call, *answer, fmt::format("allowlist '{}' created", call.args[0]));
}

int add(const Invocation& call) {
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (size_t i = 1; i < call.args.size(); ++i) {
    json.begin_object().field("comment", call.option("comment").value_or(""));
    if (const auto expiration = call.option("expiration")) json.field("duration", *expiration);
    json.field("value", call.args[i]).end_object();
  }
  json.end_array().end_object();
  const auto answer = ask_json(call, "POST", list_path(call) + "/items", json.take());
  if (!answer) return fail(answer.error());
  std::string sentence =
      fmt::format("added {} values to allowlist {}", text_of(*answer, "nbAdded"), call.args[0]);
  if (const std::string ended = text_of(*answer, "nbDeleted"); ended != "0")
    sentence += fmt::format("\n{} existing decisions ended", ended);
  return done(call, *answer, sentence);
}

int remove(const Invocation& call) {
  JsonWriter json;
  json.begin_object().key("values").begin_array();
  for (size_t i = 1; i < call.args.size(); ++i) json.value(call.args[i]);
  json.end_array().end_object();
  const auto answer = ask_json(call, "DELETE", list_path(call) + "/items", json.take());
  if (!answer) return fail(answer.error());
  return done(
      call, *answer,
      fmt::format("removed {} values from allowlist {}", text_of(*answer, "nbDeleted"), call.args[0]));
}

int delete_list(const Invocation& call) {
  const auto answer = ask_json(call, "DELETE", list_path(call));
  if (!answer) return fail(answer.error());
  return done(call, *answer, fmt::format("allowlist '{}' deleted", call.args[0]));
}

int check(const Invocation& call) {
  JsonWriter json;
  json.begin_array();
  for (const std::string& value : call.args) {
    const auto answer = ask_json(call, "GET", "/v1/allowlists/check/" + percent_encode(value));
    if (!answer) return fail(answer.error());
    const std::string reason = text_of(*answer, "reason");
    json.begin_object()
        .field("allowlisted", !reason.empty())
        .field("reason", reason)
        .field("value", value)
        .end_object();
    if (call.format != Format::json)
      print(escape_for_terminal(reason.empty() ? fmt::format("{} is not allowlisted", value)
                                               : fmt::format("{} is allowlisted by item {}", value, reason)) +
            "\n");
  }
  if (call.format == Format::json) print(json.end_array().take() + "\n");
  return 0;
}

}  // namespace

extern const Command allowlists_create_command, allowlists_add_command, allowlists_remove_command,
    allowlists_check_command, allowlists_delete_command;

const Command allowlists_create_command{"allowlists create",
                                        "Make an empty allowlist",
                                        "  testudo allowlists create office -d 'our own addresses'",
                                        create_flags,
                                        "NAME",
                                        1,
                                        1,
                                        create};
const Command allowlists_add_command{
    "allowlists add",
    "Add addresses or ranges; makes the list when it is missing, ends decisions on them",
    "  testudo allowlists add office 192.0.2.0/24 -d router\n  testudo allowlists add visitors 198.51.100.7 "
    "-e 7d",
    add_flags,
    "NAME VALUE",
    2,
    -1,
    add};
const Command allowlists_remove_command{"allowlists remove",
                                        "Take addresses or ranges off a list",
                                        "  testudo allowlists remove office 192.0.2.0/24",
                                        {},
                                        "NAME VALUE",
                                        2,
                                        -1,
                                        remove};
const Command allowlists_check_command{"allowlists check",
                                       "Is an address or range allowlisted, and by what",
                                       "  testudo allowlists check 192.0.2.7 10.0.0.0/8",
                                       {},
                                       "VALUE",
                                       1,
                                       -1,
                                       check};
const Command allowlists_delete_command{
    "allowlists delete", "Remove a whole list", "  testudo allowlists delete office", {}, "NAME", 1, 1,
    delete_list};

}  // namespace testudo::cli
