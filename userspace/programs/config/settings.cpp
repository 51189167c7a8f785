#include "config/settings.h"

#include <limits.h>
#include <unistd.h>

#include <functional>

#include "base/files.h"

namespace testudo {
namespace {

/// Reads the keys of one mapping; each key is named once, with what to do with it.
class Section {
 public:
  /// `shown`: how errors call it, where that is not the key.
  Section(const YamlNode& parent, const char* name, Errors& errors, const char* shown = nullptr)
      : name_(shown ? shown : name), errors_(errors) {
    const YamlNode* node = *name ? parent.find(name) : &parent;
    if (node && !node->is_null()) {
      if (node->is_map())
        node_ = node;
      else
        errors_.push_back(config(node->error(name_ + " must be a mapping")));
    }
  }
  ~Section() {
    Errors unknown;
    if (node_) node_->check_keys(name_.empty() ? "the configuration" : name_, known_, unknown);
    for (Error& e : unknown) errors_.push_back(config(std::move(e)));
  }
  void text(const char* key, std::string& out) {
    take(key, [&](const YamlNode& n, const std::string& what) { return store(n.as_string(what), out); });
  }
  void texts(const char* key, std::vector<std::string>& out) {
    take(key, [&](const YamlNode& n, const std::string& what) { return store(n.as_strings(what), out); });
  }
  void flag(const char* key, bool& out) {
    take(key, [&](const YamlNode& n, const std::string& what) { return store(n.as_bool(what), out); });
  }
  void duration(const char* key, Duration& out) {
    take(key, [&](const YamlNode& n, const std::string& what) { return store(n.as_duration(what), out); });
  }
  void number(const char* key, int64_t least, int64_t most, const std::function<void(int64_t)>& set) {
    take(key, [&](const YamlNode& n, const std::string& what) -> Result<void> {
      TESTUDO_TRY(const int64_t value, n.as_int(what));
      if (value < least || value > most)
        return n.error(what + " must lie between " + std::to_string(least) + " and " + std::to_string(most) +
                       ", not " + n.text());
      set(value);
      return {};
    });
  }
  void take(const char* key, const std::function<Result<void>(const YamlNode&, const std::string&)>& read) {
    known_.emplace_back(key);
    const YamlNode* n = node_ ? node_->find(key) : nullptr;
    if (!n || n->is_null()) return;
    auto done = read(*n, name_.empty() ? key : name_ + "." + key);
    if (!done) errors_.push_back(config(std::move(done.error())));
  }
  bool present() const { return node_ != nullptr; }
  static Error config(Error e) {
    e.code = e.code == Code::bad_content ? Code::bad_config : e.code;
    return e;
  }

 private:
  template <typename T>
  static Result<void> store(Result<T> value, T& out) {
    if (!value) return value.error();
    out = std::move(*value);
    return {};
  }
  std::string name_;
  Errors& errors_;
  const YamlNode* node_ = nullptr;
  std::vector<std::string> known_;
};

void read_acquire(const YamlNode& root, Settings& s, Errors& errors) {
  Section section(root, "acquire", errors);
  section.texts("files", s.acquire.files);
  section.take("sources", [&](const YamlNode& n, const std::string& what) -> Result<void> {
    if (!n.is_sequence()) return n.error(what + " must be a list of acquisition documents");
    s.acquire.sources = n.items();
    return {};
  });
}

Result<ListOptions> read_list(const YamlNode& node, Errors& errors) {
  ListOptions list;
  if (!node.is_map()) return node.error("an entry of enforce.lists must be a mapping with name and file");
  node.check_keys("enforce.lists", {"name", "file", "ipv6_prefix", "remediation", "every"}, errors);
  for (const auto& [key, out] : {std::pair{"name", &list.name}, {"file", &list.file}}) {
    const YamlNode* value = node.find(key);
    if (!value) return node.error(std::string("an entry of enforce.lists needs a ") + key);
    TESTUDO_TRY(*out, value->as_string(std::string("enforce.lists.") + key));
    if (out->empty()) return value->error(std::string("enforce.lists.") + key + " is empty");
  }
  if (const YamlNode* value = node.find("ipv6_prefix")) {
    TESTUDO_TRY(const int64_t length, value->as_int("enforce.lists.ipv6_prefix"));
    if (length != 64 && length != 128)
      return value->error("enforce.lists.ipv6_prefix must be 64 or 128, not " + value->text());
    list.ipv6_prefix = int(length);
  }
  if (const YamlNode* value = node.find("remediation")) {
    TESTUDO_TRY(const std::string name, value->as_string("enforce.lists.remediation"));
    list.remediation = name == "log-only" ? Remediation::log_only : remediation_of(name);
    if (list.remediation != Remediation::ban && list.remediation != Remediation::reset &&
        list.remediation != Remediation::log_only)
      return value->error("enforce.lists.remediation must be ban, reset or log-only, not " + name);
  }
  if (const YamlNode* value = node.find("every")) {
    TESTUDO_TRY(list.every, value->as_duration("enforce.lists.every"));
    if (list.every < 1s) return value->error("enforce.lists.every must be a second or more");
  }
  return list;
}

void read_enforce(const YamlNode& root, Settings& s, Errors& errors) {
  Section section(root, "enforce", errors);
  section.take("interfaces", [&](const YamlNode& n, const std::string& what) -> Result<void> {
    if (n.is_scalar() && n.text() == "auto") return {};
    TESTUDO_TRY(s.enforce.interfaces, n.as_strings(what));
    for (const std::string& name : s.enforce.interfaces)
      if (name.empty() || name.size() > 15 || name.find('/') != std::string::npos)
        return n.error("'" + name + "' is no interface name", "`ip -br link` lists them");
    return {};
  });
  section.take("mode", [&](const YamlNode& n, const std::string& what) -> Result<void> {
    TESTUDO_TRY(s.enforce.mode, n.as_string(what));
    for (const char* known : {"auto", "xdp", "xdp-generic", "nftables", "off"})
      if (s.enforce.mode == known) return {};
    return n.error("unknown " + what + " '" + s.enforce.mode + "'",
                   "modes are auto, xdp, xdp-generic, nftables, off");
  });
  section.take("order", [&](const YamlNode& n, const std::string& what) -> Result<void> {
    TESTUDO_TRY(s.enforce.order, n.as_strings(what));
    for (const std::string& name : s.enforce.order)
      if (name != "xdp" && name != "xdp-generic" && name != "nftables")
        return n.error("unknown mode '" + name + "' in " + what,
                       "what `mode: auto` may try: xdp, xdp-generic, nftables");
    if (s.enforce.order.empty()) return n.error(what + " is empty", "leave it out, or set mode: off");
    return {};
  });
  section.flag("strict", s.enforce.strict);
  section.flag("outgoing", s.enforce.outgoing);
  section.flag("observe", s.enforce.observe);
  section.text("pin", s.enforce.pin);
  section.number("max_entries", 1024, 50'000'000, [&](int64_t v) { s.enforce.max_entries = uint32_t(v); });
  section.take("lists", [&](const YamlNode& n, const std::string& what) -> Result<void> {
    if (!n.is_sequence()) return n.error(what + " must be a list");
    for (const YamlNode& item : n.items()) {
      TESTUDO_TRY(ListOptions list, read_list(item, errors));
      for (const ListOptions& other : s.enforce.lists)
        if (other.name == list.name) return item.error("two lists have the name " + list.name);
      s.enforce.lists.push_back(std::move(list));
    }
    return {};
  });
}

void read_witness(const YamlNode& decide, Settings& s, Errors& errors) {
  Section section(decide, "witness", errors, "decide.witness");
  section.take("mode", [&](const YamlNode& n, const std::string& what) -> Result<void> {
    TESTUDO_TRY(s.decide.witness.mode, n.as_string(what));
    for (const char* known : {"auto", "on", "off"})
      if (s.decide.witness.mode == known) return {};
    return n.error("unknown " + what + " '" + s.decide.witness.mode + "'", "modes are auto, on, off");
  });
  section.take("window", [&](const YamlNode& n, const std::string& what) -> Result<void> {
    TESTUDO_TRY(s.decide.witness.window, n.as_duration(what));
    // The upper end is what the kernel side remembers of its pace (bpf/witness.h).
    if (s.decide.witness.window < 10s || s.decide.witness.window > 4h)
      return n.error(what + " must lie between 10s and 4h, not " + n.text());
    return {};
  });
  section.number("entries", 1024, 16'777'216, [&](int64_t v) { s.decide.witness.entries = v; });
}

void read_sections(const YamlNode& root, Settings& s, Errors& errors) {
  {
    Section top(root, "", errors);
    for (const char* name : {"paths", "acquire", "detect", "decide", "api", "enforce", "metrics"})
      top.take(name, [](const YamlNode&, const std::string&) { return Result<void>(); });
    top.texts("profiles", s.profiles);
    for (const char* name : {"remote", "share"})
      top.take(name, [](const YamlNode& n, const std::string& what) -> Result<void> {
        return Error{Code::unsupported, "the role " + what + " is not part of this version", n.where(),
                     "leave the section out"};
      });
  }
  {
    Section paths(root, "paths", errors);
    paths.text("state", s.paths.state);
    paths.text("run", s.paths.run);
    paths.text("data", s.paths.data);
    paths.texts("content", s.paths.content);
    paths.text("patterns", s.paths.patterns);
  }
  s.api.socket = s.paths.run + "/api.sock";
  read_acquire(root, s, errors);
  {
    Section detect(root, "detect", errors);
    detect.number("max_buckets", 100, 100'000'000, [&](int64_t v) { s.detect.max_buckets = v; });
    detect.number("workers", 1, 64, [&](int64_t v) { s.detect.workers = v; });
    detect.take("timezone", [&](const YamlNode& n, const std::string& what) -> Result<void> {
      TESTUDO_TRY(const std::string text, n.as_string(what));
      auto zone = parse::Zone::parse(text);
      if (!zone) return n.error(zone.error().message, zone.error().remedy);
      s.detect.zone = *zone;
      return {};
    });
  }
  {
    Section decide(root, "decide", errors);
    decide.text("simulation_file", s.decide.simulation_file);
    decide.flag("simulation", s.decide.simulation);
    decide.number("ipv6_prefix", 32, 128, [&](int64_t v) { s.decide.ipv6_prefix = v; });
    decide.texts("admin_groups", s.decide.admin_groups);
    decide.duration("session_grace", s.decide.session_grace);
    decide.text("cdn_ranges", s.decide.cdn_ranges);
    decide.take("witness", [](const YamlNode&, const std::string&) { return Result<void>(); });
    if (const YamlNode* node = root.find("decide"); node && node->is_map()) read_witness(*node, s, errors);
  }
  {
    Section api(root, "api", errors);
    api.text("socket", s.api.socket);
    api.text("listen", s.api.listen);
  }
  read_enforce(root, s, errors);
  Section metrics(root, "metrics", errors);
  metrics.text("listen", s.metrics.listen);
}

}  // namespace

std::string Settings::shipped(const std::string& name) const {
  std::vector<std::string> places;
  if (!file.empty() && file.find('/') != std::string::npos)
    places.push_back(file.substr(0, file.rfind('/')) + "/" + name);
  places.push_back("/etc/testudo/" + name);
  char exe[PATH_MAX];
  const ssize_t n = ::readlink("/proc/self/exe", exe, sizeof exe);
  if (n > 0) {
    std::string folder(exe, size_t(n));
    for (int up = 0; up < 4 && folder.find('/') != std::string::npos; ++up) folder.resize(folder.rfind('/'));
    places.push_back(folder + "/config/" + name);  // …/build/PRESET/bin/testudod → …/config
  }
  for (const std::string& place : places)
    if (file_exists(place)) return place;
  return "/etc/testudo/" + name;
}

Settings read_settings(const std::string& path, Errors& errors) {
  Settings settings;
  if (path == kDefaultConfig && !file_exists(path)) return settings;
  settings.file = path;
  auto documents = load_yaml(path);
  if (!documents) {
    errors.push_back(Section::config(documents.error()));
    rescue_paths(path, settings);
    return settings;
  }
  if (documents->size() > 1)
    errors.push_back(Section::config((*documents)[1].error("the configuration is one YAML document")));
  if (!documents->empty()) {
    if (documents->front().is_map())
      read_sections(documents->front(), settings, errors);
    else
      errors.push_back(
          Section::config(documents->front().error("the configuration must be a mapping of sections")));
  }
  return settings;
}

}  // namespace testudo
