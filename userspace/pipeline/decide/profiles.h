// decide/profiles.h: profiles.yaml: what an alert costs whom it names.
//
//   for each profile, in order: one filter true? → its decisions;  on_success: break → stop
//
// Several profiles may match; the first that brings decisions decides. A filter that fails (a nil member, a
// wrong type) is logged and counts as not matched, unless `on_error: apply`. FILE.local comes before FILE.
// Not thread-safe: an evaluation uses the scratch of the object.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "expr/expr.h"
#include "model/alert.h"
#include "yaml/yaml.h"

namespace testudo {

/// A hundred years: "for ever" whose end the clock can still count.
inline constexpr Duration kLongestDuration = 876000h;

struct DecisionTemplate {
  std::string type;
  Duration duration{};
  std::string scope;   ///< "" = the alert's
  std::string origin;  ///< "crowdsec" or "crowdsec/NAME"
  std::string params;  ///< JSON object, "" = none
};

struct Profile {
  enum class Next : uint8_t { go_on, stop };
  enum class OnError : uint8_t { go_on, stop, apply };
  std::string name;
  Where where;
  bool debug = false;
  std::vector<expr::Expression> filters;
  expr::Expression duration_expr;  ///< empty when there is none
  std::vector<DecisionTemplate> decisions;
  std::vector<std::string> notifications;
  Next on_success = Next::go_on;
  OnError on_error = OnError::go_on;
};

class Profiles {
 public:
  /// All errors of all files are in `errors`, with places; profiles without errors are kept.
  static Profiles load(const std::vector<std::string>& files,
                       const std::vector<const expr::HelperTable*>& helpers, Errors& errors);

  struct Judgement {
    std::string profile;              ///< name of the one that decided; "" = none matched
    std::vector<Decision> decisions;  ///< type, scope, value, scenario, origin and duration are set
  };
  Judgement judge(const Alert& alert);
  size_t size() const { return profiles_.size(); }

 private:
  bool matches(const Profile& profile, const Alert& alert, bool& stop);
  Duration duration_of(const Profile& profile, const DecisionTemplate& row, const Alert& alert);
  std::vector<Profile> profiles_;
  std::unique_ptr<Arena> arena_ = std::make_unique<Arena>();
  std::unique_ptr<RegexScratch> regex_ = std::make_unique<RegexScratch>();
};

/// One document. Errors are appended; the result is whole only when none were.
Profile read_profile(const YamlNode& document, const std::vector<const expr::HelperTable*>& helpers,
                     Errors& errors);

}  // namespace testudo
