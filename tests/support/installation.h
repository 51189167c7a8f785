// Testudo as it is installed, in a folder of its own: configuration, logs, daemon, command line. The kernel
// is left alone (enforce.mode: off) unless a test configures it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "support/hub.h"
#include "support/process.h"

namespace testudo::support {

class Installation {
 public:
  Installation() {
    const std::string d = dir_.path();
    use_content(TESTUDO_SOURCE_DIR "/config/content");
    set("acquire", "{files: [], sources: [{filenames: [" + d + "/auth.log], labels: {type: syslog}}]}");
    set("profiles", "[" TESTUDO_SOURCE_DIR "/config/profiles.yaml]");
    set("decide", "{simulation_file: " + d + "/simulation.yaml}");
    set("enforce", "{mode: off, pin: " + d + "/pin}");
    set("metrics", "{listen: \"\"}");
  }

  const std::string& folder() const { return dir_.path(); }
  std::string path(const std::string& name) const { return dir_.path() + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const { return dir_.write(name, text); }
  /// One section of testudo.yaml, on one line.
  void set(const std::string& section, const std::string& yaml) { sections_[section] = yaml; }
  std::string config() const {
    std::string text;
    for (const auto& [name, yaml] : sections_) text += name + ": " + yaml + "\n";
    return dir_.write("testudo.yaml", text);
  }

  /// The hub's unmodified sshd content instead of our own; only where hub() is there.
  void use_hub() {
    for (const std::string item :
         {"parsers/s00-raw/crowdsecurity/syslog-logs.yaml", "parsers/s01-parse/crowdsecurity/sshd-logs.yaml",
          "parsers/s02-enrich/crowdsecurity/dateparse-enrich.yaml", "scenarios/crowdsecurity/ssh-bf.yaml"})
      write("content/" + item, slurp(hub() + "/hub/" + item));
    use_content(path("content"));
  }
  void use_content(const std::string& folder) {
    set("paths", "{state: " + path("state") + ", run: " + path("run") + ", data: " + path("data") +
                     ", content: [" + folder + "]}");
  }

  /// Starts the daemon and waits for its line. `prepare` runs before it is executed; `shell` runs in front of
  /// it in network and mount namespaces of its own.
  void start(const std::function<void()>& prepare = {}, const std::string& shell = "") {
    std::ofstream(path("auth.log"), std::ios::app).flush();
    std::vector<std::string> command{TESTUDO_BINARY_DIR "/bin/testudod", "--config", config()};
    if (!shell.empty())
      command = {
          "unshare",     "--net", "--mount", "--propagation",
          propagation(), "sh",    "-ec",     shell + "\nexec " + command[0] + " --config " + command[2]};
    daemon_ = std::make_unique<Process>(command, prepare);
    ASSERT_TRUE(wait_until([&] {
      return daemon_->out().find("is ready") != std::string::npos || !daemon_->running();
    })) << daemon_->err();
    ASSERT_TRUE(daemon_->running()) << daemon_->err();
  }
  /// In a chroot whose root is no mount point nothing can be made private, and nothing spreads from it.
  static std::string propagation() {
    std::ifstream mounts("/proc/self/mountinfo");
    for (std::string id, parent, device, root, point, rest;
         mounts >> id >> parent >> device >> root >> point && std::getline(mounts, rest);)
      if (point == "/") return "private";
    return "unchanged";
  }
  Process& daemon() { return *daemon_; }

  void append(const std::string& log, const std::string& bytes) const {
    std::ofstream(path(log), std::ios::app | std::ios::binary) << bytes;
  }

  Finished testudo(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(),
                     {TESTUDO_BINARY_DIR "/bin/testudo", "--config", path("testudo.yaml")});
    return run(arguments);
  }
  /// Standard output of a command that must succeed, as JSON.
  boost::json::value json(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"-o", "json"});
    const Finished done = testudo(arguments);
    boost::system::error_code ec;
    boost::json::value value = boost::json::parse(done.out, ec);
    EXPECT_FALSE(ec) << ec.message() << "\n" << done.out << done.err;
    return value;
  }
  /// "ban Ip:203.0.113.5" for each decision in force, sorted.
  std::vector<std::string> decisions(std::vector<std::string> options = {}) const {
    options.insert(options.begin(), {"decisions", "list"});
    std::vector<std::string> out;
    const boost::json::value alerts = json(options);
    if (!alerts.is_array()) return out;
    for (const auto& alert : alerts.as_array())
      for (const auto& d : alert.at("decisions").as_array())
        out.push_back(std::string(d.at("type").as_string()) + " " + std::string(d.at("scope").as_string()) +
                      ":" + std::string(d.at("value").as_string()));
    std::sort(out.begin(), out.end());
    return out;
  }
  /// By a decision that is no simulation.
  bool banned(const std::string& address) const {
    for (const std::string& d : decisions({"--ip", address, "--no-simu"}))
      if (d.starts_with("ban ")) return true;
    return false;
  }

 private:
  TempDir dir_;
  std::map<std::string, std::string> sections_;
  std::unique_ptr<Process> daemon_;
};

/// A syslog line of sshd, stamped now.
inline std::string sshd_line(const std::string& message) {
  return format_rfc3339_millis(now()) + " web1 sshd[4100]: " + message + "\n";
}
/// Enough failed logins in a row for a ban of their source.
inline std::string brute_force(const std::string& address, const std::string& user = "root", int count = 8) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += sshd_line("Failed password for " + user + " from " + address + " port " +
                     std::to_string(40000 + i) + " ssh2");
  return out;
}

}  // namespace testudo::support
