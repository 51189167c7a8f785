#include "enforce/nft_layout.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace testudo::nft {
namespace {

constexpr std::string_view kKindNames[] = {"a4", "a6", "s6", "r4", "r6"};
constexpr std::string_view kKeys[] = {"ip saddr", "ip6 saddr",
                                      "ip6 saddr & ffff:ffff:ffff:ffff::", "ip saddr", "ip6 saddr"};
constexpr std::string_view kKeysOut[] = {"ip daddr", "ip6 daddr",
                                         "ip6 daddr & ffff:ffff:ffff:ffff::", "ip daddr", "ip6 daddr"};

// Before conntrack and every other table's chains: what is dropped costs nothing more. Not netdev ingress: it
// drops about 8% faster, but is bound to devices, loses its chain when one goes, and sees what is inside of a
// tunnel or a VLAN not at all or with other offsets.
constexpr const char* kIn = "{ type filter hook prerouting priority -300; policy accept; }";
constexpr const char* kOut = "{ type filter hook postrouting priority -300; policy accept; }";

/// `log-only` as the nft program's grammar has names.
std::string name_of(Remediation remediation) {
  std::string name = remediation == Remediation::none ? "allow" : remediation_name(remediation);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::optional<Remediation> remediation_from(std::string_view name) {
  for (const Remediation r : {Remediation::none, Remediation::ban, Remediation::throttle,
                              Remediation::log_only, Remediation::sample, Remediation::reset})
    if (name_of(r) == name) return r;
  return std::nullopt;
}

template <typename Number>
bool number(std::string_view text, Number& out) {
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), out);
  return err == std::errc() && end == text.data() + text.size() && !text.empty();
}

int rank(const SetId& set) {
  switch (set.group.remediation) {
    case Remediation::reset:
      return 0;  // before bans: who wants an answer gets one though a range around is banned
    case Remediation::ban:
      return 1;
    case Remediation::throttle:
      return 2;
    case Remediation::sample:
      return 3;
    default:
      return 4;
  }
}

std::string terms_text(const Terms& terms, bool out) {
  std::string text;
  if (terms.protocol != 0)
    text += "meta l4proto " + std::to_string(terms.protocol) + " ";
  else if (terms.port_last != 0)
    text += "meta l4proto { 6, 17, 132 } ";
  if (terms.port_last != 0)
    text += std::string("th ") + (out ? "sport " : "dport ") + std::to_string(terms.port_first) + "-" +
            std::to_string(terms.port_last) + " ";
  return text;
}

std::string verdict_text(const GroupId& group, bool out) {
  switch (group.remediation) {
    case Remediation::reset:
      return out ? " drop" : " goto answer";
    case Remediation::ban:
    case Remediation::throttle:
      return " drop";
    case Remediation::sample:
      return " numgen inc mod " + std::to_string(group.terms.sample) + " 0 log group " +
             std::to_string(kSampleGroup);
    default:
      return "";
  }
}

std::string rule_text(const SetId& set, bool out) {
  const std::string name = set_name(set);
  const std::string key((out ? kKeysOut : kKeys)[size_t(set.kind)]);
  if (set.group.remediation == Remediation::none) return key + " @" + name + " accept";
  std::string text = terms_text(set.group.terms, out);
  if (set.group.policy < 0)
    text += "counter name " + key + " map @" + name;
  else
    text += key + " @" + name + " counter name \"" +
            counter_name(set.group.remediation, uint32_t(set.group.policy), is_v6(set.kind)) + "\"";
  return text + verdict_text(set.group, out);
}

void direction(const Layout& layout, const std::vector<SetId>& sets, bool out, std::string& script) {
  const std::string in_table = "inet " + layout.table + " ";
  const std::string chain = out ? "out" : "in";
  const auto add = [&](const std::string& where, const std::string& rule) {
    script += "add rule " + in_table + where + " " + rule + "\n";
  };
  script += "flush chain " + in_table + chain + "\nflush chain " + in_table + chain + "6\n";
  const std::string name = out ? "oifname" : "iifname";
  if (layout.interfaces.empty()) {
    add(chain, name + " \"lo\" accept");
  } else {
    std::string names;
    for (const std::string& interface : layout.interfaces)
      names += (names.empty() ? "\"" : ", \"") + interface + "\"";
    add(chain, name + " != { " + names + " } accept");
  }
  if (!out) add(chain, std::string("counter name \"") + kSeenCounter + "\"");
  add(chain, "meta nfproto ipv6 goto " + chain + "6");
  for (const SetId& set : sets)
    if (!out || set.group.terms.outgoing || set.group.remediation == Remediation::none)
      add(is_v6(set.kind) ? chain + "6" : chain, rule_text(set, out));
}

}  // namespace

Kind kind_of(const Prefix& prefix) {
  if (prefix.ip.is_v4()) return prefix.length == 32 ? Kind::a4 : Kind::r4;
  if (prefix.length == 128) return Kind::a6;
  return prefix.length == 64 ? Kind::s6 : Kind::r6;
}

Result<GroupId> group_of(Remediation remediation, const Terms& terms) {
  GroupId group;
  group.remediation = remediation;
  group.terms.outgoing = terms.outgoing;
  group.terms.protocol = terms.protocol;
  group.terms.port_first = terms.port_last ? terms.port_first : uint16_t(0);
  group.terms.port_last = terms.port_last;
  if (terms.port_first > terms.port_last)
    return Error{Code::bad_input, "ports " + std::to_string(terms.port_first) + "-" +
                                      std::to_string(terms.port_last) + " end before they begin"};
  if (terms.port_last != 0 && terms.protocol != 0 && terms.protocol != 6 && terms.protocol != 17 &&
      terms.protocol != 132)
    return Error{Code::bad_input,
                 "protocol " + std::to_string(terms.protocol) + " has no ports",
                 {},
                 "ports go with tcp, udp or sctp"};
  if (remediation == Remediation::throttle) {
    if (terms.rate == 0)
      return Error{
          Code::bad_input, "a throttle without a rate", {}, "say params.rate: packets or bytes a second"};
    // The kernel's token is a nanosecond's share of a second, and its burst has 32 bits.
    group.terms.unit = terms.unit;
    group.terms.rate = std::min<uint64_t>(terms.rate, 1'000'000'000);
    const uint64_t burst = terms.burst ? terms.burst : terms.rate;
    group.terms.burst = std::clamp<uint64_t>(burst, 1, UINT32_MAX);
  }
  if (remediation == Remediation::sample) group.terms.sample = terms.sample ? terms.sample : 100;
  return group;
}

std::string group_name(const GroupId& group) {
  std::string name = name_of(group.remediation);
  const Terms& terms = group.terms;
  const auto add = [&](const char* tag, uint64_t value) { name += tag + std::to_string(value); };
  if (terms.protocol) add(".p", terms.protocol);
  if (terms.port_last) {
    add(".d", terms.port_first);
    add("_", terms.port_last);
  }
  if (terms.outgoing) name += ".out";
  if (terms.rate) add(".r", terms.rate);
  if (terms.burst) add(".b", terms.burst);
  if (terms.unit == Terms::Unit::bytes) name += ".bytes";
  if (terms.sample) add(".n", terms.sample);
  if (group.policy >= 0) add(".c", uint64_t(group.policy));
  if (group.generation) add(".g", group.generation);
  return name;
}

std::optional<GroupId> group_from(std::string_view name) {
  GroupId group;
  bool first = true;
  for (const std::string_view part : split(name, '.')) {
    bool ok = true;
    const std::string_view value = part.substr(std::min<size_t>(1, part.size()));
    if (first) {
      const auto remediation = remediation_from(part);
      ok = remediation.has_value();
      if (ok) group.remediation = *remediation;
    } else if (part == "out") {
      group.terms.outgoing = true;
    } else if (part == "bytes") {
      group.terms.unit = Terms::Unit::bytes;
    } else if (part.starts_with('p')) {
      ok = number(value, group.terms.protocol);
    } else if (part.starts_with('d')) {
      const size_t dash = value.find('_');
      ok = dash != std::string_view::npos && number(value.substr(0, dash), group.terms.port_first) &&
           number(value.substr(dash + 1), group.terms.port_last);
    } else if (part.starts_with('r')) {
      ok = number(value, group.terms.rate);
    } else if (part.starts_with('b')) {
      ok = number(value, group.terms.burst);
    } else if (part.starts_with('n')) {
      ok = number(value, group.terms.sample) && group.terms.sample > 0;
    } else if (part.starts_with('c')) {
      ok = number(value, group.policy) && group.policy >= 0;
    } else if (part.starts_with('g')) {
      ok = number(value, group.generation);
    } else {
      ok = false;
    }
    if (!ok) return std::nullopt;
    first = false;
  }
  return group;
}

std::string set_name(const SetId& set) {
  std::string name = group_name(set.group) + "." + std::string(kKindNames[size_t(set.kind)]);
  if (set.version != 0) name += ".x" + std::to_string(set.version);
  return name;
}

std::optional<SetId> set_from(std::string_view name) {
  SetId set;
  size_t dot = name.rfind('.');
  if (dot != std::string_view::npos && name.substr(dot).starts_with(".x")) {
    if (!number(name.substr(dot + 2), set.version)) return std::nullopt;
    name = name.substr(0, dot);
    dot = name.rfind('.');
  }
  if (dot == std::string_view::npos) return std::nullopt;
  const auto kind = std::find(std::begin(kKindNames), std::end(kKindNames), name.substr(dot + 1));
  const auto group = group_from(name.substr(0, dot));
  if (kind == std::end(kKindNames) || !group) return std::nullopt;
  set.kind = kAllKinds[kind - std::begin(kKindNames)];
  set.group = *group;
  return set;
}

SetSpec spec_of(const SetId& set) {
  SetSpec spec;
  spec.name = set_name(set);
  spec.v6 = is_v6(set.kind);
  spec.intervals = is_ranges(set.kind);
  spec.counters = set.group.remediation != Remediation::none && set.group.policy < 0;
  if (set.group.remediation == Remediation::throttle) {
    const Terms& terms = set.group.terms;
    const bool bytes = terms.unit == Terms::Unit::bytes;
    // Of bytes the kernel's bucket holds a second's worth beside the burst.
    const uint64_t burst = bytes ? terms.burst - std::min(terms.burst, terms.rate) : terms.burst;
    spec.limit = SetSpec::Limit{terms.rate, uint32_t(burst), bytes};
  }
  return spec;
}

std::string counter_name(Remediation remediation, uint32_t row, bool v6) {
  return name_of(remediation) + ".c" + std::to_string(row) + (v6 ? ".v6" : ".v4");
}

std::optional<CounterId> counter_from(std::string_view name) {
  const auto parts = split(name, '.');
  if (parts.size() != 3 || !parts[1].starts_with('c')) return std::nullopt;
  CounterId id;
  const auto remediation = remediation_from(parts[0]);
  if (!remediation || !number(parts[1].substr(1), id.row)) return std::nullopt;
  if (parts[2] != "v4" && parts[2] != "v6") return std::nullopt;
  id.remediation = *remediation;
  id.v6 = parts[2] == "v6";
  return id;
}

std::string policy_comment(std::string_view origin, std::string_view scenario) {
  std::string text(origin.substr(0, 48));
  std::replace(text.begin(), text.end(), '|', '_');
  text += '|';
  text += scenario;
  return text;
}

void policy_from(std::string_view comment, std::string& origin, std::string& scenario) {
  const size_t bar = std::min(comment.find('|'), comment.size());
  origin = comment.substr(0, bar);
  scenario = comment.substr(std::min(bar + 1, comment.size()));
}

std::string base_script(const Layout& layout) {
  const std::string in_table = "inet " + layout.table + " ";
  std::string script = "add table inet " + layout.table + "\n";
  script += "add chain " + in_table + "in " + kIn + "\n";
  if (layout.outgoing) script += "add chain " + in_table + "out " + kOut + "\n";
  for (const char* chain : {"in6", "answer"}) script += "add chain " + in_table + chain + "\n";
  if (layout.outgoing) script += "add chain " + in_table + "out6\n";
  return script;
}

std::string rules_script(const Layout& layout, std::vector<SetId> sets) {
  // Allowed first, then the strongest; of equals addresses before ranges, so that a packet is counted for the
  // narrowest.
  std::stable_sort(sets.begin(), sets.end(), [](const SetId& a, const SetId& b) {
    const auto key = [](const SetId& set) {
      const bool allow = set.group.remediation == Remediation::none;
      return std::tuple(allow ? -1 : rank(set), is_ranges(set.kind), set.group.generation, set_name(set));
    };
    return key(a) < key(b);
  });
  const std::string in_table = "inet " + layout.table + " ";
  std::string script = base_script(layout);
  script += "flush chain " + in_table + "answer\n";
  script += "add rule " + in_table + "answer meta l4proto 6 reject with tcp reset\n";
  script += "add rule " + in_table + "answer drop\n";
  direction(layout, sets, false, script);
  if (layout.outgoing) {
    direction(layout, sets, true, script);
    return script;
  }
  // An earlier run may have watched the way out. Added first: what is not there cannot be deleted.
  for (const char* chain : {"out", "out6"}) {
    const bool base = std::string_view(chain) == "out";
    script += "add chain " + in_table + chain + (base ? std::string(" ") + kOut : "") + "\n";
    script += "flush chain " + in_table + chain + "\n";
  }
  script += "delete chain " + in_table + "out\ndelete chain " + in_table + "out6\n";
  return script;
}

}  // namespace testudo::nft
