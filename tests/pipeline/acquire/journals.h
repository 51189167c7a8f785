// tests/pipeline/acquire/journals.h: real journal files, made from export format by systemd-journal-remote.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/time.h"

namespace testudo::acquire_test {

constexpr const char* kJournalRemote = "/lib/systemd/systemd-journal-remote";
inline bool can_make_journals() { return ::access(kJournalRemote, X_OK) == 0; }

using Fields = std::map<std::string, std::string>;

/// What a real sshd under ssh.service looks like; `more` adds or replaces.
inline Fields sshd(const std::string& message, Fields more = {}) {
  Fields fields = {{"MESSAGE", message},
                   {"SYSLOG_IDENTIFIER", "sshd"},
                   {"_COMM", "sshd"},
                   {"_EXE", "/usr/sbin/sshd"},
                   {"_UID", "0"},
                   {"_PID", "811"},
                   {"_SYSTEMD_UNIT", "ssh.service"},
                   {"_HOSTNAME", "web1"},
                   {"_TRANSPORT", "syslog"}};
  for (const auto& [key, value] : more) fields[key] = value;
  return fields;
}

/// Appends entries to `path` (FOLDER/NAME.journal). `at`: realtime of the first; the others follow by
/// microseconds.
inline bool write_journal(const std::string& path, const std::vector<Fields>& entries, TimePoint at = now()) {
  const std::string command = std::string(kJournalRemote) + " -o " + path + " - >/dev/null 2>&1";
  FILE* pipe = ::popen(command.c_str(), "w");
  if (!pipe) return false;
  long long usec = unix_nanos(at) / 1000;
  for (const Fields& entry : entries) {
    std::string out = "__REALTIME_TIMESTAMP=" + std::to_string(usec) +
                      "\n__MONOTONIC_TIMESTAMP=" + std::to_string(usec % 100'000'000'000) +
                      "\n_BOOT_ID=0123456789abcdef0123456789abcdef\n";
    ++usec;
    for (const auto& [key, value] : entry) {
      if (value.find_first_of(std::string("\n\0\x01", 3)) == std::string::npos) {
        out += key + "=" + value + "\n";
        continue;
      }
      const uint64_t size = value.size();  // little endian, as this machine
      out += key + "\n";
      out.append(reinterpret_cast<const char*>(&size), 8);
      out += value + "\n";
    }
    out += "\n";
    std::fwrite(out.data(), 1, out.size(), pipe);
  }
  return ::pclose(pipe) == 0;
}

}  // namespace testudo::acquire_test
