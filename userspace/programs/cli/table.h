// cli/table.h: rows for people (a table as wide as it must be) and for scripts (CSV with a header).
//
// Cells may come from logs: control bytes and characters that change the direction of text are escaped, CSV
// cells that a spreadsheet would run are quoted.
#pragma once

#include <string>
#include <vector>

#include "command.h"

namespace testudo::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }
  /// Box characters at a UTF-8 terminal, plain columns elsewhere.
  void print_human() const;
  void print_raw(const std::vector<std::string>& names) const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

/// 1.23k, 45.6M: counts that a person reads.
std::string short_number(uint64_t n);
std::string short_bytes(uint64_t n);
/// "3m 12s ago", "never" for an empty text; `rfc3339` as the daemon gives it.
std::string ago(const std::string& rfc3339);
/// "3m 12s" since then; "" when it is no time.
std::string age(const std::string& rfc3339);
/// "1 ban", "2 bans", "1.23k bans".
std::string counted(uint64_t n, const char* one, const char* many);
/// The same time without its fraction of a second.
std::string whole_seconds(const std::string& rfc3339);
/// Text in bold, when the context has colour.
std::string bold(const Context& context, const std::string& text);
std::string red(const Context& context, const std::string& text);
std::string green(const Context& context, const std::string& text);

}  // namespace testudo::cli
