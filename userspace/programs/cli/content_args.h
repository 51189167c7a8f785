// cli/content_args.h: options that commands share which run content without a daemon.
#pragma once

#include <memory>

#include "command.h"
#include "engine/program.h"

namespace testudo::cli {

/// `--now`: RFC 3339 or a date; the wall clock without it.
Result<TimePoint> now_argument(const Args& args);
/// `--since`: how far back from `today`, or a time, or a date; the beginning of time without it.
Result<TimePoint> since_argument(const Args& args, TimePoint today);
/// `--label K=V`, any number of them.
Result<std::vector<std::pair<std::string, std::string>>> label_arguments(const Args& args);
/// `--hub`, `--item`, `--data`; without --hub the enabled content.
ProgramOptions content_arguments(Context& context, const Args& args);
/// Loads it and says what is off; an item that was named and is not there is an error, as is no parser at
/// all.
Result<std::shared_ptr<const Program>> load_content(const ProgramOptions& options);

}  // namespace testudo::cli
