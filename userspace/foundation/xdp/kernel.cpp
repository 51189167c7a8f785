#include "xdp/kernel.h"

#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/log.h"
#include "bpf/abi.h"
#include "xdp/bpffs.h"
#include "xdp/chain.h"
#include "xdp/interfaces.h"

namespace testudo::xdp {
namespace {

/// A set with some pins missing (a crash within the first start, a hand that removed one) cannot be taken
/// over: new ones are made, and what is attached goes on with the maps it has until these are filled.
Result<Tables> tables_of(const std::string& pin, bool* found, bool* damaged) {
  auto tables = open_tables(pin);
  *found = tables.ok();
  *damaged = false;
  if (tables) return tables;
  if (tables.error().code == Code::not_found) return Tables{};
  if (tables.error().code == Code::corrupt) {
    log::warn("enforce.incomplete_pins_removed", {{"pin", pin}, {"why", tables.error().message}});
    remove_tables(pin, false);
    *damaged = !pinned_interfaces(pin).empty();
    TESTUDO_CHECK(make_directories(tables_directory(pin), 0700));
    return Tables{};
  }
  return tables;
}

Attachment copy_without_link(const Attachment& at) {
  Attachment copy;
  copy.interface = at.interface;
  copy.index = at.index;
  copy.mode = at.mode;
  copy.why = at.why;
  copy.adopted = at.adopted;
  copy.chained = at.chained;
  copy.outgoing = at.outgoing;
  return copy;
}

}  // namespace

Result<std::unique_ptr<Kernel>> Kernel::open(const KernelOptions& options) {
  TESTUDO_CHECK(prepare_pin_directory(options.pin));
  std::unique_ptr<Kernel> kernel(new Kernel);
  kernel->options_ = options;
  TESTUDO_TRY(kernel->lock_, lock_pin_directory(options.pin));
  bool damaged = false;
  TESTUDO_TRY(kernel->tables_, tables_of(options.pin, &kernel->adopted_, &damaged));
  kernel->must_fill_first_ = !kernel->adopted_ && (damaged || older_tables(options.pin));
  if (!chained_interfaces(options.pin).empty()) kernel->options_.features |= TESTUDO_FEATURE_CHAIN;
  TESTUDO_TRY(kernel->program_, Program::load(kernel->tables_, options.sizes, kernel->options_.features));
  TESTUDO_CHECK(pin_tables(kernel->tables_, options.pin));
  if (auto links = watch_links())
    kernel->links_ = std::move(*links);
  else
    log::warn("enforce.links_not_watched",
              {{"why", links.error().text()}, {"effect", "an interface that appears waits some seconds"}});
  return kernel;
}

std::vector<Attachment> Kernel::attachments() const {
  const std::lock_guard lock(mutex_);
  std::vector<Attachment> out;
  for (const Attachment& at : attachments_) out.push_back(copy_without_link(at));
  return out;
}

Result<void> Kernel::exchange(std::vector<Exchange> maps) {
  const std::lock_guard changing(changing_);
  return exchange_locked(std::move(maps));
}

Result<void> Kernel::exchange_locked(std::vector<Exchange> maps) {
  for (Exchange& map : maps) std::swap(tables_.*map.which, map.larger);
  auto program = Program::load(tables_, options_.sizes, options_.features);
  if (!program) {
    for (Exchange& map : maps) std::swap(tables_.*map.which, map.larger);
    return program.error();
  }
  program_ = std::move(*program);
  for (Attachment& at : attachments_) renew(at);
  // Old and new pins hold the same entries, so that a crash between these lines leaves a set that is good.
  for (const Exchange& map : maps) {
    const std::string path = tables_directory(options_.pin) + "/" + (tables_.*map.which).name();
    const std::string beside = path + "_new";
    unlink(beside.c_str());
    TESTUDO_CHECK((tables_.*map.which).pin(beside));
    if (std::rename(beside.c_str(), path.c_str()) != 0)
      return errno_error("cannot move the pin " + beside, errno);
  }
  return {};
}

}  // namespace testudo::xdp
