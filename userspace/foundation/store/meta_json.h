// store/meta_json.h: lists of texts and of pairs as JSON text, within the limits that clients know.
//
// Metas are a JSON array of [key, value] arrays: it keeps order and repeated keys. Bytes that are not UTF-8
// go through unchanged.
#pragma once

#include <string>
#include <vector>

#include "model/alert.h"

namespace testudo::store {

/// An event's metas, at most 8,191 bytes: long values are cut to 2048, 1024, … bytes (on a character's
/// border) and end in "<stripped>"; when even that is too long, no metas are kept.
std::string event_meta_to_json(const MetaPairs& meta);
/// An alert's metas: keys cut to 255 bytes, values to 4,095.
std::string alert_meta_to_json(const MetaPairs& meta);
std::string labels_to_json(const std::vector<std::string>& labels);

/// bad_input: not what the functions above write.
Result<MetaPairs> meta_from_json(const std::string& text);
Result<std::vector<std::string>> labels_from_json(const std::string& text);

}  // namespace testudo::store
