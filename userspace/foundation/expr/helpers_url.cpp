// Percent encoding, and the parameters of a URL.
#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "expr/code.h"
#include "expr/helpers.h"
#include "expr/text_tools.h"

namespace testudo::expr {
namespace {

constexpr Type kS = Type::string;

constexpr auto kHexDigits = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 10; ++i) values[size_t('0' + i)] = int8_t(i);
  for (int i = 0; i < 6; ++i) values[size_t('a' + i)] = values[size_t('A' + i)] = int8_t(10 + i);
  return values;
}();
int hex_digit(char c) { return kHexDigits[uint8_t(c)]; }

// Writes at most text.size() bytes to `to` and says how many; nothing on an escape that is none.
std::optional<size_t> decode(std::string_view text, bool plus_is_blank, char* to) {
  size_t size = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = char(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_blank) {
      c = ' ';
    }
    to[size++] = c;
  }
  return size;
}

// A part with a bad escape stays as it was written.
std::string decoded(std::string_view text) {
  std::string out(text.size(), 0);
  const auto size = decode(text, true, out.data());
  return size ? out.substr(0, *size) : std::string(text);
}

// What cannot be decoded is returned as it is.
bool unescape(Context& ctx, std::string_view text, bool plus_is_blank, Value& out) {
  out = Value::of(text);
  if (!(plus_is_blank && text.find('+') != std::string_view::npos) &&
      text.find('%') == std::string_view::npos)
    return true;
  char* const to = ctx.arena->allocate(text.size());
  const auto size = decode(text, plus_is_blank, to);
  if (size && *size > kMaxMade) return fail(ctx, {"more than 16 MiB of text"});
  if (size) out = Value::of(std::string_view(to, *size));
  return true;
}

bool escape(Context& ctx, std::string_view text, std::string_view also_plain, bool blank_is_plus,
            Value& out) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string encoded;
  if (text.size() > kMaxMade / 3) return fail(ctx, {"more than 16 MiB of text"});
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-_.~").find(c) != std::string_view::npos ||
                       also_plain.find(c) != std::string_view::npos;
    if (plain)
      encoded += c;
    else if (c == ' ' && blank_is_plus)
      encoded += '+';
    else
      ((encoded += '%') += hex[uint8_t(c) >> 4]) += hex[uint8_t(c) & 15];
  }
  return copy_text(ctx, encoded, out);
}

bool path_unescape(const void*, Context& c, const Value* a, size_t, Value& out) {
  return unescape(c, a[0].text(), false, out);
}
bool query_unescape(const void*, Context& c, const Value* a, size_t, Value& out) {
  return unescape(c, a[0].text(), true, out);
}
bool path_escape(const void*, Context& c, const Value* a, size_t, Value& out) {
  return escape(c, a[0].text(), "$&+=:@", false, out);
}
bool query_escape(const void*, Context& c, const Value* a, size_t, Value& out) {
  return escape(c, a[0].text(), "", true, out);
}

using Parameters = std::map<std::string, std::vector<std::string>>;

Parameters parse_query(std::string_view query) {
  Parameters parameters;
  size_t left = 1000;  // parameters of one query
  while (!query.empty() && left-- > 0) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const std::string_view right =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    parameters[decoded(pair.substr(0, equals))].push_back(decoded(right));
  }
  return parameters;
}

std::string_view query_of(std::string_view uri) {
  uri = uri.substr(0, uri.find('#'));
  const size_t mark = uri.find('?');
  return mark == std::string_view::npos ? std::string_view() : uri.substr(mark + 1);
}

bool give_values(Context& ctx, const std::vector<std::string>& values, Value& out) {
  std::vector<std::string_view> kept;
  for (const std::string& value : values) kept.push_back(ctx.arena->copy(value));
  return text_list(ctx, kept.data(), kept.size(), out);
}

bool give_parameters(Context& ctx, const Parameters& parameters, Value& out) {
  Machine m{ctx};
  ValueMapEntry* entries = m.entries(parameters.size());
  if (!entries) return false;
  size_t n = 0;
  for (const auto& [key, values] : parameters) {
    entries[n].key = ctx.arena->copy(key);
    if (!give_values(ctx, values, entries[n++].value)) return false;
  }
  return make_map(m, entries, n, ClassId::none, out);
}

bool parse_uri(const void*, Context& c, const Value* a, size_t, Value& out) {
  return give_parameters(c, parse_query(query_of(a[0].text())), out);
}
bool parse_query_call(const void*, Context& c, const Value* a, size_t, Value& out) {
  return give_parameters(c, parse_query(a[0].text()), out);
}
bool extract(const void*, Context& c, const Value* a, size_t, Value& out) {
  const Parameters parameters = parse_query(query_of(a[0].text()));
  const auto found = parameters.find(std::string(a[1].text()));
  return give_values(c, found == parameters.end() ? std::vector<std::string>() : found->second, out);
}

const Helper rows[] = {
    {"PathUnescape",
     "percent-decoded; the text itself when it cannot be",
     {kS},
     false,
     kS,
     true,
     path_unescape},
    {"QueryUnescape", "as PathUnescape, and + is a blank", {kS}, false, kS, true, query_unescape},
    {"PathEscape", "percent-encoded for a path segment", {kS}, false, kS, true, path_escape},
    {"QueryEscape", "percent-encoded for a query", {kS}, false, kS, true, query_escape},
    {"ParseUri",
     "query parameters of a URL: name to list of values",
     {kS},
     false,
     Type::map,
     true,
     parse_uri},
    {"ParseQuery",
     "parameters of a query: name to list of values",
     {kS},
     false,
     Type::map,
     true,
     parse_query_call},
    {"ExtractQueryParam",
     "values of one query parameter of a URL",
     {kS, kS},
     false,
     Type::array,
     true,
     extract},
};

}  // namespace

void add_url_helpers(HelperTable& table) { table.insert(table.end(), std::begin(rows), std::end(rows)); }

}  // namespace testudo::expr
