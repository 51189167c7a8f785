// What conditions and overflow filters see of a bucket: queue and leaky.
#include "expr/members.h"

namespace testudo::expr {
namespace {

constexpr StaticType kEvents = {Type::array, ClassId::none, Type::object, ClassId::kept_event};

const Member queue_rows[] = {
    {"Queue", kEvents,
     [](Machine&, const void* o, Value& out) {
       if (o) out = Value::of(static_cast<const ValueArray*>(o));
     }},
};

bool get_queue(Machine&, const Value& self, const Value*, Value& out) {
  out = Value::of(static_cast<const ValueArray*>(self.object));
  return true;
}
const Method queue_calls[] = {{"GetQueue", {}, kEvents, get_queue}};

const BucketView& bucket(const void* object) { return *static_cast<const BucketView*>(object); }
template <TimePoint BucketView::*field>
void moment(Machine&, const void* object, Value& out) {
  out = Value::time(unix_nanos(bucket(object).*field));
}
template <std::string_view BucketView::*field>
void text(Machine&, const void* object, Value& out) {
  out = Value::of(bucket(object).*field);
}

const Member bucket_rows[] = {
    {"Total_count", kInteger, [](Machine&, const void* o, Value& out) { out = Value::of(bucket(o).total); }},
    {"First_ts", kTime, moment<&BucketView::first>},
    {"Last_ts", kTime, moment<&BucketView::last>},
    {"Ovflw_ts", kTime, moment<&BucketView::overflow>},
    {"Duration", kDuration,
     [](Machine&, const void* o, Value& out) { out = Value::duration(bucket(o).duration.count()); }},
    {"Queue", object_type(ClassId::queue),
     [](Machine& m, const void*, Value& out) {
       out = Value::of_object(uint8_t(ClassId::queue), m.ctx.queue);
     }},
    {"Mapkey", kString, text<&BucketView::mapkey>},
    {"Uuid", kString, text<&BucketView::uuid>},
};

}  // namespace

std::span<const Member> queue_members() { return queue_rows; }
std::span<const Method> queue_methods() { return queue_calls; }
std::span<const Member> bucket_members() { return bucket_rows; }

}  // namespace testudo::expr
