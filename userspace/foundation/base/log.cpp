#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <unordered_map>

#include "base/text.h"
#include "base/time.h"

namespace testudo::log {
namespace {

struct Window {
  int64_t started_ns = 0;
  uint32_t written = 0;
  uint64_t suppressed = 0;
};

struct State {
  std::mutex mutex;
  std::unordered_map<std::string, Window> windows;
  Level level = Level::info;
  uint32_t burst = 20;
  bool journal = false;
  std::shared_ptr<spdlog::logger> sink;
  State() {
    sink = std::make_shared<spdlog::logger>("testudo", std::make_shared<spdlog::sinks::stderr_sink_st>());
    sink->set_pattern("%v");
    sink->set_level(spdlog::level::trace);
    sink->flush_on(spdlog::level::trace);
  }
};

State& state() {
  static State s;
  return s;
}

const char* name(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
      return "error";
  }
  return "error";
}

std::string quoted(const std::string& value) {
  std::string safe = escape(value);
  if (safe.empty() || safe.find_first_of(" =\"") != std::string::npos) {
    std::string out = "\"";
    for (char c : safe) {
      if (c == '"') out += '\\';
      out += c;
    }
    return out + "\"";
  }
  return safe;
}

}  // namespace

Value::Value(double v) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6g", v);
  text = buffer;
}

void write(Level level, std::string_view event, Fields fields) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (level < s.level) return;
  // Event names come from our own code, so that this map is bounded by the program text.
  Window& window = s.windows[std::string(event)];
  const int64_t now_ns = monotonic_ns();
  if (now_ns - window.started_ns > 10'000'000'000LL) {
    window.started_ns = now_ns;
    window.written = 0;
  }
  if (window.written >= s.burst) {
    ++window.suppressed;
    return;
  }
  ++window.written;
  static constexpr const char* priorities[] = {"<7>", "<6>", "<4>", "<3>"};
  std::string line = s.journal ? std::string(priorities[int(level)]) : format_rfc3339_millis(now()) + " ";
  line += name(level);
  line += ' ';
  line += event;
  for (const Field& field : fields) {
    if (field.value.text.empty()) continue;
    line += ' ';
    line += field.key;
    line += '=';
    line += quoted(field.value.text);
  }
  if (window.suppressed) {
    line += " suppressed=" + std::to_string(window.suppressed);
    window.suppressed = 0;
  }
  s.sink->info(line);
}

void set_level(Level level) {
  const std::lock_guard lock(state().mutex);
  state().level = level;
}
void set_burst(uint32_t burst) {
  const std::lock_guard lock(state().mutex);
  state().burst = burst;
}
void set_journal_format(bool on) {
  const std::lock_guard lock(state().mutex);
  state().journal = on;
}

std::string escape(std::string_view text) { return escape_for_terminal(text); }

}  // namespace testudo::log
