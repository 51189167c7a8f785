#include "expr/text_tests.h"

#include <algorithm>

#include "expr/text_tests_impl.h"
#include "expr/text_tools.h"

namespace testudo::expr {
namespace {

// Below this many rows a search for each is as quick as one pass for all.
constexpr size_t kWorthAPass = 6;

bool has_letter_between(std::string_view text, char low, char high) {
  return std::any_of(text.begin(), text.end(), [&](char c) { return c >= low && c <= high; });
}

}  // namespace

TextTests::TextTests() : impl_(std::make_unique<Impl>()) {}
TextTests::~TextTests() = default;

uint32_t TextTests::subject(SlotRef slot) {
  auto& all = impl_->subjects;
  for (uint32_t i = 0; i < all.size(); ++i)
    if (all[i].of == Subject::kNone && all[i].slot == slot) return i;
  Subject& made = all.emplace_back();
  made.slot = slot;
  made.family = uint32_t(impl_->families.size());
  impl_->families.emplace_back().slot = slot;
  return uint32_t(all.size() - 1);
}

uint32_t TextTests::subject(uint32_t of, const Helper& step) {
  auto& all = impl_->subjects;
  for (uint32_t i = 0; i < all.size(); ++i)
    if (all[i].of == of && all[i].step.call == step.call && all[i].step.owner == step.owner) return i;
  Subject made;
  made.slot = all[of].slot;
  made.family = all[of].family;
  made.of = of;
  made.step = step;
  if (step.call == lower_call) made.letters = Subject::Letters::lower;
  if (step.call == upper_call) made.letters = Subject::Letters::upper;
  all.push_back(std::move(made));
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
  if (where == Where::equal) {
    about.equal.emplace(std::string(text), row);
    about.longest_equal = std::max(about.longest_equal, text.size());
    return row;
  }
  ++about.asked;
  using Letters = Subject::Letters;
  const bool never = (about.letters == Letters::lower && has_letter_between(text, 'A', 'Z')) ||
                     (about.letters == Letters::upper && has_letter_between(text, 'a', 'z'));
  if (never) return row;
  Family& family = impl_->families[about.family];
  const uint32_t literal = family.literals.add(
      text, about.letters == Letters::as_they_are ? LiteralSet::Case::exact : LiteralSet::Case::ascii_folded);
  family.places.push_back({literal, subject, row, where});
  return row;
}

void TextTests::note_guard(uint32_t subject) {
  if (std::exchange(impl_->subjects[subject].in_guard, true)) return;
  impl_->guard_subjects.push_back(subject);
}

void TextTests::finish() {
  impl_->known = {};
  for (Family& family : impl_->families) {
    family.literals.finish();
    std::sort(family.places.begin(), family.places.end(), [](const auto& a, const auto& b) {
      return a.literal != b.literal ? a.literal < b.literal : a.row < b.row;
    });
    family.heads.assign(family.literals.size() + 1, 0);
    for (const Family::Place& place : family.places) ++family.heads[place.literal + 1];
    for (size_t i = 1; i < family.heads.size(); ++i) family.heads[i] += family.heads[i - 1];
  }
}

size_t TextTests::rows() const { return impl_->subject_of.size(); }
size_t TextTests::subjects() const { return impl_->subjects.size(); }
uint32_t TextTests::subject_of(uint32_t row) const { return impl_->subject_of[row]; }
SlotRef TextTests::slot_of(uint32_t subject) const { return impl_->subjects[subject].slot; }
bool TextTests::scanned(uint32_t subject) const { return impl_->subjects[subject].asked >= kWorthAPass; }
const std::vector<uint32_t>& TextTests::guard_subjects() const { return impl_->guard_subjects; }

size_t TextTests::bytes() const {
  size_t sum = impl_->subject_of.capacity() * sizeof(uint32_t);
  sum += impl_->subjects.capacity() * sizeof(Subject);
  for (const Family& family : impl_->families)
    sum += sizeof(Family) + family.literals.bytes() + family.places.capacity() * sizeof(Family::Place) +
           family.heads.capacity() * sizeof(uint32_t);
  return sum;
}

}  // namespace testudo::expr
