#!/bin/bash
# nginx with the P-256 key on the token through the engine; the master is root,
# the workers are not.  Needs root.
. "$(dirname "$0")/lib.sh"
need nginx openssl setpriv
[ "$(id -u)" -eq 0 ] || skip "the master of this test must be root"
engine=$(openssl version -e | sed -n 's/^ENGINESDIR: "\(.*\)"$/\1/p')/pkcs11.so
need_file "$engine"
GID=65534

configuration() {
    cat >"$D/nginx-openssl.cnf" <<CONF
openssl_conf = init
[init]
engines = engines
[engines]
pkcs11 = pkcs11_section
[pkcs11_section]
engine_id = pkcs11
dynamic_path = $engine
MODULE_PATH = $M
init = 1
CONF
    cat >"$D/nginx.conf" <<CONF
user nobody nogroup;
daemon off;
master_process on;
worker_processes 2;
pid $D/nginx.pid;
error_log stderr warn;
env OPENSSL_CONF=$D/nginx-openssl.cnf;
env TEE_PKCS11_CONF;
env SOFTHSM2_CONF;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path $D/tmp;
    proxy_temp_path $D/tmp;
    fastcgi_temp_path $D/tmp;
    uwsgi_temp_path $D/tmp;
    scgi_temp_path $D/tmp;
    server {
        listen 127.0.0.1:$port ssl;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate $D/ec.crt;
        ssl_certificate_key "engine:pkcs11:$(uri ec)";
        location / { return 200 "served by \$pid\n"; }
    }
}
CONF
}

workers_are_nobody() {
    local p uid n=0

    for p in $(pgrep -P "$server"); do
        uid=$(awk '/^Uid:/ { print $2 }' "/proc/$p/status")
        [ "$uid" -eq 65534 ] || return 1
        n=$((n + 1))
    done
    [ "$n" -eq 2 ] && [ "$(awk '/^Uid:/ { print $2 }' \
        "/proc/$server/status")" -eq 0 ]
}

handshake() {
    openssl s_client -connect "127.0.0.1:$port" -CAfile "$D/ec.crt" \
        -verify_return_error -quiet -no_ign_eof "$@" </dev/null
}

handshakes() {
    local i

    for ((i = 0; i < $1; i++)); do
        must handshake "-tls1_$((2 + i % 2))"
    done
}

consumer() {
    token ed ed "group = $GID"
    token ec p256 "group = $GID"
    self_signed ec "$D/ec.crt"
    chmod 644 "$D/ec.crt"
    # The stores of both modules must be readable for the workers.
    ours || chmod -R o+rX "$D/tokens"
    port=$(free_port)
    mkdir "$D/tmp"
    configuration
    OPENSSL_CONF=$D/nginx-openssl.cnf serve nginx -p "$D" -c "$D/nginx.conf"
    until_true 10 listening "$port" || {
        cat "$D/err.nginx"
        fail "nginx does not listen"
    }
    must workers_are_nobody
    handshakes 12
    # A reload makes new workers from a master that has used the key.
    kill -HUP "$server"
    until_true 10 workers_are_nobody
    handshakes 4
    stop "$server" nginx
}
interop
