#include "pattern/jit.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <new>

namespace testudo {
namespace {

constexpr size_t kStackStart = 32u << 10;
constexpr size_t kStackMax = 1u << 20;  // a pattern that wants more trips
constexpr uint32_t kFirstPairs = 32;

pcre2_code* as_code(void* code) { return static_cast<pcre2_code*>(code); }

}  // namespace

struct JitScratch::Impl {
  pcre2_match_data* data = nullptr;
  pcre2_match_context* context = nullptr;
  pcre2_jit_stack* stack = nullptr;
  uint32_t pairs = 0;
  uint32_t limit = 0;  ///< that the context has
  size_t found = 0;    ///< numbers in use in the offset vector
};

JitScratch::JitScratch() : impl_(std::make_unique<Impl>()) {
  impl_->context = pcre2_match_context_create(nullptr);
  impl_->stack = pcre2_jit_stack_create(kStackStart, kStackMax, nullptr);
  if (!impl_->context || !impl_->stack || !make_room(kFirstPairs)) throw std::bad_alloc();
  pcre2_jit_stack_assign(impl_->context, nullptr, impl_->stack);
}

JitScratch::~JitScratch() {
  pcre2_match_data_free(impl_->data);
  pcre2_jit_stack_free(impl_->stack);
  pcre2_match_context_free(impl_->context);
}

bool JitScratch::make_room(uint32_t pairs) {
  if (pairs <= impl_->pairs) return true;
  pcre2_match_data* larger = pcre2_match_data_create(pairs, nullptr);
  if (!larger) return false;
  pcre2_match_data_free(impl_->data);
  impl_->data = larger;
  impl_->pairs = pairs;
  return true;
}

std::unique_ptr<Jit> Jit::compile(const std::string& pattern, bool utf, bool anchored) {
  // Invalid UTF-8 never comes here (regex.cpp gives it to RE2), so the check is left out of the machine code.
  // No start optimisations: in 10.42 one of them (a loop that failed once is not tried at earlier places)
  // loses matches of patterns like (?:.|)x*[0-9] on "1". The oracle's full run found it; it costs 13% on
  // lines that do not match and nothing on patterns that begin with ^.
  uint32_t options = PCRE2_DOTALL | PCRE2_ALT_CIRCUMFLEX | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C |
                     PCRE2_NEVER_UCP | PCRE2_NO_START_OPTIMIZE;
  if (anchored) options |= PCRE2_ANCHORED;
  options |= utf ? PCRE2_UTF | PCRE2_NO_UTF_CHECK : PCRE2_NEVER_UTF;
  pcre2_compile_context* context = pcre2_compile_context_create(nullptr);
  if (!context) return nullptr;
  pcre2_set_newline(context, PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE error_at = 0;
  std::unique_ptr<Jit> jit(new Jit);
  jit->code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error,
                             &error_at, context);
  pcre2_compile_context_free(context);
  if (!jit->code_ || pcre2_jit_compile(as_code(jit->code_), PCRE2_JIT_COMPLETE) != 0) return nullptr;
  uint32_t groups = 0;
  pcre2_pattern_info(as_code(jit->code_), PCRE2_INFO_CAPTURECOUNT, &groups);
  jit->groups_ = static_cast<int>(groups);
  return jit;
}

Jit::~Jit() { pcre2_code_free(as_code(code_)); }

Jit::Outcome Jit::run(std::string_view subject, size_t start, uint32_t limit, JitScratch& scratch) const {
  if (!scratch.make_room(static_cast<uint32_t>(groups_) + 1)) return Outcome::trip;
  JitScratch::Impl& room = *scratch.impl_;
  if (limit != room.limit) pcre2_set_match_limit(room.context, room.limit = limit);
  const int found = pcre2_jit_match(as_code(code_), reinterpret_cast<PCRE2_SPTR>(subject.data()),
                                    subject.size(), start, 0, room.data, room.context);
  if (found == PCRE2_ERROR_NOMATCH) return Outcome::no_match;
  if (found <= 0) return Outcome::trip;
  room.found = 2 * static_cast<size_t>(found);
  return Outcome::match;
}

std::span<const size_t> Jit::offsets(const JitScratch& scratch) {
  return {pcre2_get_ovector_pointer(scratch.impl_->data), scratch.impl_->found};
}

}  // namespace testudo
