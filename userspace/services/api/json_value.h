// api/json_value.h: typed looks at parsed JSON, for .cpp files that read it (it brings Boost.JSON).
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace testudo::json_value {

namespace json = boost::json;

/// The first value in `body`; an error text as clients know it ("unexpected EOF") when there is none.
Result<json::value> parse(std::string_view body);

/// The same value as text; numbers in their shortest form, which Boost's own serializer does not write.
std::string write(const json::value& value);

/// Field of that name; exact spelling first, then any case. Null reads as absent.
const json::value* find(const json::object& object, std::string_view name);

/// A text field. Absent → "" unless `required`; longer than `limit` bytes is an error.
Result<std::string> text(const json::object& object, const char* name, size_t limit, bool required);
Result<int32_t> int32(const json::object& object, const char* name, bool required);
Result<bool> boolean(const json::object& object, const char* name, bool required);
Result<const json::array*> array(const json::object& object, const char* name,
                                 bool required);  ///< nullptr = absent
/// 0 when absent or no number.
float real(const json::object& object, const char* name);

}  // namespace testudo::json_value
