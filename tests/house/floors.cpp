// The floors of the house: a folder includes only from floors below its own. A new folder gets a row here and
// a line in userspace/README.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "house/source_tree.h"

namespace testudo::house {
namespace {
namespace fs = std::filesystem;

struct Room {
  std::string wing;
  int floor;
};
const std::map<std::string, Room> rooms = {
    {"base", {"foundation", 1}}, {"model", {"foundation", 2}}, {"pattern", {"foundation", 2}},
    {"yaml", {"foundation", 2}}, {"net", {"foundation", 2}},   {"xdp", {"foundation", 2}},
    {"expr", {"foundation", 3}}, {"store", {"foundation", 3}}, {"acquire", {"pipeline", 4}},
    {"parse", {"pipeline", 4}},  {"detect", {"pipeline", 4}},  {"enforce", {"pipeline", 4}},
    {"trust", {"services", 4}},  {"engine", {"pipeline", 5}},  {"decide", {"pipeline", 5}},
    {"share", {"services", 6}},  {"hub", {"services", 6}},     {"notify", {"services", 6}},
    {"api", {"services", 7}},    {"gate", {"services", 7}},    {"config", {"programs", 7}},
    {"daemon", {"programs", 8}}, {"cli", {"programs", 8}},     {"crowd", {"programs", 8}},
};
// Heavy libraries stay in the folders whose business they are.
const std::map<std::string, std::string> only_in = {
    {"boost/beast", "net"},   {"openssl/", "net"}, {"bpf/libbpf.h", "xdp"}, {"bpf/bpf.h", "xdp"},
    {"yaml-cpp/", "yaml"},    {"re2/", "pattern"}, {"pcre2.h", "pattern"},  {"sqlite3.h", "store"},
    {"maxminddb.h", "parse"}, {"CLI/", "cli"},
};

std::string first_folder(const std::string& path) {
  const size_t slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}
// "userspace/WING/FOLDER/…" → FOLDER; "" for files above.
std::string folder_of(const std::string& relative) {
  const fs::path path(relative);
  auto part = path.begin();
  if (std::distance(path.begin(), path.end()) < 4) return "";
  return *std::next(part, 2);
}
bool is_code(const std::string& path) { return path.ends_with(".h") || path.ends_with(".cpp"); }

TEST(Floors, EveryFolderHasItsRowInItsWing) {
  for (const auto& wing : fs::directory_iterator(root() / "userspace")) {
    if (!wing.is_directory()) continue;
    for (const auto& folder : fs::directory_iterator(wing)) {
      if (!folder.is_directory()) continue;
      const std::string name = folder.path().filename();
      const auto room = rooms.find(name);
      ASSERT_NE(room, rooms.end()) << folder.path()
                                   << " is on no floor: give it a row in tests/house/floors.cpp";
      EXPECT_EQ(room->second.wing, wing.path().filename()) << name << " lies in the wrong wing";
    }
  }
}

TEST(Floors, IncludesGoDownOnly) {
  for (const std::string& file : files_below("userspace")) {
    const std::string own = folder_of(file);
    if (!is_code(file) || own.empty()) continue;
    for (const Include& include : quoted_includes(text_of(file))) {
      const std::string other = first_folder(include.path);
      if (other == "bpf") {
        EXPECT_TRUE(own == "xdp" ||
                    (own == "enforce" && (include.path == "bpf/abi.h" || include.path == "bpf/list.h")))
            << file << ':' << include.line
            << ": bpf/ is known to xdp, its contracts abi.h and list.h to enforce too";
        continue;
      }
      if (other.empty() || other == own) continue;
      const auto room = rooms.find(other);
      ASSERT_NE(room, rooms.end()) << file << ':' << include.line << ": \"" << include.path
                                   << "\" is no room; write \"folder/file.h\" from an include root";
      EXPECT_LT(room->second.floor, rooms.at(own).floor)
          << file << ':' << include.line << ": " << own << " (floor " << rooms.at(own).floor << ") includes "
          << include.path << " (floor " << room->second.floor << "): what both need belongs on a floor below";
    }
  }
}

TEST(Floors, IncludesNameAFileThatExistsInThatRoom) {
  for (const std::string& file : files_below("userspace")) {
    if (!is_code(file) || folder_of(file).empty()) continue;
    for (const Include& include : quoted_includes(text_of(file))) {
      const auto room = rooms.find(first_folder(include.path));
      if (room == rooms.end()) continue;
      EXPECT_TRUE(fs::exists(root() / "userspace" / room->second.wing / include.path))
          << file << ':' << include.line << ": " << include.path;
    }
  }
}

TEST(Floors, HeavyLibrariesStayInTheSourcesOfTheirFolder) {
  for (const std::string& file : files_below("userspace")) {
    const std::string own = folder_of(file);
    if (!is_code(file) || own.empty()) continue;
    const std::string text = text_of(file);
    for (const auto& [library, folder] : only_in) {
      if (text.find("#include <" + library) == std::string::npos) continue;
      EXPECT_EQ(own, folder) << file << " includes <" << library << "…>, which belongs to " << folder;
      EXPECT_TRUE(file.ends_with(".cpp") || file.find("_impl") != std::string::npos ||
                  file.find("internal") != std::string::npos)
          << file << ": a header that includes <" << library << "…> makes everybody compile it";
    }
  }
}

TEST(Floors, TheListOfFoldersNamesThemAllInFloorOrder) {
  const std::string list = text_of("userspace/README.md");
  size_t floor_begins = 0;  // behind everything that belongs to the floors below
  for (int floor = 1; floor <= 8; ++floor) {
    size_t last = floor_begins;
    for (const auto& [name, room] : rooms) {
      if (room.floor != floor || !fs::is_directory(root() / "userspace" / room.wing / name)) continue;
      const size_t at = list.find("`" + name + "`");
      ASSERT_NE(at, std::string::npos) << "userspace/README.md does not list " << name;
      EXPECT_GE(at, floor_begins) << name << " stands above a folder of a lower floor";
      last = std::max(last, at);
    }
    floor_begins = last;
  }
}

TEST(Floors, EveryFolderSaysWhatComesInAndWhatGoesOut) {
  for (const auto& [name, room] : rooms) {
    const std::string folder = "userspace/" + room.wing + "/" + name;
    if (!fs::is_directory(root() / folder)) continue;
    const std::string text = text_of(folder + "/README.md");
    EXPECT_FALSE(text.empty()) << folder << " has no README.md";
    EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 40) << folder << "/README.md: about ten lines";
  }
}

}  // namespace
}  // namespace testudo::house
