# Sourced by the scripts: installs what is missing from named sections of scripts/packages.txt.
# shellcheck shell=bash
PACKAGES_FILE=${PACKAGES_FILE:-$REPO/scripts/packages.txt}

# packages_of SECTION...: the packages of these sections, one a line, without doubles.
packages_of() {
  local section
  for section in "$@"; do
    grep -qxF "[$section]" "$PACKAGES_FILE" || die "$PACKAGES_FILE has no section [$section]"
  done
  awk -v wanted=" $* " '
    { sub(/#.*/, ""); gsub(/^[ \t]+|[ \t]+$/, "") }
    /^\[.*\]$/ { section = substr($0, 2, length($0) - 2); next }
    $0 != "" && index(wanted, " " section " ") { print }' "$PACKAGES_FILE" | sort -u
}

# packages_missing SECTION...: those of them that are not installed.
packages_missing() {
  local names installed
  names=$(packages_of "$@")
  # shellcheck disable=SC2086
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $names 2>/dev/null |
    awk '$1 == "installed" {print $2}' | sort -u || true)
  comm -23 <(printf '%s\n' "$names") <(printf '%s\n' "$installed")
}

apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600 -o APT::Color=0 "$@"; }

# Lists are fetched under a lock of their own that apt does not wait for, and mirrors stumble: try again.
apt_update() {
  local attempt
  for attempt in 1 2 3 4 5 6; do
    apt update >&2 && return 0
    say "apt-get update failed (attempt $attempt of 6), next in $((attempt * 5)) s"
    sleep $((attempt * 5))
  done
  die "apt-get update does not succeed: see its message above; is the network up?"
}

# Servers of a test section must not start when they are installed. Prints the path when it made the file.
forbid_server_starts() {
  [ -e /usr/sbin/policy-rc.d ] && return 0
  printf '#!/bin/sh\n# made by testudo scripts while packages are installed\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  echo /usr/sbin/policy-rc.d
}

# packages_install SECTION...: nothing happens (and no root is needed) when all are there.
packages_install() {
  local missing policy=""
  missing=$(packages_missing "$@")
  [ -n "$missing" ] || return 0
  missing=$(tr '\n' ' ' <<<"$missing")
  [ "$(id -u)" = 0 ] || die "packages are missing: $missing
  sudo apt-get install --no-install-recommends $missing"
  step "Installing: $missing"
  policy=$(forbid_server_starts)
  # CrowdSec's installation asks its cloud for a login and fails without network, which leaves dpkg
  # half-configured; a credentials file that says nothing makes it skip that.
  if [[ " $missing " == *" crowdsec "* ]] && [ ! -s /etc/crowdsec/online_api_credentials.yaml ]; then
    mkdir -p /etc/crowdsec
    echo '# offline' >/etc/crowdsec/online_api_credentials.yaml
  fi
  # A subshell, so that its trap takes the policy away again however it ends.
  (
    [ -z "$policy" ] || trap 'rm -f "$policy"' EXIT
    [ -z "$(dpkg --audit)" ] || dpkg --configure -a >&2
    apt_update
    # shellcheck disable=SC2086
    apt install -y --no-install-recommends $missing >&2
  ) || die "apt-get could not install: $missing"
}
