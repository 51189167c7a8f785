// Requests over real sockets, a real Decider on a real store, and a backend that writes down what it is told.
#include <gtest/gtest.h>

#include "api/server.h"
#include "foundation/net/raw.h"
#include "net/client.h"
#include "pipeline/decide/support.h"
#include "services/api/samples.h"

namespace testudo {
namespace {

using samples::by_hand;

/// An alert of this moment: a decision by hand counts from it.
std::string posted_now(const std::string& decisions, const std::string& scope = "Ip",
                       const std::string& value = "192.0.2.10") {
  std::string text = samples::posted(decisions, scope, value);
  const std::string then = "2026-11-24T18:22:49Z", stamp = format_rfc3339_seconds(now());
  for (size_t at = 0; (at = text.find(then, at)) != std::string::npos;) text.replace(at, then.size(), stamp);
  return text;
}

class Api : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Store::open({folder.path + "/testudo.db"});
    ASSERT_TRUE(opened) << opened.error().text();
    store = *std::move(opened);
    DeciderOptions options;
    options.profile_files = {
        folder.file("profiles.yaml",
                    "name: default_ip\nfilters:\n - Alert.Remediation == true && Alert.GetScope() == \"Ip\"\n"
                    "decisions:\n - type: ban\n   duration: 4h\non_success: break\n")};
    options.state_folder = folder.path;
    options.own_addresses = false;
    auto decided = Decider::open(options, *store, &backend, metrics);
    ASSERT_TRUE(decided) << decided.error().text();
    decider = *std::move(decided);
    ApiOptions api;
    api.socket = folder.path + "/api.sock";
    api.listen = "127.0.0.1:0";
    api.admin_group = "";
    api.version = "1.2.3";
    ApiHooks hooks;
    hooks.status_json = [] { return std::string(R"({"protected":true})"); };
    hooks.reload = [this]() -> Result<void> {
      if (reload_fails)
        return Error{
            Code::bad_config, "unknown key", {"/etc/testudo/testudo.yaml", 3, 1}, "did you mean api?"};
      return {};
    };
    auto started = ApiServer::start(api, *decider, &backend, metrics, hooks);
    ASSERT_TRUE(started) << started.error().text();
    server = *std::move(started);
  }

  Response ask(const std::string& method, const std::string& target, const std::string& body = "") {
    auto answer = http_unix(folder.path + "/api.sock", method, target, body);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().text());
    return answer ? *std::move(answer) : Response{0, "", "", {}};
  }
  std::string by_tcp(const std::string& request) {
    const Fd fd = raw::connect_tcp(server->port());
    raw::send_all(fd, request);
    return raw::read_all(fd);
  }
  int ban(const std::string& value, const std::string& scope = "Ip", const std::string& query = "") {
    return ask("POST", "/v1/alerts" + query,
               "[" + posted_now(by_hand(value, "4h", "ban", scope), scope, value) + "]")
        .status;
  }

  TempFolder folder;
  Metrics metrics;
  RecordingBackend backend;
  std::unique_ptr<Store> store;
  std::unique_ptr<Decider> decider;
  std::unique_ptr<ApiServer> server;
  bool reload_fails = false;
};

TEST_F(Api, AnswersWithNullNotWithAnEmptyListWhereClientsExpectIt) {
  EXPECT_EQ(ask("GET", "/v1/decisions").body, "null");
  EXPECT_EQ(ask("GET", "/v1/alerts").body, "null");
  EXPECT_EQ(ask("GET", "/v1/allowlists").body, "[]");
  EXPECT_EQ(ask("GET", "/v1/decisions").content_type, "application/json; charset=utf-8");
}

TEST_F(Api, ABanByHandIsInTheKernelWhenTheAnswerComes) {
  const Response answer = ask("POST", "/v1/alerts", "[" + posted_now(by_hand("192.0.2.20")) + "]");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, R"(["1"])");
  EXPECT_TRUE(backend.has("192.0.2.20"));
  const std::string list = ask("GET", "/v1/decisions?ip=192.0.2.20").body;
  EXPECT_NE(
      list.find(R"("origin":"cscli","scenario":"manual","scope":"Ip","type":"ban","value":"192.0.2.20"}])"),
      std::string::npos)
      << list;
  EXPECT_EQ(ask("GET", "/v1/decisions?ip=192.0.2.21").body, "null");
}

TEST_F(Api, ProfilesDecideForAlertsWithoutDecisions) {
  EXPECT_EQ(ask("POST", "/v1/alerts", "[" + posted_now("null") + "]").status, 201);
  EXPECT_TRUE(backend.has("192.0.2.10"));
  EXPECT_NE(ask("GET", "/v1/decisions").body.find(R"("origin":"crowdsec")"), std::string::npos);
}

TEST_F(Api, ABadAlertAmongGoodOnesIsSkippedAndCounted) {
  const Response answer =
      ask("POST", "/v1/alerts",
          "[" + posted_now("null") + ",{\"scenario\":1}," + posted_now("null", "Ip", "192.0.2.11") + "]");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, R"(["1","2"])");
  EXPECT_EQ(metrics.counter("testudo_api_alerts_skipped_total", "").value(), 1u);
  EXPECT_EQ(ask("POST", "/v1/alerts", "[]").body, "[]");
  EXPECT_EQ(ask("POST", "/v1/alerts", "{}").status, 400);
  EXPECT_EQ(ask("POST", "/v1/alerts", "[{").body, R"({"message":"unexpected EOF"})");
}

TEST_F(Api, ABadDecisionByHandIsToldToWhoeverWaitsForIt) {
  const Response answer = ask("POST", "/v1/alerts", "[" + posted_now(by_hand("192.0.2.400")) + "]");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, R"({"code":"bad_input","message":"192.0.2.400 is not a valid address or range"})");
}

TEST_F(Api, AnAllowlistedDecisionIsRefusedWithTheEntryThatWins) {
  ASSERT_EQ(ask("POST", "/v1/testudo/allowlists/office/items",
                R"({"items":[{"value":"192.0.2.0/24","comment":"router"}]})")
                .status,
            200);
  for (const char* query : {"", "?force=true"}) {
    const Response answer =
        ask("POST", std::string("/v1/alerts") + query, "[" + posted_now(by_hand("192.0.2.20")) + "]");
    EXPECT_EQ(answer.status, 409) << query;
    EXPECT_NE(answer.body.find("192.0.2.0/24 from office (router)"), std::string::npos) << answer.body;
    EXPECT_NE(answer.body.find(R"("verdict":"allowlisted")"), std::string::npos) << answer.body;
  }
  EXPECT_FALSE(backend.has("192.0.2.20"));
}

TEST_F(Api, TooWideAPrefixIsRefusedUnlessForced) {
  const Response answer =
      ask("POST", "/v1/alerts",
          "[" + posted_now(by_hand("128.0.0.0/7", "4h", "ban", "Range"), "Range", "128.0.0.0/7") + "]");
  EXPECT_EQ(answer.status, 403);
  EXPECT_NE(answer.body.find("--force"), std::string::npos) << answer.body;
  EXPECT_EQ(ask("POST", "/v1/alerts?force=perhaps", "[]").status, 400);
  EXPECT_EQ(ban("128.0.0.0/7", "Range", "?force=true"), 201);
  EXPECT_TRUE(backend.has("128.0.0.0/7"));
}

TEST_F(Api, ListsAndShowsAlerts) {
  ask("POST", "/v1/alerts", "[" + posted_now("null") + "]");
  ban("192.0.2.20");
  const std::string list = ask("GET", "/v1/alerts").body;
  EXPECT_LT(list.find("\"id\":2"), list.find("\"id\":1,")) << "the newest first";
  EXPECT_TRUE(
      ask("GET", "/v1/alerts?scenario=crowdsecurity/ssh-bf&limit=1").body.starts_with("[{\"capacity\":5"));
  const Response one = ask("GET", "/v1/alerts/1");
  EXPECT_EQ(one.status, 200);
  EXPECT_TRUE(one.body.starts_with("{\"capacity\":5")) << one.body;
  EXPECT_EQ(ask("GET", "/v1/alerts/99").status, 404);
  EXPECT_EQ(ask("GET", "/v1/alerts/99").body, R"({"message":"object not found"})");
  EXPECT_EQ(ask("GET", "/v1/alerts/abc").body, R"({"message":"alert_id must be valid integer"})");
  EXPECT_EQ(ask("GET", "/v1/alerts?nonsense=1").status, 500);
  EXPECT_EQ(ask("GET", "/v1/alerts?created_before=1h").body, "null");
}

TEST_F(Api, HeadHasTheStatusOfGetAndNoBody) {
  for (const char* path : {"/v1/alerts", "/v1/decisions"}) {
    const Response answer = ask("HEAD", path);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.content_type, "text/plain; charset=utf-8");
    EXPECT_EQ(answer.body, "");
  }
  EXPECT_EQ(ask("HEAD", "/v1/alerts/99").status, 404);
}

TEST_F(Api, TheMostSevereDecisionComesFirst) {
  ask("POST", "/v1/alerts", "[" + posted_now(by_hand("192.0.2.20", "9h", "captcha")) + "]");
  ask("POST", "/v1/alerts", "[" + posted_now(by_hand("192.0.2.20", "1h")) + "]");
  ask("POST", "/v1/alerts", "[" + posted_now(by_hand("192.0.2.20", "2h")) + "]");
  const std::string list = ask("GET", "/v1/decisions").body;
  EXPECT_LT(list.find("\"id\":3"), list.find("\"id\":2"));
  EXPECT_LT(list.find("\"id\":2"), list.find("\"id\":1"));
  EXPECT_EQ(ask("GET", "/v1/decisions?limit=1&offset=1").body.find("\"id\":1"), std::string::npos);
  EXPECT_NE(ask("GET", "/v1/decisions?id_gt=2").body.find("\"id\":3"), std::string::npos);
}

TEST_F(Api, DeletesByFilterAndByIdAndCountsInText) {
  ban("192.0.2.20");
  ban("192.0.2.21");
  EXPECT_EQ(ask("DELETE", "/v1/decisions?vlaue=192.0.2.20").status, 500);
  EXPECT_EQ(ask("DELETE", "/v1/decisions?value=192.0.2.99").body, R"({"nbDeleted":"0"})");
  EXPECT_EQ(ask("DELETE", "/v1/decisions?ip=192.0.2.20").body, R"({"nbDeleted":"1"})");
  EXPECT_FALSE(backend.has("192.0.2.20"));
  EXPECT_TRUE(backend.has("192.0.2.21"));
  EXPECT_EQ(ask("DELETE", "/v1/decisions/2").body, R"({"nbDeleted":"1"})");
  EXPECT_FALSE(backend.has("192.0.2.21"));
  EXPECT_EQ(ask("DELETE", "/v1/decisions/2").body, R"({"nbDeleted":"1"})")
      << "one that has ended counts again";
  EXPECT_EQ(ask("DELETE", "/v1/decisions/abc").status, 400);
  EXPECT_EQ(ask("DELETE", "/v1/decisions/99").status, 404);
}

TEST_F(Api, AllowlistsAreMadeFilledCheckedAndRemoved) {
  ban("192.0.2.20");
  EXPECT_EQ(ask("POST", "/v1/testudo/allowlists", R"({"name":"office","description":"desks"})").status, 201);
  EXPECT_EQ(ask("POST", "/v1/testudo/allowlists", R"({"name":"office","description":"desks"})").status, 409);
  EXPECT_EQ(ask("POST", "/v1/testudo/allowlists/office/items",
                R"({"items":[{"value":"192.0.2.0/24","comment":"router"}]})")
                .body,
            R"({"nbAdded":"1","nbDeleted":"1"})");
  EXPECT_FALSE(backend.has("192.0.2.20")) << "what is in force ends at once";
  const std::string hit = R"j({"allowlisted":true,"reason":"192.0.2.0/24 from office (router)"})j";
  EXPECT_EQ(ask("GET", "/v1/allowlists/check/192.0.2.7").body, hit);
  EXPECT_EQ(ask("GET", "/v1/allowlists/check/192.0.0.0%2F16").body, hit);
  EXPECT_EQ(ask("GET", "/v1/allowlists/check/198.51.100.1").body, "{}");
  EXPECT_EQ(ask("HEAD", "/v1/allowlists/check/192.0.2.7").status, 200);
  EXPECT_EQ(ask("HEAD", "/v1/allowlists/check/198.51.100.1").status, 204);
  EXPECT_EQ(ask("POST", "/v1/allowlists/check", R"({"targets": ["192.0.2.7", "198.51.100.1"]})").body,
            R"j({"results":[{"allowlists":["192.0.2.0/24 from office (router)"],"target":"192.0.2.7"}]})j");
  EXPECT_EQ(ask("POST", "/v1/allowlists/check", R"({"targets": []})").body,
            R"({"message":"targets list cannot be empty"})");
  EXPECT_NE(ask("GET", "/v1/allowlists/office?with_content=true").body.find(R"("value":"192.0.2.0/24")"),
            std::string::npos);
  EXPECT_EQ(ask("GET", "/v1/allowlists/nope").status, 404);
  EXPECT_EQ(ask("DELETE", "/v1/testudo/allowlists/office/items", R"({"values":["192.0.2.0/24"]})").body,
            R"({"nbDeleted":"1"})");
  EXPECT_EQ(ask("GET", "/v1/allowlists/check/192.0.2.7").body, "{}");
  EXPECT_EQ(ask("DELETE", "/v1/testudo/allowlists/office").status, 204);
  EXPECT_EQ(ask("DELETE", "/v1/testudo/allowlists/office").status, 404);
}

TEST_F(Api, WhyTellsTheBanTheAlertAndWhatTheKernelHolds) {
  ask("POST", "/v1/alerts", "[" + posted_now("null") + "]");
  const std::string why = ask("GET", "/v1/testudo/why/192.0.2.10").body;
  for (const char* part : {R"("banned":true)", R"("address":"192.0.2.10")",
                           R"("scenario":"crowdsecurity/ssh-bf")", R"("remediation":"ban")"})
    EXPECT_NE(why.find(part), std::string::npos) << part << "\n" << why;
  EXPECT_EQ(ask("GET", "/v1/testudo/why/x").status, 400);
}

TEST_F(Api, ParamsGoInAndOutAndWrongOnesAreRefusedByName) {
  const auto post = [&](const std::string& params) {
    std::string decision = by_hand("192.0.2.30", "4h", "throttle");
    decision.insert(decision.find("\"origin\""), "\"params\":" + params + ",");
    return ask("POST", "/v1/alerts", "[" + posted_now(decision, "Ip", "192.0.2.30") + "]");
  };
  const auto refused = post(R"({"rate":"fast"})");
  EXPECT_EQ(refused.status, 403) << refused.body;
  EXPECT_NE(refused.body.find("rate: not a rate"), std::string::npos) << refused.body;
  EXPECT_EQ(post(R"({"rate":"100/s","bits":20})").status, 201);
  const std::string listed = ask("GET", "/v1/decisions?ip=192.0.2.30").body;
  EXPECT_NE(listed.find(R"("params":{"rate":"100/s","bits":20})"), std::string::npos) << listed;
}

TEST_F(Api, ACountryIsToldWithItsPlaceInTheKernel) {
  const std::string country = by_hand("XX", "4h", "ban", "Country");
  EXPECT_EQ(ask("POST", "/v1/alerts", "[" + posted_now(country, "Country", "XX") + "]").status, 201);
  const std::string scopes = ask("GET", "/v1/testudo/scopes").body;
  EXPECT_NE(scopes.find(R"("problem":"no database for Country")"), std::string::npos) << scopes;
}

TEST_F(Api, FlushEndsEverything) {
  ban("192.0.2.20");
  EXPECT_EQ(ask("POST", "/v1/testudo/flush").body, R"({"nbDeleted":"1"})");
  EXPECT_FALSE(backend.has("192.0.2.20"));
  EXPECT_EQ(ask("GET", "/v1/decisions").body, "null");
}

TEST_F(Api, FlushingTheKernelAloneLeavesTheDecisions) {
  ban("192.0.2.20");
  EXPECT_EQ(ask("POST", "/v1/testudo/kernel/flush").status, 204);
  EXPECT_FALSE(backend.has("192.0.2.20"));
  EXPECT_NE(ask("GET", "/v1/decisions").body, "null");
}

TEST_F(Api, KernelStatusReloadAndMetricsAnswer) {
  ban("192.0.2.20");
  EXPECT_NE(ask("GET", "/v1/testudo/kernel").body.find(R"("value":"192.0.2.20")"), std::string::npos);
  EXPECT_NE(ask("GET", "/v1/testudo/kernel?address=192.0.2.21").body.find(R"("entries":[])"),
            std::string::npos);
  EXPECT_EQ(ask("GET", "/v1/testudo/kernel?limit=x").status, 400);
  EXPECT_EQ(ask("GET", "/v1/testudo/status").body, R"({"protected":true})");
  EXPECT_EQ(ask("POST", "/v1/testudo/reload").status, 200);
  reload_fails = true;
  const Response failed = ask("POST", "/v1/testudo/reload");
  EXPECT_EQ(failed.status, 422);
  EXPECT_EQ(
      failed.body,
      R"({"code":"bad_config","message":"unknown key","remedy":"did you mean api?","where":"/etc/testudo/testudo.yaml:3:1"})");
  const std::string text = ask("GET", "/v1/testudo/metrics").body;
  EXPECT_NE(text.find(R"(cs_info{version="1.2.3"} 1)"), std::string::npos);
  EXPECT_NE(text.find(R"(cs_lapi_route_requests_total{route="/v1/alerts",method="POST"} 1)"),
            std::string::npos)
      << text;
}

TEST_F(Api, StrangersOnTcpSeeHealthAndNothingElse) {
  const std::string end = " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  EXPECT_TRUE(by_tcp("GET /health" + end).ends_with(R"({"status":"up"})"));
  for (const Route& route : all_routes()) {
    if (route.pattern == "/health") continue;
    const std::string answer = by_tcp(std::string(route.method) + " " + std::string(route.pattern) + end);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 ") && answer.ends_with(R"({"message":"access forbidden"})"))
        << answer;
  }
  EXPECT_TRUE(by_tcp("GET /v1/nope" + end).starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(by_tcp("PUT /v1/decisions" + end).starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(by_tcp("POST /v1/alerts HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n")
                  .starts_with("HTTP/1.1 403 "))
      << "refused before the body is read";
}

TEST_F(Api, ATrailingSlashIsRedirectedAsRecorded) {
  const Response answer = ask("GET", "/v1/decisions/");
  EXPECT_EQ(answer.status, 301);
  EXPECT_EQ(answer.body, "<a href=\"/v1/decisions\">Moved Permanently</a>.\n\n");
}

}  // namespace
}  // namespace testudo
