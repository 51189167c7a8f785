// What params say to the kernel, and which of two decisions is stronger.
#include "decide/coverage.h"
#include "decide/effect.h"
#include "support.h"

namespace testudo {
namespace {

using Unit = Terms::Unit;

struct Good {
  const char* sentence;
  const char* params;
  Terms terms;
};

Terms terms(uint64_t rate, Unit unit = Unit::packets, uint64_t burst = 0) {
  Terms out;
  out.rate = rate;
  out.unit = unit;
  out.burst = burst;
  return out;
}
Terms narrow(uint8_t protocol, uint16_t first = 0, uint16_t last = 0, bool outgoing = false) {
  Terms out;
  out.protocol = protocol;
  out.port_first = first;
  out.port_last = last;
  out.outgoing = outgoing;
  return out;
}
Terms sample(uint32_t n) {
  Terms out;
  out.sample = n;
  return out;
}

TEST(ReadTerms, ReadsWhatIsMeant) {
  const Good rows[] = {
      {"no params", "", {}},
      {"an empty object", "{}", {}},
      {"packets a second", R"({"rate":"100/s"})", terms(100)},
      {"packets, said", R"({"rate":"100p/s"})", terms(100)},
      {"a minute", R"({"rate":"6000/m"})", terms(100)},
      {"rounded up to whole packets a second", R"({"rate":"100/m"})", terms(2)},
      {"blanks", R"({"rate":" 7200 p / h "})", terms(2)},
      {"bytes", R"({"rate":"2MB/s"})", terms(2'000'000, Unit::bytes)},
      {"bytes in powers of two", R"({"rate":"1.5MiB/s"})", terms(1'572'864, Unit::bytes)},
      {"bits", R"({"rate":"8Mbit/s"})", terms(1'000'000, Unit::bytes)},
      {"less than a packet a second of bytes lets one packet through", R"({"rate":"64B/s"})",
       terms(64, Unit::bytes, 1514)},
      {"requests are for web bouncers", R"({"rate":"10r/m"})", {}},
      {"a burst", R"({"rate":"100/s","burst":200})", terms(100, Unit::packets, 200)},
      {"a burst as a text", R"({"rate":"100/s","burst":"200"})", terms(100, Unit::packets, 200)},
      {"a protocol", R"({"protocol":"tcp"})", narrow(6)},
      {"a protocol in capitals", R"({"protocol":"UDP"})", narrow(17)},
      {"a protocol by number", R"({"protocol":89})", narrow(89)},
      {"any protocol", R"({"protocol":"any"})", {}},
      {"a port", R"({"protocol":"tcp","ports":"22"})", narrow(6, 22, 22)},
      {"a port as a number", R"({"ports":22})", narrow(0, 22, 22)},
      {"ports", R"({"protocol":"udp","ports":"8000-8100"})", narrow(17, 8000, 8100)},
      {"the last port there is", R"({"ports":"65535"})", narrow(0, 65535, 65535)},
      {"both directions", R"({"direction":"both"})", narrow(0, 0, 0, true)},
      {"one direction", R"({"direction":"in"})", {}},
      {"a sample", R"({"sample":100})", sample(100)},
      {"keys of other bouncers", R"({"bits":20,"provider":{"name":["x"]},"level":"high"})", {}},
      {"null is absent", R"({"rate":null,"ports":null})", {}},
  };
  for (const Good& row : rows) {
    const auto read = read_terms(row.params);
    ASSERT_TRUE(read.ok()) << row.sentence << ": " << read.error().text();
    EXPECT_EQ(*read, row.terms) << row.sentence;
  }
}

TEST(ReadTerms, TermsOfTheKernelBecomeParamsThatReadTheSame) {
  Terms all = terms(1'000'000, Unit::bytes, 5000);
  all.protocol = 6;
  all.port_first = 1;
  all.port_last = 1024;
  all.outgoing = true;
  all.sample = 7;
  for (const Terms& one :
       {Terms(), terms(100), terms(100, Unit::packets, 20), narrow(17, 53, 53), sample(3), all})
    EXPECT_EQ(*read_terms(params_of(one)), one) << params_of(one);
  EXPECT_EQ(params_of(Terms()), "");
}

TEST(ReadTerms, AWrongValueIsAnErrorThatNamesItsKey) {
  const struct {
    std::string params;
    const char* key;
  } rows[] = {
      {R"({"rate":"fast"})", "rate"},
      {R"({"rate":"100"})", "rate"},
      {R"({"rate":100})", "rate"},
      {R"({"rate":"/s"})", "rate"},
      {R"({"rate":"100/fortnight"})", "rate"},
      {R"({"rate":"100 lines/s"})", "rate"},
      {R"({"rate":"1.2.3/s"})", "rate"},
      {R"({"rate":"-5/s"})", "rate"},
      {R"({"rate":"0/s"})", "rate"},
      {R"({"rate":"10/m"})", "rate"},
      {R"({"rate":"99999999999999999999999/s"})", "rate"},
      {R"({"rate":"1e400/s"})", "rate"},
      {R"({"burst":0})", "burst"},
      {R"({"burst":-1})", "burst"},
      {R"({"burst":1.5})", "burst"},
      {R"({"burst":99999999999999})", "burst"},
      {R"({"rate":"1MB/s","burst":100})", "burst"},
      {R"({"protocol":"smtp"})", "protocol"},
      {R"({"protocol":256})", "protocol"},
      {R"({"protocol":[6]})", "protocol"},
      {R"({"ports":"0"})", "ports"},
      {R"({"ports":"22,80"})", "ports"},
      {R"({"ports":"80-22"})", "ports"},
      {R"({"ports":"1-65536"})", "ports"},
      {R"({"ports":"-"})", "ports"},
      {R"({"protocol":"icmp","ports":"22"})", "ports"},
      {R"({"direction":"out"})", "direction"},
      {R"({"sample":0})", "sample"},
      {R"({"sample":"often"})", "sample"},
      {R"({"reject":"yes"})", "reject"},
      {"[1]", "params"},
      {"{", "params"},
      {"{\"a\":" + std::string(64, '[') + std::string(64, ']') + "}", "params"},
      {"{\"a\":\"" + std::string(kLongestParams, 'x') + "\"}", "params"},
  };
  for (const auto& row : rows) {
    const auto read = read_params(row.params);
    ASSERT_FALSE(read.ok()) << row.params;
    EXPECT_EQ(read.error().code, Code::bad_input) << row.params;
    EXPECT_TRUE(read.error().message.starts_with(std::string(row.key) + ":"))
        << row.params << " → " << read.error().message;
  }
}

TEST(EffectOf, IsWhatTheKernelDoes) {
  const struct {
    const char* sentence;
    const char* type;
    const char* params;
    bool simulated;
    Remediation remediation;
  } rows[] = {
      {"a ban", "ban", "", false, Remediation::ban},
      {"a ban that answers", "ban", R"({"reject":true})", false, Remediation::reset},
      {"a ban that does not answer", "ban", R"({"reject":false})", false, Remediation::ban},
      {"rejecting belongs to bans", "throttle", R"({"reject":true})", false, Remediation::throttle},
      {"a throttle of requests", "throttle", R"({"rate":"10r/m"})", false, Remediation::none},
      {"notify is a sample", "notify", "", false, Remediation::sample},
      {"a simulated ban", "ban", "", true, Remediation::log_only},
      {"a simulated ban that would answer", "ban", R"({"reject":true})", true, Remediation::log_only},
      {"a simulated throttle", "throttle", "", true, Remediation::none},
      {"what the kernel does not know", "mfa", "", false, Remediation::none},
  };
  for (const auto& row : rows) {
    const auto effect = effect_of(row.type, row.params, row.simulated);
    ASSERT_TRUE(effect.ok()) << row.sentence;
    EXPECT_EQ(effect->remediation, row.remediation) << row.sentence;
    EXPECT_EQ(effect->rank > 0, row.remediation != Remediation::none) << row.sentence;
  }
  EXPECT_EQ(effect_of("throttle", "", false)->terms.rate, kUsualRate);
}

TEST(EffectOf, IsOrderedBySeverityThenWidthThenTightness) {
  const struct {
    const char* type;
    const char* params;
    bool simulated;
  } strongest_first[] = {
      {"ban", R"({"direction":"both"})", false},
      {"ban", "", false},
      {"ban", R"({"protocol":"tcp"})", false},
      {"ban", R"({"protocol":"tcp","ports":"22"})", false},
      {"ban", R"({"reject":true})", false},
      {"captcha", "", false},
      {"throttle", R"({"rate":"10/s"})", false},
      {"throttle", R"({"rate":"1000/s"})", false},
      {"throttle", R"({"rate":"10/s","ports":"80"})", false},
      {"sample", "", false},
      {"log-only", "", false},
      {"ban", "", true},
  };
  for (size_t i = 0; i < std::size(strongest_first); ++i)
    for (size_t j = 0; j < std::size(strongest_first); ++j) {
      const auto &a = strongest_first[i], &b = strongest_first[j];
      EXPECT_EQ(
          stronger(*effect_of(a.type, a.params, a.simulated), *effect_of(b.type, b.params, b.simulated)),
          i < j)
          << a.type << a.params << " and " << b.type << b.params;
    }
}

TEST(Terms, ReachBeyondWhatTheyDoNotShare) {
  const struct {
    const char* sentence;
    Terms a, b;
    bool beyond;
  } rows[] = {
      {"the same", narrow(6, 22, 22), narrow(6, 22, 22), false},
      {"one port inside many", narrow(6, 22, 22), narrow(6, 1, 1024), false},
      {"many ports around one", narrow(6, 1, 1024), narrow(6, 22, 22), true},
      {"another port", narrow(6, 80, 80), narrow(6, 22, 22), true},
      {"another protocol", narrow(17), narrow(6), true},
      {"any protocol beyond one", {}, narrow(6), true},
      {"one protocol inside any", narrow(6), {}, false},
      {"a port of tcp inside that port of any", narrow(6, 22, 22), narrow(0, 22, 22), false},
      {"both ways beyond one", narrow(0, 0, 0, true), {}, true},
      {"one way inside both", {}, narrow(0, 0, 0, true), false},
  };
  for (const auto& row : rows) EXPECT_EQ(reaches_beyond(row.a, row.b), row.beyond) << row.sentence;
}

TEST(Coverage, CountsEachAddressOnce) {
  const auto count = [](std::vector<const char*> first, std::vector<const char*> second) {
    std::vector<Prefix> a, b;
    for (const char* text : first) a.push_back(prefix(text));
    for (const char* text : second) b.push_back(prefix(text));
    return union4({&a, &b});
  };
  EXPECT_EQ(count({}, {}), 0u);
  EXPECT_EQ(count({"192.0.2.0/24"}, {"198.51.100.0/24"}), 512u);
  EXPECT_EQ(count({"192.0.2.0/24"}, {"192.0.2.0/25", "192.0.2.7"}), 256u);
  EXPECT_EQ(count({"192.0.2.0/25", "192.0.2.128/25"}, {"192.0.2.0/24"}), 256u);
  EXPECT_EQ(count({"255.255.255.255"}, {"0.0.0.0"}), 2u);
  EXPECT_EQ(count({"0.0.0.0/0"}, {"10.0.0.0/8", "2001:db8::/32"}), kAllOfIpv4);
}

}  // namespace
}  // namespace testudo
