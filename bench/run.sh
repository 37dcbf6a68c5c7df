#!/bin/bash
# bench/run.sh: measures, then prints the table.  `make bench` calls it with
#   TEE_MODULE  the installed module, TEE_TOOL its command,
#   TEE_BENCH   the folder of the programs.
# Works in a private folder that goes at the end.  Fails when a signature is
# wrong or a row cannot be measured, never because of a number.
set -euo pipefail
umask 077
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
softhsm=${SOFTHSM2_MODULE:-/usr/lib/softhsm/libsofthsm2.so}
export LC_ALL=C OPENSSL_CONF=/dev/null

die() {
    echo "bench: $*" >&2
    exit 1
}

[ -f "$TEE_MODULE" ] || die "$TEE_MODULE is not there: make install, to any prefix"
[ -x "$TEE_TOOL" ] || die "$TEE_TOOL is not there: make install, to any prefix"
for p in strace readelf strip awk; do
    command -v "$p" >/dev/null || die "install the package of $p"
done
W=$(mktemp -d "${TMPDIR:-/tmp}/tee-bench-XXXXXX")
trap 'rm -rf "$W"' EXIT
cd "$W"
mkdir softhsm
export TEE_PKCS11_CONF=$W/tee-pkcs11.conf SOFTHSM2_CONF=$W/softhsm2.conf
printf 'log = none\n' >"$TEE_PKCS11_CONF"
printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$W/softhsm" \
    >"$SOFTHSM2_CONF"

# Others who compute meanwhile disturb less; without the right to, as it comes.
quick=()
! nice -n -15 true 2>/dev/null || quick=(nice -n -15)

make_tokens() {
    local t

    for t in sign one many; do
        "$TEE_TOOL" init "$t" --origin local --key-type none --state "$W/state"
    done
    "$TEE_TOOL" init tee --origin tee_generated --platform simulated \
        --did did:mesh:0123456789abcdef0123456789abcdef --state "$W/state"
    # a program that starts has one token
    sed '/^\[one\]/,$d' "$TEE_PKCS11_CONF" >"$W/start.conf"
    [ -n "$softhsm" ] || return 0
    for t in sign one many; do
        softhsm2-util --init-token --free --label "$t" --so-pin 12345678 \
            --pin 123456
    done
}

# traced MODULE COLUMN: allocations, and the system calls between the marks.
# SoftHSM2 may not survive its own end: its numbers are out by then.
traced() {
    strace -f -o trace "$TEE_BENCH/count" "$1" "$2" >counts || [ "$2" != ours ]
    cat counts
    awk -v column="$2" -v times="$(awk '$1 == "times" { print $3 }' counts)" '
        /write\(-1, "end"/ { within = ""; ends++; next }
        /write\(-1, "sign"/ { within = "ed25519-syscalls"; next }
        /write\(-1, "find"/ { within = "find-syscalls"; next }
        within != "" { n[within]++ }
        END {
            if (ends != 2 || times == "") exit 1
            for (id in n) seen[id]
            seen["ed25519-syscalls"]; seen["find-syscalls"]
            for (id in seen) printf "%s\t%s\t%.6g\n", id, column, n[id] / times
        }' trace
}

# seven COMMAND...: the median of the numbers that seven runs print.  SoftHSM2's
# status is its own affair; without its number there is no median.
seven() {
    local i

    for ((i = 0; i < 7; i++)); do "$@" || :; done | sort -n |
        awk '{ v[NR] = $1 } END { if (NR != 7) exit 1; print v[4] }'
}

# resident MODULE COLUMN: kB over an empty libsodium program.
resident() {
    local with without

    with=$(seven "$TEE_BENCH/start-token" "$1" resident)
    without=$(seven "$TEE_BENCH/start-sodium")
    printf 'resident\t%s\t%d\n' "$2" $((with - without))
}

# file MODULE COLUMN: size and libraries.
file() {
    strip -o stripped "$1"
    printf 'size\t%s\t%s\n' "$2" \
        "$(stat -L -c %s stripped | awk '{ print $1 / 1000 }')"
    printf 'needed\t%s\t%s\n' "$2" "$(readelf -d "$1" |
        sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' | sort | paste -sd' ')"
}

if [ ! -e "$softhsm" ] || ! command -v softhsm2-util >/dev/null; then
    echo "SoftHSM2 is not measured: install the package softhsm2"
    softhsm=
fi
make_tokens >tokens.out 2>&1 || {
    cat tokens.out >&2
    die "no tokens"
}
# measure makes the keys that the others use
"${quick[@]}" "$TEE_BENCH/measure" "$TEE_MODULE" "$TEE_BENCH" \
    ${softhsm:+"$softhsm"} >raw || die "measure failed"
{
    traced "$TEE_MODULE" ours
    resident "$TEE_MODULE" ours
    file "$TEE_MODULE" ours
    if [ -n "$softhsm" ]; then
        traced "$softhsm" softhsm
        resident "$softhsm" softhsm
        file "$softhsm" softhsm
    fi
} >>raw
cp raw "${TEE_BENCH_RAW:-/dev/null}"
sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sort | uniq -c |
    sed 's/^ *\([0-9]*\) /processors: \1 x /'
awk -f "$here/table.awk" "$here/budgets" raw
