#include "xdp/tables.h"

#include <unistd.h>

#include "bpf/abi.h"
#include "bpf/list.h"
#include "bpf/observation.h"
#include "xdp/bpffs.h"

namespace testudo::xdp {
namespace {

constexpr TableName kTables[] = {
    {TESTUDO_MAP_META, &Tables::meta},
    {TESTUDO_MAP_FILTER4, &Tables::filter4},
    {TESTUDO_MAP_FILTER6, &Tables::filter6},
    {TESTUDO_MAP_BM24, &Tables::bm24},
    {TESTUDO_MAP_BM32, &Tables::bm32},
    {TESTUDO_MAP_POLICY, &Tables::policy},
    {TESTUDO_MAP_POLICY_TEXT, &Tables::policy_text},
    {TESTUDO_MAP_DROP_CLOCK, &Tables::drop_clock},
    {TESTUDO_MAP_BAN4, &Tables::ban4},
    {TESTUDO_MAP_BAN6, &Tables::ban6},
    {TESTUDO_MAP_BAN6_64, &Tables::ban6_64},
    {TESTUDO_MAP_NET4, &Tables::net4},
    {TESTUDO_MAP_NET6, &Tables::net6},
    {TESTUDO_MAP_LIST4, &Tables::list4},
    {TESTUDO_MAP_LIST6, &Tables::list6},
    {TESTUDO_MAP_LIST_NET4, &Tables::list_net4},
    {TESTUDO_MAP_LIST_NET6, &Tables::list_net6},
    {TESTUDO_MAP_ALLOW4, &Tables::allow4},
    {TESTUDO_MAP_ALLOW6, &Tables::allow6},
    {TESTUDO_MAP_COUNTERS, &Tables::counters},
    {TESTUDO_MAP_COUNTERS_OUT, &Tables::counters_out},
    {TESTUDO_MAP_TOTALS, &Tables::totals},
    {TESTUDO_MAP_HITS, &Tables::hits},
    {TESTUDO_MAP_BUDGETS, &Tables::budgets},
    {TESTUDO_MAP_EVENTS, &Tables::events},
    {TESTUDO_MAP_NEXT_PROG, &Tables::next_prog},
    {TESTUDO_MAP_OBSERVE, &Tables::observe},
    {TESTUDO_MAP_SOURCES, &Tables::sources},
    {TESTUDO_MAP_OBSERVATIONS, &Tables::observations},
    {TESTUDO_MAP_OBSERVE_LOAD, &Tables::observe_load},
};

bool is_version_folder(const std::string& name) {
  return name.size() > 1 && name[0] == 'v' && name.find_first_not_of("0123456789", 1) == std::string::npos;
}

void remove_folder(const std::string& folder) {
  for (const std::string& file : list_directory(folder)) unlink((folder + "/" + file).c_str());
  rmdir(folder.c_str());
}

}  // namespace

std::span<const TableName> table_names() { return kTables; }

Result<Tables> open_tables(const std::string& pin) {
  Tables tables;
  size_t found = 0;
  std::string missing;
  for (const TableName& table : kTables) {
    auto map = Map::open(tables_directory(pin) + "/" + table.name, table.name);
    if (map) {
      tables.*table.map = std::move(*map);
      ++found;
    } else if (map.error().code == Code::not_found) {
      missing = table.name;
    } else {
      return map.error();
    }
  }
  if (found == 0)
    return Error{Code::not_found,
                 "no kernel tables under " + pin,
                 {},
                 "they are made when testudod first starts; is enforce.pin the same as the daemon's?"};
  if (!missing.empty())
    return Error{Code::corrupt,
                 "kernel table " + missing + " is missing under " + pin,
                 {},
                 "start the daemon: it makes new ones; `testudo flush` detaches the program"};
  return tables;
}

Result<void> pin_tables(const Tables& tables, const std::string& pin) {
  const std::string folder = tables_directory(pin);
  TESTUDO_CHECK(make_directories(folder, 0700));
  for (const TableName& table : kTables) {
    const std::string path = folder + "/" + table.name;
    if (access(path.c_str(), F_OK) == 0) continue;
    TESTUDO_CHECK((tables.*table.map).pin(path));
  }
  return {};
}

void remove_tables(const std::string& pin, bool keep_current) {
  const std::string current = tables_directory(pin);
  for (const std::string& name : list_directory(pin)) {
    const std::string folder = pin + "/" + name;
    if (is_version_folder(name) && !(keep_current && folder == current)) remove_folder(folder);
  }
}

bool older_tables(const std::string& pin) {
  for (const std::string& name : list_directory(pin))
    if (is_version_folder(name) && pin + "/" + name != tables_directory(pin)) return true;
  return false;
}

}  // namespace testudo::xdp
