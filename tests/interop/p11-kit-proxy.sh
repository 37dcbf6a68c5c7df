#!/bin/bash
# The module behind p11-kit's proxy: Ed25519 and P-256 sign, vendor attributes
# and a fresh evidence object pass.
. "$(dirname "$0")/lib.sh"
need p11-kit pkcs11-tool
need_program p11-read
proxy=$(pkg-config --variable=proxy_module p11-kit-1 2>/dev/null)
proxy=${proxy:-/usr/lib/$(uname -m)-linux-gnu/p11-kit-proxy.so}
need_file "$proxy"
drop_root

through_proxy() {
    run pkcs11-tool --module "$proxy" "$@"
}

consumer() {
    token ed ed
    token ec p256
    public ed "$D/ed.pem"
    public ec "$D/ec.pem"
    mkdir -p "$D/config/pkcs11/modules"
    printf 'user-config: only\n' >"$D/config/pkcs11/pkcs11.conf"
    printf 'module: %s\n' "$M" >"$D/config/pkcs11/modules/tested.module"
    own "$D/config"
    through_proxy -L >"$D/out"
    must has 'token label .*: ed' "$D/out"
    head -c 500 /dev/urandom >"$D/msg"
    own "$D"
    through_proxy --token-label ed --login --pin "$PIN" --sign -m EDDSA \
        --id 01 -i "$D/msg" -o "$D/sig" >"$D/out"
    must openssl pkeyutl -verify -pubin -inkey "$D/ed.pem" -rawin \
        -in "$D/msg" -sigfile "$D/sig"
    openssl dgst -sha256 -binary "$D/msg" >"$D/hash"
    own "$D/hash"
    through_proxy --token-label ec --login --pin "$PIN" --sign -m ECDSA \
        --id 01 --signature-format openssl -i "$D/hash" -o "$D/sig" >"$D/out"
    must openssl pkeyutl -verify -pubin -inkey "$D/ec.pem" -in "$D/hash" \
        -sigfile "$D/sig"
    ours || return 0
    must ${AS[@]+"${AS[@]}"} "$bin/p11-read" "$proxy" ed evidence
}
interop
