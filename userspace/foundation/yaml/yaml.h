// yaml/yaml.h: YAML as a tree that knows where each piece stands in the file.
//
// Read through yaml-cpp's event handler: every node has file:line:column, duplicate keys are errors, depth
// (64), nodes (2,000,000) and text (64 MiB) are bounded, what aliases and anchors copy included. Scalars keep
// their source text: whether `10s`, `yes` or `2.0` is a string or something else is decided by who reads it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace testudo {

class YamlNode {
 public:
  enum class Kind : uint8_t { null, scalar, sequence, map };

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_scalar() const { return kind_ == Kind::scalar; }
  bool is_sequence() const { return kind_ == Kind::sequence; }
  bool is_map() const { return kind_ == Kind::map; }
  const Where& where() const { return where_; }

  /// Scalar source text (quotes removed, escapes resolved); "" for null.
  const std::string& text() const { return text_; }
  bool quoted() const { return quoted_; }  ///< written in quotes or as a block: surely a string
  /// For block scalars: line of the first content line, so that errors inside can name it.
  int content_line() const { return content_line_; }

  /// Where the text itself begins: behind the quote, or in the first line of a block.
  Where content_where() const;

  const std::vector<YamlNode>& items() const { return items_; }
  /// In order of the file.
  const std::vector<std::pair<std::string, YamlNode>>& entries() const { return entries_; }
  const YamlNode* find(std::string_view key) const;
  /// Where the key itself is written (the value's place for unknown keys).
  Where key_where(std::string_view key) const;

  // Readers: wrong types are errors (bad_content) that name the place and what was expected.
  Result<std::string> as_string(std::string_view what) const;
  Result<int64_t> as_int(std::string_view what) const;
  Result<double> as_double(std::string_view what) const;
  Result<bool> as_bool(std::string_view what) const;  ///< YAML 1.1 words: true/false/yes/no/on/off
  Result<Duration> as_duration(std::string_view what) const;
  Result<std::vector<std::string>> as_strings(std::string_view what) const;  ///< a sequence, or one scalar

  /// Keys outside `known` are errors with "did you mean"; appended to `errors`, at most 20 and one that
  /// counts the rest.
  void check_keys(std::string_view what, const std::vector<std::string>& known, Errors& errors) const;

  Error error(std::string message, std::string remedy = "") const;

 private:
  friend class YamlBuilder;
  Kind kind_ = Kind::null;
  bool quoted_ = false;
  int content_line_ = 0;
  Where where_;
  std::string text_;
  std::vector<YamlNode> items_;
  std::vector<std::pair<std::string, YamlNode>> entries_;
  std::vector<Where> key_places_;
};

/// Every document of the text; empty documents are left out. `file` is used in places only.
Result<std::vector<YamlNode>> parse_yaml(std::string_view text, const std::string& file);
/// read_file + parse_yaml; files over 16 MiB are refused.
Result<std::vector<YamlNode>> load_yaml(const std::string& path);

}  // namespace testudo
