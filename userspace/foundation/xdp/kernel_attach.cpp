// xdp/kernel_attach.cpp: the program on its interfaces, as they come, go and are held by others.
#include <net/if.h>

#include <algorithm>

#include "base/log.h"
#include "bpf/abi.h"
#include "xdp/attached.h"
#include "xdp/bpffs.h"
#include "xdp/chain.h"
#include "xdp/interfaces.h"
#include "xdp/kernel.h"
#include "xdp/outgoing.h"

namespace testudo::xdp {
namespace {

void say(const Attachment& at) {
  if (at.mode == "off")
    log::warn("enforce.not_attached", {{"interface", at.interface}, {"why", at.why}});
  else
    log::info("enforce.attached", {{"interface", at.interface},
                                   {"mode", at.mode},
                                   {"adopted", at.adopted},
                                   {"why_not_better", at.why}});
}

Attachment refused(const std::string& interface, const Error& why) {
  Attachment out;
  out.interface = interface;
  out.mode = "off";
  out.why = why.text();
  return out;
}

uint32_t program_on(const std::string& interface) {
  const uint32_t index = if_nametoindex(interface.c_str());
  return index ? attached_now(index).program : 0;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::vector<std::string> Kernel::wanted() const {
  if (!options_.interfaces.empty()) return options_.interfaces;
  std::vector<std::string> names = default_interfaces();
  // A default route that is away for a moment takes no protection with it.
  for (std::string& name : pinned_interfaces(options_.pin))
    if (!contains(names, name)) names.push_back(std::move(name));
  return names;
}

bool Kernel::known_unjoinable(const std::string& name) const {
  const auto known = unjoinable_.find(name);
  return known != unjoinable_.end() && known->second.program == program_on(name);
}

Result<void> Kernel::make_room(const std::vector<std::string>& names) {
  bool found = false;
  for (const std::string& name : names) {
    if (!has_foreign(options_.pin, name) || known_unjoinable(name)) continue;
    const auto kept = keep_foreign(options_.pin, name);
    if (!kept) unjoinable_.insert_or_assign(name, Unjoinable{program_on(name), kept.error()});
    found = found || kept;
  }
  // Tables of another version, or a crash in between: kept programs that the present table does not hold.
  if (!found && (adopted_ || chain_ready_ || chained_interfaces(options_.pin).empty())) return {};
  auto next = next_programs(tables_.next_prog, options_.pin);
  for (const std::string& name : names) {
    if (next || !contains(chained_interfaces(options_.pin), name) || !unchained(name)) continue;
    unjoinable_.insert_or_assign(name, Unjoinable{program_on(name), next.error()});
    forget_foreign(options_.pin, name);
    next = next_programs(tables_.next_prog, options_.pin);
  }
  if (!next) return next.error();
  std::vector<Exchange> maps(1);
  maps[0].which = &Tables::next_prog;
  maps[0].larger = std::move(*next);
  options_.features |= TESTUDO_FEATURE_CHAIN;
  chain_ready_ = true;
  return exchange_locked(std::move(maps));
}

bool Kernel::unchained(const std::string& name) const {
  return std::none_of(attachments_.begin(), attachments_.end(),
                      [&](const Attachment& at) { return at.interface == name && !at.chained.empty(); });
}

Attachment Kernel::take(const std::string& name, Errors& refusals) {
  auto at = Result<Attachment>(Error{Code::not_found, ""});
  if (contains(chained_interfaces(options_.pin), name)) {
    at = join(options_.pin, name, program_.fd());
    if (!at && at.error().code != Code::not_found)
      unjoinable_.insert_or_assign(name, Unjoinable{program_on(name), at.error()});
    // Whoever put something else there, or an interface that came anew: nothing of ours is left to come back.
    if (!at && unchained(name)) forget_foreign(options_.pin, name);
  }
  if (!at && at.error().code == Code::not_found)
    at = xdp::attach(options_.pin, name, program_.fd(), options_.modes);
  if (!at) {
    refusals.push_back(known_unjoinable(name) ? unjoinable_.at(name).why : at.error());
    return refused(name, refusals.back());
  }
  take_outgoing(*at);
  return std::move(*at);
}

void Kernel::take_outgoing(Attachment& at) {
  if (!options_.outgoing || at.index == 0) return;
  auto out = attach_outgoing(options_.pin, at.interface, at.index, program_.outgoing_fd());
  if (out) {
    at.outgoing = out->mode;
    at.outgoing_link = std::move(out->link);
    return;
  }
  at.outgoing.clear();
  log::error("enforce.outgoing_not_attached", {{"interface", at.interface}, {"why", out.error().text()}});
}

void Kernel::renew(Attachment& at) {
  Result<void> done;
  if (at.chained.empty()) {
    done = replace(at, program_.fd());
  } else {
    auto joined = join(options_.pin, at.interface, program_.fd());
    if (joined)
      at.program = joined->program;
    else
      done = joined.error();
  }
  if (done) {
    if (!at.outgoing.empty()) take_outgoing(at);
    return;
  }
  // The others go on with the new maps; refresh() takes this one up again.
  log::error("enforce.swap_failed", {{"interface", at.interface}, {"why", done.error().text()}});
  const std::lock_guard lock(mutex_);
  at.link.reset();
  at.program = 0;
  at.why = done.error().text();
}

Result<void> Kernel::attach() {
  const std::lock_guard changing(changing_);
  const std::vector<std::string> names = wanted();
  if (!options_.interfaces.empty())
    for (const std::string& name : pinned_interfaces(options_.pin))
      if (!contains(names, name)) {
        log::warn("enforce.detached", {{"interface", name}, {"why", "no longer in enforce.interfaces"}});
        detach(options_.pin, name);
      }
  for (const std::string& name : outgoing_interfaces(options_.pin))
    if (!options_.outgoing || !contains(names, name)) detach_outgoing(options_.pin, name);
  TESTUDO_CHECK(make_room(names));
  std::vector<Attachment> result;
  Errors refusals;
  bool any = false;
  for (const std::string& name : names) {
    result.push_back(take(name, refusals));
    any = any || result.back().index != 0;
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
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    const auto known = std::find_if(attachments_.begin(), attachments_.end(),
                                    [&](const Attachment& at) { return at.interface == name; });
    if (known == attachments_.end() || !alive(*known)) missing.push_back(name);
  }
  if (auto room = make_room(missing); !room)
    log::error("enforce.not_chained", {{"why", room.error().text()}});
  for (const std::string& name : missing) {
    Errors refusals;
    Attachment next = take(name, refusals);
    const auto known = std::find_if(attachments_.begin(), attachments_.end(),
                                    [&](const Attachment& at) { return at.interface == name; });
    if (known == attachments_.end() || known->mode != next.mode || known->why != next.why) say(next);
    const std::lock_guard lock(mutex_);
    if (known == attachments_.end())
      attachments_.push_back(std::move(next));
    else
      *known = std::move(next);
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(attachments_, [&](const Attachment& at) { return !contains(names, at.interface); });
}

void Kernel::guard_outgoing() {
  const std::lock_guard changing(changing_);
  if (options_.outgoing) return;
  options_.outgoing = true;
  for (Attachment& at : attachments_) take_outgoing(at);
}

}  // namespace testudo::xdp
