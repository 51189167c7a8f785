// model/value.h: a value whose type is known only at run time: what expressions compute, what JSON holds.
//
// Trivially copyable, 16 bytes. Strings, arrays and maps are views: into the line, into the event's arena,
// into constants of the compiled program or into loaded data files; all of them outlive the evaluation.
#pragma once

#include <cstdint>
#include <string_view>

namespace testudo {

struct ValueArray;
struct ValueMap;

struct Value {
  enum class Kind : uint8_t { nil, boolean, integer, real, string, array, map, time, duration, object };

  Kind kind = Kind::nil;
  uint8_t class_id = 0;  ///< objects: row in expr's table of classes (evt, Line, Alert, Source …)
  uint32_t size = 0;     ///< strings: length in bytes
  union {
    bool boolean;
    int64_t integer;  ///< also time (ns since 1970) and duration (ns)
    double real;
    const char* string;
    const ValueArray* array;
    const ValueMap* map;
    const void* object;
  };

  Value() : integer(0) {}
  static Value of(bool v) {
    return make(Kind::boolean, [&](Value& x) { x.boolean = v; });
  }
  static Value of(int64_t v) {
    return make(Kind::integer, [&](Value& x) { x.integer = v; });
  }
  static Value of(double v) {
    return make(Kind::real, [&](Value& x) { x.real = v; });
  }
  static Value of(std::string_view v) {
    return make(Kind::string, [&](Value& x) {
      x.string = v.data();
      x.size = uint32_t(v.size());
    });
  }
  static Value of(const ValueArray* v) {
    return make(Kind::array, [&](Value& x) { x.array = v; });
  }
  static Value of(const ValueMap* v) {
    return make(Kind::map, [&](Value& x) { x.map = v; });
  }
  static Value time(int64_t ns) {
    return make(Kind::time, [&](Value& x) { x.integer = ns; });
  }
  static Value duration(int64_t ns) {
    return make(Kind::duration, [&](Value& x) { x.integer = ns; });
  }
  static Value of_object(uint8_t class_id, const void* object) {
    return make(Kind::object, [&](Value& x) {
      x.class_id = class_id;
      x.object = object;
    });
  }

  bool is_nil() const { return kind == Kind::nil; }
  bool is_string() const { return kind == Kind::string; }
  bool is_bool() const { return kind == Kind::boolean; }
  std::string_view text() const { return {string, size}; }  ///< only when is_string()

 private:
  template <typename F>
  static Value make(Kind kind, F fill) {
    Value v;
    v.kind = kind;
    fill(v);
    return v;
  }
};

struct ValueArray {
  const Value* items = nullptr;
  uint32_t size = 0;
};

struct ValueMapEntry {
  std::string_view key;
  Value value;
};
/// Keys are unique; order is that of insertion.
struct ValueMap {
  const ValueMapEntry* entries = nullptr;
  uint32_t size = 0;
  const Value* find(std::string_view key) const {
    for (uint32_t i = 0; i < size; ++i)
      if (entries[i].key == key) return &entries[i].value;
    return nullptr;
  }
};

}  // namespace testudo
