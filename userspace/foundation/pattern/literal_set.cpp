#include "pattern/literal_set.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include "pattern/finder.h"
#include "pattern/literal_windows.h"

namespace testudo {
namespace {

constexpr size_t kMaxLiterals = 1u << 20;
constexpr size_t kMaxBytes = 256u << 20;
constexpr size_t kFew = 4;

char folded(char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; }

bool same_folded(const char* text, const char* literal, size_t size) {
  for (size_t i = 0; i < size; ++i)
    if (folded(text[i]) != literal[i]) return false;
  return true;
}

}  // namespace

struct LiteralSet::Impl {
  Case letters = Case::exact;  ///< of what is added without a word about it
  bool any_folded = false;
  std::unordered_map<std::string, uint32_t> ids;  ///< of folded ones behind a byte
  std::string texts;                              ///< all literals, one after another
  std::vector<uint32_t> ends;
  std::vector<bool> folded_ids;
  uint32_t empty = UINT32_MAX;    ///< id of ""
  std::vector<uint32_t> singles;  ///< ids of literals of one byte
  struct Few {
    uint32_t id;
    Finder finder;
  };
  std::vector<Few> few;  ///< looked for one after another
  LiteralWindows pairs, quads;

  std::string_view literal(uint32_t id) const {
    const uint32_t start = id ? ends[id - 1] : 0;
    return std::string_view(texts).substr(start, ends[id] - start);
  }
  static std::string key(std::string_view literal, Case letters) {
    std::string made(1, letters == Case::exact ? 'e' : 'f');
    for (const char c : literal) made += letters == Case::exact ? c : folded(c);
    return made;
  }

  // Every scan_ returns whether it is to end: without `hits` the first literal found is enough.
  template <size_t kWidth>
  bool check(const LiteralWindows& windows, std::string_view text, size_t at, uint32_t window,
             LiteralHits* hits) const {
    for (const LiteralWindow& one : windows.bucket(window)) {
      if (one.window != window || at < one.offset || text.size() - (at - one.offset) < one.size) continue;
      const char* start = text.data() + (at - one.offset);
      uint32_t end = 0;
      std::memcpy(&end, start + one.end_offset, kWidth);
      if ((end | one.folds) != one.end || (hits && hits->has(one.id))) continue;
      const char* wanted = texts.data() + one.text;
      if (!(one.folds ? same_folded(start, wanted, one.size) : std::memcmp(start, wanted, one.size) == 0))
        continue;
      if (!hits) return true;
      hits->mark(one.id);
    }
    return false;
  }

  // Windows of kWidth bytes at four places of one load; one branch for all of them, since most are unknown.
  template <size_t kWidth, bool kFold>
  bool scan_windows(const LiteralWindows& windows, std::string_view text, LiteralHits* hits) const {
    constexpr uint32_t kMask = kWidth == 2 ? 0xffff : 0xffffffff;
    constexpr uint32_t kLower = kFold ? 0x20202020u & kMask : 0;
    const char* bytes = text.data();
    size_t at = 0;
    for (; at + 8 <= text.size(); at += 4) {
      uint64_t eight;
      std::memcpy(&eight, bytes + at, 8);
      if (kFold) eight |= 0x2020202020202020u;
      const auto window = [&](unsigned i) { return uint32_t(eight >> (8 * i)) & kMask; };
      if (!(windows.maybe(window(0)) | windows.maybe(window(1)) | windows.maybe(window(2)) |
            windows.maybe(window(3)))) [[likely]]
        continue;
      for (unsigned i = 0; i < 4; ++i)
        if (windows.maybe(window(i)) && check<kWidth>(windows, text, at + i, window(i), hits)) return true;
    }
    for (; at + kWidth <= text.size(); ++at) {
      uint32_t window = 0;
      std::memcpy(&window, bytes + at, kWidth);
      window |= kLower;
      if (windows.maybe(window) && check<kWidth>(windows, text, at, window, hits)) return true;
    }
    return false;
  }

  bool scan_few(std::string_view text, LiteralHits* hits) const {
    for (const Few& one : few) {
      if (!one.finder.in(text)) continue;
      if (!hits) return true;
      hits->mark(one.id);
    }
    return false;
  }

  bool scan_singles(std::string_view text, LiteralHits* hits) const {
    const auto occurs = [&](int byte) {
      return !text.empty() && std::memchr(text.data(), byte, text.size()) != nullptr;
    };
    for (const uint32_t id : singles) {
      const auto byte = static_cast<uint8_t>(literal(id)[0]);
      if (!occurs(byte) && !(folded_ids[id] && byte >= 'a' && byte <= 'z' && occurs(byte & ~0x20))) continue;
      if (!hits) return true;
      hits->mark(id);
    }
    return false;
  }

  template <bool kFold>
  bool scan(std::string_view text, LiteralHits* hits) const {
    if (empty != UINT32_MAX) {
      if (!hits) return true;
      hits->mark(empty);
    }
    return (!quads.empty() && scan_windows<4, kFold>(quads, text, hits)) ||
           (!pairs.empty() && scan_windows<2, kFold>(pairs, text, hits)) || scan_few(text, hits) ||
           scan_singles(text, hits);
  }
  bool scan(std::string_view text, LiteralHits* hits) const {
    return any_folded ? scan<true>(text, hits) : scan<false>(text, hits);
  }

  // Of few literals each is looked for by itself, which is quicker than a pass for all.
  void arrange(size_t width, std::vector<LiteralWindow> literals, LiteralWindows& windows) {
    const bool alone =
        literals.size() <= kFew &&
        std::none_of(literals.begin(), literals.end(), [](const auto& one) { return one.folds != 0; });
    if (alone) {
      for (const LiteralWindow& one : literals) few.push_back({one.id, Finder(literal(one.id))});
      literals.clear();
    }
    windows = LiteralWindows(width, any_folded, std::move(literals), texts);
  }
};

LiteralSet::LiteralSet(Case letters) : impl_(std::make_unique<Impl>()) { impl_->letters = letters; }
LiteralSet::LiteralSet(LiteralSet&&) noexcept = default;
LiteralSet& LiteralSet::operator=(LiteralSet&&) noexcept = default;
LiteralSet::~LiteralSet() = default;

uint32_t LiteralSet::add(std::string_view literal) { return add(literal, impl_->letters); }

uint32_t LiteralSet::add(std::string_view literal, Case letters) {
  Impl& impl = *impl_;
  const auto has_letter = [](std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return folded(c) >= 'a' && folded(c) <= 'z'; });
  };
  if (letters == Case::ascii_folded && !has_letter(literal)) letters = Case::exact;  // it is the same
  // finish() gave the index back: it is made again from the texts.
  if (impl.ids.empty())
    for (uint32_t id = 0; id < impl.ends.size(); ++id)
      impl.ids.emplace(Impl::key(impl.literal(id), impl.folded_ids[id] ? Case::ascii_folded : Case::exact),
                       id);
  const auto [known, is_new] = impl.ids.emplace(Impl::key(literal, letters), uint32_t(impl.ends.size()));
  if (!is_new) return known->second;
  if (impl.ends.size() >= kMaxLiterals || impl.texts.size() + literal.size() > kMaxBytes) std::abort();
  impl.texts.append(known->first, 1);
  impl.ends.push_back(uint32_t(impl.texts.size()));
  impl.folded_ids.push_back(letters == Case::ascii_folded);
  impl.any_folded |= letters == Case::ascii_folded;
  return known->second;
}

void LiteralSet::finish() {
  Impl& impl = *impl_;
  impl.ids = {};
  impl.texts.shrink_to_fit();
  impl.ends.shrink_to_fit();
  impl.singles.clear();
  impl.few.clear();
  std::vector<LiteralWindow> shorts, longs;
  for (uint32_t id = 0; id < size(); ++id) {
    const std::string_view text = impl.literal(id);
    if (text.empty()) {
      impl.empty = id;
    } else if (text.size() == 1) {
      impl.singles.push_back(id);
    } else {
      LiteralWindow one;
      one.id = id;
      one.text = uint32_t(text.data() - impl.texts.data());
      one.size = uint32_t(text.size());
      const bool is_short = text.size() < 4;
      if (impl.folded_ids[id]) one.folds = is_short ? 0x2020 : 0x20202020;
      (is_short ? shorts : longs).push_back(one);
    }
  }
  impl.arrange(2, std::move(shorts), impl.pairs);
  impl.arrange(4, std::move(longs), impl.quads);
}

void LiteralSet::scan(std::string_view text, LiteralHits& hits) const {
  hits.reset(size());
  impl_->scan(text, &hits);
}
bool LiteralSet::any(std::string_view text) const { return impl_->scan(text, nullptr); }

size_t LiteralSet::size() const { return impl_->ends.size(); }
std::string_view LiteralSet::literal(uint32_t id) const { return impl_->literal(id); }
size_t LiteralSet::bytes() const {
  return impl_->texts.capacity() + impl_->ends.capacity() * sizeof(uint32_t) + impl_->singles.capacity() * 4 +
         impl_->few.capacity() * sizeof(Impl::Few) + impl_->pairs.bytes() + impl_->quads.bytes();
}
size_t LiteralSet::longest_bucket() const {
  return std::max(impl_->pairs.longest_bucket(), impl_->quads.longest_bucket());
}

}  // namespace testudo
