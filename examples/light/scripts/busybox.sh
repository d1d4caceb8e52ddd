#!/bin/sh
# Puts a static busybox into .busybox/, the only thing that the images of this example are made of.
# Takes the one that the machine has; on Debian and Ubuntu it installs the package busybox-static where it is missing.
# Set BUSYBOX to use a certain binary. Does nothing when the binary is already there.
set -eu
directory=$(dirname "$0")/../.busybox
target=$directory/busybox
[ -x "$target" ] && exit 0

# Only a static binary runs in an image that has nothing else. One that was copied out alone and still starts with an
# empty root would be proof, but needs root; the ELF header tells as well: a dynamic binary names its interpreter.
is_static() {
  [ -x "$1" ] && ! head -c 4096 "$1" | grep -q 'ld-linux\|ld-musl'
}

find_busybox() {
  for candidate in "${BUSYBOX:-}" /bin/busybox /usr/bin/busybox "$(command -v busybox || true)"; do
    if [ -n "$candidate" ] && is_static "$candidate"; then
      echo "$candidate"
      return
    fi
  done
}

source=$(find_busybox)
if [ -z "$source" ]; then
  if ! command -v apt-get >/dev/null; then
    echo "No static busybox found and no apt-get to install one: set BUSYBOX=/path/to/a/static/busybox" >&2
    exit 1
  fi
  as_root=
  [ "$(id -u)" = 0 ] || as_root=sudo
  $as_root apt-get install -y --no-install-recommends busybox-static >&2 ||
    { $as_root apt-get update >&2 && $as_root apt-get install -y --no-install-recommends busybox-static >&2; }
  source=$(find_busybox)
fi
if [ -z "$source" ]; then
  echo "The package busybox-static is installed, but no static busybox was found" >&2
  exit 1
fi
mkdir -p "$directory"
# Always the same time stamp and mode: the copy is a build context. Renamed into place, so that two at once do no harm.
cp "$source" "$target.$$"
chmod 755 "$target.$$"
touch -t 200001010000 "$target.$$"
mv "$target.$$" "$target"
