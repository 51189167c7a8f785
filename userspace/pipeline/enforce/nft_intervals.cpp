#include "enforce/nft_intervals.h"

#include <algorithm>

namespace testudo::nft {
namespace {

/// Appends, or lengthens the neighbour before it.
void append(std::vector<Piece>& pieces, const Piece& piece) {
  if (!pieces.empty()) {
    Piece& before = pieces.back();
    if (before.last + 1 == piece.first && before.until == piece.until && before.policy == piece.policy) {
      before.last = piece.last;
      return;
    }
  }
  pieces.push_back(piece);
}

Address highest(Family family) { return family == Family::v4 ? Address(0xffffffff) : ~Address(0); }

}  // namespace

Address address_of(const Ip& ip) {
  if (ip.is_v4()) return ip.v4_host_order();
  Address out = 0;
  for (const uint8_t byte : ip.bytes) out = out << 8 | byte;
  return out;
}

std::string key_of(Address address, Family family) {
  std::string key(family == Family::v4 ? 4 : 16, '\0');
  for (size_t i = key.size(); i-- > 0; address >>= 8) key[i] = char(uint8_t(address));
  return key;
}

Ip ip_of(Address address, Family family) {
  const std::string key = key_of(address, family);
  return family == Family::v4 ? Ip::v4_bytes(key.data()) : Ip::v6_bytes(key.data());
}

bool address_from(std::string_view key, Address& out) {
  if (key.size() != 4 && key.size() != 16) return false;
  out = 0;
  for (const char byte : key) out = out << 8 | uint8_t(byte);
  return true;
}

Address last_of(const Prefix& prefix) {
  const int free_bits = prefix.ip.bits() - prefix.length;
  const Address hosts = free_bits == 128 ? ~Address(0) : (Address(1) << free_bits) - 1;
  return address_of(prefix.ip) | hosts;
}

std::vector<Prefix> prefixes_of(Address first, Address last, Family family) {
  std::vector<Prefix> out;
  const int bits = family == Family::v4 ? 32 : 128;
  while (first <= last) {
    int length = bits;
    // As wide as the alignment of `first` and the room up to `last` allow.
    while (length > 0) {
      const Prefix wider = Prefix::of(ip_of(first, family), length - 1);
      if (address_of(wider.ip) != first || last_of(wider) > last) break;
      --length;
    }
    out.push_back(Prefix::of(ip_of(first, family), length));
    const Address end = last_of(out.back());
    if (end == highest(family)) break;
    first = end + 1;
  }
  return out;
}

Intervals::Best Intervals::better(const Best& outer, const Held& inner, uint8_t length) {
  if (outer.held && outer.held->until > inner.until) return outer;
  return {inner, length};
}

Intervals::Best Intervals::around(const Prefix& prefix) const {
  Best best;
  for (int length = 0; length < prefix.length; ++length) {
    if (lengths_[size_t(length)] == 0) continue;
    const auto found = prefixes_.find(key_of_prefix(Prefix::of(prefix.ip, length)));
    if (found != prefixes_.end()) best = better(best, found->second, uint8_t(length));
  }
  return best;
}

// Prefixes are nested or disjoint, so those that are open at an address form a stack.
void Intervals::sweep(const Prefix& prefix, std::vector<Piece>& out) const {
  struct Open {
    Address last;
    Best best;
  };
  const Address end = last_of(prefix);
  std::vector<Open> open{{end, around(prefix)}};
  Address at = address_of(prefix.ip);
  bool done = false;
  const auto emit_to = [&](Address last) {
    if (done || at > last) return;
    if (const auto& held = open.back().best.held) append(out, {at, last, held->until, held->policy});
    done = last == end;
    at = last + 1;
  };
  for (auto it = prefixes_.lower_bound({address_of(prefix.ip), prefix.length});
       it != prefixes_.end() && it->first.first <= end; ++it) {
    const Prefix inner = prefix_of(it->first);
    while (open.size() > 1 && open.back().last < it->first.first) {
      emit_to(open.back().last);
      open.pop_back();
    }
    if (it->first.first > at) emit_to(it->first.first - 1);
    open.push_back({last_of(inner), better(open.back().best, it->second, inner.length)});
  }
  for (; !open.empty(); open.pop_back()) emit_to(open.back().last);
}

Intervals::Change Intervals::recompute(const Prefix& prefix) {
  const Address first = address_of(prefix.ip), last = last_of(prefix);
  // From the neighbour before the span to the neighbour behind it: they may merge with what is new.
  auto begin = pieces_.lower_bound(first);
  if (begin != pieces_.begin()) {
    const auto before = std::prev(begin);
    if (before->second.last >= first || before->second.last + 1 == first) begin = before;
  }
  auto end = begin;
  while (end != pieces_.end() && (end->first <= last || (last != highest(family_) && end->first == last + 1)))
    ++end;

  std::vector<Piece> old, fresh;
  for (auto it = begin; it != end; ++it) old.push_back(it->second);
  for (const Piece& piece : old)
    if (piece.first < first)
      append(fresh, {piece.first, std::min(piece.last, Address(first - 1)), piece.until, piece.policy});
  sweep(prefix, fresh);
  for (const Piece& piece : old)
    if (piece.last > last)
      append(fresh, {std::max(piece.first, Address(last + 1)), piece.last, piece.until, piece.policy});

  pieces_.erase(begin, end);
  for (const Piece& piece : fresh) pieces_.emplace(piece.first, piece);
  Change change;
  const auto by_first = [](const Piece& a, const Piece& b) { return a.first < b.first; };
  const auto missing_in = [&](const std::vector<Piece>& pieces, const Piece& piece) {
    const auto found = std::lower_bound(pieces.begin(), pieces.end(), piece, by_first);
    return found == pieces.end() || !(*found == piece);
  };
  for (const Piece& piece : old)
    if (missing_in(fresh, piece)) change.gone.push_back(piece);
  for (const Piece& piece : fresh)
    if (missing_in(old, piece)) change.fresh.push_back(piece);
  return change;
}

Intervals::Change Intervals::set(const Prefix& prefix, Held held) {
  const auto [it, is_new] = prefixes_.try_emplace(key_of_prefix(prefix), held);
  if (!is_new && it->second == held) return {};
  it->second = held;
  lengths_[prefix.length] += is_new;
  return recompute(prefix);
}

Intervals::Change Intervals::remove(const Prefix& prefix) {
  if (prefixes_.erase(key_of_prefix(prefix)) == 0) return {};
  --lengths_[prefix.length];
  return recompute(prefix);
}

void Intervals::clear() {
  prefixes_.clear();
  pieces_.clear();
  lengths_ = {};
}

std::optional<Intervals::Held> Intervals::find(const Prefix& prefix) const {
  const auto found = prefixes_.find(key_of_prefix(prefix));
  if (found == prefixes_.end()) return std::nullopt;
  return found->second;
}

}  // namespace testudo::nft
