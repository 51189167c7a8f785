// enforce/nft_attributes.h: reading netlink attributes; libmnl's own loops are C.
#pragma once

#include <libmnl/libmnl.h>

#include <cstring>
#include <string_view>

namespace testudo::nft {

/// Attributes of a message behind its extra header of `extra` bytes.
template <typename Each>
void each_attribute(const nlmsghdr* header, size_t extra, Each&& each) {
  const auto* at = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(header, extra));
  const auto* end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(header));
  while (mnl_attr_ok(at, int(end - reinterpret_cast<const char*>(at)))) {
    each(at);
    at = mnl_attr_next(at);
  }
}

template <typename Each>
void each_nested(const nlattr* nest, Each&& each) {
  const auto* at = static_cast<const nlattr*>(mnl_attr_get_payload(nest));
  const char* end = reinterpret_cast<const char*>(at) + mnl_attr_get_payload_len(nest);
  while (mnl_attr_ok(at, int(end - reinterpret_cast<const char*>(at)))) {
    each(at);
    at = mnl_attr_next(at);
  }
}

/// Up to its NUL, if there is one.
inline std::string_view text_of(const nlattr* attribute) {
  if (attribute == nullptr) return {};
  const auto* text = static_cast<const char*>(mnl_attr_get_payload(attribute));
  return {text, strnlen(text, mnl_attr_get_payload_len(attribute))};
}

}  // namespace testudo::nft
