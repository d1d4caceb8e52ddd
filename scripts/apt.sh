# Root rights, the package system and its lock. Sourced after progress.sh.
# shellcheck shell=bash

readonly LOCK_LIMIT_S=900               # another run may be installing
readonly APT_ETC=${APT_ETC:-/etc/apt}
SUDO=()

# $1 says why root is needed; further arguments are more ways out.
require_root_or_sudo() {
  if [ "$(id -u)" -eq 0 ]; then return; fi
  if ! command -v sudo >/dev/null; then
    give_up "$1, and this user is not root and sudo is not installed" \
      "Run this once as root:  su -c '$0'" "${@:2}"
  fi
  if ! sudo -n true 2>/dev/null; then
    if [ ! -t 0 ] || ! sudo -v; then
      give_up "$1, and sudo wants a password it cannot ask for here" \
        "Run this once in a terminal, or as root:  sudo $0" "${@:2}"
    fi
  fi
  SUDO=(sudo)
}

# $1 says why apt is needed; further arguments are ways out.
require_apt() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    give_up "$1, and apt is not on the PATH (this script knows Debian and Ubuntu)" "${@:2}"
  fi
}

# Two runs at once: the second waits, then finds the work done. $1 is a directory that everyone
# concerned can read; nothing is written into it.
take_lock() {
  [ -d "$1" ] && command -v flock >/dev/null || return 0
  exec 9<"$1"
  if ! flock -n 9; then
    say "another set-up is running; waiting for it"
    flock -w "$LOCK_LIMIT_S" 9 || fail "another set-up still holds the lock after $LOCK_LIMIT_S s"
  fi
}

as_root() { "${SUDO[@]}" "$@"; }
apt() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" \
    >>"$LOG" 2>&1 9<&-
}
has_candidate() {
  apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" { found = $2 != "(none)" } END { exit !found }'
}
is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
first_with_candidate() {
  local name
  for name in "$@"; do if has_candidate "$name"; then printf '%s\n' "$name"; return 0; fi; done
  return 1
}

# Prints "URI<TAB>KEY" of the machine's own Debian source for the release $1; KEY may be empty.
# Understands deb822 (.sources) and one-line (.list) files.
own_debian_source() {
  local release=$1 file
  for file in "$APT_ETC"/sources.list.d/*.sources; do
    [ -r "$file" ] || continue
    awk -v release="$release" '
      function flush(   i, n, suites, hit) {
        n = split(field["suites"], suites, /[ \t]+/)
        for (i = 1; i <= n; i++) if (suites[i] == release) hit = 1
        if (hit && !done && field["enabled"] !~ /^(no|false|0)$/ && (" " field["types"] " ") ~ / deb /) {
          split(field["uris"], uri, /[ \t]+/)
          key = field["signed-by"] ~ /^\// ? field["signed-by"] : ""
          print uri[1] "\t" key
          done = 1
        }
        delete field
      }
      /^#/ { next }
      /^[ \t]*$/ { flush(); next }
      /^[ \t]/ { next }
      { name = tolower($0); sub(/:.*/, "", name); value = $0; sub(/^[^:]*:[ \t]*/, "", value); sub(/[ \t]+$/, "", value); field[name] = value }
      END { flush() }' "$file"
  done
  for file in "$APT_ETC"/sources.list "$APT_ETC"/sources.list.d/*.list; do
    [ -r "$file" ] || continue
    awk -v release="$release" '
      $1 != "deb" { next }
      {
        line = $0; key = ""
        if (match(line, /\[[^]]*\]/)) {
          options = substr(line, RSTART + 1, RLENGTH - 2)
          sub(/\[[^]]*\]/, "", line)
          if (match(options, /signed-by=[^ ]+/)) key = substr(options, RSTART + 10, RLENGTH - 10)
        }
        split(line, part, /[ \t]+/)
        if (part[3] == release && part[2] !~ /^cdrom:/) print part[2] "\t" key
      }' "$file"
  done
}

# A broken third-party source must not stop us: what is really missing shows at the install.
refresh_lists() {
  say "reading the package lists"
  apt update || say "some package source did not answer; trying with what is there"
}
