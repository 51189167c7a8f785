// engine/transform.h: the acquisition key `transform`: an expression that rewrites or splits lines before
// they are parsed (engine-spec §8).
#pragma once

#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "acquire/acquis.h"
#include "engine/program.h"
#include "model/event.h"

namespace testudo {

/// Compiles and forgets: what is wrong with it, with its place.
Result<void> check_transform(std::string_view text, const Where& where, const Program& program);

/// Leaves out the sources whose transform is wrong, with an error for each: half of its lines are worth
/// nothing.
void drop_bad_transforms(std::vector<AcquisDocument>& documents, const Program& program, Errors& errors);

/// The transforms of the sources that one thread has met.
class Transforms {
 public:
  /// Elements that one line may become; further ones are left out.
  static constexpr size_t kMaxElements = 1000;

  Transforms();
  ~Transforms();

  enum class Outcome { unchanged, failed, changed };
  /// `event` has its line set, and nothing else. After `changed`, `out` holds the lines that take its place
  /// (perhaps none); they live until the next call. Anything but text and a list of text leaves the line as
  /// it is.
  Outcome apply(Event& event, std::vector<std::string_view>& out);

  /// Content was reloaded: expressions may read its data files.
  void adopt(std::shared_ptr<const Program> program);

 private:
  struct One;
  One* of(const SourceInfo& source);

  std::shared_ptr<const Program> program_;
  std::unordered_map<uint32_t, std::unique_ptr<One>> by_source_;  // null: it does not compile
  RegexScratch regex_;
};

}  // namespace testudo
