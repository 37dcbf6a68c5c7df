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
mkdir -p "$build/tmp"
TMPDIR=$build/tmp "$build/tests/stress/stress" "$module" \
    "${STRESS_SECONDS:-20}" | tee "$build/stress.out"
tail -n 1 "$build/stress.out" | sed 's/^/== /'
