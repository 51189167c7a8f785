// metrics.listen: what Prometheus reads, checked by the rules of its text format.
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "support/installation.h"

namespace testudo::support {
namespace {

/// Metric → the label sets of its samples, after each line was checked: HELP and TYPE once and before the
/// samples, names and labels well formed, values numbers, no sample twice.
std::map<std::string, std::set<std::string>> read_exposition(const std::string& text) {
  std::map<std::string, std::set<std::string>> out;
  std::map<std::string, std::string> types;
  std::set<std::string> closed;
  std::string current;
  const std::regex sample(
      R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*",?)*\})? ([-+0-9.eE]+|\+Inf|-Inf|NaN|Nan))re");
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (line.starts_with("# TYPE ")) {
      std::istringstream words(line.substr(7));
      std::string name, type;
      words >> name >> type;
      EXPECT_TRUE(types.emplace(name, type).second) << "TYPE twice: " << line;
      EXPECT_TRUE(
          std::set<std::string>({"counter", "gauge", "histogram", "summary", "untyped"}).contains(type))
          << line;
      current = name;
    } else if (line.starts_with("# HELP ")) {
      EXPECT_GT(line.size(), line.find(' ', 7) + 1) << "no help: " << line;
    } else if (std::regex_match(line, match, sample)) {
      const std::string name = match[1];
      EXPECT_TRUE(name.starts_with(current) && !current.empty()) << "outside of its family: " << line;
      if (types[current] == "counter") {
        EXPECT_TRUE(name.ends_with("_total") || name.starts_with("cs_"))
            << "a counter ends in _total: " << line;
        EXPECT_GE(std::stod(match[5]), 0) << line;
      }
      EXPECT_TRUE(out[name].insert(match[2]).second) << "twice: " << line;
    } else {
      ADD_FAILURE() << "no exposition format: " << line;
    }
  }
  return out;
}

std::string scrape(pid_t inside) {
  return run({"nsenter", "-t", std::to_string(inside), "-n", "bash", "-c",
              "exec 3<>/dev/tcp/127.0.0.1/6060; printf 'GET /metrics HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n' >&3; "
              "cat <&3"})
      .out;
}

TEST(CliMetrics, PrometheusFindsNamesLabelsAndAFormatItReads) {
  if (::geteuid() != 0) GTEST_SKIP() << "a network namespace needs root";
  Installation it;
  it.set("metrics", "{listen: \"127.0.0.1:6060\"}");
  it.start({}, "ip link set lo up");
  it.append("auth.log", brute_force("203.0.113.5") + sshd_line("nothing that is known") + "no header\n");
  ASSERT_TRUE(wait_until([&] { return it.banned("203.0.113.5"); }));
  std::string answer;
  ASSERT_TRUE(wait_until([&] {
    answer = scrape(it.daemon().pid());
    // Counts of nodes and scenarios are handed out once a second.
    return answer.find("\ntestudo_reaction_seconds_count 1\n") != std::string::npos &&
           answer.find("\ncs_bucket_overflowed_total{") != std::string::npos;
  })) << answer;
  const size_t body = answer.find("\r\n\r\n");
  ASSERT_NE(body, std::string::npos);
  EXPECT_NE(answer.find("text/plain; version=0.0.4"), std::string::npos) << answer.substr(0, body);
  const auto found = read_exposition(answer.substr(body + 4));
  const std::string source = it.path("auth.log") + "\",type=\"file\"";
  const struct {
    const char* name;
    std::vector<std::string> labels;
  } rows[] = {
      {"testudo_lines_total", {"source=", "result=\"read\""}},
      {"testudo_lines_total", {"result=\"parsed\""}},
      {"testudo_lines_total", {"result=\"unparsed\""}},
      {"testudo_decisions_active",
       {"origin=\"crowdsec\"", "scenario=\"testudo/ssh-bruteforce\"", "remediation=\"ban\""}},
      {"testudo_reaction_seconds_bucket", {"le=\"+Inf\""}},
      {"testudo_queue_batches", {}},
      {"cs_bucket_poured_total", {"name=\"testudo/ssh-bruteforce\"", source}},
      {"cs_bucket_overflowed_total", {"name=\"testudo/ssh-bruteforce\""}},
      {"cs_bucket_created_total", {"name="}},
      {"cs_node_hits_total", {"name=\"testudo/sshd\""}},
      {"cs_node_hits_ok_total", {"name=\"testudo/sshd\""}},
      {"cs_parser_hits_total", {source}},
      {"cs_info", {"version="}},
  };
  for (const auto& row : rows) {
    const auto metric = found.find(row.name);
    ASSERT_NE(metric, found.end()) << row.name << "\n" << answer;
    EXPECT_TRUE(std::any_of(metric->second.begin(), metric->second.end(),
                            [&](const std::string& labels) {
                              return std::all_of(row.labels.begin(), row.labels.end(), [&](const auto& l) {
                                return labels.find(l) != std::string::npos;
                              });
                            }))
        << row.name << " " << *metric->second.begin();
  }
  read_exposition(it.testudo({"metrics", "-o", "raw"}).out);
}

}  // namespace
}  // namespace testudo::support
