#include "store/meta_json.h"

#include <boost/json.hpp>
#include <string_view>

namespace testudo::store {

namespace json = boost::json;

namespace {

constexpr size_t event_meta_max = 8191;
constexpr size_t first_cut = 2048;
constexpr size_t alert_key_max = 255, alert_value_max = 4095;
constexpr std::string_view stripped = "<stripped>";

std::string_view cut(std::string_view text, size_t max) {
  if (text.size() <= max) return text;
  size_t end = max;
  // Back over continuation bytes, at most the three that a character can have.
  for (int back = 0; back < 3 && end > 0 && (uint8_t(text[end]) & 0xc0) == 0x80; ++back) --end;
  return text.substr(0, end);
}

// `value_of` gives the text to write for each value.
template <typename F>
std::string pairs_to_json(const MetaPairs& meta, F&& pair_of) {
  json::array all;
  all.reserve(meta.size());
  for (const auto& [key, value] : meta) {
    auto [k, v] = pair_of(key, value);
    all.push_back(json::array{json::string(k), json::string(v)});
  }
  return json::serialize(all);
}

Result<json::value> parse(const std::string& text) {
  json::error_code error;
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  options.max_depth = 4;
  json::value value = json::parse(text, error, {}, options);
  if (error) return Error{Code::bad_input, "not valid JSON: " + error.message()};
  return value;
}

Error wrong_shape() { return Error{Code::bad_input, "JSON of an unexpected shape"}; }

std::string to_string(const json::string& text) { return std::string(text.data(), text.size()); }

}  // namespace

std::string event_meta_to_json(const MetaPairs& meta) {
  using Pair = std::pair<std::string, std::string>;
  std::string text =
      pairs_to_json(meta, [](const std::string& k, const std::string& v) { return Pair(k, v); });
  for (size_t limit = first_cut; text.size() > event_meta_max && limit > 0; limit /= 2)
    text = pairs_to_json(meta, [limit](const std::string& k, const std::string& v) {
      if (v.size() <= limit + stripped.size()) return Pair(k, v);
      return Pair(k, std::string(cut(v, limit)).append(stripped));
    });
  return text.size() > event_meta_max ? "[]" : text;
}

std::string alert_meta_to_json(const MetaPairs& meta) {
  return pairs_to_json(meta, [](const std::string& k, const std::string& v) {
    return std::pair(cut(k, alert_key_max), cut(v, alert_value_max));
  });
}

std::string labels_to_json(const std::vector<std::string>& labels) {
  json::array all;
  for (const std::string& label : labels) all.push_back(json::string(label));
  return json::serialize(all);
}

Result<MetaPairs> meta_from_json(const std::string& text) {
  TESTUDO_TRY(const json::value value, parse(text));
  const json::array* all = value.if_array();
  if (!all) return wrong_shape();
  MetaPairs meta;
  meta.reserve(all->size());
  for (const json::value& item : *all) {
    const json::array* pair = item.if_array();
    if (!pair || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string())
      return wrong_shape();
    meta.emplace_back(to_string((*pair)[0].get_string()), to_string((*pair)[1].get_string()));
  }
  return meta;
}

Result<std::vector<std::string>> labels_from_json(const std::string& text) {
  TESTUDO_TRY(const json::value value, parse(text));
  const json::array* all = value.if_array();
  if (!all) return wrong_shape();
  std::vector<std::string> labels;
  for (const json::value& item : *all) {
    if (!item.is_string()) return wrong_shape();
    labels.push_back(to_string(item.get_string()));
  }
  return labels;
}

}  // namespace testudo::store
