#!/bin/bash
# ThreadSanitizer: a threaded stress of every session function.
. "$(dirname "$0")/lib.sh"
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
configure_build --with-sanitizer=thread CC=clang-14 CFLAGS='-O1 -g'
# `all` is a make of its own, which must not meet the other targets
mk all
mk tests/stress/stress tee-pkcs11-test.la
module=$build/.libs/tee-pkcs11-test.so
# a module that is not instrumented has no races either
nm -D --undefined-only "$module" | grep __tsan_read8 >/dev/null
# in memory where there is such a place: threads, not the disk, are tested
mem=/dev/shm
[ -d "$mem" ] && [ -w "$mem" ] || mem=$build
tmp=$(mktemp -d "$mem/tee-tsan-XXXXXX")
trap 'rm -rf "$tmp"' EXIT
TMPDIR=$tmp "$build/tests/stress/stress" "$module" \
    "${STRESS_SECONDS:-20}" | tee "$build/stress.out"
tail -n 1 "$build/stress.out" | sed 's/^/== /'
