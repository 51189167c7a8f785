#include "answer.h"
#include "net/url.h"
#include "table.h"

namespace testudo::cli {
namespace {

constexpr std::string_view kNever = "0001-01-01T00:00:00.000Z";

int run(const Invocation& call) {
  const auto answer = ask_json(call, "GET", "/v1/allowlists?with_content=true");
  if (!answer) return fail(answer.error());
  if (call.format == Format::json) {
    print_json(*answer);
    return 0;
  }
  const bool raw = call.format == Format::raw;
  Table table(raw ? std::vector<std::string>{"name", "description", "created_at", "updated_at",
                                             "console_managed", "size"}
                  : std::vector<std::string>{"Name", "Description", "Created at", "Updated at", "Size"});
  for (const json::value& list : as_array(*answer)) {
    std::vector<std::string> row{text_of(list, "name"), text_of(list, "description"),
                                 text_of(list, "created_at"), text_of(list, "updated_at")};
    if (raw) row.push_back("false");
    row.push_back(std::to_string(array_of(list, "items").size()));
    table.add(std::move(row));
  }
  print(raw ? table.csv() : table.empty() ? "No allowlists\n" : table.human(boxes_wanted()));
  return 0;
}

int inspect(const Invocation& call) {
  const auto list =
      ask_json(call, "GET", "/v1/allowlists/" + percent_encode(call.args[0]) + "?with_content=true");
  if (!list) return fail(list.error());
  if (call.format == Format::json) {
    print_json(*list);
    return 0;
  }
  const auto expiration = [](const json::value& item) {
    const std::string text = text_of(item, "expiration");
    return text == kNever ? std::string("never") : text;
  };
  if (call.format == Format::raw) {
    Table table({"name", "description", "value", "comment", "expiration", "created_at", "console_managed"});
    for (const json::value& item : array_of(*list, "items"))
      table.add({text_of(*list, "name"), text_of(*list, "description"), text_of(item, "value"),
                 text_of(item, "description"), expiration(item), text_of(item, "created_at"), "false"});
    print(table.csv());
    return 0;
  }
  Table head({"Name", "Description", "Created at", "Updated at"});
  head.add({text_of(*list, "name"), text_of(*list, "description"), text_of(*list, "created_at"),
            text_of(*list, "updated_at")});
  Table items({"Value", "Comment", "Expiration", "Created at"});
  for (const json::value& item : array_of(*list, "items"))
    items.add({text_of(item, "value"), text_of(item, "description"), expiration(item),
               text_of(item, "created_at")});
  print(head.human(boxes_wanted()) + "\n" + (items.empty() ? "No entries\n" : items.human(boxes_wanted())));
  return 0;
}

}  // namespace

extern const Command allowlists_list_command;
const Command allowlists_list_command{
    "allowlists list", "All allowlists", "  testudo allowlists list", {}, "", 0, 0, run};

extern const Command allowlists_inspect_command;
const Command allowlists_inspect_command{"allowlists inspect",
                                         "One allowlist and its entries",
                                         "  testudo allowlists inspect office",
                                         {},
                                         "NAME",
                                         1,
                                         1,
                                         inspect};

}  // namespace testudo::cli
