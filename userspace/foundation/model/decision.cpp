#include "model/decision.h"

#include "base/text.h"

namespace testudo {

const char* remediation_name(Remediation remediation) {
  switch (remediation) {
    case Remediation::none:
      return "none";
    case Remediation::ban:
      return "ban";
    case Remediation::throttle:
      return "throttle";
    case Remediation::captcha:
      return "captcha";
    case Remediation::log_only:
      return "log-only";
    case Remediation::sample:
      return "sample";
    case Remediation::reset:
      return "reset";
  }
  return "none";
}

Remediation remediation_of(std::string_view type) {
  if (type == "ban") return Remediation::ban;
  if (type == "throttle") return Remediation::throttle;
  if (type == "captcha") return Remediation::captcha;
  if (type == "log-only") return Remediation::log_only;
  if (type == "sample" || type == "notify") return Remediation::sample;
  if (type == "reset") return Remediation::reset;
  return Remediation::none;
}

std::string normalize_scope(std::string_view scope) {
  const std::string lower = lower_ascii(scope);
  if (lower == "ip") return "Ip";
  if (lower == "range") return "Range";
  if (lower == "as") return "AS";
  if (lower == "country") return "Country";
  return std::string(scope);
}

}  // namespace testudo
