#!/bin/bash
# pkcs11js under Node: Ed25519 signature, vendor attributes by number, evidence
# object.  Node exports a static OpenSSL of its own: the P-256 signature shows
# that our plug-in is not bound to it.
. "$(dirname "$0")/lib.sh"
need node
PKCS11JS=${PKCS11JS:-}
[ -d "$PKCS11JS" ] || skip "PKCS11JS names no built pkcs11js"

consumer() {
    token ed ed
    token ec p256
    public ed "$D/ed.pem"
    public ec "$D/ec.pem"
    head -c 300 /dev/urandom >"$D/msg"
    openssl dgst -sha256 -binary "$D/msg" >"$D/hash"
    PKCS11JS=$PKCS11JS run node "$here/consumer.js" "$M" "$PIN" "$D" \
        "$(ours && echo ours)" >"$D/out"
    must openssl pkeyutl -verify -pubin -inkey "$D/ed.pem" -rawin \
        -in "$D/msg" -sigfile "$D/sig"
    must python3 "$here/ecdsa_der.py" "$D/sig.ec" "$D/sig.ec.der"
    must openssl pkeyutl -verify -pubin -inkey "$D/ec.pem" -in "$D/hash" \
        -sigfile "$D/sig.ec.der"
    ours || return 0
    evidence_checks
}
. "$(dirname "$0")/evidence.sh"
interop
