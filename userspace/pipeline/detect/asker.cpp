#include "detect/asker.h"

#include <algorithm>

#include "base/text.h"
#include "detect/context.h"

namespace testudo::detect {
namespace {

using Truth = expr::Expression::Truth;
constexpr size_t kMaxContextTexts = 1000;  // of one key; 4000 bytes of them are shown

/// The operands of the window's condition that are answered from times alone; `times` is spoiled.
bool times_pass(const Window& window, int64_t* times, uint32_t count) {
  if (count < window.least) return false;
  const uint32_t n = std::min(window.median_of, count);
  if (n < 2) return true;
  std::sort(times, times + n);
  for (uint32_t i = 0; i + 1 < n; ++i) times[i] = int64_t(uint64_t(times[i + 1]) - uint64_t(times[i]));
  std::sort(times, times + n - 1);
  const int64_t upper = times[(n - 1) / 2], lower = times[(n - 2) / 2];
  // As the helper computes the mean of the two in the middle.
  const int64_t median = n % 2 == 0 ? upper : lower / 2 + upper / 2 + (lower % 2 + upper % 2) / 2;
  return window.median_equal ? median >= window.median.count() : median > window.median.count();
}

}  // namespace

std::string bucket_id(const Scenario& scenario, std::string_view group, uint64_t first_hash) {
  std::string identity = scenario.name;
  identity += '\0';
  identity += group;
  identity += '\0';
  identity += std::to_string(first_hash);
  return stable_uuid(identity);
}

Asker::Asker(std::shared_ptr<const ScenarioSet> set, std::shared_ptr<const SlotNames> names)
    : set_(std::move(set)), names_(std::move(names)) {
  context_.arena = &arena_;
  context_.regex = &regex_;
}

void Asker::show(const EventImage& image, const PourEvent* from) {
  if (!event_) event_ = std::make_unique<Event>(*names_);
  Event& event = *event_;
  event.reset();
  event.type = image.overflow() ? EventType::overflow : EventType::log;
  event.time = image.time();
  event.marshaled_time = image.marshaled_time();
  for (uint32_t i = 0; i < image.fields(); ++i) event.set(image.slot(i), image.value(i));
  for (uint32_t i = 0; i < image.extras(); ++i) {
    const auto [name, value] = image.extra(i);
    if (!name.starts_with(EventImage::kHidden)) event.meta().set_extra(name, value);
  }
  if (from) {
    event.raw = from->raw;
    event.source = from->source;
    event.src = from->src;
    event.module = from->source ? std::string_view(from->source->type) : std::string_view();
    event.arrived = from->arrived;
    event.log_time = from->log_time;
    event.line_number = from->line_number;
  }
  context_.event = &event;
}

void Asker::view_queue(const Buckets& buckets, const Bucket& bucket) {
  // A bucket that got one more event since it was looked at last needs one more view.
  uint32_t from = 0;
  const Queues& queues = buckets.queues();
  const uint32_t size = queues.size(bucket), birth = queues.birth(bucket);
  if (birth && seen_birth_ == birth && seen_total_ == bucket.total) {
    from = size;
  } else if (birth && seen_birth_ == birth && seen_total_ + 1 == bucket.total && size > 0) {
    from = size - 1;
    if (seen_size_ == size) {  // the oldest has left: its place is the newest's
      std::rotate(kept_.begin(), kept_.begin() + 1, kept_.begin() + seen_size_);
      std::rotate(values_.begin(), values_.begin() + 1, values_.begin() + seen_size_);
    }
  }
  const Scenario& scenario = *set_->scenarios[bucket.scenario];
  const Rule& rule = set_->rules[bucket.scenario];
  for (uint32_t i = from; i < size; ++i)
    queues.event(bucket, rule, i).kept(kept(i), scenario.reads_all ? nullptr : &scenario.reads);
  queue_ = {values_.data(), size};
  seen_birth_ = birth;
  seen_total_ = bucket.total;
  seen_size_ = size;
}

expr::KeptEvent& Asker::kept(size_t i) {
  while (kept_.size() <= i) {
    kept_.push_back(std::make_unique<expr::KeptEvent>());
    values_.push_back(expr::kept_event_value(kept_.back().get()));
  }
  return *kept_[i];
}

void Asker::begin(const Buckets& buckets, const GroupKey& group, const Bucket& bucket, const PourEvent* event,
                  TimePoint overflow_at) {
  view_queue(buckets, bucket);
  view_bucket(group, bucket, event, overflow_at);
}

void Asker::view_bucket(const GroupKey& group, const Bucket& bucket, const PourEvent* event,
                        TimePoint overflow_at) {
  arena_.reset();
  const Scenario& scenario = *set_->scenarios[bucket.scenario];
  view_.total = bucket.total;
  view_.first = bucket.first;
  view_.last = bucket.last;
  view_.overflow = overflow_at;
  view_.duration = scenario.lifetime();
  view_.mapkey = view_.uuid = {};
  if (scenario.asks_names) {
    mapkey_ = scenario.map_key.of(group.text);
    uuid_ = bucket_id(scenario, group.text, bucket.first_hash);
    view_.mapkey = mapkey_;
    view_.uuid = uuid_;
  }
  context_.queue = &queue_;
  context_.leaky = &view_;
  if (event && scenario.asks_event) {
    show(*event->image, event);
  } else {
    if (!event_) event_ = std::make_unique<Event>(*names_);
    if (context_.event) event_->reset();  // it shows another one
    context_.event = event_.get();
  }
}

bool Asker::passes(const Scenario& scenario, const EventImage& image) {
  const Window& window = *scenario.window;
  if (window.predicate.empty()) return true;
  if (window.equal_slot) return image.get(*window.equal_slot) == window.equal_text;
  seen_birth_ = 0;
  image.kept(kept(0), scenario.reads_all ? nullptr : &scenario.reads);
  queue_ = {values_.data(), 1};
  context_.queue = &queue_;
  arena_.reset();
  return scenario.window_match.test(context_) == Truth::yes;
}

Truth Asker::condition(const Buckets& buckets, const GroupKey& group, const Bucket& bucket,
                       const PourEvent& event) {
  const Scenario& scenario = *set_->scenarios[bucket.scenario];
  const Rule& rule = set_->rules[bucket.scenario];
  if (!scenario.window) {
    begin(buckets, group, bucket, &event);
    return ask(scenario.condition);
  }
  const Window& window = *scenario.window;
  const Queues& queues = buckets.queues();
  int64_t times[Window::kMost];
  if (rule.pulse)
    return times_pass(window, times, queues.beats(bucket, rule, rule.pulse, times)) ? Truth::yes : Truth::no;
  Pool::Handle newest[Window::kMost];
  const uint32_t count = queues.last(bucket, rule, !window.predicate.empty(), window.size, newest);
  for (uint32_t i = 0; i < count; ++i) times[i] = unix_nanos(queues.image(newest[i]).time());
  if (!times_pass(window, times, count)) return Truth::no;
  seen_birth_ = 0;  // the views are the window's now
  for (uint32_t i = 0; i < count; ++i)
    queues.image(newest[count - 1 - i]).kept(kept(i), scenario.reads_all ? nullptr : &scenario.reads);
  queue_ = {values_.data(), count};
  view_bucket(group, bucket, &event, {});
  return ask(scenario.condition);
}

Truth Asker::ask(const expr::Expression& question) { return question.test(context_); }

Truth Asker::ask(const expr::Expression& question, Overflow& signal) {
  event_->overflow = &signal;
  const Truth truth = question.test(context_);
  event_->overflow = nullptr;
  return truth;
}

bool Asker::convinced(const Scenario& scenario, uint64_t& guillotine, uint64_t& errors) {
  float p = scenario.prior;
  for (size_t i = 0; i < scenario.evidence.size(); ++i) {
    const Evidence& one = scenario.evidence[i];
    const uint64_t bit = 1ull << i;
    Truth truth = guillotine & bit ? Truth::yes : ask(one.condition);
    if (truth == Truth::failed) {
      ++errors;
      continue;
    }
    const bool holds = truth == Truth::yes;
    if (holds && one.guillotine) guillotine |= bit;
    const float evil = holds ? one.given_evil : 1 - one.given_evil;
    const float benign = holds ? one.given_benign : 1 - one.given_benign;
    p = evil * p / (evil * p + benign * (1 - p));
  }
  return p > scenario.threshold;
}

MetaPairs Asker::contexts(const Buckets& buckets, const Bucket& bucket, const EventImage* only) {
  MetaPairs out;
  if (set_->contexts.empty()) return out;
  arena_.reset();
  const uint32_t count = only ? 1 : buckets.queues().size(bucket);
  const auto& all = set_->contexts;
  std::vector<std::vector<std::string>> values(all.size());
  std::vector<size_t> first(all.size());  // expressions of one key share the list of its first
  for (size_t k = 1; k < all.size(); ++k) first[k] = all[k].key == all[k - 1].key ? first[k - 1] : k;
  std::vector<std::string_view> texts;
  for (uint32_t i = 0; i < count; ++i) {
    const EventImage& image = only ? *only : buckets.queues().event(bucket, set_->rules[bucket.scenario], i);
    show(image, nullptr);
    for (size_t k = 0; k < all.size(); ++k) {
      texts.clear();
      if (!all[k].early.empty()) {
        for (uint32_t e = 0; e < image.extras(); ++e)
          if (image.extra(e).first == all[k].early) texts.push_back(image.extra(e).second);
      } else {
        Value value;
        if (!all[k].expression.eval(context_, value)) continue;
        context_texts(value, context_, texts);
      }
      std::vector<std::string>& list = values[first[k]];
      for (const std::string_view text : texts)
        if (list.size() < kMaxContextTexts && std::find(list.begin(), list.end(), text) == list.end())
          list.emplace_back(text);
    }
  }
  for (size_t k = 0; k < all.size(); ++k) {
    if (first[k] != k || values[k].empty()) continue;
    std::string json = context_json(std::move(values[k]));
    if (!json.empty()) out.emplace_back(all[k].key, std::move(json));
  }
  return out;
}

}  // namespace testudo::detect
