#include "detect/alert_build.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "base/ip.h"
#include "base/text.h"
#include "detect/asker.h"

namespace testudo::detect {
namespace {

/// One alert is sent per source; a scope that gives every event another one must not make thousands.
constexpr size_t kMaxSources = 100;
/// Events shown by all alerts of one overflow together, and what each may show in any case.
constexpr size_t kMaxShown = 10'000, kFewEvents = 50;

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

bool address_scope(const Scenario& scenario) { return scenario.scope == "Ip" || scenario.scope == "Range"; }

/// False: the event spoils the alert, by the format.
bool source_of(const EventImage& image, std::string_view scope_value, const Scenario& scenario,
               const ScenarioSet& set, AlertSource& source) {
  source.scope = scenario.scope;
  if (!address_scope(scenario)) {
    source.value = scope_value;
    return true;
  }
  const std::string_view ip = image.get(set.source_ip);
  if (!Ip::parse(ip)) return false;
  source.ip = ip;
  std::string_view as = image.get(set.as_number);
  if (as.empty()) as = image.get(set.asn_number);
  source.as_number = as;
  source.as_name = image.get(set.as_name);
  source.cn = image.get(set.country);
  source.latitude = number(image.get(set.latitude));
  source.longitude = number(image.get(set.longitude));
  if (const std::string_view range = image.get(set.source_range); !range.empty()) {
    const auto prefix = Prefix::parse(range);
    if (!prefix) return false;
    source.range = prefix->cidr();
  }
  source.value = source.ip;
  if (scenario.scope == "Range")
    source.value = scenario.scope_expression ? std::string(scope_value) : source.range;
  return true;
}

/// An overflow that was poured again brings its own sources: those of the same scope, and Ip for Range.
void sources_of_overflow(const EventImage& image, std::string_view scope_value, const Scenario& scenario,
                         std::vector<AlertSource>& out) {
  for (uint32_t i = 0; i < image.sources(); ++i) {
    AlertSource source = image.source(i);
    if (source.scope != scenario.scope) {
      if (source.scope != "Ip" || scenario.scope != "Range") continue;
      source.scope = scenario.scope;
      source.value = scenario.scope_expression ? std::string(scope_value) : source.range;
      if (source.value.empty()) continue;
    }
    out.push_back(std::move(source));
  }
}

MetaPairs meta_of(const EventImage& image, const ScenarioSet& set, const SlotNames& names) {
  // Sorted by key: by the rank of the name, so that no names are compared.
  uint32_t order[256];
  size_t count = 0;
  bool ranked = image.extras() == 0;
  for (uint32_t i = 0; i < image.fields() && ranked; ++i) {
    const SlotRef slot = image.slot(i);
    if (slot.bag != Bag::meta) continue;
    ranked = count < std::size(order) && slot.index < set.meta_ranks.size();
    if (ranked) order[count++] = uint32_t(set.meta_ranks[slot.index]) << 16 | i;
  }
  MetaPairs out;
  if (ranked) {
    std::sort(order, order + count);
    out.reserve(count);
    for (size_t k = 0; k < count; ++k) {
      const uint32_t i = order[k] & 0xffff;
      out.emplace_back(names.name(image.slot(i)), image.value(i));
    }
    return out;
  }
  for (uint32_t i = 0; i < image.fields(); ++i)
    if (image.slot(i).bag == Bag::meta) out.emplace_back(names.name(image.slot(i)), image.value(i));
  for (uint32_t i = 0; i < image.extras(); ++i)
    if (!image.extra(i).first.starts_with(EventImage::kHidden)) out.emplace_back(image.extra(i));
  std::sort(out.begin(), out.end());
  return out;
}

/// All sources by value, later events overwrite. False: no alert.
bool collect_sources(const OverflowingBucket& from, const ScenarioSet& set, std::vector<AlertSource>& out) {
  const auto merge = [&](AlertSource&& source) {
    const auto same =
        std::find_if(out.begin(), out.end(), [&](const AlertSource& s) { return s.value == source.value; });
    if (same != out.end())
      *same = std::move(source);
    else if (out.size() < kMaxSources)
      out.push_back(std::move(source));
  };
  const auto look = [&](const EventImage& image, std::string_view scope_value) {
    if (image.overflow()) {
      std::vector<AlertSource> sources;
      sources_of_overflow(image, scope_value, from.scenario, sources);
      for (AlertSource& source : sources) merge(std::move(source));
      return true;
    }
    AlertSource source;
    if (!source_of(image, scope_value, from.scenario, set, source)) return false;
    merge(std::move(source));
    return true;
  };
  if (from.only) return look(*from.only, from.only_scope);
  if (from.lean) {
    if (uint64_t(from.bucket.total) < from.bucket.spoiled_below) return false;
    if (from.event->image) return look(*from.event->image, {});
    AlertSource& source = out.emplace_back();
    source.scope = from.scenario.scope;
    source.ip = source.value = from.event->source_ip;
    return true;
  }
  const Queues& queues = from.queues;
  for (uint32_t i = 0, n = queues.size(from.bucket); i < n; ++i)
    if (!look(queues.event(from.bucket, from.rule, i), queues.scope(from.bucket, from.rule, i))) return false;
  return true;
}

/// Fields that content reads of an alert's events, where nothing else is wanted.
MetaPairs read_meta(const EventImage& image, const ScenarioSet& set) {
  MetaPairs out;
  for (size_t i = 0; i < set.later_slots.size(); ++i)
    if (const std::string_view value = image.get(set.later_slots[i]); !value.empty())
      out.emplace_back(set.later.meta[i], value);
  return out;
}

AlertEvent event_of(const EventImage& image, const ScenarioSet& set, const SlotNames& names) {
  const std::string_view stamp = image.marshaled_time();
  return {stamp.empty() ? format_rfc3339(image.time()) : std::string(stamp), meta_of(image, set, names)};
}

void show_events(const OverflowingBucket& from, const ScenarioSet& set, const SlotNames& names,
                 size_t sources, Alert& alert) {
  if (from.brief && set.later_slots.empty()) return;
  const Queues& queues = from.queues;
  // Every source's alert shows the events: many sources must not multiply many events.
  const auto most = uint32_t(std::max<size_t>(kFewEvents, kMaxShown / sources));
  const uint32_t queued = queues.size(from.bucket);
  const auto add = [&](const EventImage& image) {
    if (from.brief)
      alert.events.push_back({std::string(image.marshaled_time()), read_meta(image, set)});
    else
      alert.events.push_back(event_of(image, set, names));
  };
  if (from.only) return add(*from.only);
  if (from.lean && !queued) {  // none of them has anything that is read
    alert.events.resize(std::min({most, from.rule.queue_limit, uint32_t(from.bucket.total)}));
    return;
  }
  const uint32_t shown = std::min(most, queued);
  alert.events.reserve(shown);
  for (uint32_t i = queued - shown; i < queued; ++i) add(queues.event(from.bucket, from.rule, i));
}

/// What tells one alert from all others, and people what happened.
void identify(const OverflowingBucket& from, const std::vector<AlertSource>& sources, Alert& alert,
              Overflow& out) {
  const Scenario& scenario = from.scenario;
  const Bucket& bucket = from.bucket;
  alert.scenario_version = scenario.version;
  alert.scenario_hash = scenario.hash;
  alert.labels = scenario.labels;
  if (from.event && from.event->source)
    alert.source_name = from.event->source->type + ":" + std::string(from.event->src);
  const std::string who =
      sources.size() == 1 ? sources[0].value : std::to_string(sources.size()) + " sources";
  const std::string last_text = from.event && bucket.last == from.event->t
                                    ? std::string(from.event->t_text)
                                    : text_at(bucket.last, bucket.last_offset);
  alert.message = scenario.scope + " " + who + " performed '" + scenario.name + "' (" +
                  std::to_string(bucket.total) + " events over " + format_duration(from.at - bucket.first) +
                  ") at " + go_text(last_text, bucket.last);
  out.bucket_id = bucket_id(scenario, from.group.text, bucket.first_hash);
  out.mapkey = scenario.map_key.of(from.group.text);
}

std::string uuid_of(const OverflowingBucket& from, const AlertSource& source) {
  std::string identity = from.scenario.name;
  for (const std::string& part :
       {std::string(from.group.text), source.scope, source.value, std::to_string(from.bucket.first_hash)}) {
    identity += '\0';
    identity += part;
  }
  return stable_uuid(identity);
}

}  // namespace

bool has_source(std::string_view source_ip, std::string_view source_range) {
  return Ip::parse(source_ip) && (source_range.empty() || Prefix::parse(source_range));
}

int16_t offset_of(std::string_view rfc3339) {
  if (rfc3339.size() < 25) return 0;
  const std::string_view zone = rfc3339.substr(rfc3339.size() - 6);
  if ((zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return 0;
  const auto two = [&](size_t at) { return (zone[at] - '0') * 10 + (zone[at + 1] - '0'); };
  const int minutes = two(1) * 60 + two(4);
  return int16_t(zone[0] == '-' ? -minutes : minutes);
}

std::string text_at(TimePoint t, int16_t offset) {
  if (offset == 0) return format_rfc3339(t);
  std::string out = format_rfc3339(t + std::chrono::minutes(offset));
  out.pop_back();  // Z
  const int minutes = std::abs(int(offset));
  char zone[8];
  std::snprintf(zone, sizeof zone, "%c%02d:%02d", offset < 0 ? '-' : '+', minutes / 60 % 24, minutes % 60);
  return out + zone;
}

Overflow build_overflow(const OverflowingBucket& from, const ScenarioSet& set, const SlotNames& names) {
  const Scenario& scenario = from.scenario;
  const Bucket& bucket = from.bucket;
  Overflow out;
  std::vector<AlertSource> sources;
  if (!collect_sources(from, set, sources) || sources.empty()) return out;

  Alert alert;
  alert.scenario = scenario.name;
  alert.events_count = bucket.total;
  alert.capacity = scenario.capacity;
  alert.leakspeed = scenario.leakspeed_text;
  alert.start_at = bucket.first;
  alert.stop_at = from.at;
  alert.start_text = text_at(bucket.first, bucket.first_offset);
  alert.stop_text = from.event && from.at == from.event->t ? std::string(from.event->t_text)
                                                           : text_at(from.at, bucket.last_offset);
  alert.remediation = scenario.remediation;
  alert.ambiguous = from.group.marked;
  alert.witness = bucket.witness;
  if (from.event) {
    alert.first_read_mono = from.event->read_mono;
    alert.line_number = from.event->line_number;
    if (from.event->rivals_size > 0)
      for (const std::string_view rival : split(from.event->rivals(), ' '))
        if (!rival.empty()) alert.rivals.emplace_back(rival);
    if (!from.brief || set.asks_lines) alert.line = std::string(from.event->raw);
  }
  show_events(from, set, names, sources.size(), alert);
  out.reprocess = scenario.reprocess;
  if (!from.brief) identify(from, sources, alert, out);
  for (AlertSource& source : sources) {
    Alert one = &source == &sources.back() ? std::move(alert) : alert;
    if (!from.brief) one.uuid = uuid_of(from, source);
    out.source_keys.push_back(source.value);
    one.source = std::move(source);
    out.alerts.push_back(std::move(one));
  }
  return out;
}

}  // namespace testudo::detect
