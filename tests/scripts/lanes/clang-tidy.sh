#!/bin/bash
# clang-tidy over the sources that are shipped, as /.clang-tidy says.  One file a
# run: its va_list checker carries state from one file into the next.
. "$(dirname "$0")/lib.sh"
configure_build CC=clang-14
(cd "$build" && bear -- make -s -j"$jobs" all)
mapfile -t files < <(cd "$src" && tracked 'base/*.c' 'attest/*.c' \
    'keystore/*.c' 'pkcs11/*.c' 'daemon/*.c' 'tools/*.c')
[ "${#files[@]}" -gt 0 ]
printf '%s\0' "${files[@]/#/$src/}" |
    xargs -0 -n 1 -P "$jobs" clang-tidy-14 --quiet --warnings-as-errors='*' \
        -p "$build" 2>"$build/tidy.err" || {
    grep -v 'warnings generated' "$build/tidy.err"
    exit 1
}
echo "== ${#files[@]} files"
