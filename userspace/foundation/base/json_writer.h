// base/json_writer.h: JSON text, written from front to back; the caller brings keys in order.
//
// What Go's encoder escapes is escaped here: control characters, < > & and U+2028/9; invalid UTF-8 becomes
// U+FFFD, so that bytes from a log never make an answer that a client cannot read.
//
//   JsonWriter json;
//   json.begin_object().field("nbDeleted", "1").end_object();
//   json.take()  → {"nbDeleted":"1"}
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace testudo {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool on) { return raw(on ? "true" : "false"); }
  template <std::integral T>
  JsonWriter& value(T number) {
    return raw(std::to_string(number));
  }
  /// Shortest text that reads back as the same number; not finite → null.
  JsonWriter& value(float number);
  JsonWriter& value(double number);
  JsonWriter& null() { return raw("null"); }
  /// A value that is JSON already.
  JsonWriter& raw(std::string_view json);

  template <typename T>
  JsonWriter& field(std::string_view name, const T& v) {
    key(name);
    return value(v);
  }

  size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }

 private:
  void separate() {
    if (comma_) out_ += ',';
    comma_ = true;
  }
  JsonWriter& open(char c) {
    separate();
    out_ += c;
    comma_ = false;
    return *this;
  }
  JsonWriter& close(char c) {
    out_ += c;
    comma_ = true;
    return *this;
  }
  void quoted(std::string_view text);

  std::string out_;
  bool comma_ = false;
};

}  // namespace testudo
