#include "decision_view.h"

#include <charconv>

#include "decide/terms.h"
#include "model/decision.h"

namespace testudo::cli {

namespace {

std::string params_of(const json::value& decision) {
  const json::value* params = decision.is_object() ? decision.as_object().if_contains("params") : nullptr;
  return params != nullptr && params->is_object() ? json::serialize(*params) : std::string();
}

}  // namespace

std::string shown_terms(const json::value& decision) {
  const auto params = read_params(params_of(decision));
  if (!params) return {};
  std::string shown = terms_text(params->terms);
  if (params->reject) shown += shown.empty() ? "reset" : " reset";
  return shown.empty() ? shown : "(" + shown + ")";
}

Result<DecisionView> DecisionView::read(const Args& args) {
  DecisionView out;
  out.value_ = args.text("value");
  out.scope_ = args.has("scope") ? normalize_scope(args.text("scope")) : "";
  out.type_ = args.text("type");
  out.origin_ = args.text("origin");
  out.scenario_ = args.text("scenario");
  out.simulated_ = !args.flag("no-simu");
  out.contained_ = args.flag("contained");
  for (const char* name : {"ip", "range"}) {
    if (!args.has(name)) continue;
    out.range_ = Prefix::parse(args.text(name));
    if (!out.range_) return Error{Code::bad_input, args.text(name) + " is not an address or a range"};
    if (out.range_->is_host()) out.range_ = Prefix::host(out.range_->ip.unmapped());
  }
  if (out.contained_ && !out.range_) return Error{Code::bad_input, "--contained needs --ip or --range"};
  if (args.has("limit")) {
    const std::string text = args.text("limit");
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out.limit_);
    if (ec != std::errc() || end != text.data() + text.size())
      return Error{Code::bad_input, "--limit takes a number, 0 for all, not '" + text + "'"};
  }
  if (args.flag("all")) out.limit_ = 0;
  return out;
}

std::string DecisionView::server_limit() const {
  const bool narrowed = !value_.empty() || !scope_.empty() || !type_.empty() || !origin_.empty() ||
                        !scenario_.empty() || range_ || !simulated_;
  return narrowed ? "0" : std::to_string(limit_);
}

bool DecisionView::fits(const json::value& d) const {
  if (text(d, "duration").starts_with('-')) return false;  // over: the alert has another one that is not
  if (!simulated_ && text(d, "simulated") == "true") return false;
  const auto differs = [&](const std::string& wanted, const char* key) {
    return !wanted.empty() && text(d, key) != wanted;
  };
  if (differs(value_, "value") || differs(scope_, "scope") || differs(type_, "type") ||
      differs(origin_, "origin") || differs(scenario_, "scenario"))
    return false;
  if (!range_) return true;
  const auto prefix = Prefix::parse(text(d, "value"));
  return prefix && (contained_ ? range_->contains(*prefix) : prefix->contains(*range_));
}

json::array DecisionView::apply(const json::array& alerts) {
  json::array out;
  seen_.clear();
  duplicates = 0;
  for (const json::value& alert : alerts) {
    json::array kept;
    for (const json::value& d : items(alert, "decisions")) {
      if (!fits(d)) continue;
      if (seen_
              .emplace(text(d, "simulated"), text(d, "type"), params_of(d), text(d, "scope"),
                       text(d, "value"))
              .second)
        kept.push_back(d);
      else
        ++duplicates;
    }
    if (kept.empty()) continue;
    if (limit_ > 0 && out.size() == limit_) break;
    out.push_back(alert);
    out.back().as_object()["decisions"] = std::move(kept);
  }
  return out;
}

}  // namespace testudo::cli
