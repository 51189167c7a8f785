// From the write to the batch in the sink: what a ban waits for before anything else happens.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "reading.h"

namespace testudo::acquire_test {
namespace {

TEST(Latency, FromWriteToSinkIsFarBelowAMillisecond) {
  TempDir dir;
  const std::string log = dir / "auth.log";
  append(log, "");
  std::atomic<int64_t> arrived{0};
  Errors errors;
  const auto documents =
      parse_acquis("filename: " + log + "\nlabels: {type: syslog}\n", "acquis.yaml", errors);
  SourceContext context;
  context.sink = [&](LineBatch&& batch) {
    if (!batch.lines.empty()) arrived = monotonic_ns();
    return true;
  };
  const auto acquirer = Acquirer::open(documents, context, errors);
  ASSERT_TRUE(acquirer->start().ok());
  const Fd file(::open(log.c_str(), O_WRONLY | O_APPEND));
  std::vector<int64_t> took;
  const std::string line =
      "Mar  5 12:34:56 web1 sshd[811]: Failed password for root from 203.0.113.7 port 4711 ssh2\n";
  for (int i = 0; i < 300; ++i) {
    ::usleep(1000);
    arrived = 0;
    const int64_t begin = monotonic_ns();
    ASSERT_EQ(::write(file.get(), line.data(), line.size()), ssize_t(line.size()));
    while (arrived == 0 && monotonic_ns() - begin < 2'000'000'000) {
    }
    ASSERT_NE(arrived, 0);
    took.push_back(arrived - begin);
  }
  std::sort(took.begin(), took.end());
  std::printf("write to sink: median %.1f us, 99%% %.1f us\n", double(took[150]) / 1000,
              double(took[297]) / 1000);
  EXPECT_LT(took[150], 1'000'000) << "median of 300 writes, on a machine that may be busy";
}

}  // namespace
}  // namespace testudo::acquire_test
