#include "engine/map_file.h"

#include "expr/classes.h"
#include "expr/json_read.h"

namespace testudo {

Result<void> MapFile::add(std::string_view line) {
  expr::Context context;
  context.arena = &memory_;
  expr::Machine machine{context};
  Value row;
  const auto refuse = [](std::string message, std::string remedy = "") {
    return Error{Code::bad_content, std::move(message), {}, std::move(remedy)};
  };
  static const std::string example =
      R"(a line is an object of strings: {"pattern": "/x/", "tag": "x-probing", "type": "contains"})";
  // Strings without escapes are views into the text that is read: it must stay.
  if (!expr::read_json(machine, memory_.copy(line), row)) return refuse(context.error, example);
  if (row.kind != Value::Kind::map) return refuse("not an object", example);
  for (uint32_t i = 0; i < row.map->size; ++i)
    if (!row.map->entries[i].value.is_string())
      return refuse("the value of '" + std::string(row.map->entries[i].key) + "' is no string", example);
  const Value* pattern = row.map->find("pattern");
  const Value* tag = row.map->find("tag");
  const Value* type = row.map->find("type");
  if (!pattern || !tag || !type) return refuse("pattern, tag and type are needed", example);

  const auto id = uint32_t(rows_.size());
  if (type->text() == "equals") {
    equals_.try_emplace(pattern->text(), id);
  } else if (type->text() == "contains") {
    if (contained_.add(pattern->text()) == contained_rows_.size()) contained_rows_.push_back(id);
  } else if (type->text() == "regex") {
    auto regex = Regex::compile(pattern->text());
    if (!regex) return refuse(regex.error().message);
    patterns_.add(std::move(*regex));
    pattern_rows_.push_back(id);
  } else {
    return refuse("unknown type '" + std::string(type->text()) + "'", "types are equals, contains and regex");
  }
  row.class_id = uint8_t(expr::ClassId::text);
  rows_.push_back(row);
  tags_.push_back(tag->text());
  return {};
}

void MapFile::finish() {
  contained_.finish();
  patterns_.finish();
  array_ = {rows_.data(), uint32_t(rows_.size())};
}

size_t MapFile::lookup(std::string_view text, RegexScratch& scratch, LiteralHits& hits) const {
  if (const auto exact = equals_.find(text); exact != equals_.end()) return exact->second;
  size_t best = npos, best_place = npos;
  if (contained_.size() > 0) {
    contained_.scan(text, hits);
    for (const uint32_t id : hits.found()) {
      const size_t place = text.find(contained_.literal(id)), row = contained_rows_[id];
      if (place < best_place || (place == best_place && row < best)) {
        best_place = place;
        best = row;
      }
    }
  }
  if (best != npos || patterns_.size() == 0) return best;
  const size_t pattern = patterns_.first(text, scratch, hits);
  return pattern == PatternList::npos ? npos : pattern_rows_[pattern];
}

}  // namespace testudo
