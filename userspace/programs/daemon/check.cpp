#include "check.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "acquire/acquis.h"
#include "base/files.h"
#include "base/text.h"
#include "decide/history.h"
#include "decide/profiles.h"
#include "enforce/backends.h"
#include "engine/program.h"
#include "engine/transform.h"

namespace testudo {
namespace {

/// Profiles are only compiled here, never asked.
struct NoHistory final : DecisionHistory {
  int64_t decisions_since(std::string_view, TimePoint) override { return 0; }
  int64_t active_decisions(std::string_view) override { return 0; }
  Duration time_left(std::string_view) override { return {}; }
  TimePoint time() override { return now(); }
};

/// The line of the file that an error points at, with a mark under the column.
void print_place(const Where& where) {
  if (where.line <= 0) return;
  const auto text = read_file(where.file, 16u << 20);
  if (!text) return;
  std::string_view rest = *text;
  for (int line = 1; line < where.line; ++line) {
    const size_t newline = rest.find('\n');
    if (newline == std::string_view::npos) return;
    rest.remove_prefix(newline + 1);
  }
  const std::string_view line = rest.substr(0, std::min(rest.find('\n'), size_t(200)));
  if (line.empty()) return;
  std::fprintf(stderr, "    %s\n", escape_for_terminal(line).c_str());
  if (where.column > 0 && size_t(where.column) <= line.size() + 1)
    std::fprintf(stderr, "    %*s^\n", where.column - 1, "");
}

/// One line a source: what it reads, and as what.
void print_source(const AcquisDocument& document) {
  std::string what, type;
  for (const char* key : {"name", "filename", "filenames", "journalctl_filter"}) {
    const YamlNode* node = document.section.find(key);
    if (!node || (!what.empty() && std::string_view(key) == "journalctl_filter")) continue;
    if (std::string_view(key) == "name") {
      if (document.kind->name == "journalctl") what = " " + node->text();
      continue;
    }
    const auto texts = node->as_strings(key);
    if (!texts) continue;
    for (const std::string& text : *texts) what += " " + text;
  }
  if (const YamlNode* labels = document.section.find("labels"))
    if (const YamlNode* label = labels->find("type")) type = label->text();
  std::printf("reads %s%s as %s\n", std::string(document.kind->name).c_str(),
              escape_for_terminal(what).c_str(), escape_for_terminal(type).c_str());
}

}  // namespace

void check_startable(const Settings& settings, Errors& errors) {
  NoHistory history;
  const expr::HelperTable history_rows = history_helpers(history);
  const size_t before = errors.size();
  Profiles::load(settings.profiles, {&history_rows, &expr::pure_helpers()}, errors);
  if (errors.size() > before && settings.file.empty())
    errors.push_back(Error{Code::not_found,
                           "there is no " + std::string(kDefaultConfig) + " either",
                           {},
                           "`sudo scripts/install` puts the shipped configuration there; --config FILE names "
                           "another place"});
  const std::string& mode = settings.enforce.mode;
  bool known = mode == "auto" || mode == "xdp-generic";
  for (const BackendKind* kind : all_backends()) known = known || kind->name == mode;
  if (!known)
    errors.push_back(Error{Code::unsupported, "enforce.mode " + mode + " is not part of this version",
                           Where{settings.file, 0, 0}, "use auto, xdp, xdp-generic or off"});
}

bool check_everything(const Settings& settings, Errors errors) {
  std::vector<AcquisDocument> documents = load_acquis(settings.acquire.files, errors);
  for (const YamlNode& node : settings.acquire.sources) {
    auto more = read_acquis(node, errors);
    std::move(more.begin(), more.end(), std::back_inserter(documents));
  }
  check_startable(settings, errors);

  ProgramOptions options;
  options.content.folders = settings.paths.content;
  options.patterns_folder = settings.patterns_folder();
  options.data_folder = settings.paths.data;
  size_t parsers = 0, scenarios = 0;
  if (auto program = load_program(options)) {
    errors.insert(errors.end(), (*program)->errors.begin(), (*program)->errors.end());
    parsers = (*program)->parser_ids.size();
    scenarios = (*program)->scenarios->scenarios.size();
    for (const std::string& note : (*program)->notes) std::printf("note: %s\n", note.c_str());
    drop_bad_transforms(documents, **program, errors);
  } else {
    errors.push_back(program.error());
  }
  for (const AcquisDocument& document : documents) print_source(document);
  for (const Error& e : errors) {
    std::fprintf(stderr, "%s\n", e.text().c_str());
    print_place(e.where);
  }
  std::printf("%s: %zu sources, %zu parsers, %zu scenarios, %zu error%s\n",
              settings.file.empty() ? "defaults" : settings.file.c_str(), documents.size(), parsers,
              scenarios, errors.size(), errors.size() == 1 ? "" : "s");
  return errors.empty();
}

}  // namespace testudo
