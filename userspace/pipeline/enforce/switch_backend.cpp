// enforce/switch_backend.cpp: from one backend to another while packets run, with no moment without either.
//
// Both kinds live in the kernel and not in the daemon, so the old one stays in force while the new one is
// opened and filled; only then it is emptied. Two of one kind over the same pins would be in each other's
// way: there the old owner leaves first and the new one adopts.
#include "base/log.h"
#include "enforce/backends.h"
#include "enforce/nft_pinned.h"

namespace testudo {
namespace {

bool may_be_same_kind(const std::string& backend, const EnforceOptions& to) {
  if (to.mode != "auto") return to.mode == backend || (backend == "xdp" && to.mode == "xdp-generic");
  for (const std::string& mode : to.order)
    if (mode == backend || (backend == "xdp" && mode == "xdp-generic")) return true;
  return false;
}

Result<std::unique_ptr<Backend>> filled(const EnforceOptions& options, std::span<const DecisionChange> all,
                                        std::span<const AllowChange> allowed) {
  TESTUDO_TRY(auto backend, open_backend(options));
  TESTUDO_CHECK(backend->reconcile(all, allowed));
  return backend;
}

}  // namespace

Result<void> retire_others(const EnforceOptions& options, Backend& in_force) {
  const std::string backend = in_force.status().backend;
  // Off may be one daemon's mode while another on the same machine enforces.
  if (backend == "off") return {};
  Result<void> done;
  if (backend != "xdp") done = remove_xdp(options.pin);
  if (done && backend != "nftables") done = nft_remove(nft_table(options.pin));
  return done;
}

Result<void> switch_backend(std::unique_ptr<Backend>& current, const EnforceOptions& from,
                            const EnforceOptions& to, std::span<const DecisionChange> all,
                            std::span<const AllowChange> allowed) {
  const std::string before = current->status().backend;
  const bool leaves_first = from.pin == to.pin && may_be_same_kind(before, to);
  if (leaves_first) current.reset();
  auto next = filled(to, all, allowed);
  if (!next) {
    if (!leaves_first) return next.error();
    EnforceOptions again = from;
    if (again.mode == "auto" && before == "nftables") again.mode = before;
    auto back = filled(again, all, allowed);
    if (!back)
      back = open_backend([] {
        EnforceOptions off;
        off.mode = "off";
        return off;
      }());
    current = std::move(*back);
    return next.error();
  }
  current = std::move(*next);
  log::info("enforce.switched", {{"from", before}, {"to", current->status().backend}});
  if (from.pin != to.pin || current->status().backend == "off") {
    TESTUDO_CHECK(remove_xdp(from.pin));
    TESTUDO_CHECK(nft_remove(nft_table(from.pin)));
  }
  return retire_others(to, *current);
}

}  // namespace testudo
