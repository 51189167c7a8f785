// Values out of JSON texts. JsonExtract and its kin are lenient and give text as it was written;
// UnmarshalJSON reads the whole text and is strict.
#include <utility>

#include "expr/documents.h"
#include "expr/helpers.h"
#include "expr/json_text.h"
#include "expr/text_tools.h"
#include "expr/unmarshaled.h"

namespace testudo::expr {
namespace {

using Kind = JsonIndex::Kind;
constexpr Type kS = Type::string, kU = Type::unknown, kM = Type::map;

bool extract(const void*, Context& c, const Value* a, size_t, Value& out) {
  BorrowedDocuments documents(c);
  out = Value::of(documents->json(c.event, a[0].text()).find(a[1].text()).text);
  return true;
}

// The keys stand one by one, or in a list.
bool extract_keys(const void*, Context& c, const Value* a, size_t n, Value& out) {
  BorrowedDocuments documents(c);
  JsonIndex& json = documents->json(c.event, a[0].text());
  const Value* keys = a + 1;
  size_t count = n - 1;
  if (count == 1 && keys[0].kind == Value::Kind::array) {
    count = keys[0].array->size;
    keys = keys[0].array->items;
  }
  JsonIndex::Found found;
  for (size_t i = 0; i < count && (i == 0 || found.kind != Kind::absent); ++i) {
    if (!keys[i].is_string()) return fail(c, {"JsonExtractLib: keys are strings"});
    found = i == 0 ? json.find_key(keys[i].text()) : json.find_in(found, keys[i].text());
  }
  out = Value::of(found.text);
  return true;
}

bool extract_unescaped(const void*, Context& c, const Value* a, size_t, Value& out) {
  BorrowedDocuments documents(c);
  const JsonIndex::Found found = documents->json(c.event, a[0].text()).find_key(a[1].text());
  out = Value::of(std::string_view());
  if (found.kind != Kind::string) return true;
  out = Value::of(found.text);
  if (found.text.find('\\') == std::string_view::npos) return true;
  char* to = c.arena->allocate(found.text.size());
  size_t size = 0;
  out = Value::of(unescape_json(found.text, to, size) ? std::string_view(to, size) : std::string_view());
  return true;
}

// A list or an object; nil when there is none of that kind.
bool extract_value(Context& c, const Value* a, Kind wanted, Value& out) {
  BorrowedDocuments documents(c);
  const JsonIndex::Found found = documents->json(c.event, a[0].text()).find(a[1].text());
  out = Value();
  if (found.kind != wanted) return true;
  Machine m{c};
  if (!read_json(m, found.text, out)) out = Value();
  return true;
}
bool extract_slice(const void*, Context& c, const Value* a, size_t, Value& out) {
  return extract_value(c, a, Kind::array, out);
}
bool extract_object(const void*, Context& c, const Value* a, size_t, Value& out) {
  return extract_value(c, a, Kind::object, out);
}

bool unmarshal(const void*, Context& c, const Value* a, size_t, Value& out) {
  Event* event = unmarshaled_target(c, "UnmarshalJSON", a[1]);
  if (!event) return false;
  BorrowedDocuments documents(c);
  const std::string_view text = kept_text(c, *event, a[0].text());
  // What the event keeps lives in its own arena, wherever this evaluation computes.
  Arena* const arena = std::exchange(c.arena, &event->arena);
  Value value;
  const bool ok = documents->json_value(c, text, value);
  c.arena = arena;
  if (!ok) return false;
  set_unmarshaled(*event, a[2].text(), value);
  out = Value();
  return true;
}

const Helper rows[] = {
    {"JsonExtract",
     "the value under a path (a.b[0].c), as it is written; strings without quotes",
     {kS, kS},
     false,
     kS,
     true,
     extract},
    {"JsonExtractLib", "as JsonExtract, with the keys one by one", {kS, kU}, true, kS, true, extract_keys},
    {"JsonExtractUnescape",
     "the string under a key of the outermost object, unescaped",
     {kS, kS},
     false,
     kS,
     true,
     extract_unescaped},
    {"JsonExtractSlice", "the list under a path, or nil", {kS, kS}, false, kU, true, extract_slice},
    {"JsonExtractObject", "the object under a path, or nil", {kS, kS}, false, kU, true, extract_object},
    {"UnmarshalJSON",
     "reads a JSON text into evt.Unmarshaled under a key; nil. Fails when it is none",
     {kS, kM, kS},
     false,
     Type::nil,
     false,
     unmarshal},
};

}  // namespace

void add_json_helpers(HelperTable& table) { table.insert(table.end(), std::begin(rows), std::end(rows)); }

}  // namespace testudo::expr
