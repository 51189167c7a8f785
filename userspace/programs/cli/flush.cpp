// The way out of a lock-out: the kernel first, then the daemon, and neither needs the other.
#include <fmt/format.h>

#include "answer.h"
#include "base/json_writer.h"
#include "decide/flush_mark.h"
#include "table.h"

namespace testudo::cli {
namespace {

int run(const Invocation& call) {
  const auto pinned = flush_pinned(call.settings.enforce.pin);
  const auto daemon = ask_json(call, "POST", "/v1/testudo/flush");
  const bool no_daemon = !daemon && daemon.error().code == Code::unavailable;
  // The daemon leaves its own marks; without one the mark in the state folder keeps old decisions from coming
  // back even where no map is pinned.
  const std::string& state = call.settings.paths.state;
  const bool marked = no_daemon && file_exists(state) && write_flush_mark(state, now()).ok();
  if (call.format == Format::human) {
    if (pinned && pinned->found)
      print(fmt::format("kernel: {} entries removed\n", pinned->removed));
    else if (pinned)
      print(fmt::format("kernel: nothing is pinned under {}\n", call.settings.enforce.pin));
    if (daemon)
      print(text_of(*daemon, "nbDeleted") + " decision(s) ended\n");
    else if (marked || (no_daemon && pinned && pinned->found))
      print("no daemon answers; decisions older than now will not come back when it starts\n");
  } else {
    JsonWriter json;
    json.begin_object()
        .field("daemon", daemon.ok())
        .field("ended", daemon ? text_of(*daemon, "nbDeleted") : std::string("0"));
    print(json.field("kernel_entries", pinned ? pinned->removed : 0).end_object().take() + "\n");
  }
  int status = 0;
  if (!pinned) status = fail(pinned.error());
  if (!daemon && !no_daemon) status = fail(daemon.error());
  // No pins, no daemon, no state: nothing was done, and whoever is still locked out must hear it.
  if (pinned && !pinned->found && no_daemon && !marked) status = fail(daemon.error());
  return status;
}

}  // namespace

extern const Command flush_command;
const Command flush_command{"flush",
                            "Lift every ban at once, with or without a daemon",
                            "  testudo flush\n  testudo --config /etc/testudo/other.yaml flush",
                            {},
                            "",
                            0,
                            0,
                            run};

}  // namespace testudo::cli
