#include "expr/documents.h"

#include "base/text.h"

namespace testudo::expr {
namespace {

constexpr size_t kVerdicts = 2048;
constexpr size_t kMaxAddress = 64;  // bytes; no address is as long
constexpr size_t kMaxVerdictText = 512;

constexpr size_t kWays = 4;  // a constant may lie in four slots: a few hundred never push one another out

// The first of the slots in which a constant at that place may lie.
size_t ways_of(const char* text, size_t slots) {
  return (reinterpret_cast<uintptr_t>(text) * 0x9e3779b97f4a7c15ULL >> 40) & (slots - kWays);
}

size_t verdict_place(uint64_t question, std::string_view text) {
  return table_hash(text, process_secret() + question * 0x9e3779b97f4a7c15ULL) & (kVerdicts - 1);
}

}  // namespace

Documents::Documents(size_t constants) : constants_(constants) {}
Documents::~Documents() = default;

Documents::Key Documents::key_of(const Event* event, std::string_view text) {
  return {event, event ? event->epoch : 0, text.data(), text.size()};
}

XmlTable* Documents::xml(const Event* event, std::string_view text) {
  const Key key = key_of(event, text);
  for (XmlSlot& slot : xml_)
    if (event && slot.key == key) return slot.readable ? &slot.table : nullptr;
  XmlSlot& slot = xml_[next_xml_++ % xml_.size()];
  slot.key = key;
  slot.readable = slot.table.read(text);
  return slot.readable ? &slot.table : nullptr;
}

const XmlPath* Documents::path(std::string_view text) {
  if (paths_.empty()) paths_.resize(constants_);
  PathSlot* const ways = &paths_[ways_of(text.data(), constants_)];
  for (PathSlot* slot = ways; slot != ways + kWays; ++slot)
    if (slot->place == text.data() && slot->text == text) return slot->path ? &*slot->path : nullptr;
  PathSlot& slot = ways[next_path_++ % kWays];
  slot.place = text.data();
  slot.text = text.substr(0, XmlPath::kMaxText + 1);
  slot.path = XmlPath::parse(text);
  return slot.path ? &*slot.path : nullptr;
}

JsonIndex& Documents::json(const Event* event, std::string_view text) {
  const Key key = key_of(event, text);
  for (JsonSlot& slot : json_)
    if (event && slot.key == key) return slot.index;
  JsonSlot& slot = json_[next_json_++ % json_.size()];
  slot.key = key;
  slot.index.read(text);
  return slot.index;
}

bool Documents::json_value(Context& ctx, std::string_view text, Value& out) {
  const Key key = key_of(ctx.event, text);
  ValueSlot* slot = nullptr;
  for (ValueSlot& one : values_)
    if (ctx.event && one.key == key) slot = &one;
  if (!slot) {
    slot = &values_[next_value_++ % values_.size()];
    slot->key = key;
    Machine m{ctx};
    slot->ok = read_json(m, text, slot->value, &scratch_);
    if (!slot->ok) slot->error = ctx.error;
  }
  if (!slot->ok) ctx.error = slot->error;
  out = slot->value;
  return slot->ok;
}

std::optional<Ip> Documents::address(std::string_view text) {
  if (text.size() > kMaxAddress) return std::nullopt;
  // One line asks for its source's again and again.
  if (addresses_[last_address_].text == text) return addresses_[last_address_].address;
  for (size_t i = 0; i < addresses_.size(); ++i)
    if (addresses_[i].text == text) return addresses_[last_address_ = i].address;
  last_address_ = next_address_++ % addresses_.size();
  AddressSlot& slot = addresses_[last_address_];
  slot.text = text;
  const std::optional<Ip> ip = Ip::parse(text);
  slot.address = ip ? std::optional(ip->unmapped()) : std::nullopt;
  return slot.address;
}

const std::optional<Prefix>& Documents::prefix(std::string_view text) {
  static const std::optional<Prefix> none;
  if (text.size() > kMaxAddress || text.find('/') == std::string_view::npos) return none;
  if (prefixes_.empty()) prefixes_.resize(constants_);
  PrefixSlot* const ways = &prefixes_[ways_of(text.data(), constants_)];
  for (PrefixSlot* slot = ways; slot != ways + kWays; ++slot)
    if (slot->text == text) return slot->prefix;
  PrefixSlot& slot = ways[next_prefix_++ % kWays];
  slot.text = text;
  slot.prefix = Prefix::parse(text);
  return slot.prefix;
}

const uint64_t* Documents::verdict(uint64_t question, std::string_view text) const {
  if (verdicts_.empty() || text.size() > kMaxVerdictText) return nullptr;
  const Verdict& one = verdicts_[verdict_place(question, text)];
  return one.question == question && one.text == text ? &one.said : nullptr;
}

void Documents::keep_verdict(uint64_t question, std::string_view text, uint64_t verdict) {
  if (text.size() > kMaxVerdictText) return;
  if (verdicts_.empty()) verdicts_.resize(kVerdicts);
  Verdict& one = verdicts_[verdict_place(question, text)];
  one.question = question;
  one.said = verdict;
  one.text = text;
}

}  // namespace testudo::expr
