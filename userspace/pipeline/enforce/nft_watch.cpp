#include "enforce/nft_watch.h"

#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "enforce/nft_attributes.h"
#include "enforce/nft_layout.h"

namespace testudo::nft {
namespace {

constexpr int kGroup = NFNLGRP_NFTABLES;

/// Table and name of what a message is about: attributes 1 and 2 of all of them.
void read_message(const nlmsghdr* header, const std::string& table, News& news) {
  if (NFNL_SUBSYS_ID(header->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
      mnl_nlmsg_get_payload_len(header) < sizeof(nfgenmsg))
    return;
  const auto message = header->nlmsg_type & 0xff;
  if (message == NFT_MSG_NEWGEN) return;
  std::string_view of_table, name;
  each_attribute(header, sizeof(nfgenmsg), [&](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == 1) of_table = text_of(attribute);
    if (mnl_attr_get_type(attribute) == 2) name = text_of(attribute);
  });
  static_assert(NFTA_SET_ELEM_LIST_SET == 2 && NFTA_OBJ_NAME == 2);
  if (of_table != table) return;
  if (message == NFT_MSG_NEWSETELEM || message == NFT_MSG_DELSETELEM)
    news.sets.emplace(name);
  else if (message == NFT_MSG_NEWOBJ && name.starts_with(kFlushMark))
    news.flushed = true;
  else
    news.table = true;
}

}  // namespace

void read_news(const char* bytes, size_t size, const std::string& table, News& news) {
  int left = int(size);
  for (auto* header = reinterpret_cast<const nlmsghdr*>(bytes); mnl_nlmsg_ok(header, left);
       header = mnl_nlmsg_next(header, &left))
    read_message(header, table, news);
}

Result<Watch> Watch::open(const std::string& table, uint32_t own_port) {
  Watch watch;
  watch.table_ = table;
  watch.fd_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
  if (!watch.fd_) return errno_error("cannot watch nftables", errno);
  // A word is loaded as if it came from the network, but the port stands there in this machine's order.
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(nlmsghdr, nlmsg_pid)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htobe32(own_port), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  };
  const sock_fprog program{sizeof code / sizeof *code, code};
  sockaddr_nl at{};
  at.nl_family = AF_NETLINK;
  if (::setsockopt(watch.fd_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0 ||
      ::bind(watch.fd_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    return errno_error("cannot watch nftables", errno);
  watch.resume();
  return watch;
}

void Watch::pause() {
  (void)::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &kGroup, sizeof kGroup);
}

void Watch::resume() {
  (void)::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &kGroup, sizeof kGroup);
}

News Watch::take() {
  News news;
  alignas(nlmsghdr) char bytes[65536];
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ENOBUFS) {
      news.any = news.lost = true;
      continue;
    }
    if (got <= 0) return news;
    news.any = true;
    read_news(bytes, size_t(got), table_, news);
  }
}

}  // namespace testudo::nft
