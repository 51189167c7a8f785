// enforce/nft_batch.h: one nftables transaction as bytes, before anything is sent.
//
//   begin · NEWOBJ … · NEWSET … · DELSETELEM {many} … · NEWSETELEM {many} … · end
//
// Neighbouring elements of one set travel in one message (an attribute's length has 16 bits, so a message
// ends at about 60 KB). Each element carries a tag of the caller: the kernel names the one that it refuses by
// its byte offset, and tag_at() finds it again. Only bytes are made here; nft_socket.h sends them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct nlmsghdr;
struct nlattr;

namespace testudo::nft {

/// A set or map of ours. All can time out; those with `counters` are maps from the key to a counter.
struct SetSpec {
  std::string name;
  bool v6 = false;
  bool intervals = false;
  bool counters = false;
  struct Limit {
    uint64_t rate = 0;  ///< a second
    uint32_t burst = 0;
    bool bytes = false;
  };
  std::optional<Limit> limit;  ///< each element has such a bucket of its own, and matches when it is empty
};

/// What a map element is. `counter` empty: a set element.
struct Element {
  std::string_view key;  ///< 4 or 16 bytes, network order
  bool interval_end = false;
  std::string_view counter;
  uint64_t timeout_ms = 0;  ///< 0 = never
};

class Batch {
 public:
  explicit Batch(std::string table);

  void add_counter(const std::string& name, std::string_view comment);
  void add_set(const SetSpec& spec);
  void delete_set(const std::string& name);
  void delete_table();
  /// Every element of the set at once.
  void flush_set(const std::string& name);
  void add_element(const std::string& set, const Element& element, uint32_t tag);
  void delete_element(const std::string& set, const Element& element, uint32_t tag);

  /// Closes the transaction. Sequence numbers count from `first_sequence`, one a message.
  std::span<const char> finish(uint32_t first_sequence);
  size_t messages() const { return messages_.size(); }
  size_t bytes() const { return bytes_.size(); }
  bool empty() const { return messages_.size() <= 1; }

  static constexpr uint32_t kNoTag = UINT32_MAX;
  /// Of the element that holds byte `offset` of message number `message` (0 = begin); without an offset, of a
  /// message's only element. kNoTag when the message holds no element, or several and no offset is known.
  uint32_t tag_at(uint32_t message, std::optional<uint32_t> offset) const;

 private:
  struct Message {
    size_t at;         ///< in bytes_
    size_t first_tag;  ///< in tags_
  };
  struct Tag {
    uint32_t offset;  ///< of the element's attribute, from the begin of its message
    uint32_t tag;
  };
  nlmsghdr* start(uint16_t type, uint16_t flags);
  nlmsghdr* current();
  void room(size_t bytes);
  void close();
  void element(uint16_t type, const std::string& set, const Element& element, uint32_t tag);

  std::string table_;
  std::vector<char> bytes_;  ///< grows ahead; `used_` are written
  size_t used_ = 0;
  std::vector<Message> messages_;
  std::vector<Tag> tags_;
  uint16_t open_type_ = 0;  ///< of the element list that is open; 0 = none
  std::string open_set_;
  size_t open_list_ = 0;  ///< offset of its nest in bytes_
  uint32_t next_set_id_ = 0;
};

/// The comment of a counter or table in the form in which the nft program reads and prints it. At most 127
/// bytes; what no line of `nft list` may hold (quotes, control bytes) becomes '_'.
std::vector<char> comment_userdata(std::string_view comment);
std::string comment_of(std::span<const char> userdata);

}  // namespace testudo::nft
