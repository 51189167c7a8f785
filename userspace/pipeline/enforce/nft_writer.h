// enforce/nft_writer.h: steps of the book become transactions.
//
// Steps of one element are drawn together, so that a transaction says at most "remove the old, add the new"
// of it: packets meet one of the two. What goes stands before what comes, since interval sets refuse
// overlaps. A transaction is all or nothing: what the kernel refuses is taken out, told to the caller, and
// the rest is sent again.
#pragma once

#include <set>
#include <vector>

#include "base/time.h"
#include "enforce/nft_book.h"
#include "enforce/nft_socket.h"

namespace testudo::nft {

/// Orders sets by group and kind.
using SetRef = std::pair<Group*, Kind>;

/// The steps of each element as one, in order of set and address; those that change nothing are left out.
std::vector<Step> draw_together(std::vector<Step> steps);

/// Milliseconds from `now` until an element ends, rounded up; 0 = never. Over already: 1.
uint64_t timeout_ms(int64_t until_unix_ns, int64_t now_unix_ns);

class Writer {
 public:
  /// `undo`: what the kernel refuses is taken back in the book. Not while somebody iterates over it.
  Writer(Socket& socket, Book& book, std::string table, bool undo = true)
      : socket_(socket), book_(book), table_(std::move(table)), undo_(undo) {}

  /// Steps into sets whose content is not known (Group::Set::aside) are left out: they are filled anew.
  void add(const std::vector<Step>& steps);
  void add(const Step& step);
  /// Worth sending: about as many as the kernel takes most quickly at once.
  bool full() const { return steps_.size() >= kFull; }

  struct Outcome {
    struct Failure {
      Step step;
      int error = 0;
    };
    std::vector<Failure> failed;
    std::set<SetRef> doubtful;  ///< the kernel holds something else than the book says
    bool missing = false;       ///< a table, set or counter is not there
  };
  /// Sends what was added, as one transaction; also what could be done where the rest failed.
  Result<Outcome> flush();
  /// An interval set as the book has it, whatever it held before: emptied and filled in one transaction.
  Result<Outcome> refill(SetRef set);

 private:
  static constexpr size_t kFull = 8192;
  static constexpr int kTries = 8;

  struct Sent {
    Batch batch;
    std::vector<std::pair<uint32_t, bool>> counters;  ///< rows made in it, by family
  };
  Sent build(const std::vector<Step>& steps, int64_t now, const std::string& emptied = "") const;
  /// Takes an element away that may have timed out by itself, or not (timeouts stand still in suspend). In a
  /// transaction of its own: one that is gone already would undo all others.
  Result<void> remove_ended(const Step& step);
  /// True when there is something left to try.
  bool judge(const std::vector<Refusal>& refusals, std::vector<Step>& steps, Outcome& outcome) const;
  void give_up(const std::vector<Step>& steps, Outcome& outcome) const;

  Socket& socket_;
  Book& book_;
  std::string table_;
  bool undo_;
  std::vector<Step> steps_;
};

}  // namespace testudo::nft
