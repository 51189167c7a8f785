// tests/kernel/stream.h: packets without a pause, and what a connection says.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "sandbox.h"

namespace testudo::test {

/// Sends datagrams from one IPv4 address until it is told to stop; counts what arrives.
class Stream {
 public:
  Stream(Sandbox& net, const std::string& from);
  ~Stream() { end(); }
  void end();
  void wait_for(uint64_t more) const;
  uint64_t sent() const { return sent_; }
  int arrived();

 private:
  Fd receiver_, sender_;
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> sent_{0};
  std::thread thread_;
};

/// errno of a TCP connection from this address of the client to a listener on the server; 0 = it came about.
/// ETIMEDOUT after half a second without an answer.
int connect_error(Sandbox& net, const std::string& from);

/// What a command line writes to its standard output.
std::string output_of(const std::string& command);

}  // namespace testudo::test
