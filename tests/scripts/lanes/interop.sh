#!/bin/bash
# The consumers of tests/interop on an installed tree.
. "$(dirname "$0")/lib.sh"
chmod 755 "$LANES" "$build"
configure_build --enable-werror --prefix="$build/inst" --sysconfdir=/etc
mk all
mk install >"$build/install.out" 2>&1
# pkcs11js is compiled here, against the headers of the Node that runs it.
pkcs11js() {
    local gyp headers

    command -v npm >/dev/null || return 1
    mkdir -p "$build/npm"
    cd "$build/npm"
    npm install --no-audit --no-fund --ignore-scripts --silent pkcs11js@2.1.7
    cd node_modules/pkcs11js
    gyp=$(npm root -g)/npm/node_modules/node-gyp/bin/node-gyp.js
    [ -f "$gyp" ] || gyp=/usr/share/nodejs/node-gyp/bin/node-gyp.js
    headers=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
    [ -f "$headers/include/node/node.h" ] || headers=/usr
    node "$gyp" rebuild --nodedir="$headers" >"$build/gyp.out" 2>&1
}
if (pkcs11js); then
    export PKCS11JS=$build/npm/node_modules/pkcs11js
fi
mk interop
