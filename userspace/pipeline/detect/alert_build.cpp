// From a bucket that overflowed to the alert: engine-spec §5.7.
#include <algorithm>
#include <charconv>

#include "base/ip.h"
#include "base/text.h"
#include "detect/shard.h"

namespace testudo::detect {
namespace {

/// One alert is sent per source; a scope that gives every event another one must not make thousands.
constexpr size_t kMaxSources = 100;

/// Go's default text of a time given as RFC 3339 with any offset.
std::string go_text(std::string_view rfc3339, TimePoint t) {
  if (rfc3339.empty() || rfc3339.back() == 'Z' || rfc3339.size() < 25) return format_go_time(t);
  std::string out(rfc3339.substr(0, rfc3339.size() - 6));
  out[10] = ' ';
  std::string zone(rfc3339.substr(rfc3339.size() - 6));
  zone.erase(3, 1);
  return out + " " + zone + " " + zone;
}

float number(std::string_view text) {
  float value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

AlertSource source_of(const EventCopyRef& entry, const Scenario& scenario, const ScenarioSet& set) {
  const EventCopy& copy = *entry.copy;
  AlertSource source;
  source.scope = scenario.scope;
  if (scenario.scope != "Ip" && scenario.scope != "Range") {
    source.value = entry.scope_value;
    return source;
  }
  const std::string_view ip = copy.get(set.source_ip);
  if (!Ip::parse(ip)) return source;
  source.ip = ip;
  std::string_view as = copy.get(set.as_number);
  if (as.empty()) as = copy.get(set.asn_number);
  source.as_number = as;
  source.as_name = copy.get(set.as_name);
  source.cn = copy.get(set.country);
  source.latitude = number(copy.get(set.latitude));
  source.longitude = number(copy.get(set.longitude));
  if (const std::string_view range = copy.get(set.source_range); !range.empty()) {
    const auto prefix = Prefix::parse(range);
    if (!prefix) {
      source.ip.clear();  // a broken range spoils the alert, by the format
      return source;
    }
    source.range = prefix->cidr();
  }
  source.value = source.ip;
  if (scenario.scope == "Range") source.value = scenario.scope_expression ? entry.scope_value : source.range;
  return source;
}

MetaPairs meta_of(const EventCopy& copy, const SlotNames& names) {
  MetaPairs out;
  for (uint32_t i = 0; i < copy.fields(); ++i) {
    const EventCopy::Field& f = copy.field(i);
    if (f.slot.bag == Bag::meta) out.emplace_back(names.name(f.slot), copy.value(f));
  }
  for (uint32_t i = 0; i < copy.extras(); ++i) out.emplace_back(copy.extra(i));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::vector<Alert> build_alerts(const Bucket& bucket, const ScenarioSet& set, const SlotNames& names,
                                TimePoint overflow_at, std::string_view overflow_text) {
  const Scenario& scenario = *bucket.scenario;
  std::vector<AlertSource> sources;
  for (const EventCopyRef& entry : bucket.queue) {
    AlertSource source = source_of(entry, scenario, set);
    const bool address_scope = scenario.scope == "Ip" || scenario.scope == "Range";
    if (address_scope && source.ip.empty()) return {};
    const auto same = std::find_if(sources.begin(), sources.end(),
                                   [&](const AlertSource& s) { return s.value == source.value; });
    if (same != sources.end())
      *same = std::move(source);
    else if (sources.size() < kMaxSources)
      sources.push_back(std::move(source));
  }
  if (sources.empty()) return {};

  Alert alert;
  alert.scenario = scenario.name;
  alert.scenario_version = scenario.version;
  alert.scenario_hash = scenario.hash;
  alert.events_count = bucket.total;
  alert.capacity = scenario.capacity;
  alert.leakspeed = scenario.leakspeed_text;
  alert.start_at = bucket.first;
  alert.stop_at = overflow_at;
  alert.start_text = bucket.first_text;
  alert.stop_text = overflow_text;
  alert.remediation = scenario.remediation;
  alert.labels = scenario.labels;
  for (const EventCopyRef& entry : bucket.queue)
    alert.events.push_back({std::string(entry.copy->timestamp()), meta_of(*entry.copy, names)});

  const std::string who =
      sources.size() == 1 ? sources[0].value : std::to_string(sources.size()) + " sources";
  alert.message = scenario.scope + " " + who + " performed '" + scenario.name + "' (" +
                  std::to_string(bucket.total) + " events over " +
                  format_duration(overflow_at - bucket.first) + ") at " +
                  go_text(bucket.last_text, bucket.last);

  std::vector<Alert> out;
  for (AlertSource& source : sources) {
    Alert one = alert;
    std::string identity = scenario.name;
    for (const std::string& part :
         {bucket.group, source.scope, source.value, std::to_string(bucket.first_hash)}) {
      identity += '\0';
      identity += part;
    }
    one.uuid = stable_uuid(identity);
    one.source = std::move(source);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace testudo::detect
