#!/bin/sh
# Plain against optimised images of the shop, measured: see compare-sizes.ts, which takes the same arguments.
# Base images that cannot be pulled are made first; what is there already costs a second.
set -eu
cd -- "$(dirname -- "$0")/.."
PATH="$PWD/node_modules/.bin:$PATH"
case " $* " in
  *" --no-build "*) ;;
  *) scripts/base-images.sh plain >&2 ;;
esac
exec node scripts/compare-sizes.ts "$@"
