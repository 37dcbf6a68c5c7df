#!/bin/bash
# p11-kit server and client: P-256 signs and vendor attributes pass the RPC.
# (CKM_EDDSA does not: p11-kit filters it, whatever the module.)
. "$(dirname "$0")/lib.sh"
need p11-kit pkcs11-tool
need_program p11-read
client=$(pkg-config --variable=p11_module_path p11-kit-1 2>/dev/null)
client=${client:-/usr/lib/$(uname -m)-linux-gnu/pkcs11}/p11-kit-client.so
need_file "$client"
need_file /usr/libexec/p11-kit/p11-kit-server
drop_root

through_rpc() {
    run pkcs11-tool --module "$client" "$@"
}

consumer() {
    token ed ed
    token ec p256
    public ec "$D/ec.pem"
    serve p11-kit server --foreground --provider "$M" \
        --name "$D/home/socket" pkcs11:
    until_true 10 test -S "$D/home/socket" || fail "p11-kit server: no socket"
    export P11_KIT_SERVER_ADDRESS="unix:path=$D/home/socket"
    through_rpc -L >"$D/out"
    must has 'token label .*: ec' "$D/out"
    openssl rand 32 >"$D/hash"
    own "$D/hash"
    through_rpc --token-label ec --login --pin "$PIN" --sign -m ECDSA --id 01 \
        --signature-format openssl -i "$D/hash" -o "$D/sig" >"$D/out"
    must openssl pkeyutl -verify -pubin -inkey "$D/ec.pem" -in "$D/hash" \
        -sigfile "$D/sig"
    if ours; then
        must ${AS[@]+"${AS[@]}"} "$bin/p11-read" "$client" ec
        must ${AS[@]+"${AS[@]}"} "$bin/p11-read" "$client" ed evidence
    fi
    stop "$server" p11-kit
    unset P11_KIT_SERVER_ADDRESS
}
interop
