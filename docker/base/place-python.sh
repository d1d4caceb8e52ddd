#!/bin/sh
# Gives Debian's Python the paths and habits of the public python image.
set -eu
rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
ln -s /usr/bin/python3.11 /usr/local/bin/python3.11
ln -s python3.11 /usr/local/bin/python3
ln -s python3.11 /usr/local/bin/python
if [ -e /usr/bin/pip3 ]; then
  ln -s /usr/bin/pip3 /usr/local/bin/pip3
  ln -s pip3 /usr/local/bin/pip
fi
