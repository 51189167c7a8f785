// expr/json_index.h: values by their path in a JSON text, for many questions about the same text.
//
// Lenient, as logs need it: nothing is validated beyond what is passed over on the way, text before the first
// object is skipped, a text that was cut still gives what stands before the cut. The members of an object are
// noted when somebody first asks for one of them. The memory is reused from text to text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace testudo::expr {

class JsonIndex {
 public:
  static constexpr size_t kMaxText = 16 << 20;
  static constexpr size_t kMaxMembers = 100'000;  ///< noted of one text; what comes later is absent

  enum class Kind : uint8_t { absent, string, number, boolean, null, object, array };
  struct Found {
    Kind kind = Kind::absent;
    std::string_view text;  ///< as written; strings without their quotes and not unescaped
  };

  /// `text` must outlive the questions.
  void read(std::string_view text);

  /// "a.b[0].c": keys between dots, places in brackets; a key with a dot cannot be named this way.
  Found find(std::string_view path);
  /// The same in parts: "a", "b", "[0]", "c".
  Found find_key(std::string_view key) { return at_root(key); }
  /// One step further, into what an earlier step found.
  Found find_in(const Found& in, std::string_view key);

 private:
  struct Member {
    std::string_view key;  ///< as written
    Found value;
    bool escaped = false;
  };
  struct Object {
    size_t start = 0, end = 0;  ///< in the text; `end` is npos when it was cut
    uint32_t first = 0, count = 0;
  };

  Found at_root(std::string_view key);
  Found member(size_t start, std::string_view key, size_t* end = nullptr);
  Found element(size_t start, std::string_view place) const;
  const Object& object_at(size_t start);
  void note_members(Object& object);
  Found value_at(size_t& at) const;
  size_t block_end(size_t at) const;
  size_t blank(size_t at) const;
  bool same_key(const Member& member, std::string_view key);

  std::string_view text_;
  std::vector<Member> members_;
  std::vector<Object> objects_;
  std::string unescaped_;
};

}  // namespace testudo::expr
