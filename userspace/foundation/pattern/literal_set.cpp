#include "pattern/literal_set.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include "pattern/literal_windows.h"

namespace testudo {
namespace {

constexpr size_t kMaxLiterals = 1u << 20;
constexpr size_t kMaxBytes = 256u << 20;

char folded(char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; }

bool same_folded(const char* text, const char* literal, size_t size) {
  for (size_t i = 0; i < size; ++i)
    if (folded(text[i]) != literal[i]) return false;
  return true;
}

}  // namespace

struct LiteralSet::Impl {
  bool fold = false;
  std::unordered_map<std::string, uint32_t> ids;
  std::string texts;  ///< all literals, one after another
  std::vector<uint32_t> ends;
  uint32_t empty = UINT32_MAX;        ///< id of ""
  std::vector<uint32_t> singles;      ///< ids of literals of one byte
  std::vector<uint8_t> single_bytes;  ///< their bytes, lower case when folded
  LiteralWindows pairs, quads;

  std::string_view literal(uint32_t id) const {
    const uint32_t start = id ? ends[id - 1] : 0;
    return std::string_view(texts).substr(start, ends[id] - start);
  }

  // Every scan_ returns whether it is to end: without `hits` the first literal found is enough.
  template <bool kFold>
  bool check(const LiteralWindows& windows, std::string_view text, size_t at, uint32_t window,
             LiteralHits* hits) const {
    for (const LiteralWindow& one : windows.bucket(window)) {
      if (one.window != window || at < one.offset || text.size() - (at - one.offset) < one.size) continue;
      const char* start = text.data() + (at - one.offset);
      const char* wanted = texts.data() + one.text;
      if (kFold) {
        if (folded(start[one.size - 1]) != one.last || folded(*start) != one.first) continue;
      } else if (start[one.size - 1] != one.last || *start != one.first) {
        continue;
      }
      if (hits && hits->has(one.id)) continue;
      if (!(kFold ? same_folded(start, wanted, one.size) : std::memcmp(start, wanted, one.size) == 0))
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
        if (windows.maybe(window(i)) && check<kFold>(windows, text, at + i, window(i), hits)) return true;
    }
    for (; at + kWidth <= text.size(); ++at) {
      uint32_t window = 0;
      std::memcpy(&window, bytes + at, kWidth);
      window |= kLower;
      if (windows.maybe(window) && check<kFold>(windows, text, at, window, hits)) return true;
    }
    return false;
  }

  // For one or two short literals a search of each is quicker than a second pass.
  template <bool kFold>
  bool scan_pairs(std::string_view text, LiteralHits* hits) const {
    if (kFold || pairs.all().size() > 2) return scan_windows<2, kFold>(pairs, text, hits);
    for (const LiteralWindow& one : pairs.all()) {
      if (text.empty() || !memmem(text.data(), text.size(), texts.data() + one.text, one.size)) continue;
      if (!hits) return true;
      hits->mark(one.id);
    }
    return false;
  }

  bool scan_singles(std::string_view text, LiteralHits* hits) const {
    const auto occurs = [&](int byte) {
      return !text.empty() && std::memchr(text.data(), byte, text.size()) != nullptr;
    };
    for (size_t i = 0; i < singles.size(); ++i) {
      const uint8_t byte = single_bytes[i];
      if (!occurs(byte) && !(fold && byte >= 'a' && byte <= 'z' && occurs(byte & ~0x20))) continue;
      if (!hits) return true;
      hits->mark(singles[i]);
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
           (!pairs.empty() && scan_pairs<kFold>(text, hits)) ||
           (!singles.empty() && scan_singles(text, hits));
  }
  bool scan(std::string_view text, LiteralHits* hits) const {
    return fold ? scan<true>(text, hits) : scan<false>(text, hits);
  }
};

LiteralSet::LiteralSet(Case letters) : impl_(std::make_unique<Impl>()) {
  impl_->fold = letters == Case::ascii_folded;
}
LiteralSet::LiteralSet(LiteralSet&&) noexcept = default;
LiteralSet& LiteralSet::operator=(LiteralSet&&) noexcept = default;
LiteralSet::~LiteralSet() = default;

uint32_t LiteralSet::add(std::string_view literal) {
  std::string key(literal);
  if (impl_->fold)
    for (char& c : key) c = folded(c);
  // finish() gave the index back: it is made again from the texts.
  if (impl_->ids.empty())
    for (uint32_t id = 0; id < impl_->ends.size(); ++id) impl_->ids.emplace(impl_->literal(id), id);
  const auto [known, is_new] = impl_->ids.emplace(std::move(key), uint32_t(impl_->ends.size()));
  if (!is_new) return known->second;
  if (impl_->ends.size() >= kMaxLiterals || impl_->texts.size() + literal.size() > kMaxBytes) std::abort();
  impl_->texts += known->first;
  impl_->ends.push_back(uint32_t(impl_->texts.size()));
  return known->second;
}

void LiteralSet::finish() {
  Impl& impl = *impl_;
  impl.ids = {};
  impl.texts.shrink_to_fit();
  impl.ends.shrink_to_fit();
  impl.singles.clear();
  impl.single_bytes.clear();
  std::vector<LiteralWindow> shorts, longs;
  for (uint32_t id = 0; id < size(); ++id) {
    const std::string_view text = impl.literal(id);
    if (text.empty()) {
      impl.empty = id;
    } else if (text.size() == 1) {
      impl.singles.push_back(id);
      impl.single_bytes.push_back(uint8_t(text[0]));
    } else {
      LiteralWindow one;
      one.id = id;
      one.text = uint32_t(text.data() - impl.texts.data());
      one.size = uint32_t(text.size());
      one.first = text.front();
      one.last = text.back();
      (text.size() < 4 ? shorts : longs).push_back(one);
    }
  }
  impl.pairs = LiteralWindows(2, impl.fold, std::move(shorts), impl.texts);
  impl.quads = LiteralWindows(4, impl.fold, std::move(longs), impl.texts);
}

void LiteralSet::scan(std::string_view text, LiteralHits& hits) const {
  hits.reset(size());
  impl_->scan(text, &hits);
}
bool LiteralSet::any(std::string_view text) const { return impl_->scan(text, nullptr); }

size_t LiteralSet::size() const { return impl_->ends.size(); }
std::string_view LiteralSet::literal(uint32_t id) const { return impl_->literal(id); }
size_t LiteralSet::bytes() const {
  return impl_->texts.capacity() + impl_->ends.capacity() * sizeof(uint32_t) + impl_->singles.capacity() * 5 +
         impl_->pairs.bytes() + impl_->quads.bytes();
}
size_t LiteralSet::longest_bucket() const {
  return std::max(impl_->pairs.longest_bucket(), impl_->quads.longest_bucket());
}

}  // namespace testudo
