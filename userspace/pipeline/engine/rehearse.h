// engine/rehearse.h: the machine's own past through the enabled content: who would have been banned?
//
// Reads what the acquisition documents name: the journal from `since` on, and files together with their
// rotated forms (NAME.1, NAME.2.gz, NAME-20261124 …), oldest first. Bans nobody, opens no store, asks no
// network.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "acquire/acquis.h"
#include "engine/worker.h"

namespace testudo {

struct RehearsedSource {
  std::string address;
  std::map<std::string, int> scenarios;  ///< alerts by scenario
  TimePoint first{}, last{};
  bool ambiguous = false;  ///< only lines that are no witness: nobody is banned for them
  std::vector<std::string>
      logins;  ///< "root at 2026-11-24T18:22:49Z": who has logged in from there, last ones
};

struct RehearsedFile {
  std::string name;
  uint64_t lines = 0, parsed = 0;
  std::string problem;
};

struct Rehearsal {
  std::vector<RehearsedSource> sources;  ///< most alerts first
  std::vector<RehearsedFile> files;
  LineCounts counts;
  TimePoint since{};
};

/// `today` stands for now where a log has no year.
Rehearsal rehearse(std::shared_ptr<const Program> program, const std::vector<AcquisDocument>& documents,
                   TimePoint since, TimePoint today, const parse::Zone& zone);

/// A path and its rotated forms that were written to after `since`, oldest first.
std::vector<std::string> with_rotated(const std::string& path, TimePoint since);

}  // namespace testudo
