# Sourced by every script: where the repository is, how to speak, how to fail, how to run as its owner.
# shellcheck shell=bash
set -euo pipefail
REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export REPO

say() { printf '%s\n' "$*" >&2; }
step() { printf '\n== %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}
usage_error() {
  printf '%s\n' "$*" >&2
  exit 2
}
need_root() { [ "$(id -u)" = 0 ] || die "$1 needs root: sudo $0"; }

# How a mount namespace of our own keeps its mounts to itself. In a chroot whose root is no mount point nothing can be
# made private there, and nothing spreads from it either.
mount_propagation() { awk '$5 == "/" { found = 1 } END { print found ? "private" : "unchanged" }' /proc/self/mountinfo; }

# Prints the header comment of a script as its help: from the second line to the first that is no comment.
help_of() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$1"; }

# as_owner CMD...: under sudo, what is built belongs to whoever owns the checkout, so that a later build
# without sudo can go on. Falls back to root where an earlier build left files of root behind.
as_owner() {
  local uid gid home
  uid=$(stat -c %u "$REPO") gid=$(stat -c %g "$REPO")
  if [ "$(id -u)" != 0 ] || [ "$uid" = 0 ] ||
    { [ -d "$REPO/build" ] && [ -n "$(find "$REPO/build" -maxdepth 2 -uid 0 -print -quit)" ]; }; then
    "$@"
    return
  fi
  home=$(getent passwd "$uid" | cut -d: -f6)
  [ -n "$home" ] && [ -d "$home" ] || home=$REPO/build
  setpriv --reuid="$uid" --regid="$gid" --clear-groups env HOME="$home" "$@"
}

# How many compilers fit: one for each core, but 1 GB of memory for each (Beast takes 800 MB).
build_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo)
  [ "$memory" -ge 1 ] || memory=1
  echo $((cores < memory ? cores : memory))
}
