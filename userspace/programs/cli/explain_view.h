// cli/explain_view.h: an explained line for people, and for tools.
#pragma once

#include <string>

#include "command.h"
#include "engine/explain.h"

namespace testudo::cli {

/// What happened to the line, some lines of text; nothing of a log is in it as it came. `verbose`: nodes and
/// children too that looked at the line and did nothing.
std::string explained_for_people(const Context& context, const ExplainedLine& line, bool verbose);
/// One JSON object on one line.
std::string explained_as_json(const ExplainedLine& line);

}  // namespace testudo::cli
