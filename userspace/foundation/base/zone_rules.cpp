#include "base/zone_rules.h"

#include <algorithm>

#include "base/files.h"

namespace testudo {
namespace {

/// Reads big-endian numbers, never behind the end.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  int64_t number(size_t width) {
    if (bytes_.size() < width) {
      short_ = true;
      return 0;
    }
    uint64_t value = static_cast<uint8_t>(bytes_[0]) & 0x80 ? ~uint64_t{0} : 0;
    for (size_t i = 0; i < width; ++i) value = value << 8 | static_cast<uint8_t>(bytes_[i]);
    bytes_.remove_prefix(width);
    return static_cast<int64_t>(value);
  }
  void skip(size_t n) {
    short_ = short_ || n > bytes_.size();
    bytes_.remove_prefix(std::min(n, bytes_.size()));
  }
  bool ok() const { return !short_; }

 private:
  std::string_view bytes_;
  bool short_ = false;
};

struct Header {
  int64_t isut, isstd, leap, times, types, chars;
  static Header read(Bytes& in) {
    in.skip(4 + 1 + 15);  // magic, version, reserved
    Header h{};
    for (int64_t* field : {&h.isut, &h.isstd, &h.leap, &h.times, &h.types, &h.chars}) *field = in.number(4);
    return h;
  }
  bool sane() const {
    return isut >= 0 && isstd >= 0 && leap >= 0 && times >= 0 && times < 10'000 && types > 0 && types < 256 &&
           chars >= 0 && chars < 10'000 && isut < 256 && isstd < 256 && leap < 1'000;
  }
  size_t size(size_t width) const {
    return size_t(times) * (width + 1) + size_t(types) * 6 + size_t(chars) + size_t(leap) * (width + 4) +
           size_t(isstd) + size_t(isut);
  }
};

}  // namespace

Result<std::shared_ptr<const ZoneRules>> ZoneRules::load(const std::string& name) {
  if (name.empty() || name[0] == '/' || name.find("..") != std::string::npos)
    return Error{
        Code::bad_input, "'" + name + "' is no time zone", {}, "names are those of /usr/share/zoneinfo"};
  auto bytes = read_file("/usr/share/zoneinfo/" + name, 1u << 20);
  if (!bytes)
    return Error{Code::not_found,
                 "the time zone " + name + " is not known here",
                 {},
                 "names are those of /usr/share/zoneinfo"};
  return read(*bytes, name);
}

Result<std::shared_ptr<const ZoneRules>> ZoneRules::read(std::string_view bytes, const std::string& name) {
  const Error damaged{
      Code::corrupt, "the zone file of " + name + " is damaged", {}, "reinstall the package tzdata"};
  if (!bytes.starts_with("TZif") || bytes.size() < 44) return damaged;
  Bytes in(bytes);
  Header header = Header::read(in);
  size_t width = 4;
  if (!header.sane()) return damaged;
  if (bytes[4] >= '2') {  // the second block has the times in 64 bits
    in.skip(header.size(4));
    header = Header::read(in);
    width = 8;
    if (!in.ok() || !header.sane()) return damaged;
  }
  std::vector<int64_t> times;
  std::vector<size_t> kinds;
  std::vector<int> offsets;
  for (int64_t i = 0; i < header.times; ++i) times.push_back(in.number(width));
  for (int64_t i = 0; i < header.times; ++i) kinds.push_back(size_t(in.number(1) & 0xff));
  for (int64_t i = 0; i < header.types; ++i) {
    offsets.push_back(int(in.number(4)));
    in.skip(2);
  }
  if (!in.ok()) return damaged;
  auto rules = std::make_shared<ZoneRules>();
  rules->first_offset_ = offsets[0];
  for (size_t i = 0; i < times.size(); ++i) {
    if (kinds[i] >= offsets.size() || offsets[kinds[i]] < -93'600 || offsets[kinds[i]] > 93'600)
      return damaged;
    rules->changes_.push_back({times[i], offsets[kinds[i]]});
  }
  return std::shared_ptr<const ZoneRules>(std::move(rules));
}

int ZoneRules::offset_at(int64_t utc) const {
  const auto next = std::upper_bound(changes_.begin(), changes_.end(), utc,
                                     [](int64_t value, const Change& c) { return value < c.at; });
  return next == changes_.begin() ? first_offset_ : std::prev(next)->offset;
}

int ZoneRules::offset_at_local(int64_t local) const {
  int offset = first_offset_;
  // A change at UTC time t moves the clock at local time t + old offset.
  auto it = std::upper_bound(changes_.begin(), changes_.end(), local + 100'000,
                             [](int64_t value, const Change& c) { return value < c.at; });
  while (it != changes_.begin()) {
    --it;
    const int before = it == changes_.begin() ? first_offset_ : std::prev(it)->offset;
    const int64_t moved = it->at + std::max<int64_t>(before, it->offset);
    if (local >= moved) return it->offset;
    offset = before;
  }
  return offset;
}

}  // namespace testudo
