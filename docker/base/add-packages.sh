#!/bin/sh
# Installs the packages named and leaves nothing of apt's lists and archives in the layer.
set -eu
apt-get update -q
apt-get install -qy --no-install-recommends "$@"
apt-get clean
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old
