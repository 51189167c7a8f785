#include "witness.h"

#include <unistd.h>

#include "base/log.h"

namespace testudo {
namespace {

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

}  // namespace

WitnessOptions open_witness(const Settings& settings) {
  const auto& wanted = settings.decide.witness;
  WitnessOptions options;
  options.window = wanted.window;
  if (wanted.mode == "off") {
    remove_kernel_witness(settings.enforce.pin);
    return options;
  }
  auto kernel = kernel_witness(settings.enforce.pin, uint32_t(wanted.entries));
  if (!kernel) {
    options.why_off = kernel.error().text();
    log::warn("witness.off", {{"why", options.why_off},
                              {"meaning",
                               "a ban from a log is enforced whether or not its address was ever on the "
                               "wire; ambiguous lines ban nobody"}});
    return options;
  }
  options.on = true;
  options.own_names = {host_name()};
  options.sources = {std::move(*kernel), socket_witness()};
  options.serves_quic = serves_quic;
  const auto room = options.sources.front()->room();
  log::info("witness", {{"window", format_duration_short(options.window)},
                        {"addresses", room ? room->addresses4 + room->addresses6 : 0},
                        {"since", room ? format_rfc3339_seconds(room->since) : ""}});
  return options;
}

}  // namespace testudo
