#!/bin/bash
# PyKCS11: Ed25519 signature, vendor attributes by number, evidence object.
. "$(dirname "$0")/lib.sh"
python=/usr/bin/python3
need "$python"
"$python" -c 'import PyKCS11' 2>/dev/null || skip "python3-pykcs11 is not installed"

consumer() {
    token ed ed
    public ed "$D/ed.pem"
    head -c 300 /dev/urandom >"$D/msg"
    run "$python" "$here/consumer.py" "$M" ed "$PIN" "$D" \
        "$(ours && echo ours)" >"$D/out"
    must openssl pkeyutl -verify -pubin -inkey "$D/ed.pem" -rawin \
        -in "$D/msg" -sigfile "$D/sig"
    ours || return 0
    evidence_checks
}
. "$(dirname "$0")/evidence.sh"
interop
