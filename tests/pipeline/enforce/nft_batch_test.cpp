#include "enforce/nft_batch.h"

#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "enforce/nft_attributes.h"

namespace testudo::nft {
namespace {

struct Message {
  const nlmsghdr* header;
  int type() const { return header->nlmsg_type & 0xff; }
};

std::vector<Message> messages_in(std::span<const char> bytes) {
  std::vector<Message> out;
  int left = int(bytes.size());
  for (auto* h = reinterpret_cast<const nlmsghdr*>(bytes.data()); mnl_nlmsg_ok(h, left);
       h = mnl_nlmsg_next(h, &left))
    out.push_back({h});
  EXPECT_EQ(left, 0) << "the last message ends with the bytes";
  return out;
}

std::vector<const nlattr*> elements_in(const Message& message) {
  std::vector<const nlattr*> out;
  each_attribute(message.header, sizeof(nfgenmsg), [&](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == NFTA_SET_ELEM_LIST_ELEMENTS)
      each_nested(attribute, [&](const nlattr* item) { out.push_back(item); });
  });
  return out;
}

TEST(NftBatch, BeginsAndEndsAndCountsItsMessages) {
  Batch batch("testudo");
  EXPECT_TRUE(batch.empty());
  batch.add_counter("ban.c1.v4", "crowdsec|ssh");
  const auto messages = messages_in(batch.finish(100));
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].header->nlmsg_type, NFNL_MSG_BATCH_BEGIN);
  EXPECT_EQ(messages[1].header->nlmsg_type, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWOBJ);
  EXPECT_EQ(messages[2].header->nlmsg_type, NFNL_MSG_BATCH_END);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(messages[i].header->nlmsg_seq, 100 + i);
}

TEST(NftBatch, OneElementIsTheseBytes) {
  Batch batch("t");
  batch.add_element("s", {std::string_view("\xc0\x00\x02\x07", 4), false, "c", 1000}, 0);
  const auto messages = messages_in(batch.finish(1));
  ASSERT_EQ(messages.size(), 3u);
  const auto* bytes = reinterpret_cast<const unsigned char*>(messages[1].header);
  const unsigned char wanted[] = {0x4c, 0, 0, 0,    0x0c, 0x0a, 0x05, 0x04, 2,    0, 0,    0,
                                  0,    0, 0, 0,                          // header: NEWSETELEM
                                  1,    0, 0, 0,                          // inet
                                  6,    0, 1, 0,    't',  0,    0,    0,  // table
                                  6,    0, 2, 0,    's',  0,    0,    0,  // set
                                  0x28, 0, 3, 0x80,                       // elements
                                  0x24, 0, 1, 0x80,                       // the one
                                  0x0c, 0, 1, 0x80, 8,    0,    1,    0,    0xc0, 0, 2,    7,      // key
                                  6,    0, 9, 0,    'c',  0,    0,    0,                           // counter
                                  0x0c, 0, 4, 0,    0,    0,    0,    0,    0,    0, 0x03, 0xe8};  // 1,000 ms
  const size_t size = messages[1].header->nlmsg_len;
  std::string got, want;
  for (size_t i = 0; i < size; ++i) got += std::to_string(bytes[i]) + " ";
  for (const unsigned char byte : wanted) want += std::to_string(byte) + " ";
  EXPECT_EQ(got, want);
}

TEST(NftBatch, ManyElementsTravelInFewMessagesAndNoneIsTooLongForItsAttribute) {
  Batch batch("testudo");
  constexpr uint32_t kMany = 10000;
  for (uint32_t i = 0; i < kMany; ++i)
    batch.add_element("ban.a4",
                      {std::string_view(reinterpret_cast<const char*>(&i), 4), false, "ban.c1.v4", i + 1}, i);
  const auto messages = messages_in(batch.finish(1));
  EXPECT_LT(messages.size(), 14u);
  uint32_t count = 0;
  for (size_t m = 0; m < messages.size(); ++m) {
    EXPECT_LE(messages[m].header->nlmsg_len, 65535u);
    for (const nlattr* item : elements_in(messages[m])) {
      // The kernel names the element it refuses by the offset of its attribute.
      const auto offset =
          uint32_t(reinterpret_cast<const char*>(item) - reinterpret_cast<const char*>(messages[m].header));
      ASSERT_EQ(batch.tag_at(uint32_t(m), offset), count);
      ASSERT_EQ(batch.tag_at(uint32_t(m), offset + 8), count);
      ++count;
    }
  }
  EXPECT_EQ(count, kMany);
}

TEST(NftBatch, AnotherSetOrTheOtherWayBeginsAnotherMessage) {
  Batch batch("testudo");
  const std::string_view key("\x01\x02\x03\x04", 4);
  batch.delete_element("a", {key, false, "", 0}, 1);
  batch.add_element("a", {key, false, "", 0}, 2);
  batch.add_element("a", {key, true, "", 0}, 3);
  batch.add_element("b", {key, false, "", 0}, 4);
  const auto messages = messages_in(batch.finish(1));
  ASSERT_EQ(messages.size(), 5u);
  EXPECT_EQ(messages[1].type(), NFT_MSG_DELSETELEM);
  EXPECT_EQ(elements_in(messages[2]).size(), 2u);
  EXPECT_EQ(batch.tag_at(1, std::nullopt), 1u) << "one element: no offset is needed";
  EXPECT_EQ(batch.tag_at(2, std::nullopt), Batch::kNoTag);
  EXPECT_EQ(batch.tag_at(2, 4), Batch::kNoTag) << "an offset before the first element";
  EXPECT_EQ(batch.tag_at(0, std::nullopt), Batch::kNoTag);
  EXPECT_EQ(batch.tag_at(99, 100), Batch::kNoTag);
}

TEST(NftBatch, ACommentIsWhatNftPrintsAndBreaksNoLine) {
  const auto bytes = comment_userdata("crowdsec|a \"b\"\n\x1b[2J\\");
  EXPECT_EQ(comment_of(bytes), "crowdsec|a _b___[2J_");
  const auto longest = comment_userdata(std::string(1000, 'x'));
  EXPECT_EQ(comment_of(longest).size(), 127u);
  EXPECT_LE(longest.size(), 131u);
  const char damaged[] = {0, 9, 'x'};
  EXPECT_EQ(comment_of(damaged), "");
}

}  // namespace
}  // namespace testudo::nft
