#!/bin/bash
# clang-tidy over the sources that are shipped, as /.clang-tidy says.  One file a
# run: its va_list checker carries state from one file into the next.
. "$(dirname "$0")/lib.sh"
configure_build CC=clang-14
read -r -a cflags <<<"$(pkg-config --cflags p11-kit-1 libcjson libcrypto \
    libsodium)"
cflags=("${cflags[@]/#-I/-isystem}") # others' headers are not judged
cflags+=(-std=gnu11 -Wall -Wextra -D_GNU_SOURCE "-I$build" "-I$src"
    "-I$src/include" "-DTEE_PKGLIBDIR=\"\"" "-DTEE_LIBEXECDIR=\"\""
    "-DTEE_MODULEDIR=\"\"" "-DTEE_BUILDDIR=\"\"")
export flags="${cflags[*]}" build
tidy() {
    # shellcheck disable=SC2086 # a list of words
    clang-tidy-14 --quiet --warnings-as-errors='*' "$1" -- $flags \
        2>"$build/err.$$" || {
        grep -v 'warnings\? generated' "$build/err.$$"
        return 1
    }
}
export -f tidy
mapfile -t files < <(cd "$src" && tracked 'base/*.c' 'attest/*.c' \
    'keystore/*.c' 'pkcs11/*.c' 'daemon/*.c' 'tools/*.c')
[ "${#files[@]}" -gt 0 ]
# shellcheck disable=SC2016 # the inner shell expands it
printf '%s\0' "${files[@]/#/$src/}" |
    xargs -0 -n 1 -P "$jobs" bash -c 'tidy "$1"' tidy
echo "== ${#files[@]} files"
