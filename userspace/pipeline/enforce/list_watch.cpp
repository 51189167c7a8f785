#include "enforce/list_watch.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "enforce/list_file.h"

namespace testudo {

void ListWatch::drop_unknown() {
  for (const ListStatus& present : backend_.lists()) {
    const bool known = std::any_of(options_.begin(), options_.end(),
                                   [&](const ListOptions& list) { return list.name == present.name; });
    if (known) continue;
    log::info("enforce.list_dropped", {{"list", present.name}, {"why", "no longer in enforce.lists"}});
    if (const auto gone = backend_.put_list({.name = present.name}); !gone)
      log::error("enforce.list_failed", {{"list", present.name}, {"why", gone.error().text()}});
  }
}

void ListWatch::tick(TimePoint now, const std::function<int64_t()>& flushed) {
  for (const ListOptions& list : options_) {
    Seen& seen = seen_[list.name];
    if (now < seen.next) continue;
    seen.next = now + std::min<Duration>(list.every, 10min);
    look(list, seen, flushed);
  }
}

void ListWatch::look(const ListOptions& list, Seen& seen, const std::function<int64_t()>& flushed) {
  struct stat file {};
  if (::stat(list.file.c_str(), &file) != 0)
    return failed(list, seen, "cannot read " + list.file + ": " + std::strerror(errno));
  const int64_t changed = int64_t(file.st_mtim.tv_sec) * 1'000'000'000 + file.st_mtim.tv_nsec;
  const bool same = seen.loaded && seen.changed_ns == changed && seen.size == file.st_size;
  // Loaded and gone from the kernel: `testudo kernel flush`, which lasts until now, or `testudo flush`, which
  // lasts until the file changes.
  if (same && in_force(list.name)) return;
  if (changed <= flushed())
    return failed(list, seen, "flushed by hand; it comes back when " + list.file + " changes (`touch` it)");
  seen.changed_ns = changed;
  seen.size = file.st_size;
  load(list, seen);
}

void ListWatch::load(const ListOptions& list, Seen& seen) {
  ListFileLimits limits;
  limits.entries = max_entries_;
  limits.ipv6_prefix = list.ipv6_prefix;
  auto file = read_list_file(list.file, limits);
  if (!file) return failed(list, seen, file.error().text());
  for (const std::string& line : file->told)
    log::warn("enforce.list_line", {{"list", list.name}, {"what", line}});
  if (file->bad > 0 || file->local > 0)
    log::warn("enforce.list_partly", {{"list", list.name},
                                      {"entries", file->prefixes.size()},
                                      {"bad_lines", file->bad},
                                      {"local_left_out", file->local}});
  const auto put = backend_.put_list(
      {.name = list.name, .prefixes = std::move(file->prefixes), .remediation = list.remediation});
  if (!put) return failed(list, seen, put.error().text());
  seen.loaded = true;
  seen.problem.clear();
}

void ListWatch::failed(const ListOptions& list, Seen& seen, const std::string& why) {
  if (seen.problem == why) return;  // said already
  seen.problem = why;
  log::error("enforce.list_failed", {{"list", list.name},
                                     {"why", why},
                                     {"in_force", in_force(list.name) ? "what it held before" : "nothing"}});
}

bool ListWatch::in_force(const std::string& name) {
  const auto lists = backend_.lists();
  return std::any_of(lists.begin(), lists.end(), [&](const ListStatus& list) { return list.name == name; });
}

std::string ListWatch::problem(const std::string& name) const {
  const auto found = seen_.find(name);
  return found == seen_.end() ? "" : found->second.problem;
}

}  // namespace testudo
