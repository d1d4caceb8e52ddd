#!/usr/bin/env bash
# Makes everything that `make demo` and `make test` need exist on a fresh Debian or Ubuntu machine:
# Node packages, Docker Engine with buildx and Compose, base images, the bundled program. Each only
# when it is missing or out of date; when nothing is, it takes about two seconds.
#
#   scripts/setup.sh            everything
#   scripts/setup.sh packages   the Node packages only
#
# Needs Node 20 or newer with npm (the Node 24 that the program runs on comes as a package).
# Exit codes: 0 everything is there, 1 a step failed, 2 something must be installed by hand first.
set -euo pipefail

readonly ME=setup
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=progress.sh
. "$here/progress.sh"

cd "${here%/scripts}"
readonly OLDEST_NODE=20
readonly PROGRAM_NODE=24

require_node() {
  local major
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    give_up "Node.js $OLDEST_NODE or newer with npm is needed" \
      "Install it, for example by the steps on https://nodejs.org/en/download" \
      "On Ubuntu 25.04, Debian 13 and newer:  sudo apt-get install nodejs npm"
  fi
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge "$OLDEST_NODE" ] || give_up "this machine has Node.js $(node --version); $OLDEST_NODE or newer is needed" \
    "Install it, for example by the steps on https://nodejs.org/en/download"
}

# The Node that runs the program; its package downloads it in an install script, which some npm settings forbid.
own_node_answers() { [ "$(node_modules/node/bin/node -p 'process.versions.node.split(".")[0]' 2>/dev/null)" = "$PROGRAM_NODE" ]; }
packages_are_current() {
  [ -e node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ] && own_node_answers
}

# `npm ci` refuses a lockfile that lacks optional packages of other platforms, and a registry mirror that
# does not carry those makes such lockfiles. The second call takes the same versions from the same lockfile
# (with their checksums) and writes neither file.
install_packages() {
  local log=$LOG.npm
  if ! npm ci --no-audit --no-fund >"$log" 2>&1; then
    if ! npm install --no-save --no-audit --no-fund >"$log" 2>&1; then
      # npm ends with its manual page; the cause stands first.
      grep -m 12 'npm error' "$log" >"$log.error" || true
      fail "npm could not install the packages (all of it: $log)" "$log.error"
    fi
  fi
  touch node_modules/.package-lock.json
  if ! own_node_answers; then npm rebuild node --ignore-scripts=false --foreground-scripts >>"$log" 2>&1 || true; fi
  own_node_answers || fail "the package node did not bring Node.js $PROGRAM_NODE" "$log"
  say "Node packages are installed"
}

program_is_current() {
  [ -e dist/orchestrate.cjs ] && [ -z "$(find src scripts/bundle.ts package.json -newer dist/orchestrate.cjs -type f -print -quit)" ]
}

build_program() {
  say "bundling the program"
  PATH=$PWD/node_modules/.bin:$PATH npm run --silent build >"$LOG.build" 2>&1 || fail "npm run build" "$LOG.build"
  say "the program is bundled"
}

main() {
  require_node
  open_log
  if [ "${1:-}" = packages ]; then
    if packages_are_current; then say "Node packages are there"; else say "installing Node packages" && install_packages; fi
    rm -f "$LOG" "$LOG".*
    return
  fi
  local packages=
  if packages_are_current; then
    say "Node packages are there"
  else
    # Neither needs the other, and each takes 10 to 20 s of mostly waiting.
    say "installing Node packages, and meanwhile:"
    install_packages & packages=$!
  fi
  local code=0
  scripts/setup-engine.sh || code=$?
  if [ "$code" -eq 0 ]; then scripts/base-images.sh haproxy || code=$?; fi
  if [ -n "$packages" ]; then wait "$packages" || code=${code/#0/1}; fi
  if [ "$code" -ne 0 ]; then exit "$code"; fi
  if program_is_current; then say "the program is there"; else build_program; fi
  rm -f "$LOG" "$LOG".*
  say "everything is set up"
}

main "$@"
