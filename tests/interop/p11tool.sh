#!/bin/bash
# p11tool and certtool: list, export, certificate request, self-signed.
. "$(dirname "$0")/lib.sh"
need p11tool certtool

p11t() { run p11tool --provider "$M" "$@"; }

listing() {
    p11t --list-tokens >"$D/out"
    must has 'pkcs11:.*token=ed' "$D/out"
    p11t --login --set-pin "$PIN" --list-all "$(uri ed token)" >"$D/out"
    must has 'Type: Private key \(EdDSA' "$D/out"
    must has 'Type: Public key \(EdDSA \(Ed25519\)\)' "$D/out"
    p11t --list-mechanisms "$(uri ed token)" >"$D/out"
    must has 'CKM_EDDSA' "$D/out"
}

# p11tool and pkcs11-tool must hand out the same public key.
export_public() {
    p11t --export-pubkey "$(uri "$1" public)" >"$D/$1.p11tool"
    sed -n '/BEGIN/,/END/p' "$D/$1.p11tool" >"$D/$1.p11tool.pem"
    must openssl pkey -pubin -in "$D/$1.p11tool.pem" -out "$D/$1.again"
    public "$1" "$D/$1.pem"
    must cmp "$D/$1.pem" "$D/$1.again"
}

request() {
    printf 'cn = "%s"\n' "$1" >"$D/csr.tmpl"
    run certtool --provider "$M" --no-text --generate-request --template \
        "$D/csr.tmpl" --load-privkey "$(uri "$1")" \
        --load-pubkey "$(uri "$1" public)" --outfile "$D/$1.csr"
    must openssl req -in "$D/$1.csr" -verify -noout
    must same_key openssl req -in "$D/$1.csr" "$1"
}

certificate() {
    self_signed "$1" "$D/$1.crt"
    must same_key openssl x509 -in "$D/$1.crt" "$1"
    store_certificate "$1" 01 "$D/$1.crt"
    p11t --export "$(uri "$1" cert)" >"$D/$1.back"
    must openssl x509 -in "$D/$1.back" -outform DER -out "$D/$1.back.der"
    must cmp "$D/$1.crt.der" "$D/$1.back.der"
    p11t --list-all-certs "$(uri "$1" token)" >"$D/out"
    must has 'X.509 Certificate' "$D/out"
}

# same_key COMMAND... NAME: its -pubkey is the token's key.
same_key() {
    local n=${*: -1}

    "${@:1:$#-1}" -pubkey -noout | cmp - "$D/$n.pem"
}

consumer() {
    token ed ed
    token ec p256
    listing
    for t in ed ec; do
        export_public "$t"
        request "$t"
        certificate "$t"
    done
}
interop
