// Names that CrowdSec's content may use and that this program does not have: refused by name, with the
// reason, when an expression is compiled. `call` is null.
#include "expr/classes.h"
#include "expr/helpers.h"
#include "expr/text_tools.h"

namespace testudo::expr {
namespace {

constexpr std::string_view kOutside =
    "it asks another machine, which detection never does; use a blocklist or a decision import instead";
constexpr std::string_view kEnricher =
    "it opens a database in the middle of an expression; use the methods GeoIpCity, GeoIpASN and IpToRange "
    "of a "
    "parser's statics and read evt.Enriched";
constexpr std::string_view kInjection =
    "libinjection is not in this program; list the patterns in a data file and use RegexpInFile";

// The hub's alert contexts write JA4H(req). A request of the application firewall is always empty here
// (absent.h), and an empty request has no fingerprint.
bool ja4h(const void*, Context& c, const Value* a, size_t, Value& out) {
  if (a[0].kind != Value::Kind::object || ClassId(a[0].class_id) != ClassId::request)
    return fail(c, {"JA4H needs req"});
  out = Value::of(std::string_view());
  return true;
}

Helper refused(std::string_view name, std::string_view why) {
  Helper row;
  row.name = name;
  row.summary = why;
  row.params = {Type::unknown};
  row.variadic = true;
  return row;
}

}  // namespace

void add_absent_helpers(HelperTable& table) {
  for (const std::string_view name : {"CrowdsecCTI", "HTTPGet", "HTTPHead", "HTTPPost", "HTTPRequest"})
    table.push_back(refused(name, kOutside));
  for (const std::string_view name : {"GeoIPEnrich", "GeoIPASNEnrich", "GeoIPRangeEnrich", "IPToCountry"})
    table.push_back(refused(name, kEnricher));
  table.push_back({"JA4H",
                   "fingerprint of the application firewall's request; there is none: empty",
                   {Type::unknown},
                   false,
                   Type::string,
                   true,
                   ja4h});
  for (const std::string_view name : {"LibInjectionIsSQLI", "LibInjectionIsXSS"})
    table.push_back(refused(name, kInjection));
  table.push_back(refused("MatchKnownBot",
                          "lists of bots are not supported; list their addresses in a data file and use "
                          "any(File('bots.txt'), {IpInRange(evt.Meta.source_ip, #)})"));
}

}  // namespace testudo::expr
