#!/bin/bash
# memcheck over make check: no error, nothing lost, no descriptor left.
. "$(dirname "$0")/lib.sh"
export TEE_TEST_SLOW=1
configure_build CC=gcc CFLAGS='-O1 -g' CPPFLAGS=-DTEE_VALGRIND
mk all
check LOG_COMPILER="$build/libtool --mode=execute valgrind -q \
--error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
--errors-for-leak-kinds=definite,indirect --child-silent-after-fork=yes \
--suppressions=$src/tests/scripts/valgrind.supp"
