#include "enforce/nft_writer.h"

#include <algorithm>
#include <cerrno>

namespace testudo::nft {
namespace {

// A tag is the row of its step and which half of it.
uint32_t tag_of(size_t row, bool adds) { return uint32_t(row * 2 + adds); }

Family family_of(Kind kind) { return is_v6(kind) ? Family::v6 : Family::v4; }

/// An interval's end is an element of its own behind the last address; the highest address needs none.
std::string end_key(const Step& step, Address last) {
  const Family family = family_of(step.kind);
  if (last == (family == Family::v4 ? Address(0xffffffff) : ~Address(0))) return "";
  return key_of(last + 1, family);
}

}  // namespace

uint64_t timeout_ms(int64_t until, int64_t now) {
  if (until == kForever) return 0;
  if (until <= now) return 1;
  return (uint64_t(until - now) + 999'999) / 1'000'000;
}

std::vector<Step> draw_together(std::vector<Step> steps) {
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
    if (a.group != b.group) return a.group < b.group;
    if (a.kind != b.kind) return a.kind < b.kind;
    return a.first < b.first;
  });
  std::vector<Step> out;
  for (const Step& step : steps) {
    if (!out.empty() && out.back().group == step.group && out.back().kind == step.kind &&
        out.back().first == step.first)
      out.back().after = step.after;
    else
      out.push_back(step);
  }
  std::erase_if(out, [](const Step& step) { return step.before == step.after; });
  return out;
}

void Writer::add(const Step& step) {
  if (!step.group->sets[size_t(step.kind)].aside) steps_.push_back(step);
}

void Writer::add(const std::vector<Step>& steps) {
  for (const Step& step : steps) add(step);
}

Writer::Sent Writer::build(const std::vector<Step>& steps, int64_t now, const std::string& emptied) const {
  Sent sent{Batch(table_), {}};
  for (const Step& step : steps) {
    if (!step.after.present || step.group->id.remediation == Remediation::none || step.group->id.policy >= 0)
      continue;
    PolicyRows::Policy& policy = book_.policies.at(step.after.policy);
    const bool v6 = is_v6(step.kind);
    if (policy.made[v6]) continue;
    sent.batch.add_counter(counter_name(policy.remediation, step.after.policy, v6),
                           policy_comment(policy.origin, policy.scenario));
    policy.made[v6] = true;  // taken back when the transaction fails
    sent.counters.emplace_back(step.after.policy, v6);
  }
  if (!emptied.empty()) sent.batch.flush_set(emptied);
  const Group* named = nullptr;
  Kind named_kind = Kind::a4;
  std::string set;
  const auto name = [&](const Step& step) -> const std::string& {
    if (named != step.group || named_kind != step.kind) {
      named = step.group;
      named_kind = step.kind;
      set = set_name(step.group->set_id(step.kind));
    }
    return set;
  };
  const PolicyRows::Policy* counted = nullptr;
  bool counted_v6 = false;
  std::string counter;
  const auto counter_of = [&](const Step& step) -> const std::string& {
    const PolicyRows::Policy& policy = book_.policies.at(step.after.policy);
    if (counted != &policy || counted_v6 != is_v6(step.kind)) {
      counted = &policy;
      counted_v6 = is_v6(step.kind);
      counter = counter_name(policy.remediation, step.after.policy, counted_v6);
    }
    return counter;
  };
  const auto element = [&](size_t row, bool adds) {
    const Step& step = steps[row];
    const Step::State& state = adds ? step.after : step.before;
    if (!state.present) return;
    const std::string key = key_of(step.first, family_of(step.kind));
    Element e{key, false, "", 0};
    if (adds) {
      e.timeout_ms = timeout_ms(state.until, now);
      if (step.group->id.remediation != Remediation::none && step.group->id.policy < 0)
        e.counter = counter_of(step);
    }
    const auto put = [&](const Element& what) {
      if (adds)
        sent.batch.add_element(name(step), what, tag_of(row, adds));
      else
        sent.batch.delete_element(name(step), what, tag_of(row, adds));
    };
    put(e);
    if (!is_ranges(step.kind)) return;
    const std::string end = end_key(step, state.last);
    if (!end.empty()) put({end, true, "", 0});
  };
  for (size_t row = 0; row < steps.size(); ++row) element(row, false);
  for (size_t row = 0; row < steps.size(); ++row) element(row, true);
  return sent;
}

bool Writer::judge(const std::vector<Refusal>& refusals, std::vector<Step>& steps, Outcome& outcome) const {
  std::vector<size_t> out;
  bool learned = false;
  for (const Refusal& refusal : refusals) {
    if (refusal.tag == Batch::kNoTag) {
      outcome.missing = outcome.missing || refusal.error == ENOENT;
      continue;
    }
    const size_t row = refusal.tag / 2;
    const bool adds = refusal.tag % 2;
    if (row >= steps.size()) continue;
    Step& step = steps[row];
    learned = true;
    if (is_ranges(step.kind)) {
      // The whole set is written anew: what overlaps what cannot be told from here.
      outcome.doubtful.insert({step.group, step.kind});
      out.push_back(row);
    } else if (!adds && refusal.error == ENOENT) {
      step.before.present = false;  // it has ended by itself
      if (!step.after.present) out.push_back(row);
    } else if (adds && (refusal.error == EEXIST || refusal.error == EBUSY) && !step.before.present) {
      step.before.present = true;
    } else {
      outcome.failed.push_back({step, refusal.error});
      out.push_back(row);
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  for (auto row = out.rbegin(); row != out.rend(); ++row) steps.erase(steps.begin() + long(*row));
  std::erase_if(steps, [&](const Step& step) { return outcome.doubtful.contains({step.group, step.kind}); });
  return learned && !steps.empty();
}

void Writer::give_up(const std::vector<Step>& steps, Outcome& outcome) const {
  for (const Step& step : steps) outcome.doubtful.insert({step.group, step.kind});
}

Result<void> Writer::remove_ended(const Step& step) {
  Batch batch(table_);
  const std::string key = key_of(step.first, family_of(step.kind));
  batch.delete_element(set_name(step.group->set_id(step.kind)), {key, false, "", 0}, 0);
  // What else may be refused, the table missing for one, the transaction that follows meets as well.
  const auto refusals = socket_.send(batch);
  if (!refusals) return refusals.error();
  return {};
}

Result<Writer::Outcome> Writer::flush() {
  Outcome outcome;
  std::vector<Step> steps = draw_together(std::move(steps_));
  steps_.clear();
  const int64_t at = unix_nanos(now());
  for (Step& step : steps) {
    if (is_ranges(step.kind) || !step.before.present || step.before.until > at) continue;
    TESTUDO_CHECK(remove_ended(step));
    step.before = {};
  }
  std::erase_if(steps, [](const Step& step) { return !step.before.present && !step.after.present; });
  for (int tries = 0; !steps.empty(); ++tries) {
    Sent sent = build(steps, unix_nanos(now()));
    const auto refusals = socket_.send(sent.batch);
    if (refusals && refusals->empty()) break;
    for (const auto& [row, v6] : sent.counters) book_.policies.at(row).made[v6] = false;
    if (!refusals) {
      give_up(steps, outcome);
      return refusals.error();
    }
    if (tries + 1 == kTries || !judge(*refusals, steps, outcome)) {
      give_up(steps, outcome);
      break;
    }
  }
  if (undo_)
    for (const Outcome::Failure& failure : outcome.failed) Book::undo(failure.step);
  return outcome;
}

Result<Writer::Outcome> Writer::refill(SetRef set) {
  const int64_t at = unix_nanos(now());
  std::vector<Step> steps;
  Book::all_of(*set.first, set.second, [&](const Step& step) {
    if (step.after.until > at) steps.push_back(step);
  });
  Sent sent = build(steps, at, set_name(set.first->set_id(set.second)));
  Outcome outcome;
  const auto refusals = socket_.send(sent.batch);
  if (refusals && refusals->empty()) return outcome;
  for (const auto& [row, v6] : sent.counters) book_.policies.at(row).made[v6] = false;
  if (!refusals) return refusals.error();
  for (const Refusal& refusal : *refusals) {
    outcome.missing = outcome.missing || refusal.tag == Batch::kNoTag;
    if (refusal.tag != Batch::kNoTag) outcome.failed.push_back({steps[refusal.tag / 2], refusal.error});
  }
  return outcome;
}

}  // namespace testudo::nft
