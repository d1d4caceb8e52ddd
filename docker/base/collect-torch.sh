#!/bin/sh
# Makes a virtual environment in $1 of Debian's Python packages and the native libraries they need,
# so that it works on a python image that has none of them.
set -eu
venv=$1
site=$venv/lib/python3.11/site-packages
native=$venv/lib/native

python -m venv --without-pip "$venv"
mkdir -p "$native"
cp -r /usr/lib/python3/dist-packages/. "$site/"

# Not needed to run a service: installers, torch's own tests, headers and optional symbolic algebra.
cd "$site"
rm -rf pip pip-* setuptools setuptools-* wheel wheel-* pkg_resources _distutils_hack distutils-precedence.pth \
  hypothesis* _hypothesis* future future-* past libfuturize libpasteurize sympy sympy-* isympy.py mpmath mpmath-* \
  torch/include torch/test torch/share torchgen
find . -type d \( -name __pycache__ -o -name tests \) -prune -exec rm -rf {} +
find . -type f -name '*.pyi' -delete

# Everything outside glibc goes along, under the name by which it is looked up.
find torch numpy -name '*.so*' ! -type l -exec ldd {} + 2>/dev/null | awk '/=> \// { print $3 }' | sort -u |
  grep -vE '/(libc|libm|libdl|libpthread|librt|libutil|libresolv|ld-linux[^/]*)\.so\.[0-9]+$' |
  while read -r library; do cp -L "$library" "$native/"; done
for link in torch/lib/*; do
  name=$(basename "$(readlink "$link")")
  original=/usr/lib/python3/dist-packages/$link
  if [ ! -e "$original" ]; then rm "$link"; continue; fi # the package links to some that it lacks
  [ -e "$native/$name" ] || cp -L "$original" "$native/$name"
  ln -sfn "$native/$name" "$link"
done

# An absolute path: the loader takes $ORIGIN from the link it was given, not from the file behind it.
chmod -R u+w "$native"
find "$native" torch numpy -type f \( -name '*.so*' -o -path 'torch/bin/*' \) -exec sh -c '
  native=$1; shift
  for file in "$@"; do patchelf --set-rpath "$native" "$file" 2>/dev/null || true; done' sh "$native" {} +

printf '#!%s/bin/python\nimport sys\nfrom uvicorn.main import main\nsys.exit(main())\n' "$venv" >"$venv/bin/uvicorn"
chmod 0755 "$venv/bin/uvicorn"

# Leaves bytecode of the modules that are really used, and fails when the trimming took too much.
"$venv/bin/python" -c 'import torch, torch.nn, torch.optim, fastapi, uvicorn, uvicorn.main, uvicorn.lifespan.on, uvicorn.loops.auto, uvicorn.protocols.http.auto'
