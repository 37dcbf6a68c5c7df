#!/bin/bash
# gnutls-serv with the Ed25519 key on the token; gnutls-cli and openssl are the
# clients: TLS 1.3, the certificate checked, the signature scheme looked at.
. "$(dirname "$0")/lib.sh"
need gnutls-serv gnutls-cli certtool

gnutls_client() {
    run gnutls-cli --port "$port" --x509cafile "$D/ed.crt" \
        --priority 'NORMAL:-VERS-ALL:+VERS-TLS1.3' localhost >"$D/out"
    must has 'certificate is trusted' "$D/out"
    must has 'TLS1.3.*EdDSA-Ed25519' "$D/out"
    must has 'Handshake was completed' "$D/out"
}

openssl_client() {
    must openssl s_client -connect "127.0.0.1:$port" -tls1_3 -brief \
        -CAfile "$D/ed.crt" -verify_return_error </dev/null
    must has 'Signature type: ed25519' "$D/must.out"
}

consumer() {
    token ed ed
    self_signed ed "$D/ed.crt"
    port=$(free_port)
    serve gnutls-serv --provider "$M" --quiet --echo --port "$port" \
        --x509keyfile "$(uri ed)" --x509certfile "$D/ed.crt" \
        --priority 'NORMAL:-VERS-ALL:+VERS-TLS1.3'
    until_true 10 listening "$port" || fail "gnutls-serv does not listen"
    gnutls_client
    openssl_client
    stop "$server" gnutls-serv
}
interop
