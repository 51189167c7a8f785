#include "xdp/libbpf_words.h"

#include <bpf/libbpf.h>

#include <cstdarg>
#include <cstdio>
#include <mutex>

#include "base/files.h"
#include "base/text.h"

namespace testudo::xdp {
namespace {

thread_local std::string last_words;

int keep_words(libbpf_print_level level, const char* format, va_list args) {
  if (level == LIBBPF_DEBUG) return 0;
  char line[512];
  std::vsnprintf(line, sizeof line, format, args);
  last_words = trim(line);
  return 0;
}

}  // namespace

void listen_to_libbpf() {
  static std::once_flag once;
  std::call_once(once, [] { libbpf_set_print(keep_words); });
  last_words.clear();
}

const std::string& libbpf_said() { return last_words; }

bool locked_down() {
  const auto text = read_file("/sys/kernel/security/lockdown", 4096);
  return text && text->find("[confidentiality]") != std::string::npos;
}

}  // namespace testudo::xdp
