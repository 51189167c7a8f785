#include "base/thread.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace testudo {
namespace {

// linux/sched/types.h; that header and glibc's sched.h exclude one another.
struct SchedAttributes {
  uint32_t size = 48;
  uint32_t policy = 0;  // SCHED_OTHER
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0, deadline = 0, period = 0;
};

bool set_fair(int nice, uint64_t slice_ns) {
  SchedAttributes attributes;
  attributes.nice = nice;
  attributes.runtime = slice_ns;
  return ::syscall(SYS_sched_setattr, 0, &attributes, 0u) == 0;
}

}  // namespace

void be_prompt(const char* name) {
  ::prctl(PR_SET_NAME, name);
  constexpr uint64_t slice = 100'000;
  if (set_fair(-10, slice)) return;
  // Without the right to go below the nice value that we were started with, the short slice is still ours to
  // ask.
  set_fair(::getpriority(PRIO_PROCESS, 0), slice);
}

void be_patient(const char* name) {
  ::prctl(PR_SET_NAME, name);
  set_fair(::getpriority(PRIO_PROCESS, 0) + 5, 0);
}

}  // namespace testudo
