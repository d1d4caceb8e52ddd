#!/usr/bin/env bash
# What tests of a second host take and a minimal machine lacks: ssh, sshd, ip, ps. Only where CI=true or with `install`, since the
# package of sshd may start a server: without it the tests that need it are skipped, and say so. In CI they fail then.
#
#     scripts/test-tools.sh [install]
set -euo pipefail

readonly ME=test-tools
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=progress.sh
. "$here/progress.sh"
# shellcheck source-path=SCRIPTDIR source=apt.sh
. "$here/apt.sh"

missing() {
  [ -x /usr/sbin/sshd ] || echo openssh-server
  command -v ssh >/dev/null || echo openssh-client
  command -v ip >/dev/null || echo iproute2
  command -v ps >/dev/null || echo procps
}

main() {
  local packages
  mapfile -t packages < <(missing)
  if [ "${#packages[@]}" -eq 0 ]; then return; fi
  if [ "${CI:-}" != true ] && [ "${1:-}" != install ]; then
    say "without ${packages[*]} tests of a remote host are skipped; scripts/test-tools.sh install installs it"
    return
  fi
  open_log
  require_apt "the tests need ${packages[*]}"
  require_root_or_sudo "the tests need ${packages[*]}"
  say "installing ${packages[*]}"
  apt update || true
  apt install --no-install-recommends "${packages[@]}" || fail "apt could not install ${packages[*]}" "$LOG"
  rm -f "$LOG"
}

main "$@"
