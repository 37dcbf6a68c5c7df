#!/bin/bash
# ThreadSanitizer: a threaded stress of every session function.
. "$(dirname "$0")/lib.sh"
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
configure_build --with-sanitizer=thread CC=clang-14 CFLAGS='-O1 -g'
mk all tests/stress/stress
"$build/tests/stress/stress" "$build/.libs/tee-pkcs11-test.so" "${STRESS_SECONDS:-20}"
