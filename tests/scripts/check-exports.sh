#!/bin/bash
# check-exports.sh [FOLDER]: what each shared object exports, by name.  FOLDER
# holds the built ones (.libs of the build tree).
. "$(dirname "$0")/check-lib.sh"
libs=${1:-${builddir:-.}/.libs}
src=${srcdir:-.}

# Names without their version, and without the versions' own names.
exported() {
    LC_ALL=C nm -D --defined-only "$1" |
        awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort
}

# What a linker map makes global.
mapped() {
    sed -n '/^[ \t]*global:/,/^[ \t]*local:/s/^[ \t]*\([A-Za-z_][A-Za-z0-9_]*\);.*/\1/p' \
        "$1" | sort
}

# exports FILE NAMES: exactly these, one a line.
exports() {
    local difference

    difference=$(diff <(exported "$1") <(sort <<<"$2") | grep '^[<>]' | tr '\n' ' ')
    if [ -z "$difference" ] && [ -n "$2" ]; then
        pass "${1##*/} exports its $(wc -l <<<"$2") names"
    else
        fault "${1##*/}: more (<) or less (>) than its names: $difference"
    fi
}

module='C_GetFunctionList
C_GetInterface
C_GetInterfaceList'
for so in tee-pkcs11.so tee-pkcs11-test.so; do
    [ ! -f "$libs/$so" ] || exports "$libs/$so" "$module"
done
[ ! -f "$libs/tee-pkcs11-ossl.so" ] ||
    exports "$libs/tee-pkcs11-ossl.so" tee_plugin
[ ! -f "$libs/libtee-attest.so" ] ||
    exports "$libs/libtee-attest.so" "$(mapped "$src/attest/libtee-attest.map")"
[ $((passed + failed)) -gt 0 ] || fault "nothing was built in $libs"
finish
