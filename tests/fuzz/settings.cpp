// Any text as testudo.yaml: settings within their limits, or errors that name a place in the file.
#include "config/settings.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A file in memory, that nothing is left behind.
  const int fd = ::memfd_create("testudo.yaml", 0);
  require(fd >= 0 && ::write(fd, data, size) == ssize_t(size));
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  testudo::Errors errors;
  const testudo::Settings settings = testudo::read_settings(path, errors);
  ::close(fd);
  for (const testudo::Error& error : errors) require(!error.message.empty() && error.where.file == path);
  require(settings.detect.max_buckets >= 100 && settings.enforce.max_entries >= 1024);
  require(settings.decide.ipv6_prefix >= 32 && settings.decide.ipv6_prefix <= 128);
  return 0;
}
