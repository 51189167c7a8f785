// The readers of YamlNode; the tree is made in yaml_build.cpp.
#include "yaml/yaml.h"

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace testudo {
namespace {

const char* kind_text(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::scalar:
      return "a single value";
    case YamlNode::Kind::sequence:
      return "a list";
    case YamlNode::Kind::map:
      return "a mapping";
  }
  return "nothing";
}

/// Unknown keys of one mapping that are named one by one; the rest is counted.
constexpr size_t kMaxUnknownKeys = 20;

std::string shown(const YamlNode& node) {
  return node.is_scalar() ? "'" + node.text().substr(0, 60) + "'" : std::string(kind_text(node.kind()));
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : entries_)
    if (name == key) return &value;
  return nullptr;
}

Where YamlNode::key_where(std::string_view key) const {
  for (size_t i = 0; i < entries_.size(); ++i)
    if (entries_[i].first == key) return key_places_[i];
  return where_;
}

Where YamlNode::content_where() const {
  if (content_line_ <= where_.line) return where_;
  return {where_.file, content_line_, 1};
}

Error YamlNode::error(std::string message, std::string remedy) const {
  return Error{Code::bad_content, std::move(message), where_, std::move(remedy)};
}

Result<std::string> YamlNode::as_string(std::string_view what) const {
  if (!is_scalar()) return error(std::string(what) + " must be text, not " + kind_text(kind_));
  return text_;
}

Result<int64_t> YamlNode::as_int(std::string_view what) const {
  int64_t value = 0;
  const char* end = text_.data() + text_.size();
  const bool plus = text_.starts_with('+');
  const auto [stop, err] = std::from_chars(text_.data() + plus, end, value);
  if (!is_scalar() || text_.empty() || err != std::errc() || stop != end || text_.starts_with("+-"))
    return error(std::string(what) + " must be a whole number, not " + shown(*this));
  return value;
}

Result<double> YamlNode::as_double(std::string_view what) const {
  double value = 0;
  const auto [stop, err] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
  if (!is_scalar() || text_.empty() || err != std::errc() || stop != text_.data() + text_.size() ||
      !std::isfinite(value))
    return error(std::string(what) + " must be a number, not " + shown(*this));
  return value;
}

Result<bool> YamlNode::as_bool(std::string_view what) const {
  const std::string word = lower_ascii(text_);
  if (is_scalar() && !quoted_) {
    if (word == "true" || word == "yes" || word == "on" || word == "y") return true;
    if (word == "false" || word == "no" || word == "off" || word == "n") return false;
  }
  return error(std::string(what) + " must be true or false, not " + shown(*this));
}

Result<Duration> YamlNode::as_duration(std::string_view what) const {
  if (!is_scalar()) return error(std::string(what) + " must be a duration, not " + kind_text(kind_));
  auto duration = parse_duration(text_);
  if (!duration) return error(std::string(what) + ": " + duration.error().message, duration.error().remedy);
  return duration;
}

Result<std::vector<std::string>> YamlNode::as_strings(std::string_view what) const {
  std::vector<std::string> out;
  if (is_null()) return out;
  if (is_scalar()) {
    out.push_back(text_);
    return out;
  }
  if (!is_sequence()) return error(std::string(what) + " must be a list of text, not " + kind_text(kind_));
  for (const YamlNode& item : items_) {
    TESTUDO_TRY(std::string text, item.as_string("each entry of " + std::string(what)));
    out.push_back(std::move(text));
  }
  return out;
}

void YamlNode::check_keys(std::string_view what, const std::vector<std::string>& known,
                          Errors& errors) const {
  size_t told = 0, more = 0;
  Where first_more;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const std::string& key = entries_[i].first;
    bool found = false;
    for (const std::string& k : known) found = found || k == key;
    if (found) continue;
    if (++told > kMaxUnknownKeys) {
      if (++more == 1) first_more = key_places_[i];
      continue;
    }
    const std::string close = nearest(key, known);
    std::string list;
    for (const std::string& k : known) list += (list.empty() ? "" : ", ") + k;
    errors.push_back(Error{Code::bad_content,
                           "unknown key '" + key.substr(0, 60) + "' in " + std::string(what), key_places_[i],
                           close.empty() ? "known keys: " + list : "did you mean '" + close + "'?"});
  }
  if (more)
    errors.push_back(Error{Code::bad_content,
                           std::to_string(more) + " more unknown keys in " + std::string(what), first_more,
                           ""});
}

}  // namespace testudo
