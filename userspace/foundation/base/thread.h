// base/thread.h: what a thread is called, and who goes first.
#pragma once

namespace testudo {

/// For the threads between a log line and its dropped packet: named, nice −10 where that is allowed, and with
/// a short slice (Linux 6.12: sched_setattr's runtime is the slice a fair task asks for), so that they run as
/// soon as they wake, whatever else computes. Not real-time: a flood of lines must not starve the machine.
void be_prompt(const char* name);
/// For threads that can wait, such as the one that writes to disk: named, nice +5.
void be_patient(const char* name);

}  // namespace testudo
