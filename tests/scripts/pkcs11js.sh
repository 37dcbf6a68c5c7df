# shellcheck shell=bash
# build_pkcs11js DIR: the npm package pkcs11js in DIR/node_modules, compiled
# against the headers of the Node that will run it.  Sourced.  What is built
# already is taken as it is; without Node, npm or a network it fails.
build_pkcs11js() {
    local gyp headers made=$1/node_modules/pkcs11js

    [ ! -f "$made/build/Release/pkcs11.node" ] || return 0
    command -v npm >/dev/null || return 1
    mkdir -p "$1" || return 1
    (cd "$1" && npm install --no-audit --no-fund --ignore-scripts --silent \
        pkcs11js@2.1.7) || return 1
    gyp=$(npm root -g)/npm/node_modules/node-gyp/bin/node-gyp.js
    [ -f "$gyp" ] || gyp=/usr/share/nodejs/node-gyp/bin/node-gyp.js
    headers=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
    [ -f "$headers/include/node/node.h" ] || headers=/usr
    (cd "$made" && node "$gyp" rebuild --nodedir="$headers")
}
