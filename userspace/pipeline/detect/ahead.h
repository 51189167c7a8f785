// detect/ahead.h: asks the processor for memory that will be needed soon.
//
// Not __builtin_prefetch: GCC 12 takes a function that does nothing else for one without effects and leaves
// out its calls.
#pragma once

namespace testudo::detect {

inline void ask_for(const void* address) {
#if defined(__x86_64__)
  asm volatile("prefetcht0 (%0)" : : "r"(address));
#elif defined(__aarch64__)
  asm volatile("prfm pldl1keep, [%0]" : : "r"(address));
#else
  __builtin_prefetch(address);
#endif
}

}  // namespace testudo::detect
