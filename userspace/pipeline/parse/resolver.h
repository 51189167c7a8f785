// parse/resolver.h: names of addresses and addresses of names, for reverse_dns and LookupHost.
//
// Whoever asks waits on behalf of an alert, or of every line behind this one. So an answer comes within
// `patience` or not at all, also when a server is silent; the question goes on in the background, and its
// answer is there for the next one who asks. When several questions in a row had no answer in time, nobody
// waits any more until one is answered.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"

namespace testudo::parse {

class Resolver {
 public:
  virtual ~Resolver() = default;
  /// The first name of an address, with a dot at its end; "" when there is none, or no answer yet.
  virtual std::string name_of(const Ip& ip) = 0;
  /// The addresses of a name, as text; none when there are none, or no answer yet.
  virtual std::vector<std::string> addresses_of(std::string_view name) = 0;
};

/// Knows what a hosts file says (`replay --hosts FILE`) and nothing else: a replay that asks nobody gives the
/// same result tomorrow. At most 16 MiB.
Result<std::unique_ptr<Resolver>> hosts_resolver(const std::string& path);
std::unique_ptr<Resolver> hosts_resolver_of(std::string_view text);

struct SystemResolverOptions {
  std::string hosts = "/etc/hosts";              ///< asked first; read once
  std::string resolv_conf = "/etc/resolv.conf";  ///< name servers; read for each question
  uint16_t port = 53;                            ///< of the name servers
  Duration patience = std::chrono::milliseconds(300);
  Duration timeout = std::chrono::seconds(1);  ///< of one name server; the first two are asked
  size_t threads = 4;
  size_t queue = 256;     ///< questions that wait for a thread; beyond it there is no answer
  size_t entries = 4096;  ///< answers kept, "none" among them
  Duration keep = std::chrono::hours(1);
  Duration keep_none = std::chrono::minutes(5);
};
/// Asks the name servers of this machine over UDP, in threads of its own, which begin with the first question
/// and end within a tenth of a second.
std::unique_ptr<Resolver> system_resolver(const SystemResolverOptions& options = {});

}  // namespace testudo::parse
