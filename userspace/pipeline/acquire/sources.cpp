#include "acquire/sources.h"

namespace testudo {

#define X(name) extern const SourceKind name##_source;
TESTUDO_SOURCES(X)
#undef X

namespace {

#define X(name) &name##_source,
constexpr const SourceKind* kSources[] = {TESTUDO_SOURCES(X)};
#undef X

constexpr KeySpec kCommonKeys[] = {
    {"source", "string", "", "kind of source; inferred from filename, filenames or journalctl_filter"},
    {"labels", "map", "", "labels of every line; `type` chooses the parser and must be there"},
    {"mode", "string", "tail", "tail = follow, cat = read once in log time; server means tail"},
    {"use_time_machine", "bool", "false", "lines are poured in their own time, not in time of arrival"},
    {"name", "string", "", "a name for people"},
    {"unique_id", "string", "", "accepted for compatibility, has no effect"},
    {"log_level", "string", "", "accepted for compatibility, has no effect"},
    {"transform", "string", "",
     "expression over evt that gives text in place of the line, or a list of text: one event for each"},
    {"witness", "string", "auto",
     "must an address have been on this host's wire before it is banned for these lines? auto = where the "
     "service is "
     "TCP and of this host, on = always, off = never (the service runs elsewhere or behind a proxy)"},
    {"timezone", "string", "", "zone of stamps that name none, as in Europe/Berlin; default: the system's"},
};

}  // namespace

std::span<const SourceKind* const> all_sources() { return kSources; }

const SourceKind* find_source(std::string_view name) {
  for (const SourceKind* kind : kSources)
    if (kind->name == name) return kind;
  return nullptr;
}

std::span<const KeySpec> common_source_keys() { return kCommonKeys; }

}  // namespace testudo
