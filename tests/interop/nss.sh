#!/bin/bash
# NSS: modutil adds the module, certutil lists the certificate of the P-256 key
# as one whose private key is at hand and signs a request with that key.
. "$(dirname "$0")/lib.sh"
need certutil modutil

consumer() {
    token ed ed
    token ec p256
    self_signed ec "$D/ec.crt"
    store_certificate ec 01 "$D/ec.crt"
    mkdir "$D/nss"
    printf '%s\n' "$PIN" >"$D/pin"
    run certutil -N -d "sql:$D/nss" --empty-password
    run modutil -dbdir "sql:$D/nss" -force -add tested -libfile "$M" \
        >"$D/out"
    run modutil -dbdir "sql:$D/nss" -list >"$D/out"
    must has 'token: ec' "$D/out"
    run certutil -L -d "sql:$D/nss" -h ec -f "$D/pin" >"$D/out"
    must has '^ec:ec +u,u,u' "$D/out"
    run certutil -K -d "sql:$D/nss" -h ec -f "$D/pin" >"$D/out"
    must has 'ec ' "$D/out"
    run certutil -R -d "sql:$D/nss" -h ec -f "$D/pin" -k 01 \
        -s CN=localhost -a -o "$D/nss.csr"
    must openssl req -in "$D/nss.csr" -verify -noout
    must same_key
}

same_key() {
    public ec "$D/ec.pem"
    openssl req -in "$D/nss.csr" -pubkey -noout | cmp - "$D/ec.pem"
}
interop
