// Acquisition documents: what is accepted, what is refused, and where the error points.
#include <gtest/gtest.h>

#include "acquire/file_lines.h"
#include "acquire/file_position.h"
#include "acquire/file_rotation.h"
#include "acquire/journal_filter.h"
#include "acquire/journal_present.h"
#include "acquire/sources.h"
#include "reading.h"

namespace testudo::acquire_test {
namespace {

TEST(Acquis, InfersTheSourceAndReadsSeveralDocuments) {
  Errors errors;
  const auto documents = parse_acquis(
      "filenames: [/var/log/auth.log]\nlabels: {type: syslog}\n---\n---\n"
      "journalctl_filter: [_SYSTEMD_UNIT=ssh.service]\nlabels: {type: syslog}\n---\n"
      "source: file\nfilename: /x\nmode: cat\nuse_time_machine: true\nname: n\ntimezone: UTC\ntransform: "
      "nil\nlog_level: "
      "info\n"
      "unique_id: u\nforce_inotify: true\ndiscovery_poll_enable: true\ndiscovery_poll_interval: 5s\n"
      "exclude_regexps: ['\\.gz$']\nmax_buffer_size: 65536\npoll_without_inotify: false\n"
      "labels: {type: nginx, external_format: json}\n",
      "acquis.yaml", errors);
  for (const Error& error : errors) ADD_FAILURE() << error.text();
  ASSERT_EQ(documents.size(), 3u);
  EXPECT_EQ(documents[0].kind->name, "file");
  EXPECT_EQ(documents[1].kind->name, "journalctl");
  EXPECT_EQ(documents[2].kind->name, "file");
}

TEST(Acquis, PutsTheEnvironmentIntoTheText) {
  ::setenv("TESTUDO_TEST_LOG", "/srv/log/a.log", 1);
  Errors errors;
  const auto documents =
      parse_acquis("filenames: ['${TESTUDO_TEST_LOG}', '${TESTUDO_TEST_UNSET}']\nlabels: {type: x}\n",
                   "acquis.yaml", errors);
  ASSERT_EQ(documents.size(), 1u);
  const YamlNode* names = documents[0].section.find("filenames");
  EXPECT_EQ(names->items()[0].text(), "/srv/log/a.log");
  EXPECT_EQ(names->items()[1].text(), "${TESTUDO_TEST_UNSET}");
}

struct RefusedCase {
  const char* sentence;
  const char* yaml;
  int line;
};
const RefusedCase refused_cases[] = {
    {"an unknown key", "filename: /x\nlabels: {type: x}\nfilenam: /y\n", 3},
    {"no source and nothing to infer it from", "labels: {type: x}\n", 1},
    {"an unknown source", "source: journalctrl\nlabels: {type: x}\n", 1},
    {"labels missing", "filename: /x\n", 1},
    {"labels without type", "filename: /x\nlabels:\n  program: x\n", 3},
    {"an unknown mode", "filename: /x\nlabels: {type: x}\nmode: tial\n", 3},
    {"an unknown time zone", "filename: /x\nlabels: {type: x}\ntimezone: Europe/Atlantis\n", 3},
    {"a time zone that leaves the folder", "filename: /x\nlabels: {type: x}\ntimezone: ../passwd\n", 3},
    {"an unknown word for the witness", "filename: /x\nlabels: {type: x}\nwitness: maybe\n", 3},
    {"a wrong type", "filename: /x\nlabels: {type: x}\nmax_buffer_size: big\n", 3},
    {"a document that is a list", "- filename: /x\n", 1},
    {"a key of another source", "filename: /x\nlabels: {type: x}\njournalctl_filter: [a]\n", 3},
};
TEST(Acquis, RefusesWithThePlace) {
  for (const RefusedCase& c : refused_cases) {
    Errors errors;
    EXPECT_TRUE(parse_acquis(c.yaml, "acquis.yaml", errors).empty()) << c.sentence;
    ASSERT_EQ(errors.size(), 1u) << c.sentence;
    EXPECT_EQ(errors[0].code, Code::bad_config) << c.sentence;
    EXPECT_EQ(errors[0].where.file, "acquis.yaml") << c.sentence;
    EXPECT_EQ(errors[0].where.line, c.line) << c.sentence << ": " << errors[0].text();
  }
}

const RefusedCase refused_at_opening[] = {
    {"an expression that does not compile", "filename: /x\nlabels: {type: x}\nexclude_regexps: ['(']\n", 3},
    {"a limit out of range", "filename: /x\nlabels: {type: x}\nmax_buffer_size: 1\n", 3},
    {"no file", "source: file\nlabels: {type: x}\n", 1},
    {"an option that is not supported", "journalctl_filter: [--grep=x]\nlabels: {type: x}\n", 1},
    {"no filter", "source: journalctl\nlabels: {type: x}\n", 1},
};
TEST(Acquis, RefusesAtOpeningWithThePlaceAndRunsTheOthers) {
  for (const RefusedCase& c : refused_at_opening) {
    Errors errors;
    const auto documents = parse_acquis(std::string(c.yaml) + "---\nfilename: /nowhere\nlabels: {type: x}\n",
                                        "acquis.yaml", errors);
    SourceContext context;
    context.sink = [](LineBatch&&) { return true; };
    const auto acquirer = Acquirer::open(documents, context, errors);
    ASSERT_EQ(errors.size(), 1u) << c.sentence;
    EXPECT_EQ(errors[0].where.line, c.line) << errors[0].text();
    EXPECT_EQ(acquirer->sources(), 1u) << c.sentence;
  }
}

TEST(Acquis, ReadsFoldersByNameAndPassesOverWhatIsMissing) {
  TempDir dir;
  std::filesystem::create_directories(dir / "acquis.d");
  append(dir / "acquis.d/b.yml", "filename: /b\nlabels: {type: x}\n");
  append(dir / "acquis.d/a.yaml", "filename: /a\nlabels: {type: x}\n");
  append(dir / "acquis.d/c.yaml.bak", "nonsense: [");
  Errors errors;
  const auto documents = load_acquis({dir / "acquis.yaml", dir / "acquis.d"}, errors);
  EXPECT_TRUE(errors.empty());
  ASSERT_EQ(documents.size(), 2u);
  EXPECT_EQ(documents[0].section.find("filename")->text(), "/a");
}

TEST(Acquis, ShipsDocumentsThatLoadAndOpen) {
  Errors errors;
  const auto documents = load_acquis({TESTUDO_SOURCE_DIR "/config/acquis.yaml"}, errors);
  SourceContext context;
  context.sink = [](LineBatch&&) { return true; };
  const auto acquirer = Acquirer::open(documents, context, errors);
  for (const Error& error : errors) ADD_FAILURE() << error.text();
  EXPECT_GE(acquirer->sources(), 4u);
}

TEST(Sources, DescribeThemselves) {
  for (const SourceKind* kind : all_sources()) {
    EXPECT_FALSE(kind->summary.empty()) << kind->name;
    for (const KeySpec& key : kind->keys) EXPECT_FALSE(key.summary.empty()) << kind->name << "." << key.name;
    EXPECT_EQ(find_source(kind->name), kind);
  }
}

TEST(JournalIsKept, OnlyWhereJournaldRunsAndWeMayRead) {
  TempDir root;
  EXPECT_FALSE(journal_is_kept(root.path()));
  std::filesystem::create_directories(root / "var/log/journal/0123");
  append(root / "var/log/journal/0123/system.journal", "x");
  EXPECT_FALSE(journal_is_kept(root.path())) << "files of a journald that does not run any more";
  std::filesystem::create_directories(root / "run/systemd/journal");
  append(root / "run/systemd/journal/socket", "");
  EXPECT_TRUE(journal_is_kept(root.path()));
}

std::string shown(const std::vector<std::string>& arguments) {
  const auto filter = parse_journal_filter(arguments);
  if (!filter) return "error";
  std::string out;
  for (const auto& step : filter.value().steps)
    out += step.op == JournalFilter::Op::match    ? step.match + " "
           : step.op == JournalFilter::Op::either ? "| "
                                                  : "& ";
  return out;
}
TEST(JournalFilter, ReadsJournalctlsArguments) {
  const std::string ssh = "_SYSTEMD_UNIT=ssh.service | _PID=1 UNIT=ssh.service & ";
  EXPECT_EQ(shown({"_SYSTEMD_UNIT=ssh.service"}), "_SYSTEMD_UNIT=ssh.service ");
  EXPECT_EQ(shown({"A=1", "+", "B=2"}), "A=1 | B=2 ");
  for (const std::vector<std::string>& unit : {std::vector<std::string>{"-u", "ssh"},
                                               {"-ussh"},
                                               {"-u ssh"},
                                               {"--unit=ssh.service"},
                                               {"--unit", "ssh"}})
    EXPECT_EQ(shown(unit), ssh);
  EXPECT_EQ(shown({"-t", "sshd", "-u", "ssh"}), ssh + "SYSLOG_IDENTIFIER=sshd & ");
  EXPECT_EQ(shown({"-k"}), "_TRANSPORT=kernel & ");
  EXPECT_EQ(shown({"-p", "crit"}), "PRIORITY=0 PRIORITY=1 PRIORITY=2 & ");
  for (const char* bad : {"--grep=x", "-b", "/usr/bin/sshd", "lower=x", "--unit", "-u*", "-p9"})
    EXPECT_EQ(shown({bad}), "error") << bad;
  EXPECT_EQ(shown({}), "error") << "the whole journal is never meant";
}

TEST(ScanLines, NeedsNoMoreThanTheLimit) {
  std::vector<std::string_view> lines;
  // Cut at the limit; the rest is skipped over several reads until the newline.
  LineScan scan = scan_lines("abcdefgh", false, false, 4, lines);
  EXPECT_EQ(lines, std::vector<std::string_view>{"abcd"});
  EXPECT_TRUE(scan.skipping);
  EXPECT_EQ(scan.too_long, 1u);
  scan = scan_lines("more", true, false, 4, lines);
  EXPECT_EQ(scan.consumed, 4u);
  EXPECT_TRUE(scan.skipping);
  scan = scan_lines("x\nnext\nre", true, false, 4, lines);
  EXPECT_EQ(lines, (std::vector<std::string_view>{"abcd", "next"}));
  EXPECT_EQ(scan.consumed, 7u);
  EXPECT_FALSE(scan.skipping);
  // A line of exactly the limit is whole.
  lines.clear();
  scan = scan_lines("abcd\r\n", false, false, 4, lines);
  EXPECT_EQ(lines, std::vector<std::string_view>{"abcd"});
  EXPECT_EQ(scan.too_long, 0u);
}

TEST(FilePosition, ReadsBackWhatItWroteAndRefusesTheRest) {
  FilePosition position;
  position.seen = 1794000000;
  position.marks = {{0xfd01, 77, 1000, true, 256, 0xdeadbeefcafef00d, 64, 1}, {1, 2, 0}};
  const auto back = decode_file_position(encode(position));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->marks, position.marks);
  EXPECT_EQ(back->seen, position.seen);
  for (const char* bad : {"", "v1", "v2 1", "v1 x", "v1 1 1:2:3", "v1 1 1:2:3:0:300:0:0:0",
                          "v1 1 1:2:3:0:0:0:64:0", "v1 1 1:2:99999999999999999999:0:0:0:0:0"})
    EXPECT_FALSE(decode_file_position(bad)) << bad;
}

TEST(RotatedNames, AreKnown) {
  for (const char* name : {"auth.log.1", "auth.log.2.gz", "auth.log-20260101", "auth.log-2026-01-01_12",
                           "auth.log.old", "auth-20260101.log", "auth.log.gz", "auth.1.log"})
    EXPECT_TRUE(is_rotated_name(name, "auth.log")) << name;
  for (const char* name :
       {"auth.log", "auth.log-backend", "auth.logs", "other.log.1", "auth-error.log", "auth.log."})
    EXPECT_FALSE(is_rotated_name(name, "auth.log")) << name;
}

}  // namespace
}  // namespace testudo::acquire_test
