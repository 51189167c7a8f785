#include "expr/zones.h"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>

#include "base/time.h"
#include "expr/layout.h"

namespace testudo::expr {
namespace {

constexpr uint32_t kMaxZones = 256;

// Filled under the lock, read without: a zone never changes and never goes.
struct Registry {
  std::mutex lock;
  std::array<std::atomic<const Zone*>, kMaxZones> zones{};
  uint32_t used = 1;
  Zone utc{"UTC", 0, nullptr};
  std::vector<std::unique_ptr<Zone>> owned;
  Registry() { zones[0] = &utc; }
};
Registry& registry() {
  static Registry all;
  return all;
}

}  // namespace

const Zone* find_zone(Machine& m, std::string_view name) {
  Registry& all = registry();
  if (name.empty() || name == "UTC" || name == "GMT" || name == "Etc/UTC") return &all.utc;
  const std::lock_guard held(all.lock);
  for (uint32_t i = 1; i < all.used; ++i)
    if (all.zones[i].load()->name == name) return all.zones[i];
  if (all.used == kMaxZones) {
    m.fail({"more than 255 time zones"});
    return nullptr;
  }
  auto rules = ZoneRules::load(std::string(name.substr(0, 100)));
  if (!rules) {
    m.fail({"unknown time zone ", name});
    return nullptr;
  }
  all.owned.push_back(std::make_unique<Zone>(Zone{std::string(name), all.used, std::move(*rules)}));
  all.zones[all.used++] = all.owned.back().get();
  return all.owned.back().get();
}

Value zone_value(const Zone& zone) { return Value::of_object(uint8_t(ClassId::zone), &zone); }

const Zone* zone_in(Machine& m, const Value& value) {
  if (value.is_string()) return find_zone(m, value.text());
  if (value.kind == Value::Kind::object && ClassId(value.class_id) == ClassId::zone)
    return static_cast<const Zone*>(value.object);
  m.fail({"a time zone is needed, as of timezone('Europe/Berlin')"});
  return nullptr;
}

int offset_of(const Value& time) {
  if (time.size == 0 || time.size >= kMaxZones) return 0;
  const Zone* zone = registry().zones[time.size];
  return zone && zone->rules ? zone->rules->offset_at(unix_seconds(from_unix_nanos(time.integer))) : 0;
}

Value in_zone(const Value& time, const Zone& zone) {
  Value moved = time;
  moved.size = zone.number;
  return moved;
}

std::string time_text(const Value& time) {
  const TimePoint at = from_unix_nanos(time.integer);
  if (time.size == 0) return format_go_time(at);
  return format_layout(at, "2006-01-02 15:04:05.999999999 -0700 MST", offset_of(time));
}

std::string time_json(const Value& time) {
  const TimePoint at = from_unix_nanos(time.integer);
  if (time.size == 0) return format_rfc3339(at);
  return format_layout(at, "2006-01-02T15:04:05.999999999Z07:00", offset_of(time));
}

}  // namespace testudo::expr
