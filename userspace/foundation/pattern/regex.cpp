#include "pattern/regex.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <mutex>
#include <numeric>

#include "base/text.h"
#include "pattern/finder.h"
#include "pattern/regex_literals.h"
#include "pattern/regex_scratch_impl.h"
#include "pattern/regex_syntax.h"
#include "pattern/regex_translate.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace testudo {
namespace {

constexpr size_t kMaxPattern = 1u << 20;
constexpr int64_t kMemory = 64 << 20;
// RE2 caches automaton states in what the program leaves of its memory, and an attacker chooses the states.
// So a pattern gets memory by the size of its program: too little, and RE2 falls back to its slow engine.
constexpr int64_t kSmallMemory = 8 << 20;
constexpr int64_t kMemoryPerInstruction = 4 << 10;

// One step of PCRE2 may run over the whole subject, so steps × length is what has to be bounded. Up to
// kShort bytes the limit on steps does that; behind it RE2 looks first (2 ns a byte), which also spares PCRE2
// the search for the start, and the steps become fewer as the subject grows.
constexpr size_t kShort = 1024;
constexpr size_t kLongWork = 8u << 20;

uint32_t step_limit(size_t length) {
  const size_t linear = 1000 + 4 * length;
  return static_cast<uint32_t>(length <= kShort ? linear : std::min(linear, kLongWork / length));
}

// Trips fill a bucket, matches drain it: a pattern that trips in more than one of kTripWeight recent matches
// passes kDistrusted, and RE2 then looks first until the bucket is empty again.
constexpr uint32_t kTripWeight = 64;
constexpr uint32_t kDistrusted = 4 * kTripWeight;
constexpr uint32_t kPenalty = 2048;

// Within the limit on steps a short subject can still cost a hundred times what it should: a search from
// every start (a[a-y]*z on many a's), or loops behind one another. So the time of each run over more than
// kWatched bytes is taken, which costs 15 ns, and a run that was slow fills the bucket like a trip. Nothing
// but speed depends on it.
constexpr size_t kWatched = 128;

constexpr size_t kFewLiterals = 4;

uint64_t ticks() {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return uint64_t(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}
constexpr uint64_t kTicksOfRe2 = 1500;  ///< a byte, for its groups
constexpr uint32_t kMostSteps = 1u << 24;
constexpr int64_t kNsAtStart = 25;  ///< a byte, for a match at the start: RE2 with one run of PCRE2 takes 6
constexpr uint32_t kMoreSteps = 8;
constexpr int kMostLeads = 4;

int64_t thread_ns() {
  timespec at{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return at.tv_sec * 1'000'000'000 + at.tv_nsec;
}

/// About 10 ns a byte and 2 µs: five times what hub patterns take for honest lines.
uint64_t patience(size_t length) { return 4096 + 24 * length; }

// Where a search for the start is dear, the more frequent answer of late decides who is asked first: RE2
// while most lines do not match (0.2 µs for a no), PCRE2 while most do (which then cost one engine, not two).
constexpr int32_t kOpinion = 64;

/// Every line is asked this, so 32 bytes at a time.
bool ascii(std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  uint64_t seen = 0;
  for (; end - p >= 32; p += 32) {
    uint64_t words[4];
    std::memcpy(words, p, 32);
    seen |= words[0] | words[1] | words[2] | words[3];
  }
  for (; end - p >= 8; p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    seen |= word;
  }
  for (; p < end; ++p) seen |= static_cast<unsigned char>(*p);
  return (seen & 0x8080808080808080) == 0;
}

/// Made when it is first asked for, by whichever thread that is. std::call_once costs 10 ns each time after.
template <typename T>
class Lazy {
 public:
  template <typename Make>
  const T* get(Make make) {
    if (!made_.load(std::memory_order_acquire)) {
      const std::lock_guard lock(mutex_);
      if (!made_.load(std::memory_order_relaxed)) {
        value_ = make();
        made_.store(true, std::memory_order_release);
      }
    }
    return value_.get();
  }

 private:
  std::atomic<bool> made_{false};
  std::mutex mutex_;
  std::unique_ptr<T> value_;
};

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

RE2::Options options(int64_t memory) {
  RE2::Options chosen;
  chosen.set_encoding(RE2::Options::EncodingUTF8);
  chosen.set_max_mem(memory);
  chosen.set_log_errors(false);
  return chosen;
}

int64_t memory_for(int instructions) {
  return std::clamp(instructions * kMemoryPerInstruction, kSmallMemory, kMemory);
}

Error refusal(const RE2& re2, std::string_view pattern) {
  std::string message = fmt::format("regular expression refused: {}", re2.error());
  const size_t at = re2.error_arg().empty() ? std::string_view::npos : pattern.find(re2.error_arg());
  if (at != std::string_view::npos) message += fmt::format(" (at offset {})", at);
  constexpr size_t kShown = 200;
  message += fmt::format(" in '{}{}'", pattern.substr(0, kShown), pattern.size() > kShown ? "…" : "");
  return {Code::bad_content,
          std::move(message),
          {},
          "the syntax is RE2's: no look-around, no back references, no possessive loops"};
}

}  // namespace

RegexScratch::RegexScratch() : impl_(std::make_unique<Impl>()) {}
RegexScratch::~RegexScratch() = default;

struct Regex::Impl {
  enum class Answer { no, yes, ask_re2 };

  std::string pattern;
  std::vector<std::string> literals;
  std::vector<std::string> spelt_otherwise;  ///< the same in any case, where there are no literals
  std::vector<Finder> finders;               ///< of these or of the literals, when they are few
  std::vector<int> numbers;  ///< in the pattern, of what is captured; the first is 0, the whole match
  int64_t memory = kMemory;
  bool translatable = false, jit_reads_utf8 = false;

  // The engines are made when a line first needs them: of the hub's 600 patterns a machine uses a handful,
  // and each costs 50 KB and a millisecond. What is wrong with a pattern was told when it was compiled.
  mutable Lazy<RE2> re2_engine;
  mutable Lazy<Jit> jit_ascii, jit_utf8;  ///< hold nothing where the engines might differ: then RE2 alone
  mutable Lazy<Jit> anchored_ascii, anchored_utf8;  ///< the same for long subjects: match at the start or not

  const RE2& re2() const {
    return *re2_engine.get([this] { return std::make_unique<RE2>(piece(pattern), options(memory)); });
  }
  const Jit* jit(SubjectKind kind, bool anchored) const {
    const bool is_ascii = kind == SubjectKind::ascii;
    if (!translatable || (!is_ascii && !jit_reads_utf8)) return nullptr;
    Lazy<Jit>& engine =
        anchored ? (is_ascii ? anchored_ascii : anchored_utf8) : (is_ascii ? jit_ascii : jit_utf8);
    return engine.get([&] {
      const auto tree = parse_regex(pattern);
      const std::vector<int> captured(numbers.begin() + 1, numbers.end());
      auto made = Jit::compile(to_pcre2(*tree, kind, captured), !is_ascii, anchored);
      if (made && made->groups() != int(captured.size())) made.reset();
      return made;
    });
  }
  mutable std::atomic<uint64_t> trips{0};
  mutable std::atomic<uint32_t> penalty{0};
  mutable std::atomic<bool> distrusted{false};
  bool dear_start = false, at_start_only = false;
  int lead = -1;                           ///< byte that every match begins with
  mutable std::atomic<int32_t> misses{0};  ///< 0 … kOpinion
  mutable std::atomic<bool> expects_miss{false};

  const Jit* jit_for(std::string_view subject, bool anchored) const {
    if (!translatable) return nullptr;
    if (ascii(subject)) return jit(SubjectKind::ascii, anchored);
    return jit_reads_utf8 && valid_utf8(subject) ? jit(SubjectKind::utf8, anchored) : nullptr;
  }

  /// RE2 alone; with `captures` the captured groups, without them none.
  bool run_re2(std::string_view subject, RegexScratch::Impl& scratch, Captures* captures) const {
    if (!captures) return re2().Match(piece(subject), 0, subject.size(), RE2::UNANCHORED, nullptr, 0);
    const int count = numbers.back() + 1;
    // RE2 may choose its slow engine at once when captures are asked for; most lines do not match.
    if (!re2().Match(piece(subject), 0, subject.size(), RE2::UNANCHORED, nullptr, 0)) return false;
    if (scratch.pieces.size() < static_cast<size_t>(count)) scratch.pieces.resize(count);
    if (!re2().Match(piece(subject), 0, subject.size(), RE2::UNANCHORED, scratch.pieces.data(), count))
      return false;
    auto& out = captures->raw();
    out.resize(numbers.size());
    for (size_t i = 0; i < numbers.size(); ++i) {
      const re2::StringPiece& group = scratch.pieces[size_t(numbers[i])];
      out[i] = {group.data(), group.size()};
    }
    return true;
  }

  Answer run_jit(const Jit& jit, std::string_view subject, size_t start, uint32_t limit,
                 RegexScratch::Impl& scratch, Captures* captures) const {
    switch (jit.run(subject, start, limit, scratch.jit)) {
      case Jit::Outcome::no_match:
        return Answer::no;
      case Jit::Outcome::match:
        break;
      case Jit::Outcome::trip:
        trips.fetch_add(1, std::memory_order_relaxed);
        return Answer::ask_re2;
    }
    if (captures) {
      const auto offsets = Jit::offsets(scratch.jit);
      auto& out = captures->raw();
      out.resize(numbers.size());
      const size_t took_part = std::min(out.size(), offsets.size() / 2);
      for (size_t i = 0; i < took_part; ++i) {
        const size_t from = offsets[2 * i];
        out[i] = from == SIZE_MAX ? std::string_view()
                                  : std::string_view(subject.data() + from, offsets[2 * i + 1] - from);
      }
      std::fill(out.begin() + ptrdiff_t(took_part), out.end(), std::string_view());
    }
    return Answer::yes;
  }

  void remember(bool tripped) const {
    uint32_t level = penalty.load(std::memory_order_relaxed);
    if (tripped) {
      level += kTripWeight;
      if (level > kDistrusted) {
        level = kPenalty;
        distrusted.store(true, std::memory_order_relaxed);
      }
    } else if (level == 0) {
      return;  // the steady state: nothing that threads share is written
    } else if (--level == 0) {
      distrusted.store(false, std::memory_order_relaxed);
    }
    penalty.store(level, std::memory_order_relaxed);
  }

  /// Writes nothing, and so shares nothing between threads, while lines are as expected.
  void learn(bool matched) const {
    const int32_t level = misses.load(std::memory_order_relaxed);
    const int32_t next = std::clamp(level + (matched ? -1 : 1), 0, kOpinion);
    if (next == level) return;
    misses.store(next, std::memory_order_relaxed);
    if (next == 0 || next == kOpinion) expects_miss.store(next != 0, std::memory_order_relaxed);
  }

  /// RE2 finds out whether and where; PCRE2 only fills the groups, without a search.
  bool run_re2_first(const Jit* jit, std::string_view subject, RegexScratch::Impl& scratch,
                     Captures* captures) const {
    if (!captures) return run_re2(subject, scratch, nullptr);
    if (!jit || subject.size() > kLongWork) return run_re2(subject, scratch, captures);
    re2::StringPiece whole;
    if (!re2().Match(piece(subject), 0, subject.size(), RE2::UNANCHORED, &whole, 1)) return false;
    const size_t start = static_cast<size_t>(whole.data() - subject.data());
    // RE2's groups cost a microsecond a byte and more: as long as four times the steps stay below that, they
    // are the better bargain.
    for (uint32_t limit = step_limit(subject.size()); limit <= kMostSteps; limit *= 4) {
      const uint64_t since = ticks();
      const Answer answer = run_jit(*jit, subject, start, limit, scratch, captures);
      if (answer == Answer::yes) return true;
      if (answer == Answer::no || 4 * (ticks() - since) > kTicksOfRe2 * subject.size()) break;
    }
    return run_re2(subject, scratch, captures);
  }

  /// Most patterns match a long subject at its start, if at all: PCRE2 finds that out in one run, without
  /// RE2's two to learn where. `answer` is no only where no match can begin later.
  Answer run_at_start(std::string_view subject, RegexScratch::Impl& scratch, Captures* captures) const {
    const Jit* const anchored = jit_for(subject, true);
    if (!anchored || subject.size() > kLongWork) return Answer::ask_re2;
    // Time of the thread and not of the clock: a run that was interrupted must not look slow.
    int64_t next = 0, since = 0;
    for (uint32_t limit = step_limit(subject.size());
         limit <= kMostSteps && next <= kNsAtStart * int64_t(subject.size()); limit *= kMoreSteps) {
      const Answer answer = run_jit(*anchored, subject, 0, limit, scratch, captures);
      if (answer == Answer::yes) return answer;
      if (answer == Answer::no) return at_start_only ? answer : Answer::ask_re2;
      const int64_t now = thread_ns();
      if (since) next = kMoreSteps * (now - since);
      since = now;
    }
    remember(true);
    return Answer::ask_re2;
  }

  /// A pattern that begins with a certain byte is tried where that byte stands; where it stands too often,
  /// nothing is known.
  Answer run_at_lead(std::string_view subject, RegexScratch::Impl& scratch, Captures* captures) const {
    const Jit* const anchored = jit_for(subject, true);
    if (!anchored || subject.size() > kLongWork) return Answer::ask_re2;
    size_t at = 0;
    for (int tries = 0; tries < kMostLeads; ++tries, ++at) {
      at = subject.find(char(lead), at);
      if (at == std::string_view::npos) return Answer::no;
      const Answer answer = run_jit(*anchored, subject, at, step_limit(subject.size()), scratch, captures);
      if (answer != Answer::no) return answer;
    }
    return Answer::ask_re2;
  }

  bool run_long(std::string_view subject, RegexScratch::Impl& scratch, Captures* captures) const {
    const bool trusted = !distrusted.load(std::memory_order_relaxed);
    remember(false);
    if (captures && trusted && !expects_miss.load(std::memory_order_relaxed)) {
      const Answer answer = run_at_start(subject, scratch, captures);
      if (answer != Answer::ask_re2) {
        learn(answer == Answer::yes);
        return answer == Answer::yes;
      }
    }
    const bool found = run_re2_first(jit_for(subject, false), subject, scratch, captures);
    learn(found);
    return found;
  }

  /// False when the subject holds none of the literals of which a match needs one. Short subjects are not
  /// worth the search, and of many literals whoever asks has a set.
  bool may_match(std::string_view subject) const {
    if (finders.empty() || subject.size() <= kWatched) return true;
    for (const Finder& finder : finders)
      if (finder.in(subject)) return true;
    return !spelt_otherwise.empty() && !ascii(subject);
  }

  bool run(std::string_view subject, RegexScratch::Impl& scratch, Captures* captures) const {
    if (!may_match(subject)) return false;
    if (!subject.data())
      subject = "";  // so that a group which matched nothing differs from one that took no part
    if (lead >= 0 && subject.size() > kWatched && !distrusted.load(std::memory_order_relaxed)) {
      const Answer answer = run_at_lead(subject, scratch, captures);
      if (answer != Answer::ask_re2) return answer == Answer::yes;
    }
    if (subject.size() > kShort) return run_long(subject, scratch, captures);
    const Jit* jit = jit_for(subject, false);
    if (!jit) return run_re2(subject, scratch, captures);
    if (distrusted.load(std::memory_order_relaxed)) {
      remember(false);
      return run_re2_first(jit, subject, scratch, captures);
    }
    if (dear_start && expects_miss.load(std::memory_order_relaxed)) {
      const bool found = run_re2(subject, scratch, nullptr);
      learn(found);
      return found && (!captures || run_jit_or_re2(*jit, subject, scratch, captures));
    }
    const bool matched = run_jit_or_re2(*jit, subject, scratch, captures);
    if (dear_start) learn(matched);
    return matched;
  }

  bool run_jit_or_re2(const Jit& jit, std::string_view subject, RegexScratch::Impl& scratch,
                      Captures* captures) const {
    const bool watched = subject.size() > kWatched;
    const uint64_t since = watched ? ticks() : 0;
    const Answer answer = run_jit(jit, subject, 0, step_limit(subject.size()), scratch, captures);
    remember(answer == Answer::ask_re2 || (watched && ticks() - since > patience(subject.size())));
    if (answer == Answer::ask_re2) return run_re2_first(&jit, subject, scratch, captures);
    return answer == Answer::yes;
  }
};

Result<Regex> Regex::compile(std::string_view pattern) {
  if (pattern.size() > kMaxPattern)
    return Error{Code::too_large,
                 fmt::format("regular expression of {} bytes, the limit is {}", pattern.size(), kMaxPattern)};
  Regex made;
  Impl& impl = *made.impl_;
  impl.pattern = pattern;
  {
    const RE2 trial(piece(pattern), options(kMemory));
    if (!trial.ok()) return refusal(trial, pattern);
    impl.numbers.resize(size_t(trial.NumberOfCapturingGroups()) + 1);
    std::iota(impl.numbers.begin(), impl.numbers.end(), 0);
    impl.memory = memory_for(trial.ProgramSize());
  }
  const auto tree = parse_regex(pattern);
  if (!tree) return made;
  impl.literals = testudo::required_literals(*tree);
  if (impl.literals.empty()) impl.spelt_otherwise = required_in_any_case(*tree);
  const auto& sought = impl.literals.empty() ? impl.spelt_otherwise : impl.literals;
  if (sought.size() <= kFewLiterals)
    for (const std::string& literal : sought) impl.finders.emplace_back(literal, impl.literals.empty());
  impl.dear_start = !fails_early(*tree);
  impl.at_start_only = begins_text(*tree);
  impl.lead = lead_byte(*tree);
  impl.translatable = translatable(*tree);
  // RE2 sees \B between the bytes of one character, PCRE2 does not.
  impl.jit_reads_utf8 = !tree->has(RegexNode::Kind::not_word_boundary);
  return made;
}

Regex::Regex() : impl_(std::make_unique<Impl>()) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

void Regex::capture_only(std::vector<int> groups) {
  std::vector<int>& numbers = impl_->numbers;
  std::erase_if(numbers, [&](int number) {
    return number > 0 && !std::binary_search(groups.begin(), groups.end(), number);
  });
}

bool Regex::test(std::string_view subject, RegexScratch& scratch) const {
  return impl_->run(subject, scratch.impl(), nullptr);
}

bool Regex::match(std::string_view subject, RegexScratch& scratch, Captures& captures) const {
  return impl_->run(subject, scratch.impl(), &captures);
}

int Regex::groups() const { return int(impl_->numbers.size()) - 1; }
const std::vector<int>& Regex::numbers() const { return impl_->numbers; }
const std::string& Regex::pattern() const { return impl_->pattern; }
uint64_t Regex::trips() const { return impl_->trips.load(std::memory_order_relaxed); }
bool Regex::uses_jit() const { return impl_->jit(SubjectKind::ascii, false) != nullptr; }
const std::vector<std::string>& Regex::required_literals() const { return impl_->literals; }

}  // namespace testudo
