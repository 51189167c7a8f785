#include "expr/absent.h"

namespace testudo::expr {
namespace {

void no(Machine&, const void*, Value& out) { out = Value::of(false); }
void empty_text(Machine&, const void*, Value& out) { out = Value::of(std::string_view()); }
void empty_list(Machine& m, const void*, Value& out) { make_array(m, nullptr, 0, ClassId::none, out); }
void empty_map(Machine& m, const void*, Value& out) { make_map(m, nullptr, 0, ClassId::none, out); }

bool call_text(Machine&, const Value&, const Value*, Value& out) {
  out = Value::of(std::string_view());
  return true;
}
bool call_list(Machine& m, const Value&, const Value*, Value& out) {
  return make_array(m, nullptr, 0, ClassId::none, out);
}
bool call_zero(Machine&, const Value&, const Value*, Value& out) {
  out = Value::of(int64_t{0});
  return true;
}

const Member appsec[] = {
    {"HasInBandMatches", kBoolean, no}, {"HasOutBandMatches", kBoolean, no},
    {"HasRCEMatches", kBoolean, no},    {"MatchedRules", kArray, empty_list},
    {"Vars", kMap, empty_map},
};
const Method appsec_calls[] = {
    {"GetName", {}, kString, call_text},
    {"GetVar", {Type::string}, kString, call_text},
    {"GetVars", {Type::string}, kArray, call_list},
    {"GetRuleIDs", {}, kArray, call_list},
    {"GetField", {Type::string}, kArray, call_list},
    {"GetMethod", {}, kString, call_text},
    {"GetURI", {}, kString, call_text},
    {"GetHash", {}, kString, call_text},
    {"GetVersion", {}, kString, call_text},
    {"Kinds", {}, kArray, call_list},
    {"Count", {}, kInteger, call_zero},
};
const Member request[] = {
    {"Method", kString, empty_text},     {"Host", kString, empty_text},       {"Proto", kString, empty_text},
    {"RemoteAddr", kString, empty_text}, {"RequestURI", kString, empty_text}, {"Header", kMap, empty_map},
};
const Method request_calls[] = {
    {"UserAgent", {}, kString, call_text},
    {"Referer", {}, kString, call_text},
};

}  // namespace

std::span<const Member> appsec_members() { return appsec; }
std::span<const Method> appsec_methods() { return appsec_calls; }
std::span<const Member> request_members() { return request; }
std::span<const Method> request_methods() { return request_calls; }

}  // namespace testudo::expr
