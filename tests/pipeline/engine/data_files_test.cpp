// Data files of content (engine-spec §4.2) and the helpers that read them (§4.1).
#include "engine/data_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "expr/documents.h"
#include "model/event.h"

namespace testudo {
namespace {

/// A folder with files, and expressions over what a `data:` section loads from it.
class DataFilesTest : public testing::Test {
 protected:
  DataFilesTest()
      : folder_(std::filesystem::temp_directory_path() / ("data_files_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~DataFilesTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name) << content;
  }

  /// Missing files by their names alone.
  std::vector<std::string> load(const std::string& yaml, bool by_url = false) {
    auto documents = parse_yaml(yaml, "item.yaml");
    EXPECT_TRUE(documents.ok());
    std::vector<std::string> missing =
        files_.load(*documents->front().find("data"), folder_, by_url, errors_);
    for (std::string& path : missing) path = std::filesystem::path(path).filename();
    return missing;
  }
  void load_one(const std::string& name, const std::string& type, const std::string& content) {
    write(name, content);
    EXPECT_TRUE(load("data:\n  - dest_file: " + name + "\n    type: " + type + "\n").empty());
  }

  /// The string or bool, or "failed".
  std::string value(const std::string& text, std::string_view raw = "") {
    expr::CompileOptions options;
    options.slots = &slots_;
    options.helpers = {&expr::pure_helpers(), &files_.helpers()};
    auto expression = expr::Expression::compile(text, {}, options);
    if (!expression) return expression.error().text();
    Event event(slots_);
    event.raw = raw;
    expr::Context context;
    context.event = &event;
    context.arena = &event.arena;
    context.regex = &regex_;
    context.documents = &documents_;
    Value out;
    if (!expression->eval(context, out)) return "failed";
    if (out.is_bool()) return out.boolean ? "true" : "false";
    return out.is_string() ? std::string(out.text()) : std::to_string(out.integer);
  }
  std::vector<std::string> told() const {
    std::vector<std::string> places;
    for (const Error& e : errors_)
      places.push_back(std::filesystem::path(e.where.file).filename().string() + ":" +
                       std::to_string(e.where.line));
    return places;
  }

  std::filesystem::path folder_;
  DataFiles files_;
  Errors errors_;
  SlotNames slots_;
  RegexScratch regex_;
  expr::Documents documents_;
};

TEST_F(DataFilesTest, LinesAreTakenAsTheyAreWritten) {
  load_one("a.txt", "string", "# a comment\nfirst\n\n  kept blanks \r\n#another\nlast");
  EXPECT_EQ(value("Join(File('a.txt'), '|')"), "first|  kept blanks |last");
  EXPECT_EQ(value("len(File('unknown.txt'))"), "0");
  EXPECT_TRUE(errors_.empty());
}

TEST_F(DataFilesTest, NamesAreGlobalAndAFileIsReadOncePerType) {
  load_one("a.txt", "string", "b.c\n");
  load_one("a.txt", "string", "changed\n");
  load_one("a.txt", "regexp", "b.c\n");
  EXPECT_EQ(value("Join(File('a.txt'), '|')"), "b.c");
  EXPECT_EQ(value("RegexpInFile('xbacx', 'a.txt')"), "true");
}

TEST_F(DataFilesTest, MissingFilesAreNamed) {
  write("here.txt", "x\n");
  EXPECT_EQ(load("data:\n  - {dest_file: here.txt, type: string}\n  - {dest_file: gone.txt, type: string}\n"
                 "  - {dest_file: gone.re, type: regexp}\n  - {dest_file: gone.mmdb}\n"),
            (std::vector<std::string>{"gone.txt", "gone.re"}));
  EXPECT_TRUE(errors_.empty());
  EXPECT_EQ(load("data:\n  - {dest_file: gone.txt, type: string}\n").size(), 1u)
      << "to each item that needs it";
  EXPECT_EQ(value("any(File('gone.txt'), {true}) || RegexpInFile('x', 'gone.re')"), "false");
}

TEST_F(DataFilesTest, AHubTestsFileIsFoundByItsUrl) {
  write("other.txt", "by url\n");
  write("a.txt", "by name\n");
  load("data:\n  - {source_url: 'https://x/y/other.txt', dest_file: a.txt, type: string}\n", /*by_url=*/true);
  EXPECT_EQ(value("File('a.txt')[0]"), "by url");
  load("data:\n  - {source_url: 'https://x/y/none.txt', dest_file: a.txt, type: regex}\n", /*by_url=*/true);
  EXPECT_EQ(value("RegexpInFile('by name', 'a.txt')"), "true");
}

TEST_F(DataFilesTest, UnknownTypesAreNotedAndPassedOver) {
  EXPECT_TRUE(load("data:\n  - {dest_file: a.txt, type: bots}\n").empty());
  EXPECT_TRUE(errors_.empty());
  ASSERT_EQ(files_.notes().size(), 1u);
  EXPECT_EQ(files_.notes()[0].where.line, 2);
}

TEST_F(DataFilesTest, FilesLieInTheDataFolder) {
  load("data:\n  - {dest_file: ../passwd, type: string}\n  - {type: string}\n");
  EXPECT_EQ(errors_.size(), 2u);
}

TEST_F(DataFilesTest, PatternsAreSearchedAndCaseSensitive) {
  load_one("a.re", "regexp", "\\bNikto\\b\n(?i)zgrab\n^Mozilla/[45]\\.0$\n[0-9]{5}\n");
  for (const char* hit : {"x Nikto/2", "ZGRAB/0.x", "Mozilla/5.0", "curl 12345"})
    EXPECT_EQ(value("RegexpInFile(evt.Line.Raw, 'a.re')", hit), "true") << hit;
  for (const char* miss : {"nikto", "xNikto", "Mozilla/5.0 ", "curl 1234", ""})
    EXPECT_EQ(value("RegexpInFile(evt.Line.Raw, 'a.re')", miss), "false") << miss;
  EXPECT_EQ(value("RegexpInFile('x', 'unknown.re')"), "false");
  EXPECT_EQ(value("RegexpInFile(evt.Unmarshaled.none, 'a.re')"), "failed");
}

TEST_F(DataFilesTest, AnEmptyPatternMatchesEverything) {
  load_one("a.re", "regexp", "x{0}\n");
  EXPECT_EQ(value("RegexpInFile('', 'a.re') && RegexpInFile('abc', 'a.re')"), "true");
}

TEST_F(DataFilesTest, AVerdictIsRememberedPerFileAndText) {
  load_one("a.re", "regexp", "evil\n");
  load_one("b.re", "regexp", "good\n");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(value("RegexpInFile(evt.Line.Raw, 'a.re')", "evil"), "true");
    EXPECT_EQ(value("RegexpInFile(evt.Line.Raw, 'b.re')", "evil"), "false");
    EXPECT_EQ(value("RegexpInFile(evt.Line.Raw, 'a.re')", "good"), "false");
  }
}

TEST_F(DataFilesTest, ABadPatternIsLeftOutWithItsPlace) {
  load_one("a.re", "regexp", "good\n(bad\n# (no pattern\nfine\n");
  EXPECT_EQ(told(), (std::vector<std::string>{"a.re:2"}));
  EXPECT_EQ(value("RegexpInFile('fine', 'a.re') && RegexpInFile('good', 'a.re')"), "true");
  EXPECT_EQ(value("RegexpInFile('(bad', 'a.re')"), "false");
}

TEST_F(DataFilesTest, CacheKeysOfPatternsAreAccepted) {
  write("a.re", "x\n");
  load("data:\n  - {dest_file: a.re, type: regexp, strategy: LRU, size: 40, ttl: 5s, cache: true}\n");
  EXPECT_TRUE(errors_.empty());
  EXPECT_EQ(value("RegexpInFile('x', 'a.re')"), "true");
}

TEST_F(DataFilesTest, AMapTellsTheTagOfAText) {
  load_one("map.json", "map",
           "## comment\n"
           R"({"pattern": "/exact", "tag": "exact", "type": "equals"})"
           "\n"
           R"({"pattern": "/ex", "tag": "ex", "type": "contains"})"
           "\n"
           R"({"pattern": "act", "tag": "act", "type": "contains"})"
           "\n"
           R"({"pattern": "/e", "tag": "e", "type": "contains"})"
           "\n"
           R"({"pattern": "/exa", "tag": "exa", "type": "contains"})"
           "\n"
           R"({"pattern": "\\d{3}", "tag": "digits", "type": "regex"})"
           "\n"
           R"({"pattern": "[0-9]+$", "tag": "end", "type": "regex", "note": "a \u00e9"})"
           "\n");
  EXPECT_TRUE(errors_.empty());
  EXPECT_EQ(value("LookupFile('/exact', 'map.json')"), "exact");
  EXPECT_EQ(value("LookupFile('act /exa', 'map.json')"), "act") << "the leftmost";
  EXPECT_EQ(value("LookupFile('x/exact', 'map.json')"), "ex")
      << "of those at one place the first in the file";
  EXPECT_EQ(value("LookupFile('/e 123', 'map.json')"), "e") << "patterns come last";
  EXPECT_EQ(value("LookupFile('123', 'map.json')"), "digits") << "the first of them";
  EXPECT_EQ(value("LookupFile('12', 'map.json')"), "end");
  EXPECT_EQ(value("LookupFile('nothing', 'map.json') + LookupFile('', 'map.json')"), "");
  EXPECT_EQ(value("LookupFile('x', 'unknown.json')"), "");
  EXPECT_EQ(value("len(FileMap('map.json'))"), "7");
  EXPECT_EQ(value("FileMap('map.json')[6].note + FileMap('map.json')[0].tag + FileMap('map.json')[0].none"),
            "a éexact");
  EXPECT_EQ(value("len(FileMap('unknown.json'))"), "0");
}

TEST_F(DataFilesTest, ABadRowOfAMapIsLeftOutWithItsPlace) {
  load_one("map.json", "map",
           R"({"pattern": "a", "tag": "A", "type": "equals"})"
           "\n"
           R"({"pattern": "b", "tag": "B"})"
           "\n"
           R"({"pattern": "c", "tag": "C", "type": "glob"})"
           "\n"
           R"({"pattern": "(", "tag": "D", "type": "regex"})"
           "\n"
           R"({"pattern": "e", "tag": 5, "type": "equals"})"
           "\n"
           "[]\n"
           "{\n"
           R"({"pattern": "h", "tag": "H", "type": "equals"})"
           "\n");
  EXPECT_EQ(told(), (std::vector<std::string>{"map.json:2", "map.json:3", "map.json:4", "map.json:5",
                                              "map.json:6", "map.json:7"}));
  EXPECT_EQ(value("LookupFile('a', 'map.json') + LookupFile('h', 'map.json')"), "AH");
}

TEST_F(DataFilesTest, AFileBeyondALimitIsRefusedAsAWhole) {
  std::string lines;
  for (size_t i = 0; i <= DataFiles::kMaxLines; ++i) lines += "x\n";
  load_one("many.txt", "string", lines);
  ASSERT_EQ(errors_.size(), 1u);
  EXPECT_EQ(errors_[0].code, Code::too_large);
  EXPECT_EQ(value("len(File('many.txt'))"), "0");
  lines.clear();
  for (size_t i = 0; i <= DataFiles::kMaxPatterns; ++i) lines += "x\n";
  load_one("many.re", "regexp", lines);
  EXPECT_EQ(errors_.size(), 2u);
  EXPECT_EQ(value("RegexpInFile('x', 'many.re')"), "false");
  write("large.txt", std::string(DataFiles::kMaxFile + 1, 'x'));
  load("data:\n  - {dest_file: large.txt, type: string}\n");
  EXPECT_EQ(errors_.size(), 3u);
  load("data:\n  - {dest_file: large.txt, type: string}\n");
  EXPECT_EQ(errors_.size(), 3u) << "told once";
}

TEST_F(DataFilesTest, ALineBeyondTheLimitIsLeftOutWithItsPlace) {
  load_one("a.txt", "string", "first\n" + std::string(DataFiles::kMaxLine + 1, 'x') + "\nlast\n");
  EXPECT_EQ(told(), (std::vector<std::string>{"a.txt:2"}));
  EXPECT_EQ(value("Join(File('a.txt'), '|')"), "first|last");
}

TEST_F(DataFilesTest, OfManyBadLinesTheFirstAreTold) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "(\n";
  load_one("a.re", "regexp", lines);
  EXPECT_EQ(errors_.size(), 21u);
}

}  // namespace
}  // namespace testudo
