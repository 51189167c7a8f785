#include <fmt/format.h>

#include "api/filters.h"
#include "api/json_value.h"
#include "api/read_json.h"

namespace testudo {
namespace {

using namespace json_value;

constexpr size_t kItems = 100000, kName = 255;

Result<json::object> parse_object(std::string_view body) {
  TESTUDO_TRY(json::value document, parse(body));
  if (!document.is_object()) return Error{Code::bad_input, "the body must be a JSON object"};
  return std::move(document.get_object());
}

Result<std::vector<std::string>> read_texts(std::string_view body, const char* name) {
  TESTUDO_TRY(const json::object object, parse_object(body));
  TESTUDO_TRY(const json::array* items, array(object, name, false));
  std::vector<std::string> out;
  if (!items) return out;
  if (items->size() > kItems)
    return Error{Code::too_large, fmt::format("{} {}, the limit is {}", items->size(), name, kItems)};
  for (const json::value& item : *items) {
    if (!item.is_string() || item.get_string().size() > kName)
      return Error{Code::bad_input, fmt::format("{} must hold strings of at most {} bytes", name, kName)};
    out.emplace_back(item.get_string());
  }
  return out;
}

Error not_an_address(std::string_view value) {
  return {Code::bad_input,
          fmt::format("{} is not a valid address or range", value),
          {},
          "write it as 192.0.2.7 or 10.0.0.0/8"};
}

Result<AllowlistItem> read_item(const json::object& object, TimePoint now) {
  AllowlistItem out;
  TESTUDO_TRY(out.value, text(object, "value", kName, true));
  TESTUDO_TRY(out.comment, text(object, "comment", 1024, false));
  TESTUDO_TRY(const std::string duration, text(object, "duration", kName, false));
  TESTUDO_TRY(const std::string expiration, text(object, "expiration", kName, false));
  const auto prefix = parse_target_prefix(out.value);
  if (!prefix) return not_an_address(out.value);
  out.prefix = *prefix;
  out.created_at = now;
  if (!duration.empty()) {
    TESTUDO_TRY(const Duration length, parse_duration(duration));
    if (length <= Duration::zero() || length > 876000h)
      return Error{Code::bad_input,
                   fmt::format("duration '{}' must be more than 0 and at most 876000h", duration)};
    out.expires_at = now + length;
  } else if (!expiration.empty()) {
    TESTUDO_TRY(const TimePoint end, parse_rfc3339(expiration));
    if (end <= now) return Error{Code::bad_input, fmt::format("expiration {} is over already", expiration)};
    out.expires_at = end;
  }
  return out;
}

}  // namespace

Result<std::vector<std::string>> read_targets(std::string_view body) { return read_texts(body, "targets"); }

Result<std::vector<Prefix>> read_prefixes(std::string_view body) {
  TESTUDO_TRY(const std::vector<std::string> values, read_texts(body, "values"));
  if (values.empty()) return Error{Code::bad_input, "values in body is required"};
  std::vector<Prefix> out;
  for (const std::string& value : values) {
    const auto prefix = parse_target_prefix(value);
    if (!prefix) return not_an_address(value);
    out.push_back(*prefix);
  }
  return out;
}

Result<void> check_allowlist_name(std::string_view name) {
  bool good = !name.empty() && name.size() <= 64 && name != "check";  // "check" is a route beside the names
  for (const char c : name)
    good &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
            c == '_' || c == '-';
  if (good) return {};
  return Error{Code::bad_input,
               fmt::format("'{}' cannot be the name of an allowlist", name),
               {},
               "use letters, digits, '.', '_' and '-', at most 64; 'check' is taken"};
}

Result<NewAllowlist> read_new_allowlist(std::string_view body) {
  TESTUDO_TRY(const json::object object, parse_object(body));
  NewAllowlist out;
  TESTUDO_TRY(out.name, text(object, "name", kName, true));
  TESTUDO_TRY(out.description, text(object, "description", 1024, false));
  TESTUDO_CHECK(check_allowlist_name(out.name));
  return out;
}

Result<std::vector<AllowlistItem>> read_allowlist_items(std::string_view body, TimePoint now) {
  TESTUDO_TRY(const json::object object, parse_object(body));
  TESTUDO_TRY(const json::array* items, array(object, "items", true));
  if (items->empty()) return Error{Code::bad_input, "items in body is required"};
  if (items->size() > kItems)
    return Error{Code::too_large, fmt::format("{} items, the limit is {}", items->size(), kItems)};
  std::vector<AllowlistItem> out;
  for (const json::value& item : *items) {
    if (!item.is_object()) return Error{Code::bad_input, "items must be an array of objects"};
    TESTUDO_TRY(AllowlistItem read, read_item(item.get_object(), now));
    out.push_back(std::move(read));
  }
  return out;
}

}  // namespace testudo
