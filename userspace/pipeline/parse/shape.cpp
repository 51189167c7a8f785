#include "parse/shape.h"

#include <algorithm>
#include <vector>

#include "expr/lexer.h"

namespace testudo::parse {
namespace {

using expr::Token;
using expr::TokenKind;

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  expr::Problem problem;
  if (!expr::tokenize(text, tokens, problem)) tokens.clear();
  return tokens;
}

std::optional<Bag> bag_of(std::string_view word) {
  if (word == "Parsed") return Bag::parsed;
  if (word == "Meta") return Bag::meta;
  if (word == "Enriched") return Bag::enriched;
  return std::nullopt;
}

/// `evt` `.` `Bag` `.` `name` at this place.
std::optional<NamedField> field_at(const std::vector<Token>& tokens, size_t at) {
  if (at + 4 >= tokens.size() || !tokens[at].word("evt") || !tokens[at + 1].symbol(".") ||
      !tokens[at + 3].symbol(".") || tokens[at + 4].kind != TokenKind::word)
    return std::nullopt;
  const auto bag = bag_of(tokens[at + 2].text);
  if (!bag || tokens[at + 2].kind != TokenKind::word) return std::nullopt;
  return NamedField{*bag, tokens[at + 4].text};
}

bool label_at(const std::vector<Token>& tokens, size_t at) {
  return at + 6 < tokens.size() && tokens[at].word("evt") && tokens[at + 1].symbol(".") &&
         tokens[at + 2].word("Line") && tokens[at + 3].symbol(".") && tokens[at + 4].word("Labels") &&
         tokens[at + 5].symbol(".") && tokens[at + 6].kind == TokenKind::word;
}

/// Operators and helpers that give the same for the same texts and do nothing else.
bool harmless(const Token& token, const Token& next) {
  static constexpr std::string_view words[] = {"in",         "not",      "and",     "or",    "true",    "nil",
                                               "startsWith", "contains", "matches", "false", "endsWith"};
  static constexpr std::string_view calls[] = {"Upper", "Lower", "TrimSpace", "len",
                                               "lower", "upper", "trim"};
  static constexpr std::string_view symbols[] = {"==", "!=", "&&", "||", "!", "(",  ")",
                                                 "[",  "]",  ",",  "<",  ">", "<=", ">="};
  switch (token.kind) {
    case TokenKind::string:
    case TokenKind::integer:
      return true;
    case TokenKind::word:
      return std::find(std::begin(words), std::end(words), token.text) != std::end(words) ||
             (next.symbol("(") &&
              std::find(std::begin(calls), std::end(calls), token.text) != std::end(calls));
    case TokenKind::symbol:
      return std::find(std::begin(symbols), std::end(symbols), token.text) != std::end(symbols);
    default:
      return false;
  }
}

/// Something that is looked into further: `evt.Parsed.x[0]`, `evt.Parsed.x.y`.
bool goes_on(const Token& token) { return token.symbol(".") || token.symbol("[") || token.symbol("?."); }

}  // namespace

std::optional<NamedField> as_named_field(std::string_view text) {
  const auto tokens = tokens_of(text);
  if (tokens.size() != 6) return std::nullopt;
  auto field = field_at(tokens, 0);
  return field;
}

std::string_view Event::*as_event_text(std::string_view text) {
  struct Row {
    std::string_view path;
    std::string_view Event::*member;
  };
  static constexpr Row rows[] = {{"evt.Line.Raw", &Event::raw},
                                 {"evt.Line.Src", &Event::src},
                                 {"evt.Line.Module", &Event::module},
                                 {"evt.StrTime", &Event::str_time},
                                 {"evt.MarshaledTime", &Event::marshaled_time}};
  std::string path;
  for (const Token& token : tokens_of(text)) {
    if (token.kind == TokenKind::string) return nullptr;
    path += token.text;
  }
  for (const Row& row : rows)
    if (row.path == path) return row.member;
  return nullptr;
}

std::optional<Dependence> dependence(std::string_view text) {
  const auto tokens = tokens_of(text);
  if (tokens.empty()) return std::nullopt;
  Dependence out;
  for (size_t i = 0; tokens[i].kind != TokenKind::end;) {
    if (label_at(tokens, i)) {
      i += 7;
      if (goes_on(tokens[i])) return std::nullopt;
    } else if (const auto field = field_at(tokens, i)) {
      if (out.on_field && (out.field.bag != field->bag || out.field.name != field->name)) return std::nullopt;
      out.on_field = true;
      out.field = *field;
      i += 5;
      if (goes_on(tokens[i])) return std::nullopt;
    } else if (harmless(tokens[i], tokens[i + 1])) {
      ++i;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace testudo::parse
