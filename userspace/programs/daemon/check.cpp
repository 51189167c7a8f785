#include "check.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "acquire/acquis.h"
#include "base/files.h"
#include "base/text.h"
#include "decide/history.h"
#include "decide/profiles.h"
#include "engine/program.h"

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
  std::fprintf(stderr, "    %s\n", escape_for_terminal(line).c_str());
  if (where.column > 0 && size_t(where.column) <= line.size() + 1)
    std::fprintf(stderr, "    %*s^\n", where.column - 1, "");
}

}  // namespace

bool check_everything(const Settings& settings, Errors errors) {
  std::vector<AcquisDocument> documents = load_acquis(settings.acquire.files, errors);
  for (const YamlNode& node : settings.acquire.sources) {
    auto more = read_acquis(node, errors);
    std::move(more.begin(), more.end(), std::back_inserter(documents));
  }
  NoHistory history;
  const expr::HelperTable history_rows = history_helpers(history);
  Profiles::load(settings.profiles, {&expr::pure_helpers(), &history_rows}, errors);

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
  } else {
    errors.push_back(program.error());
  }
  for (const Error& e : errors) {
    std::fprintf(stderr, "%s\n", e.text().c_str());
    print_place(e.where);
  }
  std::printf("%s: %zu sources, %zu parsers, %zu scenarios, %zu errors\n",
              settings.file.empty() ? "defaults" : settings.file.c_str(), documents.size(), parsers,
              scenarios, errors.size());
  return errors.empty();
}

}  // namespace testudo
