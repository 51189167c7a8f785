#include "acquire/trusted_services.h"

#include <algorithm>

#include "base/text.h"

namespace testudo {
namespace {

// Only services whose lines hub content turns into decisions need a row.
constexpr TrustedService kServices[] = {
    {"sshd sshd-session sshd-auth", "ssh ssh@ sshd sshd@ sshd-session@", ""},
    {"dropbear", "dropbear dropbear@", ""},
    {"sudo", "", "/usr/bin/sudo"},
    {"su", "", "/usr/bin/su /bin/su"},
    {"login", "getty@ console-getty serial-getty@", "/usr/bin/login /bin/login"},
    {"cron CRON crond", "cron crond", ""},
    {"kernel", "", ""},
    {"postfix postfix/", "postfix postfix@", ""},
    {"dovecot", "dovecot", ""},
    {"exim exim4", "exim exim4", ""},
    {"saslauthd", "saslauthd", ""},
    {"vsftpd", "vsftpd vsftpd@", ""},
    {"proftpd", "proftpd", ""},
    {"pure-ftpd", "pure-ftpd", ""},
    {"nginx", "nginx", ""},
    {"apache2 httpd apache", "apache2 httpd", ""},
    {"haproxy", "haproxy", ""},
    {"caddy", "caddy", ""},
    {"traefik", "traefik", ""},
    {"mysqld mysql mariadbd mariadb", "mysql mysqld mariadb mariadb@", ""},
    {"postgres postgresql", "postgresql postgresql@", ""},
    {"mongod mongodb", "mongod mongodb", ""},
    {"redis redis-server", "redis redis@ redis-server redis-server@", ""},
    {"named", "named bind9", ""},
    {"openvpn ovpn-", "openvpn openvpn@ openvpn-server@", ""},
    {"charon charon-systemd", "strongswan strongswan-starter", ""},
    {"asterisk", "asterisk", ""},
    {"freeswitch", "freeswitch", ""},
    {"slapd", "slapd", ""},
    {"smbd smbd_audit", "smbd smb", ""},
    {"pveproxy pvedaemon", "pveproxy pvedaemon", ""},
    {"vaultwarden", "vaultwarden", ""},
    {"gitea", "gitea", ""},
};

bool listed(std::string_view list, std::string_view word, std::string_view open_ends) {
  for (const std::string_view entry : split(list, ' ')) {
    if (entry.empty()) continue;
    if (word == entry) return true;
    if (open_ends.find(entry.back()) != std::string_view::npos && word.starts_with(entry)) return true;
  }
  return false;
}

}  // namespace

std::span<const TrustedService> trusted_services() { return kServices; }

bool is_trusted(std::string_view identifier, const Sender& sender) {
  const auto service = std::find_if(std::begin(kServices), std::end(kServices), [&](const TrustedService& s) {
    return listed(s.identifiers, identifier, "/-");
  });
  if (service == std::end(kServices)) return true;
  if (identifier == "kernel" && !sender.transport.empty()) return sender.transport == "kernel";
  if (sender.uid == "0") return true;
  if (sender.uid.empty() && sender.exe.empty() && sender.unit.empty()) return true;
  std::string_view unit = sender.unit;
  if (unit.ends_with(".service")) unit.remove_suffix(8);
  if (!unit.empty() && unit.size() < sender.unit.size() && listed(service->units, unit, "@")) return true;
  return !sender.exe.empty() && listed(service->exes, sender.exe, "");
}

}  // namespace testudo
