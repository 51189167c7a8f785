#include "detect/shape.h"

#include <algorithm>
#include <vector>

#include "detect/tokens.h"

namespace testudo::detect {
namespace {

using Kind = Token::Kind;

/// `evt.Meta.a`, `evt.Meta["a"]` → evt, Meta, a. A computed key is "*".
using Path = std::vector<std::string_view>;

bool is(const Token& t, std::string_view sign) { return t.sign(sign); }

Path path_at(const std::vector<Token>& tokens, size_t& i) {
  Path path{tokens[i++].text};
  while (i + 1 < tokens.size()) {
    if ((is(tokens[i], ".") || is(tokens[i], "?.")) && tokens[i + 1].kind == Kind::name) {
      path.push_back(tokens[i + 1].text);
      i += 2;
    } else if (is(tokens[i], "[")) {
      const bool constant = tokens[i + 1].kind == Kind::string && !tokens[i + 1].odd &&
                            i + 2 < tokens.size() && is(tokens[i + 2], "]");
      path.push_back(constant ? tokens[i + 1].text : "*");
      if (!constant) break;
      i += 3;
    } else {
      break;
    }
  }
  return path;
}

template <typename F>
void each_path(std::string_view text, F found) {
  const std::vector<Token> tokens = tokens_of(text);
  for (size_t i = 0; i < tokens.size();) {
    if (tokens[i].kind != Kind::name || (i > 0 && (is(tokens[i - 1], ".") || is(tokens[i - 1], "?.")))) {
      ++i;
      continue;
    }
    size_t next = i;
    found(path_at(tokens, next));
    // What stands inside a computed key is looked at as well.
    i = next > i ? next : i + 1;
  }
}

bool is_slot(const Path& path) {
  return path.size() == 3 && path[0] == "evt" &&
         (path[1] == "Parsed" || path[1] == "Meta" || path[1] == "Enriched") && path[2] != "*";
}

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

size_t equalities_alone(std::string_view text) {
  const std::vector<Token> tokens = tokens_of(text);
  size_t terms = 0;
  for (size_t i = 0; i < tokens.size();) {
    if (tokens[i].kind != Kind::name || !is_slot(path_at(tokens, i)) || i >= tokens.size()) return 0;
    if (is(tokens[i], "==")) {
      if (++i >= tokens.size() || tokens[i].kind != Kind::string) return 0;
      ++i;
    } else if (tokens[i].kind == Kind::name && tokens[i].text == "in") {
      if (++i >= tokens.size() || !is(tokens[i], "[")) return 0;
      do {
        if (++i >= tokens.size() || tokens[i].kind != Kind::string) return 0;
        ++i;
      } while (i < tokens.size() && is(tokens[i], ","));
      if (i >= tokens.size() || !is(tokens[i], "]")) return 0;
      ++i;
    } else {
      return 0;
    }
    ++terms;
    if (i == tokens.size()) return terms;
    const bool joined = is(tokens[i], "&&") || (tokens[i].kind == Kind::name && tokens[i].text == "and");
    if (!joined) return 0;
    ++i;
  }
  return 0;
}

std::optional<SlotRef> plain_slot(std::string_view text, const SlotNames& names) {
  const std::vector<Token> tokens = tokens_of(text);
  if (tokens.empty() || tokens[0].kind != Kind::name) return std::nullopt;
  size_t i = 0;
  const Path path = path_at(tokens, i);
  if (i != tokens.size() || !is_slot(path)) return std::nullopt;
  const Bag bag = path[1] == "Parsed" ? Bag::parsed : path[1] == "Meta" ? Bag::meta : Bag::enriched;
  return names.find(bag, path[2]);
}

bool begins_with_source(std::string_view text) {
  const std::vector<Token> t = tokens_of(text);
  const auto sign = [&](size_t i, std::string_view what) { return t[i].sign(what); };
  if (t.size() < 5 || !t[0].name("evt") || !sign(1, ".") || !t[2].name("Meta") || !sign(3, ".") ||
      !t[4].name("source_ip"))
    return false;
  if (t.size() == 5) return true;
  if (t.size() < 7 || !sign(5, "+") || t[6].kind != Kind::string || t[6].odd || t[6].text.empty())
    return false;
  if (t[6].text.find_first_of("0123456789abcdefABCDEF.:%") == 0) return false;
  for (size_t i = 7; i < t.size(); ++i)
    if (t[i].kind == Kind::sign && !sign(i, "+") && !sign(i, ".")) return false;
  return t.size() == 7 || sign(7, "+");
}

bool writes(std::string_view text) {
  bool found = false;
  each_path(text, [&](const Path& path) {
    found = found || one_of(path.back(),
                            {"SetMeta", "SetParsed", "UnmarshalJSON", "ParseKV", "ParseKVLax", "SetInStash"});
  });
  return found;
}

void Written::add(std::string_view text) {
  const std::vector<Token> tokens = tokens_of(text);
  for (size_t i = 0; i + 2 < tokens.size(); ++i) {
    if (tokens[i].kind != Kind::name || !is(tokens[i + 1], "(")) continue;
    const bool meta = tokens[i].text == "SetMeta";
    if (!meta && tokens[i].text != "SetParsed") continue;
    const size_t bag = size_t(meta ? Bag::meta : Bag::parsed);
    const bool constant = tokens[i + 2].kind == Kind::string && !tokens[i + 2].odd && i + 3 < tokens.size() &&
                          is(tokens[i + 3], ",");
    if (constant)
      names_[bag].emplace_back(tokens[i + 2].text);
    else
      all_[bag] = true;
  }
}

bool Written::may_hold(SlotRef slot, const SlotNames& names) const {
  const size_t bag = size_t(slot.bag);
  return all_[bag] ||
         std::find(names_[bag].begin(), names_[bag].end(), names.name(slot)) != names_[bag].end();
}

bool asks_for_overflows(std::string_view text) {
  bool found = false;
  each_path(text, [&](const Path& path) {
    if (path[0] != "evt") return;
    found = found || path.size() < 2 || one_of(path[1], {"Overflow", "GetType", "Type", "GetMeta"});
  });
  return found;
}

bool asks_for_time(std::string_view text) {
  bool found = false;
  each_path(text, [&](const Path& path) {
    found = found || one_of(path[0], {"now", "TimeNow"}) ||
            (path[0] == "evt" && path.size() > 1 && one_of(path[1], {"Time", "MarshaledTime"})) ||
            (path[0] == "evt" && path.size() > 2 && path[1] == "Line" && path[2] == "Time");
  });
  return found;
}

std::string_view beyond_image(std::string_view text, bool current) {
  std::string_view missing;
  each_path(text, [&](const Path& path) {
    if (path[0] != "evt" || !missing.empty()) return;
    if (path.size() < 2) {
      missing = "evt";
      return;
    }
    if (one_of(path[1], {"Meta", "Time", "MarshaledTime", "Type", "GetType", "ExpectMode"})) return;
    if (one_of(path[1], {"Parsed", "Enriched"}) && path.size() > 2 && path[2] != "*") return;
    if (current && one_of(path[1], {"Line"})) return;
    missing = path[1];
  });
  return missing;
}

bool mentions(std::string_view text, std::string_view name) {
  bool found = false;
  each_path(text, [&](const Path& path) { found = found || path[0] == name; });
  return found;
}

}  // namespace testudo::detect
