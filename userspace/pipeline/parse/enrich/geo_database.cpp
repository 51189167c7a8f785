#include "parse/enrich/geo_database_impl.h"

#include <netinet/in.h>
#include <sys/stat.h>

namespace testudo::parse {

std::shared_ptr<GeoDatabase> GeoDatabase::open(const std::string& path, std::vector<std::string>& notes) {
  auto db = std::make_shared<GeoDatabase>();
  const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &db->mmdb_);
  db->open_ = status == MMDB_SUCCESS;
  if (db->open_) return db;
  struct stat st {};
  const bool there = ::stat(path.c_str(), &st) == 0;
  notes.push_back(
      there ? path + " cannot be used: " + MMDB_strerror(status) + "; its enrichment is off"
            : path + " is not there: country and AS are not known. Put a GeoLite2 database there and reload");
  return nullptr;
}

GeoDatabase::~GeoDatabase() {
  if (open_) MMDB_close(&mmdb_);
}

bool GeoDatabase::look_up(const Ip& ip, MMDB_lookup_result_s& result) const {
  sockaddr_storage address{};
  if (ip.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, ip.bytes.data(), 4);
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, ip.bytes.data(), 16);
  }
  int error = 0;
  result =
      MMDB_lookup_sockaddr(const_cast<MMDB_s*>(&mmdb_), reinterpret_cast<const sockaddr*>(&address), &error);
  return error == MMDB_SUCCESS;
}

}  // namespace testudo::parse
