# shellcheck shell=bash
# tests/hosts/lib.sh: a host process and the module in it, and then the same
# host with the module linked plainly to libcrypto, which must fail there: so
# the test can fail.
set -u
umask 022
: "${builddir:?}" "${srcdir:?}"
export LC_ALL=C
name=$(basename "$0" .sh)
hosts=$builddir/tests/hosts
# shellcheck disable=SC2034 # for the scripts
ours=$builddir/.libs/tee-pkcs11-test.so
# shellcheck disable=SC2034
plain=$hosts/.libs/plain.so
W=$(mktemp -d "${TMPDIR:-/tmp}/tee-hosts-XXXXXX") || exit 1
trap 'rm -rf "$W"' EXIT
passed=0 failed=0 skipped=0
ulimit -c 0

# room NAME: a fresh folder $D with a configuration of four empty tokens.
room() {
    local t

    D=$W/$1
    mkdir -m 755 "$D" || exit 1
    export TEE_PKCS11_CONF=$D/conf
    for t in ed:ed25519 ec:p256 rsa:rsa2048 pss:rsa2048; do
        printf '[%s]\nkey_origin = local\nkey_type = %s\nstate = %s\n' \
            "${t%%:*}" "${t##*:}" "$D/state"
    done >"$TEE_PKCS11_CONF"
}

# host PROGRAM ARG...: runs it in the room; its status in $code.
host() {
    { "$@" >"$D/out" 2>"$D/err" </dev/null; } 2>/dev/null
    code=$?
}

# Its libcrypto is none of the host's business.
judge() { OPENSSL_CONF=/dev/null "$hosts/judge" "$D" "$@" >"$D/judged" 2>&1; }

check() {
    local what=$1

    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "PASS $name: $what"
    else
        failed=$((failed + 1))
        echo "FAIL $name: $what (status $code)"
        sed 's/^/    /' "$D/out" "$D/err" "$D/judged" 2>/dev/null | tail -n 20
    fi
}

silent() { [ ! -s "$D/err" ]; }
says() { grep -Eq -- "$1" "$D/err" "$D/out"; }

# Signed, exit 0, nothing on stderr, and the judge agrees.
right() { [ "$code" -eq 0 ] && silent && judge "$@"; }

wrong() { [ "$code" -ne 0 ] || ! judge "$@"; }

skip() {
    echo "SKIP $name: $1"
    skipped=$((skipped + 1))
}

finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ] || exit 1
    [ "$passed" -gt 0 ] || exit 77
    exit 0
}

if grep -q '^#define TEE_SANITIZER 1' "$builddir/config.h"; then
    skip "a sanitizer's runtime refuses RTLD_DEEPBIND"
    finish
fi
