#!/bin/bash
# OpenSSL's pkcs11 engine (libp11): a certificate request and a TLS server with
# a P-256 token while an Ed25519 token is configured beside it.
. "$(dirname "$0")/lib.sh"
need openssl
engine=$(openssl version -e | sed -n 's/^ENGINESDIR: "\(.*\)"$/\1/p')/pkcs11.so
need_file "$engine"

engine_conf() {
    cat >"$D/engine.cnf" <<CONF
openssl_conf = init
[init]
engines = engines
[engines]
pkcs11 = pkcs11_section
[pkcs11_section]
engine_id = pkcs11
dynamic_path = $engine
MODULE_PATH = $M
PIN = $PIN
init = 0
[req]
distinguished_name = dn
[dn]
CONF
}

request() {
    OPENSSL_CONF=$D/engine.cnf run openssl req -new -engine pkcs11 \
        -keyform engine -key "$(uri ec)" -subj /CN=localhost -sha256 \
        -out "$D/ec.csr"
    must openssl req -in "$D/ec.csr" -verify -noout
    OPENSSL_CONF=$D/engine.cnf run openssl req -new -x509 -engine pkcs11 \
        -keyform engine -key "$(uri ec)" -subj /CN=localhost -sha256 -days 2 \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -out "$D/ec.crt"
    must openssl verify -CAfile "$D/ec.crt" "$D/ec.crt"
    must same_key
}

same_key() {
    public ec "$D/ec.pem"
    openssl x509 -in "$D/ec.crt" -pubkey -noout | cmp - "$D/ec.pem"
}

tls() {
    port=$(free_port)
    OPENSSL_CONF=$D/engine.cnf serve openssl s_server -accept \
        "127.0.0.1:$port" -engine pkcs11 -keyform engine -key "$(uri ec)" \
        -cert "$D/ec.crt" -www -naccept 3
    until_true 10 listening "$port" || fail "s_server does not listen"
    must openssl s_client -connect "127.0.0.1:$port" -brief \
        -CAfile "$D/ec.crt" -verify_return_error </dev/null
    must has 'Signature type: ECDSA' "$D/must.out"
    must env -u OPENSSL_CONF gnutls-cli --port "$port" --x509cafile \
        "$D/ec.crt" localhost </dev/null
    must openssl s_client -connect "127.0.0.1:$port" -tls1_2 -brief \
        -CAfile "$D/ec.crt" -verify_return_error </dev/null
    ended "$server" openssl
}

consumer() {
    token ed ed
    token ec p256
    engine_conf
    request
    tls
}
interop
