#!/bin/sh
# Gives Node and npm the links, and the image the user, of the public node image.
set -eu
ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
ln -s node /usr/local/bin/nodejs
groupadd --gid 1000 node
useradd --uid 1000 --gid node --shell /bin/bash --create-home node
