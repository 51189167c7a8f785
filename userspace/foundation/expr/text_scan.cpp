// What holds in the event at hand: a subject's text is computed once and scanned once, and both are forgotten
// when the event, or the slot they come from, is another.
#include <utility>

#include "expr/code.h"
#include "expr/text_tests_impl.h"

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

TextScan::TextScan(const TextTests& tests)
    : tests_(tests), states_(tests.subjects()), marks_(tests.rows() / 64 + 1) {}
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

bool TextScan::scan(Context& ctx, uint32_t subject, State& state) {
  if (state.scanned) return true;
  std::string_view text;
  if (!this->text(ctx, subject, text)) return false;
  state.scanned = true;
  const TextTests::Subject& about = tests_.impl_->subjects[subject];
  const auto add = [&](uint32_t row) {
    marks_[row >> 6] |= uint64_t{1} << (row & 63);
    state.rows.push_back(row);
  };
  const auto stands = [&](const TextTests::Subject::Place& place) {
    switch (place.where) {
      case TextTests::Where::start:
        return text.starts_with(about.literals.literal(place.literal));
      case TextTests::Where::end:
        return text.ends_with(about.literals.literal(place.literal));
      default:
        return true;
    }
  };
  if (!about.places.empty()) {
    about.literals.scan(text, hits_);
    for (const uint32_t literal : hits_.found())
      for (uint32_t i = about.heads[literal]; i < about.heads[literal + 1]; ++i)
        if (stands(about.places[i])) add(about.places[i].row);
  }
  if (!about.equal.empty())
    if (const auto same = about.equal.find(text); same != about.equal.end()) add(same->second);
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
