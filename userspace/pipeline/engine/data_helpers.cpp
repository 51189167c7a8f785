// File, RegexpInFile, LookupFile, FileMap. The slow ones remember what they said about the last texts: log
// lines repeat their agents and paths.
#include "engine/data_table.h"
#include "expr/documents.h"

namespace testudo {
namespace {

using expr::Type;
using Table = DataFiles::Table;

const Table* table_of(const void* owner, const Value& name) {
  return static_cast<const DataFiles*>(owner)->find(name.text());
}

// What `ask` says of the text, from memory where it was asked before.
template <typename Ask>
bool remembered(expr::Context& context, uint64_t question, std::string_view text, uint64_t& answer, Ask ask) {
  if (!context.regex) {
    context.error = "patterns are not possible here";
    return false;
  }
  if (const uint64_t* known = context.documents ? context.documents->verdict(question, text) : nullptr) {
    answer = *known;
    return true;
  }
  if (context.documents) {
    answer = ask(context.documents->literal_hits());
    context.documents->keep_verdict(question, text, answer);
  } else {
    LiteralHits hits;
    answer = ask(hits);
  }
  return true;
}

bool file(const void* owner, expr::Context&, const Value* args, size_t, Value& out) {
  static const ValueArray empty;
  const Table* table = table_of(owner, args[0]);
  out = Value::of(table ? &table->array : &empty);
  return true;
}

bool file_map(const void* owner, expr::Context&, const Value* args, size_t, Value& out) {
  static const ValueArray empty;
  const Table* table = table_of(owner, args[0]);
  out = Value::of(table ? &table->map.rows() : &empty);
  return true;
}

bool regexp_in_file(const void* owner, expr::Context& context, const Value* args, size_t, Value& out) {
  const Table* table = table_of(owner, args[1]);
  out = Value::of(false);
  if (!table || table->patterns.size() == 0) return true;
  const std::string_view text = args[0].text();
  uint64_t answer = 0;
  const auto ask = [&](LiteralHits& hits) {
    return uint64_t(table->patterns.any(text, *context.regex, hits));
  };
  if (!remembered(context, table->patterns_question, text, answer, ask)) return false;
  out = Value::of(answer != 0);
  return true;
}

bool lookup_file(const void* owner, expr::Context& context, const Value* args, size_t, Value& out) {
  const Table* table = table_of(owner, args[1]);
  out = Value::of(std::string_view());
  if (!table || table->map.rows().size == 0) return true;
  const std::string_view text = args[0].text();
  uint64_t row = 0;
  const auto ask = [&](LiteralHits& hits) { return uint64_t(table->map.lookup(text, *context.regex, hits)); };
  if (!remembered(context, table->map_question, text, row, ask)) return false;
  if (row != MapFile::npos) out = Value::of(table->map.tag(row));
  return true;
}

}  // namespace

expr::HelperTable data_helpers(const DataFiles& files) {
  constexpr Type s = Type::string, a = Type::array, b = Type::boolean;
  return {
      {"File", "lines of a data file of type string", {s}, false, a, true, &file, &files},
      {"FileMap", "rows of a data file of type map", {s}, false, a, true, &file_map, &files},
      {"RegexpInFile",
       "does any pattern of a data file of type regexp match",
       {s, s},
       false,
       b,
       false,
       &regexp_in_file,
       &files},
      {"LookupFile",
       "the tag that a data file of type map has for a text; empty when it has none",
       {s, s},
       false,
       s,
       false,
       &lookup_file,
       &files},
  };
}

}  // namespace testudo
