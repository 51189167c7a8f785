// Scenarios written in the test, events made in the test: what overflows. No parser, no clock.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "detect/matcher.h"
#include "detect/shards.h"
#include "expr/text_tests.h"

namespace testudo::detect {

inline const TimePoint noon = *parse_rfc3339("2026-06-01T12:00:00Z");

/// Compiled content. Errors of a document are kept as text.
struct Compiled {
  std::shared_ptr<SlotNames> names = std::make_shared<SlotNames>();
  std::shared_ptr<ScenarioSet> set = std::make_shared<ScenarioSet>();
  std::shared_ptr<expr::TextTests> texts = std::make_shared<expr::TextTests>();
  std::vector<std::string> errors;

  /// `more` may change the set before it is finished.
  using More = std::function<void(ScenarioSet&)>;
  explicit Compiled(const std::string& scenarios, const std::string& contexts = "",
                    const More& more_of = {}) {
    std::vector<Error> notes;
    ScenarioEnv env{*names, {&expr::pure_helpers()}, notes, texts.get()};
    const auto documents = parse_yaml(scenarios, "s.yaml");
    EXPECT_TRUE(documents.ok());
    for (const YamlNode& document : *documents) {
      auto scenario = compile_scenario(document, env);
      if (!scenario)
        errors.push_back(scenario.error().text());
      else if (*scenario)
        add_scenario(*set, std::move(*scenario));
    }
    const auto more = parse_yaml(contexts, "c.yaml");
    EXPECT_TRUE(more.ok());
    for (const YamlNode& document : *more)
      if (const auto added = add_context(*set, document, env); !added) errors.push_back(added.error().text());
    if (more_of) more_of(*set);
    finish(*set, *names);
    texts->finish();
  }
};

class Rig {
 public:
  using Fields = std::map<std::string, std::string>;

  explicit Rig(const std::string& scenarios, const std::string& contexts = "", ShardOptions options = fixed(),
               const Compiled::More& more = {})
      : content_(scenarios, contexts, more),
        event_(*content_.names),
        scan_(*content_.texts),
        matcher_(content_.set, content_.names, options.seed, options.brief),
        shards_(content_.set, content_.names, options) {
    for (const std::string& error : content_.errors) ADD_FAILURE() << error;
    context_.regex = &regex_;
    context_.texts = &scan_;
  }
  static ShardOptions fixed() {
    ShardOptions options;
    options.seed = 12345;
    return options;
  }

  /// One event, `seconds` after noon. The alerts it gave.
  std::vector<Alert> pour(double seconds, const Fields& meta, const Fields& parsed = {}) {
    make(seconds, meta, parsed);
    run(seconds);
    return alerts_of();
  }
  std::vector<Alert> tick(double seconds) {
    emitted_.clear();
    shards_.tick(at(seconds), 100'000, emitted_);
    return alerts_of();
  }
  std::vector<Alert> pour_overflow(double seconds, Overflow overflow) {
    event_.reset();
    event_.type = EventType::overflow;
    event_.overflow = &overflow;
    event_.time = at(seconds);
    event_.log_time = log_time;
    const std::string text = format_rfc3339(event_.time);
    batch_.reset();
    emitted_.clear();
    if (matcher_.match_overflow(event_, {at(seconds), text}, context_, batch_))
      shards_.take(batch_, emitted_);
    return alerts_of();
  }
  static TimePoint at(double seconds) { return noon + Duration(int64_t(seconds * 1e9)); }

  Event& make(double seconds, const Fields& meta, const Fields& parsed = {}) {
    event_.reset();
    texts_.clear();
    event_.time = event_.arrived = at(seconds);
    event_.log_time = log_time;
    event_.line_number = ++lines_;
    event_.raw = raw_ = "line " + std::to_string(lines_);
    set(Bag::meta, meta);
    set(Bag::parsed, parsed);
    stamp_ = format_rfc3339(event_.time);
    if (log_time) event_.marshaled_time = stamp_;
    return event_;
  }
  /// The event that make() made.
  bool run(double seconds, bool marked = false) {
    batch_.reset();
    emitted_.clear();
    const bool taken = matcher_.match(event_, {at(seconds), stamp_, marked}, context_, batch_);
    shards_.take(batch_, emitted_);
    return taken;
  }
  bool run_keep(double seconds, PourBatch& into) {  ///< match only
    return matcher_.match(event_, {at(seconds), stamp_}, context_, into);
  }

  bool log_time = true;
  Compiled content_;
  std::vector<Emitted> emitted_;
  Event event_;
  expr::TextScan scan_;
  RegexScratch regex_;
  expr::Context context_;
  Matcher matcher_;
  Shards shards_;
  PourBatch batch_;

  ScenarioCounters counters() {
    std::vector<ScenarioCounters> totals;
    std::vector<uint32_t> changed;
    shards_.drain_counters(totals, changed);
    ScenarioCounters sum;
    for (const ScenarioCounters& c : totals) sum.add(c);
    for (const MatchCounters& c : matcher_.counters()) sum.errors += c.errors;
    return sum;
  }

 private:
  void set(Bag bag, const Fields& fields) {
    for (const auto& [name, value] : fields) {
      const std::string_view kept = event_.arena.copy(value);
      if (const auto slot = content_.names->find(bag, name);
          slot && slot->index < event_.bags[size_t(bag)].slots())
        event_.set(*slot, kept);
      else
        event_.bags[size_t(bag)].set_extra(event_.arena.copy(name), kept);
    }
  }
  std::vector<Alert> alerts_of() {
    std::vector<Alert> out;
    for (const Emitted& one : emitted_)
      out.insert(out.end(), one.overflow.alerts.begin(), one.overflow.alerts.end());
    return out;
  }
  std::string raw_, stamp_;
  std::vector<std::string> texts_;
  uint64_t lines_ = 0;
};

inline std::string head(const std::string& type) {
  return "type: " + type + "\nname: me/" + type + "\ndescription: d\nfilter: evt.Meta.kind == 'x'\n" +
         "groupby: evt.Meta.source_ip\n";
}
inline Rig::Fields from(const std::string& ip, Rig::Fields more = {}) {
  more["source_ip"] = ip;
  more.emplace("kind", "x");
  return more;
}

}  // namespace testudo::detect
