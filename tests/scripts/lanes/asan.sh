#!/bin/bash
# AddressSanitizer with leak check, and UndefinedBehaviorSanitizer.
. "$(dirname "$0")/lib.sh"
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1
export TEE_TEST_SLOW=1
configure_build --enable-werror --with-sanitizer=address,undefined CC=gcc \
    CFLAGS='-O1 -g'
mk all
# tests of the sources know no sanitizer
check TESTS="$(tests_but tests/scripts/%)"
