#include "expr/text_tests.h"

#include <algorithm>

#include "expr/text_tests_impl.h"

namespace testudo::expr {
namespace {

// Below this many rows a search for each is as quick as one pass for all.
constexpr size_t kWorthAPass = 6;

}  // namespace

TextTests::TextTests() : impl_(std::make_unique<Impl>()) {}
TextTests::~TextTests() = default;

uint32_t TextTests::subject(SlotRef slot) {
  auto& all = impl_->subjects;
  for (uint32_t i = 0; i < all.size(); ++i)
    if (all[i].of == Subject::kNone && all[i].slot == slot) return i;
  all.emplace_back().slot = slot;
  return uint32_t(all.size() - 1);
}

uint32_t TextTests::subject(uint32_t of, const Helper& step) {
  auto& all = impl_->subjects;
  for (uint32_t i = 0; i < all.size(); ++i)
    if (all[i].of == of && all[i].step.call == step.call && all[i].step.owner == step.owner) return i;
  const SlotRef slot = all[of].slot;
  Subject& made = all.emplace_back();
  made.slot = slot;
  made.of = of;
  made.step = step;
  return uint32_t(all.size() - 1);
}

uint32_t TextTests::row(uint32_t subject, Where where, std::string_view text) {
  std::string question = std::to_string(subject) + char('a' + int(where));
  question += text;
  const auto [known, is_new] = impl_->known.emplace(std::move(question), uint32_t(rows()));
  if (!is_new) return known->second;
  const uint32_t row = known->second;
  impl_->subject_of.push_back(subject);
  Subject& about = impl_->subjects[subject];
  if (where == Where::equal)
    about.equal.emplace(std::string(text), row);
  else
    about.places.push_back({about.literals.add(text), row, where});
  return row;
}

void TextTests::note_guard(uint32_t subject) {
  if (std::exchange(impl_->subjects[subject].in_guard, true)) return;
  impl_->guard_subjects.push_back(subject);
}

void TextTests::finish() {
  impl_->known = {};
  for (Subject& about : impl_->subjects) {
    about.literals.finish();
    std::sort(about.places.begin(), about.places.end(), [](const auto& a, const auto& b) {
      return a.literal != b.literal ? a.literal < b.literal : a.row < b.row;
    });
    about.heads.assign(about.literals.size() + 1, 0);
    for (const Subject::Place& place : about.places) ++about.heads[place.literal + 1];
    for (size_t i = 1; i < about.heads.size(); ++i) about.heads[i] += about.heads[i - 1];
  }
}

size_t TextTests::rows() const { return impl_->subject_of.size(); }
size_t TextTests::subjects() const { return impl_->subjects.size(); }
uint32_t TextTests::subject_of(uint32_t row) const { return impl_->subject_of[row]; }
SlotRef TextTests::slot_of(uint32_t subject) const { return impl_->subjects[subject].slot; }
bool TextTests::scanned(uint32_t subject) const {
  return impl_->subjects[subject].places.size() >= kWorthAPass;
}
const std::vector<uint32_t>& TextTests::guard_subjects() const { return impl_->guard_subjects; }

size_t TextTests::bytes() const {
  size_t sum = impl_->subject_of.capacity() * sizeof(uint32_t);
  for (const Subject& about : impl_->subjects)
    sum += sizeof(Subject) + about.literals.bytes() + about.places.capacity() * sizeof(Subject::Place) +
           about.heads.capacity() * sizeof(uint32_t);
  return sum;
}

}  // namespace testudo::expr
