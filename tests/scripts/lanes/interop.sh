#!/bin/bash
# The consumers of tests/interop on an installed tree.
. "$(dirname "$0")/lib.sh"
chmod 755 "$LANES" "$build"
configure_build --enable-werror --prefix="$build/inst" --sysconfdir=/etc
mk all
mk install >"$build/install.out" 2>&1
# shellcheck source=tests/scripts/pkcs11js.sh
. "$src/tests/scripts/pkcs11js.sh"
if build_pkcs11js "$build/npm" >"$build/npm.out" 2>&1; then
    export PKCS11JS=$build/npm/node_modules/pkcs11js
fi
mk interop
