// expr/documents.h: what one thread remembers between calls of helpers, so that nothing is read twice.
//
//   documents of the event:  XML and JSON texts, known by event, its epoch and the text's place; read once
//   constants of content:    paths and prefixes, known by their place, compared before use
//   verdicts:                what a slow question (hundreds of patterns) said about a text
//
// Not thread-safe: each thread has its own, and it must not outlive the events whose texts it has seen by
// more than their reuse. Everything is bounded; what does not fit is computed again.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "expr/json_index.h"
#include "expr/json_read.h"
#include "expr/xml_path.h"
#include "expr/xml_table.h"
#include "model/event.h"
#include "pattern/literal_set.h"

namespace testudo::expr {

class Documents {
 public:
  /// Remembers that many paths and prefixes; a power of two, at least four.
  explicit Documents(size_t constants = 1024);
  ~Documents();
  Documents(const Documents&) = delete;

  /// The document, or null when it cannot be read. `event` may be null: then it is read anew.
  XmlTable* xml(const Event* event, std::string_view text);
  /// The compiled path, or null when it is none.
  const XmlPath* path(std::string_view text);

  JsonIndex& json(const Event* event, std::string_view text);
  /// The text as a value, as read_json(); memory is ctx.arena, which must be that of ctx.event. Errors are
  /// remembered as well.
  bool json_value(Context& ctx, std::string_view text, Value& out);

  /// The address in a text, IPv4 also where it is written as IPv6; the last few are known.
  std::optional<Ip> address(std::string_view text);
  /// A prefix with its length; nothing when it is none.
  const std::optional<Prefix>& prefix(std::string_view text);

  /// What `question` (a number of its own, never reused) said of `text`; null: not known. Long texts are not
  /// kept.
  const uint64_t* verdict(uint64_t question, std::string_view text) const;
  void keep_verdict(uint64_t question, std::string_view text, uint64_t verdict);

  /// Working memory for a scan.
  LiteralHits& literal_hits() { return hits_; }

 private:
  /// One text of one event.
  struct Key {
    const Event* event = nullptr;
    uint64_t epoch = 0;
    const char* text = nullptr;
    size_t size = 0;
    bool operator==(const Key&) const = default;
  };
  static Key key_of(const Event* event, std::string_view text);

  struct XmlSlot {
    Key key;
    XmlTable table;
    bool readable = false;
  };
  struct JsonSlot {
    Key key;
    JsonIndex index;
  };
  struct ValueSlot {
    Key key;
    Value value;
    bool ok = false;
    std::string error;
  };
  struct PathSlot {
    const char* place = nullptr;
    std::string text;
    std::optional<XmlPath> path;
  };
  struct AddressSlot {
    std::string text;
    std::optional<Ip> address;
  };
  struct PrefixSlot {
    std::string text;
    std::optional<Prefix> prefix;
  };
  struct Verdict {
    uint64_t question = 0;
    uint64_t said = 0;
    std::string text;
  };

  std::array<XmlSlot, 2> xml_;
  std::array<JsonSlot, 4> json_;
  std::array<ValueSlot, 4> values_;
  std::array<AddressSlot, 4> addresses_;
  size_t next_xml_ = 0, next_json_ = 0, next_value_ = 0, next_address_ = 0, next_path_ = 0, next_prefix_ = 0;
  size_t last_address_ = 0;      ///< that was asked for
  std::vector<PathSlot> paths_;  ///< by place of the text; made when first needed, as the next two
  std::vector<PrefixSlot> prefixes_;
  std::vector<Verdict> verdicts_;
  size_t constants_;
  JsonScratch scratch_;
  LiteralHits hits_;
};

/// The thread's Documents; where the owner of the context has none, one for this call.
class BorrowedDocuments {
 public:
  explicit BorrowedDocuments(Context& ctx)
      : own_(ctx.documents ? nullptr : std::make_unique<Documents>(4)),
        used_(ctx.documents ? ctx.documents : own_.get()) {}
  Documents* operator->() { return used_; }
  Documents& operator*() { return *used_; }

 private:
  std::unique_ptr<Documents> own_;
  Documents* used_;
};

}  // namespace testudo::expr
