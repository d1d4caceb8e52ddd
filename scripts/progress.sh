# What the set-up scripts say and how they end. Sourced, with ME set to the script's name.
#
# Exit codes: 1 a step failed (the end of its log is shown),
#             2 this machine cannot be set up from here (the message says what is missing).
# shellcheck shell=bash disable=SC2034

readonly STARTED_AT=${EPOCHREALTIME/,/.}

elapsed() { awk -v a="$STARTED_AT" -v b="${EPOCHREALTIME/,/.}" 'BEGIN { printf "%5.1f s", b - a }'; }
say() { printf '%s: [%s] %s\n' "$ME" "$(elapsed)" "$*"; }

# Ends with code 2: a person has to do something first. The arguments after the headline are next steps.
give_up() {
  printf '%s: cannot go on: %s\n' "$ME" "$1" >&2
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

# A file for the noise of the tools, outside the repository; kept, so that it can be read afterwards.
open_log() { LOG=$(mktemp "${TMPDIR:-/tmp}/orchestrate-$ME.XXXXXX.log"); }
