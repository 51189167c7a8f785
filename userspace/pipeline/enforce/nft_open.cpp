// enforce/nft_open.cpp: the table is made, or one that an earlier run left is taken over.
#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "enforce/nft_backend.h"
#include "enforce/nft_program.h"

namespace testudo {
namespace {

using nft::Group;
using nft::Kind;

Result<std::unique_ptr<Backend>> open_nftables(const EnforceOptions& options) {
  TESTUDO_TRY(auto backend, NftBackend::open(options));
  return std::unique_ptr<Backend>(std::move(backend));
}

/// Names go into a script for nft.
Result<void> check_interfaces(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const bool fits = !name.empty() && name.size() < 16 && std::all_of(name.begin(), name.end(), [](char c) {
      return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '/' && c != '*';
    });
    if (!fits)
      return Error{Code::bad_config,
                   "\"" + escape_for_terminal(name) + "\" is no name of an interface",
                   {},
                   "`ip link` lists them"};
  }
  return {};
}

}  // namespace

extern const BackendKind nftables_backend;
const BackendKind nftables_backend = {
    "nftables", "packets are dropped by nftables, in a table of our own, where XDP cannot be attached",
    open_nftables};

Result<std::unique_ptr<NftBackend>> NftBackend::open(const EnforceOptions& options) {
  std::unique_ptr<NftBackend> backend(new NftBackend);
  backend->options_ = options;
  TESTUDO_CHECK(check_interfaces(options.interfaces));
  TESTUDO_TRY(backend->program_, nft::find_program());
  TESTUDO_TRY(nft::Socket socket, nft::Socket::open());
  TESTUDO_TRY(nft::Socket reader, nft::Socket::open());
  backend->socket_ = std::make_unique<nft::Socket>(std::move(socket));
  backend->reader_ = std::make_unique<nft::Socket>(std::move(reader));
  backend->layout_.interfaces = options.interfaces;
  backend->layout_.outgoing = options.outgoing;
  TESTUDO_CHECK(backend->choose_table(nft_table(options.pin)));
  TESTUDO_TRY(nft::Watch watch, nft::Watch::open(backend->layout_.table, backend->socket_->port()));
  backend->watch_ = std::make_unique<nft::Watch>(std::move(watch));
  if (backend->adopted_) TESTUDO_CHECK(backend->adopt());
  TESTUDO_CHECK(backend->make_table());
  if (backend->adopted_)
    log::info("enforce.adopted", {{"table", "inet " + backend->layout_.table},
                                  {"bans", backend->book_.bans()},
                                  {"ranges", backend->book_.ranges()}});
  return backend;
}

// Two names take turns: a table of another layout stays in force until ours is filled.
Result<void> NftBackend::choose_table(const std::string& wanted) {
  std::string free;
  for (const std::string& name : {wanted, wanted + "-2"}) {
    TESTUDO_TRY(const bool there, socket_->has_table(name));
    if (!there) {
      if (free.empty()) free = name;
      continue;
    }
    TESTUDO_TRY(const auto counters, socket_->counters(name));
    const bool readable = std::any_of(counters.begin(), counters.end(),
                                      [](const auto& counter) { return counter.name == nft::kLayoutMark; });
    if (readable && layout_.table.empty())
      layout_.table = name;
    else
      leftover_table_ = name;
  }
  adopted_ = !layout_.table.empty();
  if (adopted_) return {};
  if (free.empty())
    return Error{
        Code::conflict,
        "tables inet " + wanted + " and inet " + wanted + "-2 are there, and not ours",
        {},
        "`nft list table inet " + wanted + "` shows it; `nft delete table inet " + wanted + "` removes it"};
  layout_.table = free;
  if (!leftover_table_.empty())
    log::info("enforce.swap_deferred",
              {{"table", "inet " + leftover_table_},
               {"why", "a table of another layout is in force until the first reconcile"}});
  return {};
}

/// Also over an adopted table: what is there stays, and the rules are written anew for today's configuration.
Result<void> NftBackend::make_table() {
  TESTUDO_CHECK(nft::run_script(program_, nft::base_script(layout_)));
  nft::Batch batch(layout_.table);
  batch.add_counter(nft::kLayoutMark, "do not edit: testudo writes this table");
  batch.add_counter(nft::kSeenCounter, "");
  TESTUDO_CHECK(socket_->commit(batch, "making counters in table inet " + layout_.table));
  Group& allow = book_.allow();
  TESTUDO_CHECK(make_sets({{&allow, Kind::r4}, {&allow, Kind::r6}}));
  return write_rules();
}

Result<void> NftBackend::adopt() {
  TESTUDO_TRY(const auto counters, socket_->counters(layout_.table));
  for (const nft::CounterState& counter : counters)
    if (const auto id = nft::counter_from(counter.name)) book_.policies.adopt(*id, counter.comment);
  flush_mark_ns_ = nft::newest_flush_mark(counters);
  allow_known_ = false;
  TESTUDO_TRY(const auto names, socket_->sets(layout_.table));
  for (const std::string& name : names) {
    const auto id = nft::set_from(name);
    if (!id) continue;
    generation_ = std::max(generation_, id->group.generation);
    TESTUDO_TRY(Group * group, book_.group(id->group));
    Group::Set& set = group->set(id->kind);
    if (set.made) {
      // A run was killed while it filled one version beside the other: both stay until one is known to be
      // full.
      leftover_sets_.push_back(*id);
      set.aside = true;
      continue;
    }
    set.made = true;
    set.version = id->version;
  }
  for (const auto& group : book_.groups())
    for (const Kind kind : nft::kAllKinds)
      if (group->set(kind).made) TESTUDO_CHECK(adopt_set(*group, kind));
  return {};
}

Result<void> NftBackend::adopt_set(Group& group, Kind kind) {
  if (group.id.generation != 0) {
    // A list is replaced as a whole, never changed.
    group.set(kind).aside = true;
    if (group.id.policy >= 0 && size_t(group.id.policy) < book_.policies.size()) {
      const std::string& name = book_.policies.at(uint32_t(group.id.policy)).scenario;
      Listed& listed = lists_[name];
      listed.group = group.id;
      listed.status.name = name;
      listed.status.generation = group.id.generation;
    }
    return {};
  }
  TESTUDO_TRY(auto read, nft::read_set(*socket_, layout_.table, group.set_id(kind), nft::kReadable));
  if (read.more) {
    group.set(kind).aside = true;
    return {};
  }
  std::vector<nft::Step> ignored;
  const int64_t now_ns = unix_nanos(now());
  for (const nft::ReadEntry& entry : read.entries) {
    const int64_t until = entry.times_out ? now_ns + int64_t(entry.left_ms) * 1'000'000 : nft::kForever;
    const uint32_t row = nft::counter_from(entry.counter).value_or(nft::CounterId{}).row;
    const auto policy = uint16_t(group.id.policy >= 0 ? uint32_t(group.id.policy) : row);
    if (policy >= book_.policies.size() && group.id.remediation != Remediation::none) continue;
    for (const Prefix& prefix : entry.prefixes) nft::Book::set(group, prefix, {until, policy}, ignored);
  }
  return {};
}

}  // namespace testudo
