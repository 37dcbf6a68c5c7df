#!/bin/bash
# check-needed.sh [FOLDER]: what the module and the plug-in are linked with,
# and how.  FOLDER holds the built shared objects (.libs of the build tree).
. "$(dirname "$0")/check-lib.sh"
libs=${1:-${builddir:-.}/.libs}

# The runtime of a sanitizer is a library of its own.
needed() {
    LC_ALL=C readelf -dW "$1" |
        sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p' |
        grep -v -E '^lib(asan|ubsan|tsan|lsan|gcc_s|m|pthread|dl|rt)\.so' |
        sed 's/\.so\..*/.so/' | sort | tr '\n' ' '
}

# need FILE LIST: exactly these.
need() {
    local have

    have=$(needed "$1")
    if [ "$have" = "$2 " ]; then
        pass "${1##*/} needs $2 alone"
    else
        fault "${1##*/} needs $have, not $2"
    fi
}

# linked FILE WHAT PATTERN: a line of readelf.
linked() {
    if LC_ALL=C readelf -dlnW "$1" 2>/dev/null | grep -qE "$3"; then
        pass "${1##*/} $2"
    else
        fault "${1##*/} is not so: $2"
    fi
}

how() {
    linked "$1" "stays mapped" 'FLAGS_1.* NODELETE'
    linked "$1" "is bound at load" 'FLAGS_1.* NOW'
    linked "$1" "has read-only relocations" 'GNU_RELRO'
    linked "$1" "has no executable stack" 'GNU_STACK .* RW  '
    linked "$1" "has a build id" 'Build ID: [0-9a-f]{40}$'
    if LC_ALL=C readelf -dW "$1" | grep -qE 'TEXTREL|RPATH|RUNPATH'; then
        fault "${1##*/} has TEXTREL, RPATH or RUNPATH"
    fi
    own_init "$1"
}

# The start-up code of gcc brings one initialiser and one finaliser of its own
# (frame_dummy, __do_global_dtors_aux); ours would come on top.
own_init() {
    local size

    # the runtime of sanitizers and of gcov starts by constructors
    nm "$1" 2>/dev/null |
        grep -qE ' __(gcov|asan|tsan|ubsan|sanitizer|sancov)_' && return
    for size in $(LC_ALL=C readelf -dW "$1" |
        sed -n 's/.*(\(INIT\|FINI\)_ARRAYSZ) *\([0-9]*\) .*/\2/p'); do
        [ "$size" -eq 8 ] ||
            fault "${1##*/} has a constructor or destructor of its own"
    done
}

for so in tee-pkcs11.so tee-pkcs11-test.so; do
    [ -f "$libs/$so" ] || continue
    need "$libs/$so" "libc.so libsodium.so"
    how "$libs/$so"
done
if [ -f "$libs/tee-pkcs11-ossl.so" ]; then
    need "$libs/tee-pkcs11-ossl.so" "libc.so libcrypto.so libsodium.so"
    how "$libs/tee-pkcs11-ossl.so"
fi
[ $((passed + failed)) -gt 0 ] || fault "nothing was built in $libs"
finish
