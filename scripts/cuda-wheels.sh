#!/usr/bin/env bash
# Collects what `pip install torch` brings from the default index, CUDA included, from the wheel folders and local indexes
# that pip is configured with on this machine: 3 GB into docker/base/.cache/wheelhouse-cuda, for compare-sizes only.
# A machine that reaches the default index needs none of this.
#
# Exit codes: 0 the wheels are there, 2 pip finds no torch with CUDA here.
set -euo pipefail
cd -- "$(dirname -- "$0")/.."

readonly FOLDER=docker/base/.cache/wheelhouse-cuda
readonly ME=cuda-wheels
if compgen -G "$FOLDER/nvidia_*.whl" >/dev/null; then exit 0; fi

options=()
for url in $(pip config list 2>/dev/null | sed -n "s/.*index-url='\(.*\)'/\1/p"); do
  case $url in file:*) options+=("--extra-index-url=$url") ;; esac
done
if [ ${#options[@]} -eq 0 ]; then options=(--no-index); else options[0]=${options[0]/--extra-/--}; fi

# torch wants cuda-bindings, which such folders tend to lack. An empty package of that name lets pip resolve; it makes the
# baseline a little smaller than it really is, never larger.
make_stub() {
  python3 - "$1" <<'PYTHON'
import sys, zipfile
info = "cuda_bindings-13.0.3.dist-info"
with zipfile.ZipFile(f"{sys.argv[1]}/cuda_bindings-13.0.3-py3-none-any.whl", "w") as wheel:
    wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: cuda-bindings\nVersion: 13.0.3\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: stub\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr(f"{info}/RECORD", "")
PYTHON
}

rm -rf "$FOLDER" "$FOLDER.new"
mkdir -p "$FOLDER.new"
find_cuda() { PIP_EXTRA_INDEX_URL='' pip download -qq --only-binary=:all: --python-version 3.11 -d "$FOLDER.new" "${options[@]}" "$@" -r examples/shop/ml/requirements.txt; }
if ! find_cuda 2>/dev/null || ! compgen -G "$FOLDER.new/nvidia_*.whl" >/dev/null; then
  rm -rf "$FOLDER.new" && mkdir -p "$FOLDER.new"
  make_stub "$FOLDER.new"
  if ! find_cuda --find-links "$FOLDER.new" || ! compgen -G "$FOLDER.new/nvidia_*.whl" >/dev/null; then
    rm -rf "$FOLDER.new"
    echo "$ME: pip finds no torch with CUDA on this machine" >&2
    exit 2
  fi
fi
mv "$FOLDER.new" "$FOLDER"
echo "$ME: $(find "$FOLDER" -name '*.whl' | wc -l) wheels, $(du -sm "$FOLDER" | cut -f 1) MB"
