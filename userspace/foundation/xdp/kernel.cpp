#include "xdp/kernel.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "base/log.h"
#include "xdp/bpffs.h"
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

void say(const Attachment& at) {
  if (at.mode == "off")
    log::warn("enforce.not_attached", {{"interface", at.interface}, {"why", at.why}});
  else
    log::info("enforce.attached", {{"interface", at.interface},
                                   {"mode", at.mode},
                                   {"adopted", at.adopted},
                                   {"why_not_better", at.why}});
}

Attachment copy_without_link(const Attachment& at) {
  Attachment copy;
  copy.interface = at.interface;
  copy.index = at.index;
  copy.mode = at.mode;
  copy.why = at.why;
  copy.adopted = at.adopted;
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
  TESTUDO_TRY(kernel->program_, Program::load(kernel->tables_, options.sizes, options.features));
  TESTUDO_CHECK(pin_tables(kernel->tables_, options.pin));
  if (auto links = watch_links())
    kernel->links_ = std::move(*links);
  else
    log::warn("enforce.links_not_watched",
              {{"why", links.error().text()}, {"effect", "an interface that appears waits some seconds"}});
  return kernel;
}

std::vector<std::string> Kernel::wanted() const {
  if (!options_.interfaces.empty()) return options_.interfaces;
  std::vector<std::string> names = default_interfaces();
  // A default route that is away for a moment takes no protection with it.
  for (std::string& name : pinned_interfaces(options_.pin))
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  return names;
}

Result<void> Kernel::attach() {
  const std::vector<std::string> names = wanted();
  if (!options_.interfaces.empty())
    for (const std::string& name : pinned_interfaces(options_.pin))
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        log::warn("enforce.detached", {{"interface", name}, {"why", "no longer in enforce.interfaces"}});
        detach(options_.pin, name);
      }
  std::vector<Attachment> result;
  Errors refusals;
  bool any = false;
  for (const std::string& name : names) {
    auto at = xdp::attach(options_.pin, name, program_.fd(), options_.generic_only);
    if (!at) {
      refusals.push_back(at.error());
      Attachment refused;
      refused.interface = name;
      refused.mode = "off";
      refused.why = at.error().text();
      result.push_back(std::move(refused));
    } else {
      any = any || at->index != 0;
      result.push_back(std::move(*at));
    }
  }
  if (!refusals.empty() && !any) return refusals.front();
  for (const Attachment& at : result) say(at);
  if (names.empty()) log::warn("enforce.no_interface", {{"why", "there is no default route yet"}});
  attached_ = true;
  if (must_fill_first_) remove_tables(options_.pin, true);
  must_fill_first_ = false;
  const std::lock_guard lock(mutex_);
  attachments_ = std::move(result);
  return {};
}

void Kernel::refresh() {
  if (links_) take_link_news(links_);
  const std::lock_guard changing(changing_);
  if (!attached_) return;
  const std::vector<std::string> names = wanted();
  for (const std::string& name : names) {
    const auto known = std::find_if(attachments_.begin(), attachments_.end(),
                                    [&](const Attachment& at) { return at.interface == name; });
    if (known != attachments_.end() && alive(*known)) continue;
    auto at = xdp::attach(options_.pin, name, program_.fd(), options_.generic_only);
    Attachment next;
    next.interface = name;
    next.mode = "off";
    if (at)
      next = std::move(*at);
    else
      next.why = at.error().text();
    if (known == attachments_.end() || known->mode != next.mode || known->why != next.why) say(next);
    const std::lock_guard lock(mutex_);
    if (known == attachments_.end())
      attachments_.push_back(std::move(next));
    else
      *known = std::move(next);
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(attachments_, [&](const Attachment& at) {
    return std::find(names.begin(), names.end(), at.interface) == names.end();
  });
}

std::vector<Attachment> Kernel::attachments() const {
  const std::lock_guard lock(mutex_);
  std::vector<Attachment> out;
  for (const Attachment& at : attachments_) out.push_back(copy_without_link(at));
  return out;
}

Result<void> Kernel::exchange(std::vector<Exchange> maps) {
  const std::lock_guard changing(changing_);
  for (Exchange& map : maps) std::swap(tables_.*map.which, map.larger);
  auto program = Program::load(tables_, options_.sizes, options_.features);
  if (!program) {
    for (Exchange& map : maps) std::swap(tables_.*map.which, map.larger);
    return program.error();
  }
  for (Attachment& at : attachments_) {
    const auto replaced = replace(at, program->fd());
    if (replaced) continue;
    // The others go on with the new maps; refresh() takes this one up again.
    log::error("enforce.swap_failed", {{"interface", at.interface}, {"why", replaced.error().text()}});
    const std::lock_guard lock(mutex_);
    at.link.reset();
    at.why = replaced.error().text();
  }
  program_ = std::move(*program);
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
