// pattern/commonness.h: how common a byte is in paths, command lines and URLs, roughly. No corpus can be at
// hand when content is loaded, and the choices made with it decide only how often texts are compared in vain.
#pragma once

#include <cstdint>
#include <cstring>

namespace testudo {

inline uint32_t commonness(unsigned char c) {
  if (c == ' ') return 6;
  if (std::strchr("aeiorstnl", c) && c) return 4;
  if (c >= 'a' && c <= 'z') return 3;
  if (c == '\\' || c == '/' || c == '.' || c == '-') return 3;
  if (c >= '0' && c <= '9') return 2;
  return 1;
}

}  // namespace testudo
