// Alerts and decisions as tests want them; a store of its own folder; the factory to run the tests over.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "store/store.h"

namespace testudo::store_test {

/// 2026-11-24 18:00 UTC.
inline const TimePoint noon = from_unix_seconds(1795543200);

/// A folder that goes with the test.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "testudo-store-XXXXXX").string();
    if (!mkdtemp(name.data())) std::abort();
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  std::string file(const std::string& name = "testudo.db") const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Fails the test and stops it there when the store cannot be opened.
inline std::unique_ptr<Store> open_store(const std::string& path, bool read_only = false) {
  auto store = Store::open({path, read_only});
  if (!store) {
    ADD_FAILURE() << store.error().text();
    return nullptr;
  }
  return *std::move(store);
}

template <typename T>
testing::AssertionResult is_ok(const char* text, const Result<T>& result) {
  if (result.ok()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << text << ": " << result.error().text();
}
#define ASSERT_OK(...) ASSERT_PRED_FORMAT1(is_ok, __VA_ARGS__)
#define EXPECT_OK(...) EXPECT_PRED_FORMAT1(is_ok, __VA_ARGS__)

inline Prefix prefix(const std::string& text) { return Prefix::parse(text).value(); }

/// An active ban of four hours on `value` (an address or a prefix).
inline Decision ban(int64_t id, const std::string& value, TimePoint at = noon) {
  Decision decision;
  decision.id = id;
  decision.uuid = "decision-" + std::to_string(id);
  decision.origin = "crowdsec";
  decision.scenario = "crowdsecurity/ssh-bf";
  decision.value = value;
  decision.prefix = Prefix::parse(value);
  decision.scope = decision.prefix && !decision.prefix->is_host() ? "Range" : "Ip";
  decision.type = "ban";
  decision.duration = 4h;
  decision.until = at + 4h;
  decision.created_at = at;
  return decision;
}

inline Alert alert(int64_t id, std::vector<Decision> decisions = {}, TimePoint at = noon) {
  Alert made;
  made.id = id;
  made.uuid = "alert-" + std::to_string(id);
  made.scenario = "crowdsecurity/ssh-bf";
  made.source.scope = "Ip";
  made.source.value = decisions.empty() ? "192.0.2.1" : decisions.front().value;
  made.start_at = at - 1min;
  made.stop_at = at;
  made.created_at = at;
  made.decisions = std::move(decisions);
  for (Decision& decision : made.decisions) decision.alert_id = id;
  return made;
}

inline ChangeRow change(uint64_t sequence, const std::string& value, TimePoint at = noon) {
  ChangeRow row;
  row.sequence = sequence;
  row.at = at;
  row.change.sequence = sequence;
  row.change.prefix = prefix(value);
  row.change.until = at + 4h;
  row.change.origin = "crowdsec";
  row.change.scenario = "crowdsecurity/ssh-bf";
  return row;
}

inline CommitBatch batch(std::vector<Alert> alerts) {
  CommitBatch made;
  made.alerts = std::move(alerts);
  return made;
}

template <typename T>
std::vector<int64_t> ids(const Result<std::vector<T>>& rows) {
  std::vector<int64_t> found;
  if (!rows) {
    ADD_FAILURE() << rows.error().text();
    return found;
  }
  for (const T& row : *rows) found.push_back(row.id);
  return found;
}
using Ids = std::vector<int64_t>;

/// A kind of store; every test named StoreTest runs over each kind.
struct Kind {
  const char* name;
  std::unique_ptr<Store> (*open)(const TempFolder& folder);
};
inline void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class StoreTest : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    store = GetParam().open(folder);
    ASSERT_NE(store, nullptr);
  }
  TempFolder folder;
  std::unique_ptr<Store> store;
};

inline const Kind all_kinds[] = {
    {"file", [](const TempFolder& folder) { return open_store(folder.file()); }},
    {"memory", [](const TempFolder&) { return open_store(":memory:"); }},
};

#define TESTUDO_ALL_STORES(suite)                                      \
  INSTANTIATE_TEST_SUITE_P(Kinds, suite, testing::ValuesIn(all_kinds), \
                           [](const testing::TestParamInfo<Kind>& row) { return row.param.name; })

}  // namespace testudo::store_test
