#include "decide/profiles.h"

#include <algorithm>
#include <charconv>

#include "base/files.h"
#include "base/log.h"

namespace testudo {

namespace {

// The order in which they are read is the order in which they are tried.
std::vector<std::string> with_local(const std::vector<std::string>& files) {
  std::vector<std::string> all;
  for (const std::string& file : files) {
    if (file_exists(file + ".local")) all.push_back(file + ".local");
    all.push_back(file);
  }
  return all;
}

std::string number_text(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

}  // namespace

Profiles Profiles::load(const std::vector<std::string>& files,
                        const std::vector<const expr::HelperTable*>& helpers, Errors& errors) {
  Profiles profiles;
  size_t documents_seen = 0;
  for (const std::string& file : with_local(files)) {
    auto documents = load_yaml(file);
    if (!documents) {
      Error error = documents.error();
      if (error.code == Code::bad_content) error.code = Code::bad_config;
      if (error.code == Code::not_found && error.remedy.empty())
        error.remedy = "without a profile nobody is ever banned; the shipped one is config/profiles.yaml";
      errors.push_back(std::move(error));
      continue;
    }
    for (const YamlNode& document : *documents) {
      if (document.is_null()) continue;
      ++documents_seen;
      const size_t before = errors.size();
      Profile profile = read_profile(document, helpers, errors);
      if (errors.size() == before) profiles.profiles_.push_back(std::move(profile));
    }
  }
  if (!files.empty() && documents_seen == 0 && errors.empty())
    errors.push_back(
        Error{Code::bad_config, "no profile in it", Where{files.front(), 0, 0},
              "without a profile nobody is ever banned; the shipped one is config/profiles.yaml"});
  return profiles;
}

bool Profiles::matches(const Profile& profile, const Alert& alert, bool& stop) {
  for (const expr::Expression& filter : profile.filters) {
    arena_->reset();
    expr::Context ctx;
    ctx.alert = &alert;
    ctx.arena = arena_.get();
    ctx.regex = regex_.get();
    const auto truth = filter.test(ctx);
    if (profile.debug)
      log::info("profile.filter", {{"profile", profile.name},
                                   {"filter", filter.text()},
                                   {"result", truth == expr::Expression::Truth::yes},
                                   {"scenario", alert.scenario}});
    if (truth == expr::Expression::Truth::yes) return true;
    if (truth == expr::Expression::Truth::no) continue;
    log::warn("profile.filter_failed", {{"profile", profile.name},
                                        {"filter", filter.text()},
                                        {"error", ctx.error},
                                        {"scenario", alert.scenario}});
    if (profile.on_error == Profile::OnError::apply) return true;
    if (profile.on_error == Profile::OnError::stop) {
      stop = true;
      return false;
    }
  }
  return false;
}

Duration Profiles::duration_of(const Profile& profile, const DecisionTemplate& row, const Alert& alert) {
  if (!profile.duration_expr) return row.duration;
  arena_->reset();
  expr::Context ctx;
  ctx.alert = &alert;
  ctx.arena = arena_.get();
  ctx.regex = regex_.get();
  Value value;
  std::string why;
  if (!profile.duration_expr.eval(ctx, value)) {
    why = ctx.error;
  } else if (value.kind == Value::Kind::duration && value.integer > 0) {
    return std::min<Duration>(Duration(value.integer), kLongestDuration);
  } else {
    std::string text;
    if (value.is_string()) text = std::string(value.text());
    if (value.kind == Value::Kind::integer) text = std::to_string(value.integer);
    if (value.kind == Value::Kind::real) text = number_text(value.real);
    const auto duration = parse_duration(text);
    if (duration && *duration > 0ns) return std::min<Duration>(*duration, kLongestDuration);
    why = duration ? "the duration must be more than 0, not " + text : duration.error().message;
  }
  log::warn("profile.duration_failed", {{"profile", profile.name},
                                        {"expression", profile.duration_expr.text()},
                                        {"error", why},
                                        {"taken", format_duration(row.duration)}});
  return row.duration;
}

Profiles::Judgement Profiles::judge(const Alert& alert) {
  Judgement judgement;
  for (const Profile& profile : profiles_) {
    bool stop = false;
    if (matches(profile, alert, stop)) {
      judgement.profile = profile.name;
      for (const DecisionTemplate& row : profile.decisions) {
        Decision decision;
        decision.type = row.type;
        decision.origin = row.origin;
        decision.scope = row.scope.empty() ? alert.source.scope : row.scope;
        decision.value = alert.source.value;
        decision.scenario = alert.scenario;
        decision.params = row.params;
        decision.duration = duration_of(profile, row, alert);
        judgement.decisions.push_back(std::move(decision));
      }
      // Later profiles that match as well could only notify.
      if (!judgement.decisions.empty() || profile.on_success == Profile::Next::stop) return judgement;
    }
    if (stop) return judgement;
  }
  return judgement;
}

}  // namespace testudo
