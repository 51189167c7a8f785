// enforce/list_watch.h: the lists that the configuration names, loaded from their files and followed.
//
// A file is looked at each `every`, ten minutes at most (and once at the start): when its time or size
// changed it is read, and what is valid in it takes the place of what the list held. Whatever fails, the list
// goes on as it was. After a flush by hand a list stays away until its file changes, like decisions older
// than the flush.
//
// One thread. Reading and loading a list of millions takes about half a second: not the thread that decides.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "enforce/backend.h"

namespace testudo {

class ListWatch {
 public:
  ListWatch(std::vector<ListOptions> lists, uint32_t max_entries, Backend& backend)
      : options_(std::move(lists)), max_entries_(max_entries), backend_(backend) {}

  /// Takes lists of an earlier run that are not configured any more out of the kernel.
  void drop_unknown();
  /// Loads what is due. `flushed`: time of the last flush by hand in unix ns, 0 = never; asked when needed.
  void tick(TimePoint now, const std::function<int64_t()>& flushed);

  /// "" or why the list is not what its file says.
  std::string problem(const std::string& name) const;

 private:
  struct Seen {
    TimePoint next{};
    int64_t changed_ns = 0;  ///< of the file that is loaded
    int64_t size = -1;
    bool loaded = false;
    std::string problem;
  };
  void look(const ListOptions& list, Seen& seen, const std::function<int64_t()>& flushed);
  void load(const ListOptions& list, Seen& seen);
  void failed(const ListOptions& list, Seen& seen, const std::string& why);
  bool in_force(const std::string& name);

  std::vector<ListOptions> options_;
  uint32_t max_entries_;
  Backend& backend_;
  std::map<std::string, Seen> seen_;
};

}  // namespace testudo
