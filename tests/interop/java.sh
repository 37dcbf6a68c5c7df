#!/bin/bash
# Java's SunPKCS11: the P-256 key and its certificate make a KeyStore alias;
# Java signs, openssl verifies.
. "$(dirname "$0")/lib.sh"
need java javac

consumer() {
    token ec p256
    token ed ed
    self_signed ec "$D/ec.crt"
    store_certificate ec 01 "$D/ec.crt"
    public ec "$D/ec.pem"
    printf 'name = tested\nlibrary = %s\nslotListIndex = %s\n' "$M" \
        "$(slot_index ec)" >"$D/java.cfg"
    must javac -d "$D" "$here/SignP256.java"
    head -c 3000 /dev/urandom >"$D/msg"
    run java -Duser.home="$D/home" -cp "$D" SignP256 "$D/java.cfg" "$PIN" ec \
        "$D/msg" "$D/sig" "$D/java.der" >"$D/out"
    must openssl dgst -sha256 -verify "$D/ec.pem" -signature "$D/sig" "$D/msg"
    must cmp "$D/ec.crt.der" "$D/java.der"
}

# Position of a token in the list of slots.
slot_index() {
    pkcs11-tool --module "$M" -L 2>/dev/null |
        awk -v want="$1" '/^Slot / { n++ }
            /token label/ && $NF == want { print n - 1; exit }'
}
interop
