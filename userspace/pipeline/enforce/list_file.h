// enforce/list_file.h: a blocklist as people publish it: one address or prefix a line.
//
//   # comment              ; comment
//   203.0.113.7            text behind a blank, comma, semicolon or tab is not read (CSV: the first column
//   counts) "198.51.100.0/24",98 2001:db8::1
//
// A list comes from strangers. Bad lines are counted and the first are told with their number; a file in
// which nothing is valid is an error, and what was in force stays.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace testudo {

struct ListFileLimits {
  uint64_t bytes = 256u << 20;
  uint64_t entries = 2'500'000;
  size_t line_bytes = 4096;      ///< a longer line is a bad one
  size_t told = 5;               ///< bad lines that are told
  int ipv6_prefix = 128;         ///< IPv6 addresses are widened to this
  uint64_t covered4 = 1u << 28;  ///< IPv4 addresses that prefixes may cover in sum: a sixteenth of all
};

struct ListFile {
  std::vector<Prefix> prefixes;  ///< in the order of the file, as packets show them; one may come twice
  uint64_t lines = 0;
  uint64_t bad = 0;
  uint64_t too_wide = 0;          ///< of the bad: shorter than /8, IPv6 /19
  uint64_t local = 0;             ///< left out: private, loopback, link-local, multicast, unspecified
  std::vector<std::string> told;  ///< "FILE:12: not an address or prefix: …"
};

/// `name` is how errors call it.
Result<ListFile> parse_list(std::string_view text, const std::string& name, const ListFileLimits& limits);
Result<ListFile> read_list_file(const std::string& path, const ListFileLimits& limits);

}  // namespace testudo
