#!/bin/sh
# Makes a virtual environment in $1 of Debian's PyTorch and web framework and the native libraries they
# need, so that it works on a python image that has none of them.
#
# The packages are unpacked aside, not installed: half the time, and none of their 1.2 GB stays in a layer.
set -eu
venv=$1
site=$venv/lib/python3.11/site-packages
native=$venv/lib/native
debs=/tmp/debs
aside=/tmp/aside

apt-get update -q
apt-get install -qy --no-install-recommends patchelf python3-venv
sh /tmp/place-python.sh
mkdir -p "$debs/partial" "$aside"
apt-get install -qy --no-install-recommends --download-only -o "Dir::Cache::archives=$debs" \
  python3-fastapi python3-numpy python3-torch python3-uvicorn
# shellcheck disable=SC2016
find "$debs" -name '*.deb' -print0 | xargs -0 -n 8 -P 4 sh -c 'for deb in "$@"; do dpkg-deb -x "$deb" "$0"; done' "$aside"
rm -rf "$debs" /var/lib/apt/lists/* /var/cache/apt

python -m venv --without-pip "$venv"
mkdir -p "$native"

# Not needed to run a service: installers, torch's own tests, headers and optional symbolic algebra.
cd "$aside/usr/lib/python3/dist-packages"
rm -rf pip pip-* setuptools setuptools-* wheel wheel-* pkg_resources _distutils_hack distutils-precedence.pth \
  hypothesis* _hypothesis* future future-* past libfuturize libpasteurize sympy sympy-* isympy.py mpmath mpmath-* \
  torch/include torch/test torch/share torchgen
find . -type d \( -name __pycache__ -o -name tests \) -prune -exec rm -rf {} +
find . -type f -name '*.pyi' -delete
cp -r . "$site/"
cd "$site"

# Everything outside glibc goes along, under the name by which it is looked up. Unpacked packages lack the
# links that an installation makes (blas, lapack), and some libraries stand in directories of their own.
lib=$(echo "$aside"/usr/lib/*-linux-gnu)
path=$aside/usr/lib:$(echo "$aside"/lib/*-linux-gnu):$lib:$lib/blas:$lib/lapack:$lib/pulseaudio
find torch numpy -name '*.so*' ! -type l -exec env LD_LIBRARY_PATH="$path" ldd {} + >/tmp/libraries 2>/dev/null
if grep 'not found' /tmp/libraries; then exit 1; fi
awk '/=> \// { print $3 }' /tmp/libraries | sort -u |
  grep -vE '/(libc|libm|libdl|libpthread|librt|libutil|libresolv|ld-linux[^/]*)\.so\.[0-9]+$' |
  while read -r library; do cp -L "$library" "$native/"; done
for link in torch/lib/*; do
  name=$(basename "$(readlink "$link")")
  if [ ! -e "$lib/$name" ]; then rm "$link"; continue; fi # the package links to some that it lacks
  [ -e "$native/$name" ] || cp -L "$lib/$name" "$native/$name"
  ln -sfn "$native/$name" "$link"
done
rm -rf "$aside"

# An absolute path: the loader takes $ORIGIN from the link it was given, not from the file behind it.
chmod -R u+w "$native"
find "$native" torch numpy -type f \( -name '*.so*' -o -path 'torch/bin/*' \) -exec sh -c '
  native=$1; shift
  for file in "$@"; do patchelf --set-rpath "$native" "$file" 2>/dev/null || true; done' sh "$native" {} +

printf '#!%s/bin/python\nimport sys\nfrom uvicorn.main import main\nsys.exit(main())\n' "$venv" >"$venv/bin/uvicorn"
chmod 0755 "$venv/bin/uvicorn"

# Leaves bytecode of the modules that are really used, and fails when something is missing.
"$venv/bin/python" -c 'import torch, torch.nn, torch.optim, fastapi, uvicorn, uvicorn.main, uvicorn.lifespan.on, uvicorn.loops.auto, uvicorn.protocols.http.auto
print(torch.nn.Linear(2, 1)(torch.ones(2)))'
