#include "detect/queue.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace testudo::detect {

Pool::Handle Queues::keep(const EventImage& image) {
  const Pool::Handle handle = pool_.take(image.bytes());
  std::memcpy(pool_.at(handle), static_cast<const void*>(&image), image.bytes());
  at(handle).references = 1;
  return handle;
}

void Queues::release(Pool::Handle handle) {
  EventImage& image = at(handle);
  if (--image.references == 0) pool_.give(handle, image.bytes());
}

const EventImage& Queues::image(Pool::Handle handle) const {
  static const EventImage blank;
  return handle == kBlank ? blank : at(handle);
}

void Queues::open(Bucket& bucket, const Rule& rule) {
  bucket.queue = pool_.take(bytes(rule, 0));
  new (pool_.at(bucket.queue)) Head{};
  head(bucket).birth = ++births_;
}

void Queues::clear(Bucket& bucket, const Rule& rule) {
  if (bucket.queue == Pool::kNone) return;
  Head& h = head(bucket);
  while (h.size) drop_oldest(h, rule);
  pool_.give(bucket.queue, bytes(rule, h.room));
  bucket.queue = Pool::kNone;
}

void Queues::restart(Bucket& bucket, const Rule& rule) {
  if (bucket.queue == Pool::kNone) return;
  if (head(bucket).room) return clear(bucket, rule);
  head(bucket) = Head{};
  head(bucket).birth = ++births_;
}

Pool::Handle Queues::handle(const Bucket& bucket, const Rule& rule, uint32_t i) const {
  Head& h = head(bucket);
  return ring(h, rule)[(h.first + i * stride(rule)) % h.room] & ~kMark;
}

uint32_t Queues::last(const Bucket& bucket, const Rule& rule, bool marked_only, uint32_t most,
                      Pool::Handle* out) const {
  if (bucket.queue == Pool::kNone) return 0;
  Head& h = head(bucket);
  const Pool::Handle* words = ring(h, rule);
  uint32_t count = 0;
  for (uint32_t i = h.size; i > 0 && count < most; --i) {
    uint32_t at = h.first + (i - 1) * stride(rule);
    if (at >= h.room) at -= h.room;
    if (!marked_only || (words[at] & kMark)) out[count++] = words[at] & ~kMark;
  }
  return count;
}

std::string_view Queues::scope(const Bucket& bucket, const Rule& rule, uint32_t i) const {
  if (!rule.scoped) return {};
  Head& h = head(bucket);
  const Pool::Handle scope = ring(h, rule)[(h.first + i * 2 + 1) % h.room];
  if (scope == Pool::kNone) return {};
  uint16_t size;
  std::memcpy(&size, pool_.at(scope), sizeof size);
  return {pool_.at(scope) + sizeof size, size};
}

Pool::Handle Queues::keep_scope(std::string_view value) {
  if (value.empty()) return Pool::kNone;
  const auto size = uint16_t(std::min<size_t>(value.size(), EventImage::kMaxValue));
  const Pool::Handle scope = pool_.take(sizeof size + size);
  std::memcpy(pool_.at(scope), &size, sizeof size);
  std::memcpy(pool_.at(scope) + sizeof size, value.data(), size);
  return scope;
}

void Queues::give_scope(Pool::Handle scope) {
  if (scope == Pool::kNone) return;
  uint16_t size;
  std::memcpy(&size, pool_.at(scope), sizeof size);
  pool_.give(scope, sizeof size + size);
}

void Queues::drop_oldest(Head& h, const Rule& rule) {
  const Pool::Handle* words = ring(h, rule);
  const Pool::Handle image = words[h.first] & ~kMark;
  if (image != kBlank) release(image);
  if (rule.scoped) give_scope(words[h.first + 1]);
  h.first = uint16_t((h.first + stride(rule)) % h.room);
  --h.size;
}

void Queues::push(Bucket& bucket, const Rule& rule, uint32_t limit, Pool::Handle image,
                  std::string_view scope_value, bool marked) {
  if (bucket.queue == Pool::kNone) open(bucket, rule);
  // Two: a limit that has fallen is reached by and by.
  for (int i = 0; i < 2 && head(bucket).size >= limit; ++i) drop_oldest(head(bucket), rule);
  const uint32_t step = stride(rule);
  if (const Head& h = head(bucket); (h.size + 1u) * step > h.room)
    grow(bucket, rule, h.room ? std::min(h.room * 2u, rule.queue_limit * step) : kFirstRoom);
  Head& h = head(bucket);
  Pool::Handle* words = ring(h, rule);
  const uint32_t at = (h.first + h.size * step) % h.room;
  if (image != kBlank) retain(image);
  words[at] = marked ? image | kMark : image;
  if (rule.scoped) words[at + 1] = keep_scope(scope_value);
  ++h.size;
}

void Queues::materialize(Bucket& bucket, const Rule& rule, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) push(bucket, rule, rule.queue_limit, kBlank, {}, false);
}

void Queues::grow(Bucket& bucket, const Rule& rule, uint32_t room) {
  const Pool::Handle block = pool_.take(bytes(rule, room));
  Head& from = head(bucket);
  std::memcpy(pool_.at(block), &from, bytes(rule, 0));
  Head& to = *reinterpret_cast<Head*>(pool_.at(block));
  for (uint32_t i = 0; i < from.size * stride(rule); ++i)
    ring(to, rule)[i] = ring(from, rule)[(from.first + i) % from.room];
  to.first = 0;
  to.room = uint16_t(room);
  pool_.give(bucket.queue, bytes(rule, from.room));
  bucket.queue = block;
}

void Queues::beat(Bucket& bucket, const Rule& rule, int32_t number, TimePoint time) {
  if (bucket.queue == Pool::kNone) open(bucket, rule);
  Head& h = head(bucket);
  times(h)[h.next_beat] = unix_nanos(time);
  numbers(h, rule)[h.next_beat] = number;
  h.next_beat = uint16_t(h.next_beat + 1 == rule.pulse ? 0 : h.next_beat + 1);
  if (h.beats < rule.pulse) ++h.beats;
}

uint32_t Queues::beats(const Bucket& bucket, const Rule& rule, uint32_t most, int64_t* out) const {
  if (bucket.queue == Pool::kNone) return 0;
  Head& h = head(bucket);
  const uint32_t known = std::min<uint32_t>(most, h.beats);
  uint32_t count = 0, at = h.next_beat;
  for (; count < known; ++count) {
    at = at == 0 ? rule.pulse - 1u : at - 1;
    // The queue holds the last events alone.
    if (int64_t(numbers(h, rule)[at]) + rule.queue_limit <= bucket.total) break;
    out[count] = times(h)[at];
  }
  return count;
}

}  // namespace testudo::detect
