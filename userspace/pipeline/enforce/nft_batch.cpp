#include "enforce/nft_batch.h"

#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <cstring>

namespace testudo::nft {
namespace {

constexpr size_t kMessageEnds = 60'000;  // 65,535 less one element and the headers
constexpr size_t kElementFits = 1024;
constexpr size_t kCommentMax = 127;
constexpr uint8_t kCommentType = 0;  // as the nft program numbers it in user data of tables and objects

// What `nft list` reads a key as; the kernel only keeps it.
constexpr uint32_t kTypeIpv4 = 7, kTypeIpv6 = 8;
// Expired elements match nothing; how soon they are freed is a matter of memory. The kernel's default walks a
// set of millions each second.
constexpr uint32_t kCollectEvery_ms = 60'000;

uint16_t nft_type(uint16_t message) { return uint16_t(NFNL_SUBSYS_NFTABLES << 8 | message); }

void put_limit(nlmsghdr* header, const SetSpec::Limit& limit) {
  nlattr* expression = mnl_attr_nest_start(header, NFTA_SET_EXPR);
  mnl_attr_put_strz(header, NFTA_EXPR_NAME, "limit");
  nlattr* data = mnl_attr_nest_start(header, NFTA_EXPR_DATA);
  mnl_attr_put_u64(header, NFTA_LIMIT_RATE, htobe64(limit.rate));
  mnl_attr_put_u64(header, NFTA_LIMIT_UNIT, htobe64(1));
  mnl_attr_put_u32(header, NFTA_LIMIT_BURST, htobe32(limit.burst));
  mnl_attr_put_u32(header, NFTA_LIMIT_TYPE, htobe32(limit.bytes ? NFT_LIMIT_PKT_BYTES : NFT_LIMIT_PKTS));
  mnl_attr_put_u32(header, NFTA_LIMIT_FLAGS, htobe32(NFT_LIMIT_F_INV));
  mnl_attr_nest_end(header, data);
  mnl_attr_nest_end(header, expression);
}

}  // namespace

std::vector<char> comment_userdata(std::string_view comment) {
  std::string text(comment.substr(0, kCommentMax));
  std::replace_if(
      text.begin(), text.end(),
      [](unsigned char c) { return c < 0x20 || c >= 0x7f || c == '"' || c == '\\'; }, '_');
  std::vector<char> out(text.size() + 3, '\0');
  out[0] = char(kCommentType);
  out[1] = char(text.size() + 1);
  std::copy(text.begin(), text.end(), out.begin() + 2);
  return out;
}

std::string comment_of(std::span<const char> userdata) {
  for (size_t at = 0; at + 2 <= userdata.size();) {
    const auto length = size_t(uint8_t(userdata[at + 1]));
    if (at + 2 + length > userdata.size()) break;
    if (uint8_t(userdata[at]) == kCommentType)
      return std::string(&userdata[at + 2], strnlen(&userdata[at + 2], length));
    at += 2 + length;
  }
  return "";
}

Batch::Batch(std::string table) : table_(std::move(table)) {
  nlmsghdr* begin = start(NFNL_MSG_BATCH_BEGIN, 0);
  static_cast<nfgenmsg*>(mnl_nlmsg_get_payload(begin))->res_id = htobe16(NFNL_SUBSYS_NFTABLES);
}

void Batch::room(size_t bytes) {
  if (bytes_.size() < used_ + bytes) bytes_.resize(std::max(bytes_.size() * 2, used_ + bytes + 4096));
}

nlmsghdr* Batch::current() {
  return reinterpret_cast<nlmsghdr*>(bytes_.data() + messages_.back().at);  // NOLINT: netlink's own layout
}

void Batch::close() {
  if (messages_.empty()) return;
  if (open_type_ != 0) mnl_attr_nest_end(current(), reinterpret_cast<nlattr*>(bytes_.data() + open_list_));
  open_type_ = 0;
  used_ = messages_.back().at + NLMSG_ALIGN(current()->nlmsg_len);
}

nlmsghdr* Batch::start(uint16_t type, uint16_t flags) {
  close();
  room(kElementFits * 2);
  messages_.push_back({used_, tags_.size()});
  nlmsghdr* header = mnl_nlmsg_put_header(bytes_.data() + used_);
  header->nlmsg_type = type;
  header->nlmsg_flags = uint16_t(NLM_F_REQUEST | flags);
  auto* extra = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  extra->nfgen_family = type <= NFNL_MSG_BATCH_END ? AF_UNSPEC : NFPROTO_INET;
  extra->version = NFNETLINK_V0;
  return header;
}

void Batch::add_counter(const std::string& name, std::string_view comment) {
  nlmsghdr* header = start(nft_type(NFT_MSG_NEWOBJ), NLM_F_CREATE | NLM_F_ACK);
  mnl_attr_put_strz(header, NFTA_OBJ_TABLE, table_.c_str());
  mnl_attr_put_strz(header, NFTA_OBJ_NAME, name.c_str());
  mnl_attr_put_u32(header, NFTA_OBJ_TYPE, htobe32(NFT_OBJECT_COUNTER));
  nlattr* data = mnl_attr_nest_start(header, NFTA_OBJ_DATA);
  mnl_attr_nest_end(header, data);
  if (comment.empty()) return;
  const std::vector<char> text = comment_userdata(comment);
  mnl_attr_put(header, NFTA_OBJ_USERDATA, text.size(), text.data());
}

void Batch::add_set(const SetSpec& spec) {
  nlmsghdr* header = start(nft_type(NFT_MSG_NEWSET), NLM_F_CREATE | NLM_F_ACK);
  mnl_attr_put_strz(header, NFTA_SET_TABLE, table_.c_str());
  mnl_attr_put_strz(header, NFTA_SET_NAME, spec.name.c_str());
  uint32_t flags = NFT_SET_TIMEOUT;
  if (spec.intervals) flags |= NFT_SET_INTERVAL;
  if (spec.counters) flags |= NFT_SET_OBJECT;
  mnl_attr_put_u32(header, NFTA_SET_FLAGS, htobe32(flags));
  mnl_attr_put_u32(header, NFTA_SET_KEY_TYPE, htobe32(spec.v6 ? kTypeIpv6 : kTypeIpv4));
  mnl_attr_put_u32(header, NFTA_SET_KEY_LEN, htobe32(spec.v6 ? 16 : 4));
  if (spec.counters) mnl_attr_put_u32(header, NFTA_SET_OBJ_TYPE, htobe32(NFT_OBJECT_COUNTER));
  mnl_attr_put_u32(header, NFTA_SET_ID, htobe32(++next_set_id_));
  mnl_attr_put_u32(header, NFTA_SET_GC_INTERVAL, htobe32(kCollectEvery_ms));
  if (spec.limit) put_limit(header, *spec.limit);
}

void Batch::delete_set(const std::string& name) {
  nlmsghdr* header = start(nft_type(NFT_MSG_DELSET), NLM_F_ACK);
  mnl_attr_put_strz(header, NFTA_SET_TABLE, table_.c_str());
  mnl_attr_put_strz(header, NFTA_SET_NAME, name.c_str());
}

void Batch::delete_table() {
  nlmsghdr* header = start(nft_type(NFT_MSG_DELTABLE), NLM_F_ACK);
  mnl_attr_put_strz(header, NFTA_TABLE_NAME, table_.c_str());
}

void Batch::flush_set(const std::string& name) {
  nlmsghdr* header = start(nft_type(NFT_MSG_DELSETELEM), NLM_F_ACK);
  mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, table_.c_str());
  mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, name.c_str());
}

void Batch::add_element(const std::string& set, const Element& e, uint32_t tag) {
  element(nft_type(NFT_MSG_NEWSETELEM), set, e, tag);
}

void Batch::delete_element(const std::string& set, const Element& e, uint32_t tag) {
  element(nft_type(NFT_MSG_DELSETELEM), set, e, tag);
}

void Batch::element(uint16_t type, const std::string& set, const Element& e, uint32_t tag) {
  const bool add = type == nft_type(NFT_MSG_NEWSETELEM);
  if (open_type_ != type || open_set_ != set || current()->nlmsg_len > kMessageEnds) {
    nlmsghdr* header = start(type, uint16_t((add ? NLM_F_CREATE : 0) | NLM_F_ACK));
    mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, table_.c_str());
    mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, set.c_str());
    nlattr* list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
    open_list_ = size_t(reinterpret_cast<char*>(list) - bytes_.data());
    open_type_ = type;
    open_set_ = set;
  }
  if (bytes_.size() < messages_.back().at + current()->nlmsg_len + kElementFits) {
    used_ = messages_.back().at + current()->nlmsg_len;
    room(kElementFits);
  }
  nlmsghdr* header = current();
  tags_.push_back({header->nlmsg_len, tag});
  nlattr* item = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
  if (e.interval_end) mnl_attr_put_u32(header, NFTA_SET_ELEM_FLAGS, htobe32(NFT_SET_ELEM_INTERVAL_END));
  nlattr* key = mnl_attr_nest_start(header, NFTA_SET_ELEM_KEY);
  mnl_attr_put(header, NFTA_DATA_VALUE, e.key.size(), e.key.data());
  mnl_attr_nest_end(header, key);
  if (add && !e.interval_end) {
    if (!e.counter.empty()) {
      const std::string name(e.counter);
      mnl_attr_put_strz(header, NFTA_SET_ELEM_OBJREF, name.c_str());
    }
    if (e.timeout_ms != 0) mnl_attr_put_u64(header, NFTA_SET_ELEM_TIMEOUT, htobe64(e.timeout_ms));
  }
  mnl_attr_nest_end(header, item);
}

std::span<const char> Batch::finish(uint32_t first_sequence) {
  nlmsghdr* end = start(NFNL_MSG_BATCH_END, 0);
  static_cast<nfgenmsg*>(mnl_nlmsg_get_payload(end))->res_id = htobe16(NFNL_SUBSYS_NFTABLES);
  close();
  for (size_t i = 0; i < messages_.size(); ++i)
    reinterpret_cast<nlmsghdr*>(bytes_.data() + messages_[i].at)->nlmsg_seq = first_sequence + uint32_t(i);
  bytes_.resize(used_);
  return bytes_;
}

uint32_t Batch::tag_at(uint32_t message, std::optional<uint32_t> offset) const {
  if (message >= messages_.size()) return kNoTag;
  const size_t first = messages_[message].first_tag;
  const size_t last = message + 1 < messages_.size() ? messages_[message + 1].first_tag : tags_.size();
  if (first == last) return kNoTag;
  if (!offset) return last - first == 1 ? tags_[first].tag : kNoTag;
  const auto begin = tags_.begin() + long(first), end = tags_.begin() + long(last);
  const auto behind =
      std::upper_bound(begin, end, *offset, [](uint32_t at, const Tag& tag) { return at < tag.offset; });
  return behind == begin ? kNoTag : std::prev(behind)->tag;
}

}  // namespace testudo::nft
