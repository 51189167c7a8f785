#include "expr/helpers.h"

namespace testudo::expr {

const HelperTable& pure_helpers() {
  static const HelperTable table = [] {
    HelperTable rows;
    add_text_helpers(rows);
    add_format_helpers(rows);
    add_url_helpers(rows);
    add_net_helpers(rows);
    add_time_helpers(rows);
    add_list_helpers(rows);
    add_xml_helpers(rows);
    add_json_helpers(rows);
    add_pair_helpers(rows);
    add_absent_helpers(rows);
    add_storeless_helpers(rows);
    return rows;
  }();
  return table;
}

}  // namespace testudo::expr
