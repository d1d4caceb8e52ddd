#!/usr/bin/env bash
# Makes a working Docker Engine with buildx and Compose exist on a Debian or Ubuntu machine.
#
# An engine that works is never touched: when `docker info`, `docker buildx` and
# `docker compose` answer, one line is printed and nothing else happens. Otherwise only what is
# missing is installed or started, and the result is proved by a build whose RUN step needs the
# default bridge.
#
# Exit codes: 0 it works, 1 a step failed (the end of its log is shown),
#             2 this machine cannot be set up from here (the message says what is missing).
set -euo pipefail

readonly ME=setup-engine
readonly INFO_LIMIT_S=10                # a healthy engine answers `docker info` in well under a second
readonly START_LIMIT_S=60               # a first start takes 3 to 7 s, on slow disks more
readonly PROOF_LIMIT_S=120
readonly LOCK_LIMIT_S=900               # another run may be installing
readonly DAEMON_LOG=/var/log/dockerd.log
readonly FORKY_SOURCE=/etc/apt/sources.list.d/orchestrate-engine.sources
readonly FORKY_PIN=/etc/apt/preferences.d/orchestrate-engine
readonly STARTED_AT=${EPOCHREALTIME/,/.}

SUDO=()
LOG=
INSTALLED_ENGINE=no

elapsed() { awk -v a="$STARTED_AT" -v b="${EPOCHREALTIME/,/.}" 'BEGIN { printf "%5.1f s", b - a }'; }
say() { printf '%s: [%s] %s\n' "$ME" "$(elapsed)" "$*"; }

# Ends with code 2: a person has to do something first. The arguments after the headline are next steps.
give_up() {
  printf '%s: cannot set up Docker here: %s\n' "$ME" "$1" >&2
  shift
  local line
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 2
}

# Ends with code 1 and the end of a log file: something that should work did not.
fail() {
  printf '%s: failed: %s\n' "$ME" "$1" >&2
  if [ -n "${2:-}" ] && [ -r "$2" ]; then
    printf '  last lines of %s:\n' "$2" >&2
    tail -n 25 "$2" | sed 's/^/    /' >&2
  fi
  exit 1
}

engine_answers() { timeout "$INFO_LIMIT_S" docker info >/dev/null 2>&1; }
buildx_answers() { timeout "$INFO_LIMIT_S" docker buildx version >/dev/null 2>&1; }
compose_answers() { timeout "$INFO_LIMIT_S" docker compose version >/dev/null 2>&1; }
everything_answers() { engine_answers && buildx_answers && compose_answers; }

describe_engine() {
  local server buildx compose
  server=$(docker version --format '{{.Server.Version}}' 2>/dev/null || true)
  buildx=$(docker buildx version 2>/dev/null | awk '{ print $2 }')
  compose=$(docker compose version --short 2>/dev/null || true)
  printf 'Docker Engine %s, buildx %s, Compose %s' "${server:-?}" "${buildx:-?}" "${compose:-?}"
}

# ---------------------------------------------------------------------------------------------
# What must be there before anything can be changed

manual_help() {
  printf '%s\n' \
    "Install Docker Engine 23 or newer with the buildx and Compose plugins yourself:" \
    "  https://docs.docker.com/engine/install/" \
    "then check: docker info && docker buildx version && docker compose version"
}

give_up_with_help() {
  local help
  mapfile -t help < <(manual_help)
  give_up "$@" "${help[@]}"
}

require_local_engine() {
  [ -z "${DOCKER_HOST:-}" ] || give_up "DOCKER_HOST points at an engine that does not answer" \
    "Start that engine, or unset DOCKER_HOST to use one on this machine."
  local context
  context=$(docker context show 2>/dev/null || echo default)
  [ "$context" = default ] || give_up "the docker context '$context' does not answer" \
    "Start that engine, or choose the local one: docker context use default"
}

require_root_or_sudo() {
  if [ "$(id -u)" -eq 0 ]; then return; fi
  if ! command -v sudo >/dev/null; then
    give_up_with_help "$1, and this user is not root and sudo is not installed" \
      "Run this once as root:  su -c '$0'"
  fi
  if ! sudo -n true 2>/dev/null; then
    if [ ! -t 0 ] || ! sudo -v; then
      give_up_with_help "$1, and sudo wants a password it cannot ask for here" \
        "Run this once in a terminal, or as root:  sudo $0"
    fi
  fi
  SUDO=(sudo)
}

require_apt() {
  if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    give_up_with_help "$1, and apt is not on the PATH (this script knows Debian and Ubuntu)"
  fi
}

# Two runs at once: the second waits, then finds a working engine. The lock sits on a directory
# that every Debian machine has and everyone can read; dpkg's own locks are of another type.
take_lock() {
  [ -d /var/lib/dpkg ] && command -v flock >/dev/null || return 0
  exec 9</var/lib/dpkg
  if ! flock -n 9; then
    say "another setup is running; waiting for it"
    flock -w "$LOCK_LIMIT_S" 9 || fail "another setup still holds the lock after $LOCK_LIMIT_S s"
  fi
}

# ---------------------------------------------------------------------------------------------
# Packages

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
  for file in /etc/apt/sources.list.d/*.sources; do
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
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
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
        if (part[3] == release) print part[2] "\t" key
      }' "$file"
  done
}

# Debian 12 has Engine 20.10 and no buildx. Engine 28 of the next-but-one release needs only the
# libc of Debian 12; the suite is pinned so low that nothing else is ever taken from it.
add_forky() {
  local uri key
  IFS=$'\t' read -r uri key < <(own_debian_source bookworm | head -n 1) || true
  [ -n "${uri:-}" ] || give_up_with_help "no Debian source for bookworm found in /etc/apt"
  if [ -z "${key:-}" ]; then key=/usr/share/keyrings/debian-archive-keyring.gpg; fi
  [ -r "$key" ] || give_up_with_help "the key of the Debian source ($key) is not readable"
  printf 'Types: deb\nURIs: %s\nSuites: forky\nComponents: main\nSigned-By: %s\n' "$uri" "$key" |
    as_root tee "$FORKY_SOURCE" >/dev/null
  printf 'Package: *\nPin: release n=forky\nPin-Priority: 90\n' | as_root tee "$FORKY_PIN" >/dev/null
}

# A broken third-party source must not stop us: what is really missing shows at the install.
refresh_lists() {
  say "reading the package lists"
  if apt update; then return; fi
  # An old Debian 12 image lacks the keys that sign newer suites.
  if [ -e "$FORKY_SOURCE" ]; then
    apt install --only-upgrade debian-archive-keyring || true
    apt update || say "some package source did not answer; trying with what is there"
  else
    say "some package source did not answer; trying with what is there"
  fi
}

is_debian_12() {
  # shellcheck source=/dev/null
  (. /etc/os-release && [ "${ID:-}" = debian ] && [ "${VERSION_CODENAME:-}" = bookworm ])
}

# Chooses names for what is missing: sets ENGINE_PACKAGES, BUILDX_PACKAGE, COMPOSE_PACKAGE.
choose_packages() {
  if is_installed docker-ce || is_installed docker-ce-cli; then
    ENGINE_PACKAGES=(docker-ce docker-ce-cli containerd.io)
    BUILDX_PACKAGE=docker-buildx-plugin
    COMPOSE_PACKAGE=docker-compose-plugin
  elif is_debian_12; then
    ENGINE_PACKAGES=(docker.io/forky docker-cli/forky tini-static/forky)
    BUILDX_PACKAGE=docker-buildx/forky
    COMPOSE_PACKAGE=docker-compose/forky
  else
    ENGINE_PACKAGES=(docker.io)
    if has_candidate docker-cli; then ENGINE_PACKAGES+=(docker-cli); fi
    if has_candidate tini-static; then ENGINE_PACKAGES+=(tini-static); fi
    BUILDX_PACKAGE=$(first_with_candidate docker-buildx docker-buildx-plugin) ||
      give_up_with_help "this release has no buildx package"
    COMPOSE_PACKAGE=$(first_with_candidate docker-compose-v2 docker-compose-plugin docker-compose) ||
      give_up_with_help "this release has no Compose 2 package"
  fi
}

would_touch_engine() {
  apt-get -s install --no-install-recommends "$@" 2>/dev/null |
    grep -qE '^(Inst|Remv) (docker\.io|docker-ce|docker-ce-cli|docker-cli|containerd|containerd\.io|runc) '
}

# Puts only the plugin's file in place, without the package system: for a working engine that an
# install of the package would upgrade or remove.
extract_plugin() {
  local package=$1 name=$2 work
  work=$(mktemp -d)
  if ! (cd "$work" && apt-get download "$package" >>"$LOG" 2>&1 9<&- && dpkg-deb -x ./*.deb root) ||
    ! as_root install -D -m 0755 "$(find "$work/root" -type f -name "docker-$name" | head -n 1)" \
      "/usr/local/lib/docker/cli-plugins/docker-$name"; then
    rm -rf "$work"
    fail "could not fetch $package" "$LOG"
  fi
  rm -rf "$work"
}

install_plugin() {
  local package=$1 name=$2
  if would_touch_engine "$package"; then
    say "placing the $name plugin beside the engine that works (its package would replace the engine)"
    extract_plugin "$package" "$name"
  else
    say "installing $package"
    apt install --no-install-recommends "$package" || fail "apt could not install $package" "$LOG"
  fi
}

install_engine() {
  local wanted=("${ENGINE_PACKAGES[@]}" "$BUILDX_PACKAGE" "$COMPOSE_PACKAGE")
  if ! command -v busybox >/dev/null; then wanted+=(busybox-static); fi
  if [ "$(id -u)" -ne 0 ]; then wanted+=(acl); fi
  say "installing ${wanted[*]}"
  apt install --no-install-recommends "${wanted[@]}" || fail "apt could not install Docker" "$LOG"
  INSTALLED_ENGINE=yes
  hash -r
}

# ---------------------------------------------------------------------------------------------
# The daemon

daemon_runs() { pidof dockerd >/dev/null 2>&1; }

# A pid file that survived a crash makes dockerd refuse to start once its number belongs to another process.
drop_stale_pid_file() {
  local file=/var/run/docker.pid pid
  [ -e "$file" ] || return 0
  pid=$(as_root cat "$file")
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || as_root rm -f "$file"
}

start_daemon() {
  if [ -d /run/systemd/system ]; then
    say "starting docker.service"
    as_root systemctl enable --now docker >>"$LOG" 2>&1 9<&- ||
      { as_root journalctl -u docker -n 40 --no-pager >>"$LOG" 2>&1 || true; fail "systemd could not start docker" "$LOG"; }
  elif daemon_runs; then
    say "a dockerd process runs already; waiting for it"
  else
    say "starting dockerd (log: $DAEMON_LOG)"
    drop_stale_pid_file
    # Detached from this terminal and session, and without our lock, so that it outlives us.
    as_root sh -c "exec setsid --fork dockerd >>$DAEMON_LOG 2>&1 </dev/null 9<&-"
  fi
}

# The socket answers root first; the user who ran us may lack the right to it.
daemon_answers_root() { as_root timeout "$INFO_LIMIT_S" docker info >/dev/null 2>&1; }

wait_for_daemon() {
  local deadline=$((SECONDS + START_LIMIT_S))
  until daemon_answers_root; do
    if [ "$SECONDS" -ge "$deadline" ]; then fail "the engine does not answer after $START_LIMIT_S s" "$DAEMON_LOG"; fi
    sleep 0.2
  done
}

# Membership in the group `docker` counts from the next login; until then the socket itself says yes.
# Done only for an engine that this run installed; another engine's access is its owner's business.
allow_user() {
  if engine_answers; then return; fi
  local user
  user=$(id -un)
  if [ "$INSTALLED_ENGINE" = no ]; then
    give_up "the engine runs, but user '$user' may not use it" \
      "Join its group, then log in again:  sudo usermod -aG docker $user"
  fi
  say "letting user '$user' use the engine (group docker)"
  as_root usermod -aG docker "$user"
  as_root setfacl -m "u:$user:rw" /var/run/docker.sock
  engine_answers || fail "user '$user' still cannot use the engine; log in again"
}

# ---------------------------------------------------------------------------------------------
# Proof

is_static() { [ -x "$1" ] && ! ldd "$1" >/dev/null 2>&1; }

# Copies a static program that ends with 0 when called with $PROOF_ARGUMENT into directory $1.
PROOF_ARGUMENT=
place_static_program() {
  local into=$1 candidate
  for candidate in busybox tini-static docker-init; do
    candidate=$(command -v "$candidate") || continue
    is_static "$candidate" || continue
    case $candidate in *busybox) PROOF_ARGUMENT=true ;; *) PROOF_ARGUMENT=--version ;; esac
    cp -L "$candidate" "$into/program"
    return
  done
  PROOF_ARGUMENT=true
  (cd "$into" && apt-get download busybox-static >>"$LOG" 2>&1 9<&- && dpkg-deb -x ./*.deb root) ||
    fail "no static program for the proof: apt could not fetch busybox-static" "$LOG"
  cp -L "$(find "$into/root" -type f -name busybox | head -n 1)" "$into/program"
}

prove() {
  buildx_answers || fail "docker buildx does not answer after the installation"
  compose_answers || fail "docker compose does not answer after the installation"
  local context
  context=$(mktemp -d)
  place_static_program "$context"
  printf 'FROM scratch\nCOPY program /busybox\nRUN ["/busybox", "%s"]\n' "$PROOF_ARGUMENT" >"$context/Dockerfile"
  printf '*\n!program\n' >"$context/.dockerignore"
  if ! BUILDX_NO_DEFAULT_ATTESTATIONS=1 timeout "$PROOF_LIMIT_S" docker buildx build --no-cache --progress=plain \
    --output type=cacheonly "$context" >>"$LOG" 2>&1; then
    rm -rf "$context"
    fail "a one-step build with RUN fails: the engine's default bridge does not work" "$LOG"
  fi
  rm -rf "$context"
  say "proved: a build with a RUN step works on the default bridge"
}

# ---------------------------------------------------------------------------------------------

main() {
  if command -v docker >/dev/null && everything_answers; then
    say "$(describe_engine) answer; nothing to do"
    return
  fi
  if command -v docker >/dev/null; then
    if ! engine_answers; then require_local_engine; fi
  fi

  local missing=""
  if ! command -v docker >/dev/null; then missing="docker is not installed"
  elif engine_answers; then missing="buildx or Compose is missing"
  elif ! command -v dockerd >/dev/null; then missing="the Docker Engine (dockerd) is not installed"
  else missing="the Docker Engine does not answer (not running, or not for this user)"; fi
  require_root_or_sudo "$missing"
  if ! command -v dockerd >/dev/null || ! buildx_answers || ! compose_answers; then require_apt "$missing"; fi

  take_lock
  if command -v docker >/dev/null && everything_answers; then
    say "$(describe_engine) answer; set up by another run"
    return
  fi
  LOG=$(mktemp "${TMPDIR:-/tmp}/orchestrate-setup-engine.XXXXXX.log")
  say "$missing; details go to $LOG"

  if ! engine_answers && ! command -v dockerd >/dev/null; then
    if is_debian_12; then add_forky; fi
    refresh_lists
    choose_packages
    install_engine
  fi
  if ! engine_answers; then
    start_daemon
    wait_for_daemon
    allow_user
  fi
  if ! buildx_answers || ! compose_answers; then
    if is_debian_12 && ! is_installed docker-ce-cli && [ ! -e "$FORKY_SOURCE" ]; then add_forky; fi
    refresh_lists
    choose_packages
    if ! buildx_answers; then install_plugin "$BUILDX_PACKAGE" buildx; fi
    if ! compose_answers; then install_plugin "$COMPOSE_PACKAGE" compose; fi
  fi
  prove
  say "ready: $(describe_engine)"
}

main "$@"
