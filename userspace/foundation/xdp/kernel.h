// xdp/kernel.h: one installation in the kernel: pinned maps, the program on them, its links.
//
// Starting over pins of an earlier run takes them over: the maps stay as they are, the program is replaced by
// one link update, and no packet passes an interface without a filled program. Ending changes nothing in the
// kernel.
//
// One thread owns it; `attachments()` is a copy under a lock and comes from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "xdp/attach.h"
#include "xdp/program.h"
#include "xdp/tables.h"

namespace testudo::xdp {

struct KernelOptions {
  std::string pin = "/sys/fs/bpf/testudo";
  std::vector<std::string> interfaces;  ///< empty = those of the default routes, and those pinned already
  std::vector<std::string> modes{"xdp", "xdp-generic"};  ///< tried in this order
  bool outgoing = false;                                 ///< packets on their way out are seen, too
  uint32_t features = 0;                                 ///< of testudo_feature
  TableSizes sizes;
};

class Kernel {
 public:
  /// Opens or makes the maps and loads the program; attaches nothing yet.
  static Result<std::unique_ptr<Kernel>> open(const KernelOptions& options);

  /// Puts the program onto the interfaces. One that is missing is no error, and neither is a refusal while
  /// another interface took it; all refused is the first refusal. Call once the maps are filled where
  /// `must_fill_first()`.
  Result<void> attach();
  /// Attaches to interfaces that appeared, forgets links of those that went. Any thread.
  void refresh();
  /// Packets on their way out are seen from now on. Any thread.
  void guard_outgoing();
  /// Readable when refresh() has something to do at once; -1: only time tells.
  int links_fd() const { return links_.get(); }

  const Tables& tables() const { return tables_; }
  const Program& program() const { return program_; }
  const KernelOptions& options() const { return options_; }
  /// The maps were there already.
  bool adopted() const { return adopted_; }
  /// Pins of another ABI version are in force: they protect until attach() swaps.
  bool must_fill_first() const { return must_fill_first_; }
  std::vector<Attachment> attachments() const;  ///< without their links

  struct Exchange {
    Map Tables::*which;
    Map larger;  ///< filled by the caller
  };
  /// Loads the program anew with these maps instead of the present ones and swaps it in everywhere at once
  /// per interface; the pins move along. Waits for packets in flight: up to 55 ms an interface.
  Result<void> exchange(std::vector<Exchange> maps);

 private:
  Kernel() = default;
  std::vector<std::string> wanted() const;
  Result<void> exchange_locked(std::vector<Exchange> maps);
  /// Foreign programs on these interfaces are kept, and ours loaded so that it calls them.
  Result<void> make_room(const std::vector<std::string>& names);
  bool unchained(const std::string& name) const;  ///< nothing of ours is chained there
  /// Its foreign program was tried before: trying again would load ours anew for nothing.
  bool known_unjoinable(const std::string& name) const;
  /// The program onto one interface, in whichever way works. A refusal is added and told by the result.
  Attachment take(const std::string& name, Errors& refusals);
  void take_outgoing(Attachment& at);
  /// The present program on an interface that has an earlier one of this process.
  void renew(Attachment& at);

  KernelOptions options_;
  Fd lock_;
  Tables tables_;
  Program program_;
  bool adopted_ = false, must_fill_first_ = false, attached_ = false, chain_ready_ = false;
  struct Unjoinable {
    uint32_t program;
    Error why;
  };
  std::map<std::string, Unjoinable> unjoinable_;  ///< by interface: foreign programs that ours cannot precede
  Fd links_;
  std::mutex changing_;  ///< attach(), refresh() or exchange()
  mutable std::mutex mutex_;
  std::vector<Attachment> attachments_;
};

}  // namespace testudo::xdp
