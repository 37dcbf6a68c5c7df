#!/bin/bash
# pkcs11-tool: list, sign (short, both sides of its one-shot limit, 100 kB in
# parts), verify, read objects back, its own self tests.
. "$(dirname "$0")/lib.sh"
need cmp

sign_and_verify() {
    local tok=$1 size=$2

    head -c "$size" /dev/urandom >"$D/msg"
    p11 --token-label "$tok" --login --pin "$PIN" --sign -m EDDSA --id 01 \
        -i "$D/msg" -o "$D/sig" >"$D/out"
    must openssl pkeyutl -verify -pubin -inkey "$D/$tok.pem" -rawin \
        -in "$D/msg" -sigfile "$D/sig"
    # SoftHSM has no EdDSA in parts: nothing to verify there.
    ours || return 0
    p11 --token-label "$tok" --verify -m EDDSA --id 01 -i "$D/msg" \
        --signature-file "$D/sig" >"$D/out"
    must has 'Signature is valid' "$D/out"
    must test "$(wc -c <"$D/sig")" -eq 64
}

list() {
    p11 -I >"$D/out"
    p11 -L >"$D/out"
    must has 'token label .*: ed' "$D/out"
    p11 -M --token-label ed >"$D/out"
    must has 'EDDSA.*sign, verify' "$D/out"
    p11 -O --token-label ed --login --pin "$PIN" >"$D/out"
    must has '^Public Key Object; EC_EDWARDS' "$D/out"
    must has '^Private Key Object; EC_EDWARDS' "$D/out"
}

ecdsa() {
    head -c 100000 /dev/urandom >"$D/msg"
    p11 --token-label ec --login --pin "$PIN" --sign -m ECDSA-SHA256 --id 01 \
        --signature-format openssl -i "$D/msg" -o "$D/sig" >"$D/out"
    must openssl dgst -sha256 -verify "$D/ec.pem" -signature "$D/sig" "$D/msg"
}

rsa() {
    head -c 100000 /dev/urandom >"$D/msg"
    p11 --token-label rsa --login --pin "$PIN" --sign -m SHA256-RSA-PKCS \
        --id 01 -i "$D/msg" -o "$D/sig" >"$D/out"
    must openssl dgst -sha256 -verify "$D/rsa.pem" -signature "$D/sig" "$D/msg"
    p11 --token-label rsa --login --pin "$PIN" --sign -m SHA256-RSA-PKCS-PSS \
        --id 01 -i "$D/msg" -o "$D/sig" >"$D/out"
    must openssl dgst -sha256 -sigopt rsa_padding_mode:pss \
        -verify "$D/rsa.pem" -signature "$D/sig" "$D/msg"
}

certificates() {
    local t

    for t in ed ec; do
        self_signed "$t" "$D/$t.crt"
        store_certificate "$t" 01 "$D/$t.crt"
        p11 --token-label "$t" --read-object --type cert --id 01 \
            -o "$D/back.der"
        must cmp "$D/$t.crt.der" "$D/back.der"
    done
}

# Only a module of ours has these; SoftHSM fails its own self tests.  What they
# print on stderr is their report, so it is judged and not compared.
self_tests() {
    ours || return 0
    p11 --token-label ed --read-object --type data --application-label \
        tee-evidence -o "$D/evidence"
    must python3 -c 'import json, sys; json.load(open(sys.argv[1]))' \
        "$D/evidence"
    for t in ed ec rsa; do
        must pkcs11-tool --module "$M" --token-label "$t" --login \
            --pin "$PIN" --test
        must has '^No errors' "$D/must.out"
    done
    must pkcs11-tool --module "$M" --test-fork
    must pkcs11-tool --module "$M" --test-threads ILGISLT0 --test-threads IN
}

# The same with a PIN that is a PIN.
with_pin() {
    ours || return 0
    declare_token pinned ed 'pin = yes'
    p11 --slot 3 --init-token --label pinned --so-pin "$SO_PIN" >"$D/out"
    p11 --slot 3 --login --login-type so --so-pin "$SO_PIN" --init-pin \
        --new-pin "$PIN" >"$D/out"
    p11 --token-label pinned --login --pin "$PIN" --keypairgen --key-type \
        EC:edwards25519 --label pinned --id 01 >"$D/out"
    public pinned "$D/pinned.pem"
    sign_and_verify pinned 100000
    must wrong_pin_is_refused
}

wrong_pin_is_refused() {
    ! pkcs11-tool --module "$M" --token-label pinned --login --pin 999999 \
        --sign -m EDDSA --id 01 -i "$D/msg" -o "$D/sig"
}

consumer() {
    token ed ed
    token ec p256
    token rsa rsa
    for t in ed ec rsa; do public "$t" "$D/$t.pem"; done
    list
    for size in 10 1024 1025 100000; do sign_and_verify ed "$size"; done
    ecdsa
    rsa
    certificates
    self_tests
    with_pin
}
interop
