// reverse_dns: the name of an address, with a dot at its end; and LookupHost, the other way round.
#include "expr/classes.h"
#include "parse/enricher.h"
#include "parse/node_run.h"
#include "parse/resolver.h"

namespace testudo::parse {
namespace {

struct Owner {
  SlotRef reverse_dns;
};

void reverse_dns(const void* raw_owner, Event& event, std::string_view argument, EnrichScratch& scratch) {
  if (!scratch.resolver) return;
  const std::optional<Ip> ip = scratch.address(argument);
  const std::string name = ip ? scratch.resolver->name_of(*ip) : std::string();
  if (!name.empty()) event.set(static_cast<const Owner*>(raw_owner)->reverse_dns, event.arena.copy(name));
}

bool lookup_host(const void*, expr::Context& ctx, const Value* args, size_t, Value& out) {
  const auto* run = static_cast<const RunContext*>(ctx.room);
  std::vector<std::string> found;
  if (run && run->enrich.resolver && !run->silent) found = run->enrich.resolver->addresses_of(args[0].text());
  auto* items = reinterpret_cast<Value*>(ctx.arena->allocate(sizeof(Value) * (found.size() + 1)));
  for (size_t i = 0; i < found.size(); ++i) items[i] = Value::of(ctx.arena->copy(found[i]));
  auto* list = reinterpret_cast<ValueArray*>(ctx.arena->allocate(sizeof(ValueArray)));
  *list = {items, uint32_t(found.size())};
  out = Value::of(list);
  out.class_id = uint8_t(expr::ClassId::text);
  return true;
}

}  // namespace

void add_dns_enrichers(SlotNames& slots, EnricherTable& table) {
  table.push_back({"reverse_dns", "name of an address", false, true, &reverse_dns,
                   std::make_shared<Owner>(Owner{slots.intern(Bag::enriched, "reverse_dns")})});
}

void add_dns_helpers(expr::HelperTable& table) {
  table.push_back({"LookupHost",
                   "the addresses of a host's name",
                   {expr::Type::string},
                   false,
                   expr::Type::array,
                   false,
                   lookup_host});
}

}  // namespace testudo::parse
