#include "parse/stash.h"

#include <algorithm>

#include "parse/node_run.h"

namespace testudo::parse {

void Stash::declare(const std::vector<StashDeclaration>& caches) {
  const std::lock_guard lock(mutex_);
  std::erase_if(caches_, [&](const auto& known) {
    return std::none_of(caches.begin(), caches.end(),
                        [&](const StashDeclaration& d) { return d.name == known.first; });
  });
  for (const StashDeclaration& d : caches) caches_[d.name].configure(d.options);
}

bool Stash::set(std::string_view cache, std::string_view key, std::string_view value, TimePoint now,
                Duration ttl) {
  const std::lock_guard lock(mutex_);
  const auto found = caches_.find(cache);
  if (found == caches_.end()) return false;
  found->second.set(key, value, now + (ttl > Duration::zero() ? ttl : found->second.options().ttl));
  return true;
}

std::string_view Stash::get(std::string_view cache, std::string_view key, TimePoint now, bool notice,
                            Arena& arena) {
  const std::lock_guard lock(mutex_);
  const auto found = caches_.find(cache);
  if (found == caches_.end()) return {};
  const std::string* value = notice ? found->second.get(key, now) : found->second.peek(key, now);
  return value ? arena.copy(*value) : std::string_view();
}

size_t Stash::entries(std::string_view cache) const {
  const std::lock_guard lock(mutex_);
  const auto found = caches_.find(cache);
  return found == caches_.end() ? 0 : found->second.size();
}

namespace {

using expr::Context;
using expr::Type;

RunContext* room(Context& ctx) {
  if (!ctx.room) ctx.error = "the stash is for parsers and filters of scenarios";
  return static_cast<RunContext*>(ctx.room);
}

bool get_from_stash(const void*, Context& ctx, const Value* args, size_t, Value& out) {
  RunContext* run = room(ctx);
  if (!run) return false;
  Stash* stash = run->enter_stash();
  out = Value::of(
      stash ? stash->get(args[0].text(), args[1].text(), run->enrich.today, !run->silent, *ctx.arena)
            : std::string_view());
  return true;
}

bool set_in_stash(const void*, Context& ctx, const Value* args, size_t count, Value& out) {
  RunContext* run = room(ctx);
  if (!run) return false;
  out = Value();
  if (count > 4 || (count == 4 && args[3].kind != Value::Kind::duration)) {
    ctx.error = "SetInStash: the fourth argument is a duration";
    return false;
  }
  if (run->silent) return true;
  Stash* stash = run->enter_stash();
  const Duration ttl = count == 4 ? Duration(args[3].integer) : Duration::zero();
  if (stash && stash->set(args[0].text(), args[1].text(), args[2].text(), run->enrich.today, ttl))
    return true;
  ctx.error.assign("SetInStash: no node has a stash named ").append(args[0].text().substr(0, 64));
  return false;
}

}  // namespace

void add_stash_helpers(expr::HelperTable& table) {
  table.push_back({"GetFromStash",
                   "what an earlier line left in this cache under this key; \"\" when nothing",
                   {Type::string, Type::string},
                   false,
                   Type::string,
                   false,
                   get_from_stash});
  table.push_back({"SetInStash",
                   "leaves a value for later lines: cache, key, value, how long",
                   {Type::string, Type::string, Type::string, Type::unknown},
                   true,
                   Type::nil,
                   false,
                   set_in_stash});
}

}  // namespace testudo::parse
