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
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=progress.sh
. "$here/progress.sh"
# shellcheck source-path=SCRIPTDIR source=apt.sh
. "$here/apt.sh"

readonly INFO_LIMIT_S=10                # a healthy engine answers `docker info` in well under a second
readonly START_LIMIT_S=60               # a first start takes 3 to 7 s, on slow disks more
readonly PROOF_LIMIT_S=120
readonly DAEMON_LOG=/var/log/dockerd.log
readonly FORKY_SOURCE=/etc/apt/sources.list.d/orchestrate-engine.sources
readonly FORKY_PIN=/etc/apt/preferences.d/orchestrate-engine

INSTALLED_ENGINE=no

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
    "Or install Docker Engine 23 or newer with the buildx and Compose plugins yourself:" \
    "  https://docs.docker.com/engine/install/" \
    "then check: docker info && docker buildx version && docker compose version"
}

give_up_with_help() {
  local help
  mapfile -t help < <(manual_help)
  give_up "$@" "${help[@]}"
}

# The engine runs and this user may not use it: who may is for its owner to decide, not for a script.
require_permission() {
  local user said
  said=$(docker info 2>&1 || true)
  case $said in *"permission denied"*) ;; *) return 0 ;; esac
  user=$(id -un)
  give_up "the Docker Engine runs, but user '$user' may not use it" \
    "Join its group, then log in again:  sudo usermod -aG docker $user"
}

require_local_engine() {
  [ -z "${DOCKER_HOST:-}" ] || give_up "DOCKER_HOST points at an engine that does not answer" \
    "Start that engine, or unset DOCKER_HOST to use one on this machine."
  local context
  context=$(docker context show 2>/dev/null || echo default)
  [ "$context" = default ] || give_up "the docker context '$context' does not answer" \
    "Start that engine, or choose the local one: docker context use default"
}

# ---------------------------------------------------------------------------------------------
# Packages

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

# An old Debian 12 image lacks the keys that sign newer suites; its own archive has them.
refresh_lists_with_forky() {
  refresh_lists
  if has_candidate docker-buildx; then return; fi
  say "renewing the Debian archive keys"
  apt install --only-upgrade debian-archive-keyring || true
  refresh_lists
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

prepare_packages() {
  if is_debian_12 && ! is_installed docker-ce-cli; then
    add_forky
    refresh_lists_with_forky
  else
    refresh_lists
  fi
  choose_packages
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
    as_root systemctl enable --now docker >>"$LOG" 2>&1 9<&- || fail "systemd could not start docker" "$(daemon_log)"
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
  local started=$SECONDS
  until daemon_answers_root; do
    if [ $((SECONDS - started)) -ge 3 ] && ! daemon_runs; then
      fail "dockerd ended right after its start (inside a container it needs one that is privileged)" "$(daemon_log)"
    fi
    if [ $((SECONDS - started)) -ge "$START_LIMIT_S" ]; then
      fail "the engine does not answer after $START_LIMIT_S s" "$(daemon_log)"
    fi
    sleep 0.2
  done
}

# Under systemd the daemon's words are in the journal.
daemon_log() {
  if [ -d /run/systemd/system ]; then
    as_root journalctl -u docker -n 40 --no-pager >>"$LOG" 2>&1 || true
    printf '%s' "$LOG"
  else
    printf '%s' "$DAEMON_LOG"
  fi
}

# Membership in the group `docker` counts from the next login; until then the socket itself says yes.
# Done only for an engine that this run installed; another engine's access is its owner's business.
allow_user() {
  if engine_answers; then return; fi
  if [ "$INSTALLED_ENGINE" = no ]; then require_permission; fi
  local user
  user=$(id -un)
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
  if command -v docker >/dev/null && ! engine_answers; then
    require_local_engine
    require_permission
  fi

  local missing=""
  if ! command -v docker >/dev/null; then missing="docker is not installed"
  elif engine_answers; then missing="buildx or Compose is missing"
  elif ! command -v dockerd >/dev/null; then missing="the Docker Engine (dockerd) is not installed"
  else missing="the Docker Engine does not answer"; fi
  local help
  mapfile -t help < <(manual_help)
  if ! command -v dockerd >/dev/null || ! buildx_answers || ! compose_answers; then require_apt "$missing" "${help[@]}"; fi
  require_root_or_sudo "$missing" "${help[@]}"

  # dpkg's own locks are on files in there, and of another type.
  take_lock /var/lib/dpkg
  if command -v docker >/dev/null && everything_answers; then
    say "$(describe_engine) answer; set up by another run"
    return
  fi
  open_log
  say "$missing; details go to $LOG"

  if ! engine_answers && ! command -v dockerd >/dev/null; then
    prepare_packages
    install_engine
  fi
  if ! engine_answers; then
    start_daemon
    wait_for_daemon
    allow_user
  fi
  if ! buildx_answers || ! compose_answers; then
    prepare_packages
    if ! buildx_answers; then install_plugin "$BUILDX_PACKAGE" buildx; fi
    if ! compose_answers; then install_plugin "$COMPOSE_PACKAGE" compose; fi
  fi
  prove
  say "ready: $(describe_engine)"
}

main "$@"
