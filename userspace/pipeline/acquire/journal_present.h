// acquire/journal_present.h: does this machine keep a journal that we can read?
#pragma once

#include <string>

namespace testudo {

/// journald runs here and at least one of its files can be read by this process. `root` is "" but in tests.
bool journal_is_kept(const std::string& root = "");

/// Can a *.journal file be read below this folder (its own, or one level down)? Sets `seen` when there is one
/// at all.
bool journal_readable(const std::string& folder, bool& seen);

}  // namespace testudo
