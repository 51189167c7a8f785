// cli/table.h: rows for people (boxes on a terminal, plain columns in a pipe) and for scripts (CSV).
#pragma once

#include <string>
#include <vector>

namespace testudo::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }

  /// Cells are escaped: a name from a log moves no cursor and turns no text around. `boxes` draws round
  /// corners.
  std::string human(bool boxes) const;
  /// RFC 4180 with a header line; safe in a spreadsheet.
  std::string csv() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

/// True when standard output is a terminal that takes UTF-8.
bool boxes_wanted();
void print(const std::string& text);

}  // namespace testudo::cli
