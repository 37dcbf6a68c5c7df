# shellcheck shell=bash
# tests/interop/lib.sh: what every consumer script shares.
#
# A script sources this, calls `need PROGRAM...`, defines consumer(), and ends
# with `interop`.  consumer() runs twice: first with SoftHSM2, which only
# records what each program prints on stderr, then with our module, where every
# program must end with 0, every foreign check must pass, and stderr may hold
# only lines that stderr.allow names and that the same program printed in the
# SoftHSM run as well.  Inside consumer():
#
#   token NAME TYPE        a fresh token (ed, p256, rsa) with key NAME, id 01
#   run PROGRAM ARG...     the consumer under test
#   must COMMAND...        somebody else's check; counts only for our module
#   ours                   true while our module is the one under test
#   uri NAME [CLASS]       pkcs11: URI of a key, certificate or token
#
# Everything lives in one private folder, $W; nothing of the host's HOME or
# p11-kit configuration is read or written.
set -u
umask 077

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
softhsm=${SOFTHSM2_MODULE:-/usr/lib/softhsm/libsofthsm2.so}
: "${TEE_MODULE:=}" "${TEE_TOOL:=tee-pkcs11}"
TEE_TARGETS=${TEE_TARGETS:-softhsm ours}
PIN=123456
SO_PIN=12345678
target=
M=
D=
AS=()
name=$(basename "$0" .sh)
W=$(mktemp -d "${TMPDIR:-/tmp}/tee-interop-XXXXXX") || exit 1
chmod 755 "$W"
servers=()

say() { printf '%s: %s\n' "$name" "$*"; }

finish() {
    local code=$?

    stop_servers
    if [ "$code" -ne 0 ] && [ "$code" -ne 77 ] && [ -n "${TEE_KEEP:-}" ]; then
        say "kept $W"
    else
        rm -rf "$W"
    fi
    exit "$code"
}
trap finish EXIT

fail() {
    say "FAILED ($target): $*"
    exit 1
}

skip() {
    say "SKIP: $*"
    exit 77
}

need() {
    local p

    for p in "$@"; do
        command -v "$p" >/dev/null || skip "$p is not installed"
    done
}

# need_program NAME...: C consumers, copied to where nobody may run them.
bin=$W/bin
need_program() {
    local p

    mkdir -p "$bin"
    for p in "$@"; do
        [ -x "${TEE_INTEROP_BIN:=$here}/$p" ] || skip "$p is not built"
        cp "$TEE_INTEROP_BIN/$p" "$bin/$p"
    done
    chmod -R a+rX "$bin"
}

need_file() {
    [ -e "$1" ] || skip "$1 is not installed"
}

ours() { [ "$target" = ours ]; }

# Programs run as somebody without privileges: p11-kit and others ignore the
# per-user configuration of root.  65534 is nobody on every Debian.
drop_root() {
    [ "$(id -u)" -eq 0 ] || return 0
    need setpriv
    AS=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    chown 65534:65534 "$W"
}

stop_servers() {
    local p

    for p in ${servers[@]+"${servers[@]}"}; do
        kill "$p" 2>/dev/null
        wait "$p" 2>/dev/null
    done
    servers=()
}

# stop PID PROGRAM: ends a server started by `serve` and demands a clean end:
# 0, the signal, or what the program makes of that signal with SoftHSM.
stop() {
    local code

    kill -TERM "$1" 2>/dev/null
    wait "$1"
    code=$?
    servers=()
    echo "$code" >"$D/stop.$2"
    if ours && [ "$code" -ne 0 ] && [ "$code" -ne 143 ] &&
        ! cmp -s "$D/stop.$2" "$W/softhsm/stop.$2"; then
        fail "$2 ended with status $code"
    fi
}

# until_true SECONDS COMMAND...: waits for a condition, not for a time.
until_true() {
    local end=$((SECONDS + $1))

    shift
    while ! "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}

# ended PID PROGRAM: waits for a server that ends by itself, cleanly.
ended() {
    local code

    wait "$1"
    code=$?
    servers=()
    if ours && [ "$code" -ne 0 ]; then fail "$2 ended with status $code"; fi
}

# No connection is made: a server that counts them must not count this one.
listening() {
    grep -q "^ *[0-9]*: [0-9A-F]*:$(printf '%04X' "$1") [0-9A-F]*:0000 0A " \
        /proc/net/tcp /proc/net/tcp6
}

free_port() {
    python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# run PROGRAM ARG...: the consumer itself.
run() {
    local prog code

    prog=$(basename "$1")
    printf '$ %s\n' "$*" >>"$D/trace"
    ${AS[@]+"${AS[@]}"} "$@" 2>"$D/last.err" </dev/null
    code=$?
    keep_stderr "$prog" "$D/last.err"
    if ours && [ "$code" -ne 0 ]; then
        sed 's/^/    /' "$D/last.err"
        fail "status $code from: $*"
    fi
    return 0
}

keep_stderr() {
    tr -d '\r' <"$2" | sed -e '/^[[:space:]]*$/d' >>"$D/err.$1"
    cat "$2" >>"$D/trace"
}

# serve PROGRAM ARG...: the same in the background; its id is in $server.
serve() {
    local prog

    prog=$(basename "$1")
    printf '$ %s &\n' "$*" >>"$D/trace"
    ${AS[@]+"${AS[@]}"} "$@" 2>>"$D/err.$prog" >"$D/$prog.out" </dev/null &
    server=$!
    servers+=("$server")
}

# must COMMAND...: a check by other code than the consumer under test.
must() {
    local new=$D/must.$RANDOM # a check may consist of checks

    printf '# %s\n' "$*" >>"$D/trace"
    if "$@" >"$new" 2>&1; then
        mv "$new" "$D/must.out"
        return 0
    fi
    mv "$new" "$D/must.out"
    printf '  (that check failed)\n' >>"$D/trace"
    if ours; then
        sed 's/^/    /' "$D/must.out"
        fail "check failed: $*"
    fi
    return 0
}

has() { grep -Eq -- "$1" "$2"; }

uri() {
    case "${2:-private}" in
    token) printf 'pkcs11:token=%s' "$1" ;;
    *) printf 'pkcs11:token=%s;object=%s;type=%s?pin-value=%s' \
        "$1" "$1" "${2:-private}" "$PIN" ;;
    esac
}

p11() { run pkcs11-tool --module "$M" "$@"; }

key_type() {
    case $1 in
    ed) echo EC:edwards25519 ;;
    p256) echo EC:prime256v1 ;;
    rsa) echo RSA:2048 ;;
    *) fail "no such key type: $1" ;;
    esac
}

# declare_token NAME TYPE [LINE...]: a section of our configuration.
declare_token() {
    local n=$1 t=$2

    shift 2
    ours || return 0
    {
        printf '[%s]\nstate = %s\n' "$n" "$D/state"
        case $t in
        ed) printf 'key_origin = tee_generated\nplatform = simulated\n'
            printf 'did = did:mesh:%032d\n' 7 ;;
        *) printf 'key_origin = local\n' ;;
        esac
        [ "$t" != p256 ] || printf 'key_type = p256\n'
        [ "$t" != rsa ] || printf 'key_type = rsa2048\n'
        for t in "$@"; do printf '%s\n' "$t"; done
    } >>"$TEE_PKCS11_CONF"
    chmod 644 "$TEE_PKCS11_CONF"
    own "$TEE_PKCS11_CONF"
}

own() {
    [ ${#AS[@]} -eq 0 ] || chown -R 65534:65534 "$@"
}

make_token() {
    local slot

    if ours; then
        slot=$(grep -c '^\[' <(sed "/^\[$1\]/q" "$TEE_PKCS11_CONF"))
        p11 --slot $((slot - 1)) --init-token --label "$1" \
            --so-pin "$SO_PIN" >"$D/out"
    else
        ${AS[@]+"${AS[@]}"} softhsm2-util --init-token --free --label "$1" \
            --so-pin "$SO_PIN" --pin "$PIN" >"$D/out" 2>&1 ||
            fail "softhsm2-util cannot make a token"
    fi
    p11 --token-label "$1" --login --pin "$PIN" --keypairgen \
        --key-type "$(key_type "$2")" --label "$1" --id 01 >"$D/out"
}

token() {
    declare_token "$@"
    make_token "$1" "$2"
}

# public NAME FILE: the public key as PEM, as another program decodes it.
public() {
    p11 --token-label "$1" --read-object --type pubkey --label "$1" \
        -o "$2.raw"
    # pkcs11-tool 0.23 writes PEM for Edwards keys and DER for others.
    must openssl pkey -pubin -in "$2.raw" -out "$2"
}

# certificate NAME ID FILE.pem: through the token into the token.
store_certificate() {
    must openssl x509 -in "$3" -outform DER -out "$3.der"
    own "$3.der"
    p11 --token-label "$1" --login --pin "$PIN" --write-object "$3.der" \
        --type cert --label "$1" --id "$2" >"$D/out"
}

# self_signed NAME FILE.pem: certtool signs with the key on the token.  A CA, so
# that every client takes it as its own anchor without a word.
self_signed() {
    printf '%s\n' 'cn = "localhost"' 'dns_name = "localhost"' \
        'ip_address = "127.0.0.1"' ca cert_signing_key signing_key \
        tls_www_server 'expiration_days = 2' >"$D/cert.tmpl"
    own "$D/cert.tmpl"
    : >"$2"
    own "$2"
    run certtool --provider "$M" --no-text --generate-self-signed --template \
        "$D/cert.tmpl" --load-privkey "$(uri "$1")" \
        --load-pubkey "$(uri "$1" public)" --outfile "$2"
    must openssl verify -CAfile "$2" "$2"
}

start_target() {
    target=$1
    D=$W/$target
    mkdir -p "$D/home" "$D/config" "$D/tokens" || exit 1
    chmod 755 "$D" "$D/home" "$D/config"
    export HOME=$D/home XDG_CONFIG_HOME=$D/config XDG_RUNTIME_DIR=$D/home
    export LC_ALL=C TZ=UTC0
    export OPENSSL_CONF=/dev/null
    export TEE_PKCS11_CONF=$D/tee-pkcs11.conf SOFTHSM2_CONF=$D/softhsm2.conf
    if ours; then
        M=$TEE_MODULE
        printf 'log = none\n' >"$TEE_PKCS11_CONF"
    else
        M=$softhsm
        printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$D/tokens" \
            >"$SOFTHSM2_CONF"
        chmod 644 "$SOFTHSM2_CONF"
    fi
    own "$D"
}

# Every line on stderr must be one that the program prints by itself.
check_stderr() {
    local f prog line re

    for f in "$W/ours"/err.*; do
        [ -s "$f" ] || continue
        prog=${f##*/err.}
        while IFS= read -r line; do
            re=$(allowed "$prog" "$line") ||
                fail "$prog printed a line that stderr.allow does not name: $line"
            grep -Eq -- "$re" "$W/softhsm/err.$prog" 2>/dev/null ||
                fail "$prog does not print this with SoftHSM: $line"
        done < <(sort -u "$f")
    done
}

# The expression of stderr.allow that fits this program's line.
allowed() {
    local prog re

    case $2 in
    tee-pkcs11*) return 1 ;;
    esac
    while IFS=$'\t' read -r prog re; do
        case $prog in '' | \#*) continue ;; esac
        if [ "$prog" = "$1" ] && printf '%s\n' "$2" | grep -Eq -- "$re"; then
            printf '%s\n' "$re"
            return 0
        fi
    done <"$here/stderr.allow"
    return 1
}

interop() {
    local t

    case " $TEE_TARGETS " in
    *" ours "*) [ -f "$TEE_MODULE" ] || skip "TEE_MODULE names no module" ;;
    esac
    need_file "$softhsm"
    need softhsm2-util pkcs11-tool openssl python3
    for t in $TEE_TARGETS; do
        start_target "$t"
        consumer
        stop_servers
        [ -z "${TEE_VERBOSE:-}" ] || cat "$D/trace"
    done
    case " $TEE_TARGETS " in
    *" ours "*) check_stderr ;;
    esac
    say "passed"
}
