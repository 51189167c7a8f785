// tests/pipeline/acquire/reading.h: sources run as in the daemon, their lines and positions kept to look at.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "acquire/acquirer.h"

namespace testudo::acquire_test {

/// A folder of its own, removed at the end.
class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/testudo-acquire-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline void append(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::app | std::ios::binary) << text;
}
inline void overwrite(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::trunc | std::ios::binary) << text;
}

struct Line {
  std::string text, source;
  bool backlog = false;
  TimePoint stamp{};
  uint8_t witness = 0;
};

/// Runs documents and keeps what comes. Positions outlive stop(), as they do in the store.
class Reading {
 public:
  ~Reading() { stop(); }

  void start(const std::string& yaml) {
    stop();
    Errors errors;
    const std::vector<AcquisDocument> documents = parse_acquis(yaml, "acquis.yaml", errors);
    for (const Error& error : errors) ADD_FAILURE() << error.text();
    SourceContext context;
    context.metrics = &metrics;
    context.sink = [this](LineBatch&& batch) { return take(batch); };
    context.saved_position = [this](const std::string& key) -> std::optional<std::string> {
      const std::lock_guard lock(mutex_);
      const auto it = positions_.find(key);
      if (it == positions_.end()) return std::nullopt;
      return it->second;
    };
    acquirer_ = Acquirer::open(documents, std::move(context), errors);
    for (const Error& error : errors) ADD_FAILURE() << error.text();
    ASSERT_TRUE(acquirer_->start().ok());
  }
  void stop() {
    if (acquirer_) acquirer_->stop();
    acquirer_.reset();
  }
  /// Waits for `n` lines in all, then a moment for what must not come. Returns their texts.
  std::vector<std::string> lines(size_t n, std::chrono::milliseconds limit = std::chrono::seconds(8)) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [&] { return lines_.size() >= n; });
    changed_.wait_for(lock, std::chrono::milliseconds(60), [&] { return lines_.size() > n; });
    std::vector<std::string> out;
    for (const Line& line : lines_) out.push_back(line.text);
    return out;
  }
  /// Waits until a position of this key is known: the source has begun.
  bool began(const std::string& key) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(8), [&] { return positions_.contains(key); });
  }
  std::vector<Line> all() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  std::map<std::string, std::string> positions() const {
    const std::lock_guard lock(mutex_);
    return positions_;
  }
  /// As a crash that lost what came after a commit.
  void restore(std::map<std::string, std::string> positions) {
    const std::lock_guard lock(mutex_);
    positions_ = std::move(positions);
  }
  void forget_lines() {
    const std::lock_guard lock(mutex_);
    lines_.clear();
  }
  SourceStatus status(const std::string& name) const {
    for (const SourceStatus& row : acquirer_->status())
      if (row.name == name) return row;
    return {};
  }
  Acquirer& acquirer() { return *acquirer_; }

  Metrics metrics;

 private:
  bool take(const LineBatch& batch) {
    {
      const std::lock_guard lock(mutex_);
      for (size_t i = 0; i < batch.lines.size(); ++i)
        lines_.push_back({std::string(batch.lines[i]), batch.source->name, batch.backlog,
                          batch.stamps.empty() ? TimePoint{} : batch.stamps[i], batch.source->witness});
      positions_[batch.resume.key] = batch.resume.value;
    }
    changed_.notify_all();
    return true;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Line> lines_;
  std::map<std::string, std::string> positions_;
  std::unique_ptr<Acquirer> acquirer_;
};

using Texts = std::vector<std::string>;

}  // namespace testudo::acquire_test
