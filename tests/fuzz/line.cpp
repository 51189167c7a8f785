// Lines of a hostile log through the shipped content: all parsers, the question for other addresses, all
// scenarios. The first byte chooses the source; nothing crashes, nothing is lost count of, and what is
// alerted for is an address that stands in a line.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "engine/worker.h"

namespace {

using namespace testudo;

void require(bool holds) {
  if (!holds) std::abort();
}

std::shared_ptr<const Program> load() {
  ProgramOptions options;
  options.content.folders = {TESTUDO_SOURCE_DIR "/config/content"};
  options.patterns_folder = TESTUDO_SOURCE_DIR "/config/patterns";
  options.data_folder = TESTUDO_SOURCE_DIR "/config";
  auto program = load_program(options);
  if (!program) {
    std::fprintf(stderr, "%s\n", program.error().text().c_str());
    std::abort();
  }
  for (const Error& e : (*program)->errors) std::fprintf(stderr, "%s\n", e.text().c_str());
  require((*program)->errors.empty() && !(*program)->scenario_ids.empty());
  return *program;
}

std::shared_ptr<const SourceInfo> source(uint32_t id, const char* type, bool log_time) {
  auto info = std::make_shared<SourceInfo>();
  info->id = id;
  info->type = "file";
  info->name = "/var/log/fuzz.log";
  info->labels = {{"type", type}};
  info->log_time = log_time;
  return info;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto program = load();
  static const std::shared_ptr<const SourceInfo> sources[] = {
      source(1, "syslog", true), source(2, "syslog", false), source(3, "nginx", true),
      source(4, "nginx", false)};
  if (size == 0) return 0;
  WorkerOptions options;
  options.shard.max_buckets = 64;  // so that making room is part of it
  options.replay = data[0] & 4;
  options.today = from_unix_seconds(1795544569);
  Worker worker(program, options);
  LineBatch batch;
  batch.source = sources[data[0] % 4];
  batch.arrived = options.today;
  batch.backlog = data[0] & 8;
  batch.bytes = std::make_shared<std::string>(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (std::string_view line : split(*batch.bytes, '\n'))
    if (!line.empty()) batch.lines.push_back(line);
  std::vector<Alert> alerts;
  for (int round = 0; round < 3; ++round) {
    const LineCounts counts = worker.run(batch, alerts);
    require(counts.read == batch.lines.size());
    require(counts.parsed + counts.unparsed + counts.failed == counts.read);
    require(counts.poured + counts.whitelisted <= counts.parsed);
    batch.arrived += 1s;
    if (round == 0) worker.adopt(program);
    if (round == 1) worker.tick(batch.arrived, {});
  }
  require(worker.buckets() <= 64);
  for (const Alert& alert : alerts) {
    require(alert.source.scope != "Ip" || Ip::parse(alert.source.value).has_value());
    require(alert.events_count >= 1 && !alert.scenario.empty());
  }
  return 0;
}
