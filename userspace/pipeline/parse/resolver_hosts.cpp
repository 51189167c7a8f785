// A hosts file as a resolver: address, names; '#' begins a comment.
#include <map>

#include "base/files.h"
#include "base/text.h"
#include "parse/resolver.h"

namespace testudo::parse {
namespace {

constexpr size_t kMaxFile = 16 << 20;
constexpr size_t kMaxName = 253;

class Hosts : public Resolver {
 public:
  explicit Hosts(std::string_view text) {
    for (std::string_view line : split(text, '\n')) {
      line = line.substr(0, line.find('#'));
      const auto words = this->words(line);
      const auto ip = words.empty() ? std::nullopt : Ip::parse(words[0]);
      if (!ip) continue;
      for (size_t i = 1; i < words.size(); ++i) {
        std::string name = lower_ascii(words[i]);
        if (name.ends_with('.')) name.pop_back();
        if (name.empty() || name.size() > kMaxName) continue;
        auto& addresses = addresses_[name];
        addresses.push_back(ip->text());
        names_.emplace(*ip, name + ".");
      }
    }
  }
  std::string name_of(const Ip& ip) override {
    const auto found = names_.find(ip.unmapped());
    return found == names_.end() ? std::string() : found->second;
  }
  std::vector<std::string> addresses_of(std::string_view name) override {
    std::string key = lower_ascii(name);
    if (key.ends_with('.')) key.pop_back();
    const auto found = addresses_.find(key);
    return found == addresses_.end() ? std::vector<std::string>() : found->second;
  }

 private:
  static std::vector<std::string_view> words(std::string_view line) {
    std::vector<std::string_view> out;
    for (size_t i = 0; i < line.size();) {
      const size_t start = line.find_first_not_of(" \t\r\v\f", i);
      if (start == std::string_view::npos) break;
      const size_t end = std::min(line.find_first_of(" \t\r\v\f", start), line.size());
      out.push_back(line.substr(start, end - start));
      i = end;
    }
    return out;
  }
  std::map<Ip, std::string> names_;  ///< the first name that the file gives
  std::map<std::string, std::vector<std::string>> addresses_;
};

}  // namespace

std::unique_ptr<Resolver> hosts_resolver_of(std::string_view text) { return std::make_unique<Hosts>(text); }

Result<std::unique_ptr<Resolver>> hosts_resolver(const std::string& path) {
  TESTUDO_TRY(const std::string text, read_file(path, kMaxFile));
  return hosts_resolver_of(text);
}

}  // namespace testudo::parse
