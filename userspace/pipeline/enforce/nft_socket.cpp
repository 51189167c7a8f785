#include "enforce/nft_socket.h"

#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "enforce/nft_attributes.h"

namespace testudo::nft {
namespace {

constexpr int kSendBuffer = 64 << 20;    // the largest transaction; taken only while one is under way
constexpr int kReceiveBuffer = 4 << 20;  // an acknowledgement for each message
constexpr size_t kAnswer = 256 << 10;
constexpr int kTries = 10;

/// Attributes by number; those beyond the table are of a later kernel.
template <size_t N>
struct Attributes {
  const nlattr* at[N] = {};
  void take(const nlattr* attribute) {
    const uint16_t type = mnl_attr_get_type(attribute);
    if (type < N) at[type] = attribute;
  }
  static Attributes of(const nlmsghdr* header) {
    Attributes out;
    each_attribute(header, sizeof(nfgenmsg), [&](const nlattr* attribute) { out.take(attribute); });
    return out;
  }
  static Attributes in(const nlattr* nest) {
    Attributes out;
    each_nested(nest, [&](const nlattr* attribute) { out.take(attribute); });
    return out;
  }
  const nlattr* operator[](size_t type) const { return at[type]; }
};

uint64_t u64_of(const nlattr* attribute) {
  if (attribute == nullptr || mnl_attr_get_payload_len(attribute) < 8) return 0;
  return be64toh(mnl_attr_get_u64(attribute));
}

uint32_t u32_of(const nlattr* attribute) {
  if (attribute == nullptr || mnl_attr_get_payload_len(attribute) < 4) return 0;
  return be32toh(mnl_attr_get_u32(attribute));
}

void put_table(nlmsghdr* header, const std::string& table) {
  // The table's name is attribute 1 of every message about what lies in it.
  static_assert(int(NFTA_RULE_TABLE) == NFTA_TABLE_NAME && int(NFTA_SET_TABLE) == NFTA_TABLE_NAME &&
                int(NFTA_OBJ_TABLE) == NFTA_TABLE_NAME && int(NFTA_SET_ELEM_LIST_TABLE) == NFTA_TABLE_NAME);
  mnl_attr_put_strz(header, NFTA_TABLE_NAME, table.c_str());
}

ElementState element_of(const nlattr* item) {
  const auto attributes = Attributes<NFTA_SET_ELEM_MAX + 1>::in(item);
  ElementState out;
  if (const nlattr* key = attributes[NFTA_SET_ELEM_KEY])
    if (const nlattr* value = Attributes<NFTA_DATA_MAX + 1>::in(key)[NFTA_DATA_VALUE])
      out.key.assign(static_cast<const char*>(mnl_attr_get_payload(value)), mnl_attr_get_payload_len(value));
  out.interval_end = u32_of(attributes[NFTA_SET_ELEM_FLAGS]) & NFT_SET_ELEM_INTERVAL_END;
  out.counter = text_of(attributes[NFTA_SET_ELEM_OBJREF]);
  out.times_out = attributes[NFTA_SET_ELEM_TIMEOUT] != nullptr;
  out.left_ms = u64_of(attributes[NFTA_SET_ELEM_EXPIRATION]);
  return out;
}

/// Byte offset of the attribute that the kernel objects to, from the begin of the refused message.
std::optional<uint32_t> offset_in(const nlmsghdr* answer) {
  if (!(answer->nlmsg_flags & NLM_F_ACK_TLVS)) return std::nullopt;
  // With NETLINK_CAP_ACK only the header of the refused message comes back.
  std::optional<uint32_t> offset;
  each_attribute(answer, sizeof(nlmsgerr), [&](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_OFFS && mnl_attr_get_payload_len(attribute) >= 4)
      offset = mnl_attr_get_u32(attribute);
  });
  return offset;
}

}  // namespace

Error error_of(int err, const std::string& what) {
  switch (err) {
    case EPERM:
      return {Code::permission, what + ": not allowed", {}, "nftables needs root or CAP_NET_ADMIN"};
    case ENOMEM:
    case ENOBUFS:
    case EMSGSIZE:
    case ENFILE:
      return {Code::too_large,
              what + ": the kernel has no memory for it (" + std::strerror(err) + ")",
              {},
              "fewer or smaller lists, or a lower enforce.max_entries"};
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
      return {Code::unsupported,
              what + ": this kernel cannot do it (" + std::strerror(err) + ")",
              {},
              "nf_tables with maps of counters is needed (CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET), kernel "
              "5.10 or later"};
    default:
      return errno_error(what, err);
  }
}

Result<Socket> Socket::open() {
  Socket socket;
  socket.fd_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  if (!socket.fd_) return error_of(errno, "cannot speak to nftables");
  sockaddr_nl at{};
  at.nl_family = AF_NETLINK;
  socklen_t size = sizeof at;
  if (::bind(socket.fd_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      ::getsockname(socket.fd_.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0)
    return error_of(errno, "cannot speak to nftables");
  socket.port_ = at.nl_pid;
  const int one = 1;
  const int fd = socket.fd_.get();
  // The offset of what is refused, and not the whole message back.
  if (::setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one) != 0 ||
      ::setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one) != 0)
    return error_of(errno, "cannot speak to nftables");
  (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
  if (::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &kSendBuffer, sizeof kSendBuffer) != 0)
    return error_of(errno, "cannot speak to nftables");
  return socket;
}

Result<std::vector<Refusal>> Socket::send(Batch& batch) {
  const uint32_t first = sequence_;
  const std::span<const char> bytes = batch.finish(first);
  sequence_ += uint32_t(batch.messages());
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent;
  do {
    sent = ::sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
                    sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return error_of(errno, "sending " + std::to_string(bytes.size()) + " bytes to nftables");

  std::vector<Refusal> refusals;
  std::vector<char> answer(kAnswer);
  bool lost = false;
  for (;;) {
    // The kernel has worked it off before sendto() returned: what it had to say is here.
    const ssize_t got = ::recv(fd_.get(), answer.data(), answer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == ENOBUFS) {
      lost = true;
      continue;
    }
    if (got <= 0) break;
    int left = int(got);
    for (auto* header = reinterpret_cast<nlmsghdr*>(answer.data()); mnl_nlmsg_ok(header, left);
         header = mnl_nlmsg_next(header, &left)) {
      if (header->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(header) < sizeof(nlmsgerr)) continue;
      const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(header));
      if (error->error == 0 || header->nlmsg_seq < first) continue;
      Refusal refusal;
      refusal.error = -error->error;
      refusal.message = header->nlmsg_seq - first;
      refusal.tag = batch.tag_at(refusal.message, offset_in(header));
      refusals.push_back(refusal);
    }
  }
  if (lost && refusals.empty())
    return Error{Code::io, "nftables said more than could be kept; whether it took the change is unknown"};
  return refusals;
}

Result<void> Socket::commit(Batch& batch, const std::string& what) {
  TESTUDO_TRY(const auto refusals, send(batch));
  if (refusals.empty()) return {};
  return error_of(refusals.front().error, what);
}

int Socket::ask(uint16_t message, uint16_t flags, const Fill& fill, const Answer& answer) {
  std::vector<char> buffer(kAnswer);
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
  header->nlmsg_type = uint16_t(NFNL_SUBSYS_NFTABLES << 8 | message);
  header->nlmsg_flags = uint16_t(NLM_F_REQUEST | NLM_F_ACK | flags);
  header->nlmsg_seq = sequence_++;
  auto* extra = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(nfgenmsg)));
  extra->nfgen_family = NFPROTO_INET;
  extra->version = NFNETLINK_V0;
  fill(header);
  const uint32_t mine = header->nlmsg_seq;
  if (::send(fd_.get(), header, header->nlmsg_len, 0) < 0) return errno;
  bool interrupted = false;
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    int left = int(got);
    for (auto* reply = reinterpret_cast<nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(reply, left);
         reply = mnl_nlmsg_next(reply, &left)) {
      if (reply->nlmsg_seq != mine) continue;
      if (reply->nlmsg_flags & NLM_F_DUMP_INTR) interrupted = true;
      if (reply->nlmsg_type == NLMSG_DONE) return interrupted ? EINTR : 0;
      if (reply->nlmsg_type == NLMSG_ERROR)
        return -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(reply))->error;
      if (!answer(reply)) return 0;
    }
  }
}

Result<void> Socket::dump(uint16_t message, const Fill& fill, const std::function<void()>& restart,
                          const Answer& answer) {
  int err = EINTR;
  for (int tries = 0; err == EINTR && tries < kTries; ++tries) {
    restart();
    err = ask(message, NLM_F_DUMP, fill, answer);
  }
  if (err == EINTR)
    return Error{
        Code::unavailable, "nftables changed all the while it was read", {}, "it is tried again later"};
  if (err == ENOENT) return Error{Code::not_found, "no such table or set in nftables"};
  if (err != 0) return error_of(err, "reading from nftables");
  return {};
}

Result<bool> Socket::has_table(const std::string& table) {
  bool found = false;
  const int err = ask(
      NFT_MSG_GETTABLE, 0, [&](nlmsghdr* h) { put_table(h, table); },
      [&](const nlmsghdr*) { return found = true; });
  if (err != 0 && err != ENOENT) return error_of(err, "looking for table inet " + table);
  return found;
}

Result<std::vector<std::string>> Socket::sets(const std::string& table) {
  std::vector<std::string> out;
  TESTUDO_CHECK(dump(
      NFT_MSG_GETSET, [&](nlmsghdr* h) { put_table(h, table); }, [&] { out.clear(); },
      [&](const nlmsghdr* reply) {
        out.emplace_back(text_of(Attributes<NFTA_SET_MAX + 1>::of(reply)[NFTA_SET_NAME]));
        return true;
      }));
  return out;
}

Result<std::vector<RuleState>> Socket::rules(const std::string& table) {
  std::vector<RuleState> out;
  TESTUDO_CHECK(dump(
      NFT_MSG_GETRULE, [&](nlmsghdr* h) { put_table(h, table); }, [&] { out.clear(); },
      [&](const nlmsghdr* reply) {
        const auto attributes = Attributes<NFTA_RULE_MAX + 1>::of(reply);
        if (text_of(attributes[NFTA_RULE_TABLE]) == table)
          out.push_back(
              {std::string(text_of(attributes[NFTA_RULE_CHAIN])), u64_of(attributes[NFTA_RULE_HANDLE])});
        return true;
      }));
  return out;
}

Result<std::vector<CounterState>> Socket::counters(const std::string& table) {
  std::vector<CounterState> out;
  TESTUDO_CHECK(dump(
      NFT_MSG_GETOBJ,
      [&](nlmsghdr* h) {
        put_table(h, table);
        mnl_attr_put_u32(h, NFTA_OBJ_TYPE, htobe32(NFT_OBJECT_COUNTER));
      },
      [&] { out.clear(); },
      [&](const nlmsghdr* reply) {
        const auto attributes = Attributes<NFTA_OBJ_MAX + 1>::of(reply);
        CounterState counter;
        counter.name = text_of(attributes[NFTA_OBJ_NAME]);
        if (const nlattr* comment = attributes[NFTA_OBJ_USERDATA])
          counter.comment = comment_of(
              {static_cast<const char*>(mnl_attr_get_payload(comment)), mnl_attr_get_payload_len(comment)});
        if (const nlattr* data = attributes[NFTA_OBJ_DATA]) {
          const auto values = Attributes<NFTA_COUNTER_MAX + 1>::in(data);
          counter.packets = u64_of(values[NFTA_COUNTER_PACKETS]);
          counter.bytes = u64_of(values[NFTA_COUNTER_BYTES]);
        }
        out.push_back(std::move(counter));
        return true;
      }));
  return out;
}

Result<bool> Socket::elements(const std::string& table, const std::string& set, size_t limit,
                              const std::function<void(const ElementState&)>& each) {
  // On a socket of its own: a dump that is read no further ends with it.
  TESTUDO_TRY(Socket own, open());
  std::vector<ElementState> found;
  bool more = false;
  TESTUDO_CHECK(own.dump(
      NFT_MSG_GETSETELEM,
      [&](nlmsghdr* h) {
        put_table(h, table);
        mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, set.c_str());
      },
      [&] {
        found.clear();
        more = false;
      },
      [&](const nlmsghdr* reply) {
        const nlattr* list = Attributes<NFTA_SET_ELEM_LIST_MAX + 1>::of(reply)[NFTA_SET_ELEM_LIST_ELEMENTS];
        if (list == nullptr) return true;
        each_nested(list, [&](const nlattr* item) {
          if (found.size() == limit)
            more = true;
          else
            found.push_back(element_of(item));
        });
        return !more;
      }));
  for (const ElementState& element : found) each(element);
  return more;
}

Result<std::optional<ElementState>> Socket::element(const std::string& table, const std::string& set,
                                                    std::string_view key) {
  std::optional<ElementState> out;
  const int err = ask(
      NFT_MSG_GETSETELEM, 0,
      [&](nlmsghdr* h) {
        put_table(h, table);
        mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, set.c_str());
        nlattr* list = mnl_attr_nest_start(h, NFTA_SET_ELEM_LIST_ELEMENTS);
        nlattr* item = mnl_attr_nest_start(h, NFTA_LIST_ELEM);
        nlattr* data = mnl_attr_nest_start(h, NFTA_SET_ELEM_KEY);
        mnl_attr_put(h, NFTA_DATA_VALUE, key.size(), key.data());
        mnl_attr_nest_end(h, data);
        mnl_attr_nest_end(h, item);
        mnl_attr_nest_end(h, list);
      },
      [&](const nlmsghdr* reply) {
        const nlattr* list = Attributes<NFTA_SET_ELEM_LIST_MAX + 1>::of(reply)[NFTA_SET_ELEM_LIST_ELEMENTS];
        if (list != nullptr) each_nested(list, [&](const nlattr* item) { out = element_of(item); });
        return true;
      });
  if (err != 0 && err != ENOENT) return error_of(err, "looking into set " + set);
  return out;
}

}  // namespace testudo::nft
