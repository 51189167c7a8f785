#include "decide/geo_scope.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "decide/coverage.h"
#include "parse/enrich/geo_tree.h"

namespace testudo {

namespace {

constexpr size_t kMostKnown = 256;  // the countries there are

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

bool is_geo_scope(std::string_view scope) { return scope == "Country" || scope == "AS"; }

std::string geo_value(std::string_view scope, std::string_view given) {
  const std::string_view value = trim(given);
  if (scope == "Country") {
    if (value.size() != 2 || !letter(value[0]) || !letter(value[1])) return {};
    return {char(value[0] & ~0x20), char(value[1] & ~0x20)};
  }
  std::string_view digits = value;
  if (digits.size() > 2 && lower_ascii(digits.substr(0, 2)) == "as") digits.remove_prefix(2);
  uint32_t number = 0;
  const auto [end, err] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || err != std::errc() || end != digits.data() + digits.size() || number == 0) return {};
  return std::to_string(number);
}

std::string GeoScopes::file_of(std::string_view scope) const {
  if (scope == "AS") return folder_ + "/GeoLite2-ASN.mmdb";
  const std::string country = folder_ + "/GeoLite2-Country.mmdb";
  return stamp_of(country).size >= 0 ? country : folder_ + "/GeoLite2-City.mmdb";
}

GeoScopes::Stamp GeoScopes::stamp_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {info.st_ino, info.st_size, info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec};
}

bool GeoScopes::changed() {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Stamp> now;
  for (const char* scope : {"Country", "AS"}) {
    const std::string path = file_of(scope);
    now[path] = stamp_of(path);
  }
  if (now == stamps_) return false;
  const bool first = stamps_.empty();
  stamps_ = std::move(now);
  if (!first) known_.clear();
  return !first;
}

Result<GeoScopes::List> GeoScopes::prefixes(std::string_view scope, std::string_view value) {
  const Key key{std::string(scope), geo_value(scope, value)};
  if (key.value.empty())
    return Error{Code::bad_input,
                 fmt::format("{} names no {}", escape_for_terminal(value.substr(0, 60)),
                             scope == "AS" ? "AS" : "country"),
                 {},
                 scope == "AS" ? "its number, as in 64496" : "two letters, as in DE"};
  // Not remembered: the answer to this one may be a file that is put there.
  const std::string path = file_of(scope);
  if (folder_.empty() || stamp_of(path).size < 0)
    return Error{Code::not_found,
                 fmt::format("no database for {}", scope),
                 {},
                 folder_.empty() ? "" : "put a GeoLite2 database there: " + path};
  learn({key});
  const std::lock_guard lock(mutex_);
  const auto it = known_.find(key);
  if (it == known_.end()) return Error{Code::unavailable, "the database is just being replaced"};
  return it->second;
}

void GeoScopes::learn(const std::vector<Key>& keys) {
  std::map<std::string, std::set<std::string>> wanted;
  const std::lock_guard lock(mutex_);
  for (const Key& key : keys)
    if (!key.value.empty() && !known_.contains(key)) wanted[key.scope].insert(key.value);
  if (!wanted.empty()) forget_surplus();
  for (const auto& [scope, values] : wanted) walk(scope, values);
}

// Under the mutex. What a decision holds is kept by it; asking again costs a walk, no more.
void GeoScopes::forget_surplus() {
  if (known_.size() >= kMostKnown) known_.clear();
}

// Under the mutex.
void GeoScopes::walk(const std::string& scope, const std::set<std::string>& values) {
  const std::string path = file_of(scope);
  if (folder_.empty() || stamp_of(path).size < 0) return;
  auto found = parse::read_geo_tree(path, scope == "Country", {values.begin(), values.end()}, most_);
  if (!found) {
    for (const std::string& value : values) known_.insert_or_assign({scope, value}, found.error());
    return;
  }
  for (const std::string& value : values) {
    const auto it = found->find(value);
    Result<List> answer =
        Error{Code::not_found, fmt::format("{} has no address of {} {}", path, scope, value)};
    if (it != found->end() && it->second.count > most_)
      answer =
          Error{Code::too_large,
                fmt::format("{} {} has {} prefixes, {} are taken", scope, value, it->second.count, most_),
                {},
                "raise enforce.max_entries"};
    else if (it != found->end()) {
      std::sort(it->second.prefixes.begin(), it->second.prefixes.end(), prefix_before);
      answer = List(std::make_shared<const std::vector<Prefix>>(std::move(it->second.prefixes)));
    }
    known_.insert_or_assign({scope, value}, std::move(answer));
  }
}

}  // namespace testudo
