// acquire/sources.h: the table of source kinds.
//
// To add a source, write acquire/NAME.cpp with `const SourceKind NAME_source`, add NAME here.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "acquire/source.h"

namespace testudo {

#define TESTUDO_SOURCES(X) X(file) X(journalctl) X(xdp)

/// Every kind, in the order of the table.
std::span<const SourceKind* const> all_sources();
/// Null when there is no such kind.
const SourceKind* find_source(std::string_view name);
/// Keys that every source has (`labels`, `mode` …).
std::span<const KeySpec> common_source_keys();

}  // namespace testudo
