#include "acquire/stats.h"

#include "base/log.h"

namespace testudo {

SourceStats::SourceStats(std::string type, std::string name, std::string log_type, Metrics* metrics,
                         std::string title)
    : type_(std::move(type)),
      name_(std::move(name)),
      log_type_(std::move(log_type)),
      title_(std::move(title)) {
  if (!metrics) return;
  hits_ = &metrics->counter("cs_" + type_ + "source_hits_total", "Total lines that were read.",
                            {{"source", name_}, {"datasource_type", type_}, {"acquis_type", log_type_}});
  const Labels labels = {{"source", name_}, {"type", type_}};
  total_ = &metrics->counter("testudo_source_lines_total", "Lines read from a source.", labels);
  too_long_total_ =
      &metrics->counter("testudo_source_too_long_lines_total", "Lines cut at the source's limit.", labels);
  binary_total_ =
      &metrics->counter("testudo_source_binary_lines_total", "Lines that hold NUL bytes.", labels);
  errors_total_ =
      &metrics->counter("testudo_source_errors_total", "Times a source could not be read.", labels);
}

void SourceStats::count(size_t lines, size_t bytes, TimePoint at) {
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (lines == 0) return;
  lines_.fetch_add(lines, std::memory_order_relaxed);
  last_line_.store(unix_nanos(at), std::memory_order_relaxed);
  if (hits_) hits_->add(lines);
  if (total_) total_->add(lines);
}

void SourceStats::count_too_long(size_t lines) {
  if (lines == 0) return;
  too_long_.fetch_add(lines, std::memory_order_relaxed);
  if (too_long_total_) too_long_total_->add(lines);
}

void SourceStats::count_binary(size_t lines) {
  if (lines == 0) return;
  binary_.fetch_add(lines, std::memory_order_relaxed);
  if (binary_total_) binary_total_->add(lines);
}

void SourceStats::set_problem(const std::string& problem) {
  {
    const std::lock_guard lock(mutex_);
    if (problem == problem_) return;
    problem_ = problem;
  }
  if (problem.empty()) {
    log::info("source.recovered", {{"source", type_ + ":" + shown()}});
    return;
  }
  if (errors_total_) errors_total_->add();
  log::warn("source.problem", {{"source", type_ + ":" + shown()}, {"problem", problem}});
}

void SourceStats::set_exists(bool exists) {
  if (exists_.exchange(exists) == exists) return;
  log::info(exists ? "source.appeared" : "source.absent", {{"source", type_ + ":" + shown()}});
}

SourceStatus SourceStats::snapshot() const {
  SourceStatus status;
  status.type = type_;
  status.name = name_;
  status.title = title_;
  status.log_type = log_type_;
  status.lines = lines_.load(std::memory_order_relaxed);
  status.bytes = bytes_.load(std::memory_order_relaxed);
  status.last_line = from_unix_nanos(last_line_.load(std::memory_order_relaxed));
  status.exists = exists_.load();
  status.too_long = too_long_.load(std::memory_order_relaxed);
  status.binary = binary_.load(std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  status.problem = problem_;
  return status;
}

void StatsBoard::add(std::shared_ptr<SourceStats> stats) {
  const std::lock_guard lock(mutex_);
  rows_.push_back(std::move(stats));
}

void StatsBoard::remove(const SourceStats* stats) {
  const std::lock_guard lock(mutex_);
  std::erase_if(rows_, [&](const auto& row) { return row.get() == stats; });
}

std::vector<SourceStatus> StatsBoard::snapshot() const {
  std::vector<std::shared_ptr<SourceStats>> rows;
  {
    const std::lock_guard lock(mutex_);
    rows = rows_;
  }
  std::vector<SourceStatus> out;
  out.reserve(rows.size());
  for (const auto& row : rows) out.push_back(row->snapshot());
  return out;
}

}  // namespace testudo
