#!/bin/bash
# memcheck over make check: no error anywhere, nothing lost by the programs
# themselves.  A child of fork leaves its parent's memory alone on purpose, so
# leaks don't count in an exit status, which would be the child's too; they are
# read from the logs, in which children are silent.
. "$(dirname "$0")/lib.sh"
export TEE_TEST_SLOW=1
configure_build CC=gcc CFLAGS='-O1 -g' CPPFLAGS=-DTEE_VALGRIND
mk all
check TESTS="$(tests_but %.sh)" LOG_COMPILER="$build/libtool --mode=execute valgrind -q \
--error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect \
--errors-for-leak-kinds=none --child-silent-after-fork=yes \
--suppressions=$src/tests/scripts/valgrind.supp"
if grep -a -A 12 '(definitely|indirectly) lost in loss record' -E \
    "$build"/tests/*/*.log; then
    exit 1
fi
