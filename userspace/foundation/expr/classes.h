// expr/classes.h: the objects that expressions know, by number: Value::class_id.
//
// Helpers of other rooms see these numbers in the values they are given: `evt.Unmarshaled` arrives as an
// object of class `unmarshaled`, to be written through ctx.event. On integers `class_id` says that the number
// is a weekday or a month, on arrays and maps that all elements are strings.
#pragma once

#include <cstdint>
#include <string_view>

namespace testudo::expr {

enum class ClassId : uint8_t {
  none,
  text,     ///< arrays and maps of strings; a key such a map lacks reads as ""
  weekday,  ///< integers: 0 is Sunday
  month,    ///< integers: 1 is January
  // Maps that are not built but looked into. The object is the Event (the SourceInfo for labels).
  parsed,
  meta,
  enriched,
  unmarshaled,
  labels,
  kept_parsed,  ///< of an event that a bucket keeps; the object is the KeptEvent
  kept_meta,
  kept_enriched,
  // Structs.
  event,
  line,
  overflow,
  alert,
  source,
  alert_event,
  meta_item,
  decision,
  appsec,
  request,
  queue,
  kept_event,
  bucket,  ///< leaky; the object is the BucketView
  zone,    ///< a time zone
};

/// Maps that live in the event; everything else of kind object is a struct.
inline bool is_map_class(ClassId id) { return id >= ClassId::parsed && id <= ClassId::kept_enriched; }

/// "evt", "evt.Line", "Alert" …: as errors name it.
std::string_view class_name(ClassId id);

}  // namespace testudo::expr
