#include "decide/terms.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/text.h"

namespace testudo {

namespace {

namespace json = boost::json;

constexpr uint64_t kMost = 1'000'000'000'000;  // of rates and bursts: a terabyte, or as many packets
constexpr uint64_t kMostSample = 1'000'000'000;
constexpr uint64_t kFullFrame = 1514;  // a bucket of bytes that holds less passes nothing that is large

struct Named {
  std::string_view name;
  uint8_t number;
};
constexpr Named kProtocols[] = {{"any", 0},  {"icmp", 1},    {"tcp", 6},        {"udp", 17},  {"gre", 47},
                                {"esp", 50}, {"icmpv6", 58}, {"ipv6-icmp", 58}, {"sctp", 132}};
constexpr uint8_t kTcp = 6, kUdp = 17, kSctp = 132;

struct Scale {
  std::string_view name;
  enum class What : uint8_t { packets, bytes, requests } what;
  double factor;
};
constexpr Scale kUnits[] = {
    {"", Scale::What::packets, 1},          {"p", Scale::What::packets, 1},
    {"packets", Scale::What::packets, 1},   {"r", Scale::What::requests, 1},
    {"requests", Scale::What::requests, 1}, {"B", Scale::What::bytes, 1},
    {"kB", Scale::What::bytes, 1e3},        {"MB", Scale::What::bytes, 1e6},
    {"GB", Scale::What::bytes, 1e9},        {"KiB", Scale::What::bytes, 1024},
    {"MiB", Scale::What::bytes, 1048576},   {"GiB", Scale::What::bytes, 1073741824},
    {"bit", Scale::What::bytes, 0.125},     {"kbit", Scale::What::bytes, 125},
    {"Mbit", Scale::What::bytes, 125e3},    {"Gbit", Scale::What::bytes, 125e6},
};
struct Span {
  std::string_view name;
  double seconds;
};
constexpr Span kSpans[] = {{"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}, {"d", 86400}};

Error bad(std::string_view key, const std::string& what, std::string remedy = {}) {
  return Error{Code::bad_input, fmt::format("{}: {}", key, what), {}, std::move(remedy)};
}

std::string shown(const json::value& value) {
  return escape_for_terminal(json::serialize(value).substr(0, 60));
}

template <typename T>
std::optional<T> number_of(std::string_view text) {
  T number{};
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || err != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string_view text_of(const json::string& text) { return {text.data(), text.size()}; }

/// A whole number, also where it stands as a text ("200").
std::optional<uint64_t> whole(const json::value& value) {
  if (value.is_string()) return number_of<uint64_t>(text_of(value.get_string()));
  if (value.is_int64() && value.get_int64() >= 0) return uint64_t(value.get_int64());
  if (value.is_uint64()) return value.get_uint64();
  return std::nullopt;
}

Result<void> read_rate(const json::value& value, KernelParams& out) {
  constexpr const char* kHow = "as in 100/s, 6000/m or 2MB/s";
  if (!value.is_string()) return bad("rate", "not a rate: " + shown(value), kHow);
  const std::string_view text = trim(text_of(value.get_string()));
  const Error wrong = bad("rate", "not a rate: " + shown(value), kHow);
  const size_t slash = text.find('/'), unit_at = text.find_first_not_of("0123456789.");
  if (slash == std::string_view::npos || unit_at == std::string_view::npos || unit_at > slash) return wrong;
  const auto number = number_of<double>(text.substr(0, unit_at));
  const std::string_view unit = trim(text.substr(unit_at, slash - unit_at)),
                         span = trim(text.substr(slash + 1));
  const Scale* scale = nullptr;
  for (const Scale& one : kUnits)
    if (one.name == unit) scale = &one;
  const Span* per = nullptr;
  for (const Span& one : kSpans)
    if (one.name == span) per = &one;
  if (!number || !std::isfinite(*number) || scale == nullptr || per == nullptr) return wrong;
  out.rate_given = true;
  if (*number <= 0) return bad("rate", "must be more than 0", "what lets nothing through is a ban");
  if (scale->what == Scale::What::requests) {
    out.in_requests = true;
    return {};
  }
  const double rate = *number * scale->factor / per->seconds;
  if (rate < 1)
    return bad("rate",
               fmt::format("{} is less than one a second, which the kernel cannot keep", shown(value)),
               "1/s or more, or a ban");
  if (rate > double(kMost)) return bad("rate", "larger than 10^12 a second: " + shown(value));
  out.terms.unit = scale->what == Scale::What::bytes ? Terms::Unit::bytes : Terms::Unit::packets;
  out.terms.rate = uint64_t(std::ceil(rate));
  return {};
}

Result<void> read_burst(const json::value& value, KernelParams& out) {
  const auto burst = whole(value);
  if (!burst || *burst == 0 || *burst > kMost)
    return bad("burst", "a whole number from 1 to 10^12, not " + shown(value), "in the unit of the rate");
  out.terms.burst = *burst;
  return {};
}

Result<void> read_protocol(const json::value& value, KernelParams& out) {
  if (value.is_string()) {
    const std::string name = lower_ascii(text_of(value.get_string()));
    for (const Named& protocol : kProtocols)
      if (protocol.name == name) {
        out.terms.protocol = protocol.number;
        return {};
      }
  }
  const auto number = whole(value);
  if (!number || *number > 255)
    return bad("protocol", "unknown: " + shown(value),
               "tcp, udp, sctp, icmp, icmpv6, gre, esp, any or a number");
  out.terms.protocol = uint8_t(*number);
  return {};
}

Result<void> read_ports(const json::value& value, KernelParams& out) {
  const Error wrong = bad("ports", "a port or a range of them, not " + shown(value), "as in 22 or 8000-8100");
  std::optional<uint64_t> first = whole(value), last = first;
  if (!first && value.is_string()) {
    const std::string_view text = text_of(value.get_string());
    const size_t dash = text.find('-');
    if (dash == std::string_view::npos) return wrong;
    first = number_of<uint64_t>(text.substr(0, dash));
    last = number_of<uint64_t>(text.substr(dash + 1));
  }
  if (!first || !last || *first == 0 || *last > 65535 || *first > *last) return wrong;
  out.terms.port_first = uint16_t(*first);
  out.terms.port_last = uint16_t(*last);
  return {};
}

Result<void> read_direction(const json::value& value, KernelParams& out) {
  const std::string_view text = value.is_string() ? text_of(value.get_string()) : std::string_view();
  if (text != "in" && text != "incoming" && text != "both")
    return bad("direction", "in or both, not " + shown(value), "both needs enforce.outgoing");
  out.terms.outgoing = text == "both";
  return {};
}

Result<void> read_sample(const json::value& value, KernelParams& out) {
  const auto sample = whole(value);
  if (!sample || *sample == 0 || *sample > kMostSample)
    return bad("sample", "a whole number from 1 to 10^9, not " + shown(value),
               "100 tells one packet in a hundred");
  out.terms.sample = uint32_t(*sample);
  return {};
}

Result<void> read_flag(std::string_view key, const json::value& value, bool& flag) {
  if (!value.is_bool()) return bad(key, "true or false, not " + shown(value));
  flag = value.get_bool();
  return {};
}

Result<void> read_reject(const json::value& value, KernelParams& out) {
  return read_flag("reject", value, out.reject);
}
Result<void> read_force(const json::value& value, KernelParams& out) {
  return read_flag("force", value, out.forced);
}

struct Key {
  std::string_view name;
  Result<void> (*read)(const json::value& value, KernelParams& out);
};
constexpr Key kKeys[] = {{"rate", read_rate},     {"burst", read_burst},   {"protocol", read_protocol},
                         {"ports", read_ports},   {"sample", read_sample}, {"direction", read_direction},
                         {"reject", read_reject}, {"force", read_force}};

Result<json::object> object_of(std::string_view params) {
  if (params.size() > kLongestParams)
    return bad("params", fmt::format("{} bytes, at most {} are taken", params.size(), kLongestParams));
  json::parse_options options;
  options.max_depth = 8;
  json::error_code error;
  json::value document = json::parse(json::string_view(params.data(), params.size()), error, {}, options);
  if (error) return bad("params", "not valid JSON: " + error.message());
  if (!document.is_object())
    return bad("params", "must be an object, not " + shown(document), R"(as in {"rate": "100/s"})");
  return std::move(document.get_object());
}

/// What only several keys together say.
Result<void> check(KernelParams& out) {
  Terms& terms = out.terms;
  if (terms.port_last != 0 && terms.protocol != 0 && terms.protocol != kTcp && terms.protocol != kUdp &&
      terms.protocol != kSctp)
    return bad("ports", "only tcp, udp and sctp have ports", "leave ports or protocol out");
  if (terms.unit != Terms::Unit::bytes) return {};
  if (terms.burst != 0 && terms.burst < kFullFrame)
    return bad("burst", fmt::format("{} bytes are less than one full packet", terms.burst), "1514 or more");
  if (terms.burst == 0 && terms.rate < kFullFrame) terms.burst = kFullFrame;
  return {};
}

}  // namespace

Result<KernelParams> read_params(std::string_view params) {
  KernelParams out;
  if (params.empty()) return out;
  TESTUDO_TRY(const json::object object, object_of(params));
  for (const Key& key : kKeys) {
    const json::value* value = object.if_contains(json::string_view(key.name.data(), key.name.size()));
    if (value != nullptr && !value->is_null()) TESTUDO_CHECK(key.read(*value, out));
  }
  TESTUDO_CHECK(check(out));
  return out;
}

std::string with_force(const std::string& params, bool force) {
  auto object = params.empty() ? Result<json::object>(json::object()) : object_of(params);
  if (!object || object->contains("force") == force) return params;
  if (force)
    object->emplace("force", true);
  else
    object->erase("force");
  return object->empty() ? std::string() : json::serialize(*object);
}
std::string params_of(const Terms& terms) {
  if (terms == Terms()) return {};
  json::object out;
  if (terms.rate != 0)
    out["rate"] = fmt::format("{}{}/s", terms.rate, terms.unit == Terms::Unit::bytes ? "B" : "");
  if (terms.burst != 0) out["burst"] = terms.burst;
  if (terms.protocol != 0) out["protocol"] = terms.protocol;
  if (terms.port_last != 0) out["ports"] = fmt::format("{}-{}", terms.port_first, terms.port_last);
  if (terms.outgoing) out["direction"] = "both";
  if (terms.sample != 0) out["sample"] = terms.sample;
  return json::serialize(out);
}

Result<Terms> read_terms(std::string_view params) {
  TESTUDO_TRY(const KernelParams read, read_params(params));
  return read.terms;
}

std::string terms_text(const Terms& terms) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " ") + part; };
  if (terms.rate != 0) add(fmt::format("{}{}/s", terms.rate, terms.unit == Terms::Unit::bytes ? "B" : ""));
  if (terms.protocol != 0) {
    std::string name = fmt::format("protocol {}", terms.protocol);
    for (const Named& protocol : kProtocols)
      if (protocol.number == terms.protocol) {
        name = protocol.name;
        break;
      }
    add(name);
  }
  if (terms.port_last != 0)
    add(terms.port_first == terms.port_last ? fmt::format("port {}", terms.port_first)
                                            : fmt::format("ports {}-{}", terms.port_first, terms.port_last));
  if (terms.outgoing) add("both ways");
  return text;
}

}  // namespace testudo
