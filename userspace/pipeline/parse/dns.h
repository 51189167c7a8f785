// parse/dns.h: one question to one name server over UDP (RFC 1035): what resolver_system.cpp sends and reads.
//
// Answers come from strangers: every length is checked, names are taken only when they consist of letters,
// digits, '-' and '_'.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"

namespace testudo::parse::dns {

enum class Type : uint16_t { a = 1, ptr = 12, aaaa = 28 };

/// "4.3.2.1.in-addr.arpa", or its like under ip6.arpa.
std::string reverse_name(const Ip& ip);

/// The bytes of a question; empty when the name is none (labels of 1 to 63 bytes, 253 in all).
std::string question(uint16_t id, std::string_view name, Type type);

/// Records of that type in the answer to that question, names with a dot at the end, addresses as text, at
/// most 32. Nothing when the bytes are no answer to it: wait for another packet. An error of the server is an
/// answer without records.
std::optional<std::vector<std::string>> read_answer(std::string_view packet, std::string_view question,
                                                    Type type);

}  // namespace testudo::parse::dns
