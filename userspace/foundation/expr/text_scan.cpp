// What holds in the event at hand: a subject's text is computed once and scanned once, and both are forgotten
// when the event, or the slot they come from, is another.
#include <utility>

#include "base/text.h"
#include "expr/ascii_case.h"
#include "expr/code.h"
#include "expr/text_tests_impl.h"
#include "expr/text_tools.h"

namespace testudo::expr {

struct TextScan::State {
  const Event* event = nullptr;
  uint64_t epoch = 0;
  std::string_view
      slot;  ///< what the slot held: compared by place and size, a rewritten slot is another view
  std::string_view text;
  enum class Text : uint8_t { unknown, computed, failed } known = Text::unknown;
  bool scanned = false;
  std::vector<uint32_t> rows;  ///< that hold
};

// Texts of one family that were scanned in this event, and what they hold.
struct TextScan::FamilyState {
  static constexpr size_t kMost = 8;  ///< a slot that is rewritten all the time does not gather texts

  const Event* event = nullptr;
  uint64_t epoch = 0;
  struct Seen {
    std::string_view text;
    std::vector<uint32_t> literals;
  };
  std::vector<Seen> seen;
  size_t used = 0;
};

TextScan::TextScan(const TextTests& tests)
    : tests_(tests),
      states_(tests.subjects()),
      families_(tests.impl_->families.size()),
      marks_(tests.rows() / 64 + 1) {}
TextScan::~TextScan() = default;

TextScan::State& TextScan::fresh(Context& ctx, uint32_t subject) {
  State& state = states_[subject];
  const Event& event = *ctx.event;
  const std::string_view slot = event.get(tests_.impl_->subjects[subject].slot);
  if (state.event == &event && state.epoch == event.epoch && state.slot.data() == slot.data() &&
      state.slot.size() == slot.size())
    return state;
  state.event = &event;
  state.epoch = event.epoch;
  state.slot = slot;
  state.known = State::Text::unknown;
  if (std::exchange(state.scanned, false)) {
    for (const uint32_t row : state.rows) marks_[row >> 6] &= ~(uint64_t{1} << (row & 63));
    state.rows.clear();
  }
  return state;
}

bool TextScan::text(Context& ctx, uint32_t subject, std::string_view& out) {
  const TextTests::Subject& about = tests_.impl_->subjects[subject];
  if (about.of == TextTests::Subject::kNone) {
    out = ctx.event->get(about.slot);
    return true;
  }
  State& state = fresh(ctx, subject);
  if (state.known == State::Text::unknown) {
    state.known = State::Text::failed;
    std::string_view from;
    if (!text(ctx, about.of, from)) return false;
    const Value argument = Value::of(from);
    Value made;
    // It must live as long as the event does, wherever the caller puts what it computes.
    Arena* const callers = std::exchange(ctx.arena, &ctx.event->arena);
    const bool ok = about.step.call(about.step.owner, ctx, &argument, 1, made);
    ctx.arena = callers;
    if (!ok || !made.is_string()) return false;
    state.text = made.text();
    state.known = State::Text::computed;
  }
  out = state.text;
  return state.known == State::Text::computed;
}

const std::vector<uint32_t>& TextScan::literals_in(Context& ctx, uint32_t family, std::string_view text) {
  FamilyState& state = families_[family];
  if (state.event != ctx.event || state.epoch != ctx.event->epoch || state.used == FamilyState::kMost) {
    state.event = ctx.event;
    state.epoch = ctx.event->epoch;
    state.used = 0;
  }
  for (size_t i = 0; i < state.used; ++i)
    if (state.seen[i].text == text) return state.seen[i].literals;
  if (state.seen.size() == state.used) state.seen.emplace_back();
  FamilyState::Seen& seen = state.seen[state.used++];
  tests_.impl_->families[family].literals.scan(text, hits_);
  seen.text = text;
  seen.literals = hits_.found();
  return seen.literals;
}

void TextScan::add(uint32_t row, State& state) {
  marks_[row >> 6] |= uint64_t{1} << (row & 63);
  state.rows.push_back(row);
}

// `scanned` is the subject's text, or that text before its letters were changed.
void TextScan::scan_places(Context& ctx, uint32_t subject, std::string_view scanned, State& state) {
  const TextTests::Subject& about = tests_.impl_->subjects[subject];
  const TextTests::Family& family = tests_.impl_->families[about.family];
  const auto begins = [&](std::string_view text, std::string_view wanted) {
    return about.letters == TextTests::Subject::Letters::as_they_are ? text.starts_with(wanted)
                                                                     : starts_with_nocase(text, wanted);
  };
  const auto stands = [&](const TextTests::Family::Place& place) {
    const std::string_view wanted = family.literals.literal(place.literal);
    switch (place.where) {
      case TextTests::Where::start:
        return begins(scanned, wanted);
      case TextTests::Where::end:
        return begins(scanned.substr(scanned.size() - wanted.size()), wanted);  // it occurs, so it fits
      default:
        return true;
    }
  };
  for (const uint32_t literal : literals_in(ctx, about.family, scanned))
    for (uint32_t i = family.heads[literal]; i < family.heads[literal + 1]; ++i)
      if (family.places[i].subject == subject && stands(family.places[i])) add(family.places[i].row, state);
}

bool TextScan::scan(Context& ctx, uint32_t subject, State& state) {
  if (state.scanned) return true;
  const TextTests::Subject& about = tests_.impl_->subjects[subject];
  using Letters = TextTests::Subject::Letters;
  // Letters beyond ASCII are scanned as the helper makes them, and so is a text that is too long for it.
  std::string_view scanned;
  bool unchanged = about.letters != Letters::as_they_are;
  if (unchanged) {
    if (!text(ctx, about.of, scanned)) return false;
    unchanged = scanned.size() <= kMaxMade / 2 && ascii_letters(scanned, false).ascii;
  }
  if (!unchanged && !text(ctx, subject, scanned)) return false;
  state.scanned = true;
  if (about.asked > 0) scan_places(ctx, subject, scanned, state);
  if (about.equal.empty() || scanned.size() > about.longest_equal) return true;
  if (unchanged && !text(ctx, subject, scanned)) return false;
  if (const auto same = about.equal.find(scanned); same != about.equal.end()) add(same->second, state);
  return true;
}

TextScan::Answer TextScan::any(Context& ctx, const RowTest& test) {
  State& state = fresh(ctx, test.subject);
  if (!scan(ctx, test.subject, state)) return Answer::failed;
  if (state.rows.empty()) return Answer::no;
  for (const auto& [word, mask] : test.masks)
    if (marks_[word] & mask) return Answer::yes;
  return Answer::no;
}

void TextScan::found(Context& ctx, uint32_t subject, std::vector<uint32_t>& rows) {
  State& state = fresh(ctx, subject);
  if (scan(ctx, subject, state)) rows.insert(rows.end(), state.rows.begin(), state.rows.end());
}

void TextScan::found(Context& ctx, std::vector<uint32_t>& rows) {
  for (const uint32_t subject : tests_.guard_subjects()) found(ctx, subject, rows);
}

}  // namespace testudo::expr
