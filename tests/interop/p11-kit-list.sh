#!/bin/bash
# p11-kit list-modules: with no configuration of ours the module must load in
# silence and show no token; with one, the token.
. "$(dirname "$0")/lib.sh"
need p11-kit
drop_root

module_file() {
    mkdir -p "$D/config/pkcs11/modules"
    printf 'user-config: only\n' >"$D/config/pkcs11/pkcs11.conf"
    printf 'module: %s\n' "$M" >"$D/config/pkcs11/modules/tested.module"
    own "$D/config"
}

consumer() {
    local kept=$TEE_PKCS11_CONF

    token ed ed
    module_file
    run p11-kit list-modules >"$D/out"
    must has '^tested: ' "$D/out"
    must has 'token: ed' "$D/out"
    ours || return 0
    unset TEE_PKCS11_CONF
    run p11-kit list-modules >"$D/out"
    must test ! -s "$D/last.err"
    must has '^tested: ' "$D/out"
    must has 'library-description: tee-pkcs11' "$D/out"
    must no_token
    export TEE_PKCS11_CONF=$kept
}

no_token() { ! grep -q 'token:' "$D/out"; }
interop
