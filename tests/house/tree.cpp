// What must hold for the tree as a whole: nothing of a developer's machine in it, scripts that parse, one
// package list.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "house/source_tree.h"

namespace testudo::house {
namespace {
namespace fs = std::filesystem;

std::pair<int, std::string> run(const std::string& command) {
  std::string out;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe) return {-1, "popen failed"};
  std::array<char, 4096> part;
  while (size_t n = fread(part.data(), 1, part.size(), pipe)) out.append(part.data(), n);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out};
}
std::string quoted(const fs::path& path) { return "'" + path.string() + "'"; }

TEST(Tree, HoldsNoPathOfADevelopersMachine) {
  // Written in two parts, so that this file does not find itself.
  const std::string marks[] = {std::string("/wor") + "k/", std::string("/home") + "/",
                               std::string("/Use") + "rs/"};
  for (const std::string& file : files_below("")) {
    // Logs of tests hold what logs hold.
    if (file.ends_with(".log")) continue;
    const std::string text = text_of(file);
    for (const std::string& mark : marks) {
      for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
        // "network/…" and URLs are words, not paths.
        const bool begins = at == 0 || !(std::isalnum(static_cast<unsigned char>(text[at - 1])) ||
                                         text[at - 1] == '.' || text[at - 1] == '-' || text[at - 1] == '_');
        EXPECT_FALSE(begins) << file << ": ..."
                             << text.substr(at, 40).substr(0, text.substr(at, 40).find('\n'));
      }
    }
  }
}

TEST(Tree, EveryShellScriptParses) {
  int seen = 0;
  for (const std::string& file : files_below("")) {
    const std::string text = text_of(file);
    const bool script = text.starts_with("#!/usr/bin/env bash") || file.ends_with(".sh");
    if (!script) continue;
    ++seen;
    const auto [status, out] = run("bash -n " + quoted(root() / file));
    EXPECT_EQ(status, 0) << file << ": " << out;
    if (text.starts_with("#!")) {
      EXPECT_NE(fs::status(root() / file).permissions() & fs::perms::owner_exec, fs::perms::none)
          << file << " cannot be run";
    }
  }
  EXPECT_GE(seen, 8);
}

TEST(Tree, EveryScriptOfAdministratorsExplainsItself) {
  for (const char* name : {"quickstart", "test", "build", "install", "bench", "fresh-machine"}) {
    const auto [status, out] = run(quoted(root() / "scripts" / name) + " --help");
    EXPECT_EQ(status, 0) << name << ": " << out;
    EXPECT_NE(out.find(std::string("scripts/") + name), std::string::npos) << out;
  }
}

TEST(Tree, ReadmeNamesTheTwoCommandsAndTheWayOut) {
  const std::string readme = text_of("README.md");
  for (const char* needed :
       {"sudo scripts/quickstart", "sudo scripts/test", "testudo flush", "scripts/install --uninstall",
        "testudo status", "testudo allowlists add", "testudo rehearse"})
    EXPECT_NE(readme.find(needed), std::string::npos) << "README.md does not mention " << needed;
}

TEST(Tree, PackageListHasItsSectionsSortedAndWithoutDoubles) {
  std::istringstream in(text_of("scripts/packages.txt"));
  std::map<std::string, std::set<std::string>> sections;
  std::string line, section, before;
  for (int number = 1; std::getline(in, line); ++number) {
    line = line.substr(0, line.find('#'));
    line.erase(line.find_last_not_of(" \t") + 1);
    if (line.empty()) continue;
    if (line.front() == '[') {
      ASSERT_EQ(line.back(), ']') << "line " << number;
      section = line.substr(1, line.size() - 2);
      EXPECT_FALSE(sections.contains(section)) << "section " << section << " twice";
      sections[section];
      before.clear();
      continue;
    }
    ASSERT_FALSE(section.empty()) << "line " << number << " stands in no section";
    EXPECT_EQ(line.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.+-"), std::string::npos)
        << "line " << number << ": no Debian package is named " << line;
    EXPECT_TRUE(sections[section].insert(line).second) << line << " twice in " << section;
    EXPECT_LT(before, line) << "section " << section << " is not sorted";
    before = line;
  }
  for (const char* needed : {"build", "run", "test", "fuzz", "peers", "fresh"})
    EXPECT_FALSE(sections[needed].empty()) << needed;
}

TEST(Tree, SystemdFindsNothingToSayAboutTheUnits) {
  if (run("command -v systemd-analyze").first != 0) GTEST_SKIP() << "systemd-analyze is not installed";
  const fs::path folder = fs::temp_directory_path() / ("testudo-units." + std::to_string(getpid()));
  fs::create_directories(folder / "sbin");
  std::ofstream(folder / "sbin/testudod") << "#!/bin/sh\n";
  fs::permissions(folder / "sbin/testudod", fs::perms::owner_all);
  std::string units;
  for (const char* name : {"testudo.service", "testudo-attach.service", "testudo-restore.service"}) {
    std::string text = text_of(std::string("config/systemd/") + name);
    ASSERT_FALSE(text.empty()) << name;
    for (size_t at; (at = text.find("@PREFIX@")) != std::string::npos;) text.replace(at, 8, folder.string());
    std::ofstream(folder / name) << text;
    units += " " + quoted(folder / name);
  }
  // It exits 0 even for keys that it does not know: any word is a fault.
  EXPECT_EQ(run("systemd-analyze verify" + units).second, "");
  fs::remove_all(folder);
}

TEST(Install, KeepsWhatTheAdministratorChangedAndUninstallLeavesNoProgram) {
  const fs::path top = fs::temp_directory_path() / ("testudo-install." + std::to_string(getpid()));
  const fs::path programs = top / "built", target = top / "root";
  fs::create_directories(programs);
  for (const char* name : {"testudod", "testudo"}) std::ofstream(programs / name) << "#!/bin/sh\n";
  const std::string install =
      quoted(root() / "scripts/install") + " --programs " + quoted(programs) + " --root " + quoted(target);

  auto [status, out] = run(install);
  ASSERT_EQ(status, 0) << out;
  EXPECT_TRUE(fs::exists(target / "usr/local/sbin/testudod"));
  EXPECT_TRUE(fs::exists(target / "etc/testudo/content/scenarios/ssh-bruteforce.yaml"));
  std::ifstream unit(target / "etc/systemd/system/testudo.service");
  std::stringstream unit_text;
  unit_text << unit.rdbuf();
  EXPECT_EQ(unit_text.str().find("@PREFIX@"), std::string::npos);
  EXPECT_EQ(fs::status(target / "etc/testudo/testudo.yaml").permissions() & fs::perms::others_all,
            fs::perms::none);

  std::ofstream(target / "etc/testudo/profiles.yaml") << "name: mine\n";
  std::tie(status, out) = run(install);
  ASSERT_EQ(status, 0) << out;
  std::string first;
  std::getline(std::ifstream(target / "etc/testudo/profiles.yaml") >> std::ws, first);
  EXPECT_EQ(first, "name: mine");
  EXPECT_TRUE(fs::exists(target / "etc/testudo/profiles.yaml.new")) << out;

  std::tie(status, out) = run(install + " --uninstall");
  EXPECT_EQ(status, 0) << out;
  EXPECT_FALSE(fs::exists(target / "usr/local/sbin/testudod"));
  EXPECT_FALSE(fs::exists(target / "etc/systemd/system/testudo.service"));
  EXPECT_TRUE(fs::exists(target / "etc/testudo/profiles.yaml"));

  std::tie(status, out) = run(install + " --uninstall --purge");
  EXPECT_EQ(status, 0) << out;
  for (const auto& left : fs::recursive_directory_iterator(target))
    EXPECT_FALSE(left.is_regular_file()) << left.path();
  fs::remove_all(top);
}

}  // namespace
}  // namespace testudo::house
