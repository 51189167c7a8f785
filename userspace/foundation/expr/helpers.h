// expr/helpers.h: the groups of pure_helpers(). A helper is one row in its group's file.
#pragma once

#include "expr/expr.h"

namespace testudo::expr {

void add_text_helpers(HelperTable& table);
void add_format_helpers(HelperTable& table);
void add_url_helpers(HelperTable& table);
void add_net_helpers(HelperTable& table);
void add_time_helpers(HelperTable& table);
void add_list_helpers(HelperTable& table);
void add_xml_helpers(HelperTable& table);
void add_json_helpers(HelperTable& table);
void add_pair_helpers(HelperTable& table);
void add_absent_helpers(HelperTable& table);
/// Questions about decisions, where there is no store to ask. Who has one puts its own rows before these.
void add_storeless_helpers(HelperTable& table);

/// As Go's fmt.Sprintf; results over 1 MiB are refused.
bool format_text(Context& ctx, std::string_view format, const Value* args, size_t count, std::string& out);

}  // namespace testudo::expr
