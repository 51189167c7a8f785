// expr/absent.h: objects of CrowdSec's application firewall, which Testudo does not have.
//
// They exist so that content compiles, and are empty: evt.Appsec, and `req` and `match` of alert contexts.
#pragma once

#include "expr/members.h"

namespace testudo::expr {

std::span<const Member> appsec_members();
std::span<const Method> appsec_methods();
std::span<const Member> request_members();
std::span<const Method> request_methods();

}  // namespace testudo::expr
