# shellcheck shell=bash
# tests/tools/lib.sh: what the scripts here share.  Each runs the real command
# of the build tree in a private folder and closes with a summary line.
set -u
export LC_ALL=C TZ=UTC0
umask 022
: "${builddir:?}" "${srcdir:?}"
# The program itself, not libtool's script around it: that costs more than it.
tool=$builddir/.libs/tee-pkcs11-test
export LD_LIBRARY_PATH=$builddir/.libs
[ -x "$tool" ] || tool=$builddir/tee-pkcs11-test
bin=$builddir/tests/tools
# shellcheck disable=SC2034 # for the scripts
module=$builddir/.libs/tee-pkcs11-test.so
name=$(basename "$0" .sh)
W=$(mktemp -d "${TEE_TEST_TMP:-/tmp}/tee-tools-XXXXXX") || exit 1
trap 'chmod -R u+w "$W" 2>/dev/null; rm -rf "$W"' EXIT
export HOME=$W/home
mkdir "$HOME"
unset TEE_PKCS11_CONF XDG_CONFIG_HOME XDG_STATE_HOME NO_COLOR
conf=$W/etc/tee-pkcs11.conf
state=$W/state
out=$W/out
err=$W/err
passed=0 failed=0 skipped=0
AS=()

ok() {
    echo "PASS $name: $1"
    passed=$((passed + 1))
}

bad() {
    echo "FAIL $name: $1"
    failed=$((failed + 1))
    sed 's/^/    out: /' "$out" 2>/dev/null | head -n 20 | cut -c 1-300
    sed 's/^/    err: /' "$err" 2>/dev/null | head -n 20 | cut -c 1-300
}

skip() {
    echo "SKIP $name: $1"
    skipped=$((skipped + 1))
}

# tee ARG...: the command with this test's configuration; $code is its status.
tee_pkcs11() {
    ${AS[@]+"${AS[@]}"} "$tool" --conf "$conf" "$@" >"$out" 2>"$err" </dev/null
    code=$?
}

# expect SENTENCE STATUS ARG...: one run, judged by its status alone.
expect() {
    local what=$1 want=$2

    shift 2
    tee_pkcs11 "$@"
    if [ "$code" -eq "$want" ]; then
        ok "$what"
    else
        bad "$what (status $code, not $want)"
    fi
}

# refuses SENTENCE STATUS TEXT ARG...: TEXT is on stderr, stdout is empty.
refuses() {
    local what=$1 want=$2 text=$3

    shift 3
    tee_pkcs11 "$@"
    if [ "$code" -eq "$want" ] && grep -qF -- "$text" "$err" && [ ! -s "$out" ]; then
        ok "$what"
    else
        bad "$what (status $code, not $want, or another text than: $text)"
    fi
}

# yes SENTENCE COMMAND...: COMMAND succeeds.
yes_() {
    local what=$1

    shift
    if "$@" >/dev/null 2>&1; then ok "$what"; else bad "$what"; fi
}

no_() {
    local what=$1

    shift
    if "$@" >/dev/null 2>&1; then bad "$what"; else ok "$what"; fi
}

# same SENTENCE GOT WANTED
same() {
    if [ "$2" = "$3" ]; then ok "$1"; else bad "$1: \"$2\", not \"$3\""; fi
}

says() { yes_ "$1" grep -qF -- "$2" "${3:-$out}"; }

json() { "$bin/json-get" "${2:-$out}" "$1"; }

reset() {
    rm -rf "${W:?}/etc" "$state"
}

# A PIN in a file of its own.
pin_file() {
    printf '%s\n' "$1" >"$W/$2"
    chmod 600 "$W/$2"
    printf '%s' "$W/$2"
}

# Everything below a folder: names, modes, contents.
fingerprint() {
    (cd "$1" && find . -printf '%p %m %y\n' | sort &&
        find . -type f -print0 | sort -z | xargs -0 -r sha256sum)
}

finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}
