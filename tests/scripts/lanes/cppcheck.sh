#!/bin/bash
# cppcheck; a finding that is none is suppressed where it stands, with why.
. "$(dirname "$0")/lib.sh"
cd "$src"
mapfile -t files < <(tracked 'base/*.c' 'attest/*.c' 'keystore/*.c' \
    'pkcs11/*.c' 'daemon/*.c' 'tools/*.c' 'bench/*.c' 'tests/fuzz/*.c' \
    'tests/interop/*.c' 'tests/stress/*.c')
[ "${#files[@]}" -gt 0 ]
cppcheck -q -j "$jobs" --std=c11 --enable=warning,performance,portability \
    --inline-suppr --error-exitcode=1 --suppressions-list=tests/scripts/cppcheck.supp \
    -I. -Iinclude -D__linux__ -DTEE_KS_INTERNAL "${files[@]}"
echo "== ${#files[@]} files"
