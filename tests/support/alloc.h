/*
 * Allocation failure, one call after the other.
 *
 * A program that links alloc.c with $(alloc_wrap) has its own calls of
 * malloc, calloc, realloc, reallocarray, strdup, strndup and mmap go through
 * a counter.  Calls inside shared libraries (libc's own, libsodium, CUnit)
 * do not.  The counter is per thread and off until it is armed.
 *
 *     static enum tee_err
 *     parse(void *arg) { ... return tee_ini_parse(...) and free all; }
 *
 *     CU_ASSERT(alloc_torture(parse, &arg) > 3);
 *
 * In the Makefile fragment of the program:
 *
 *     tests_x_check_x_SOURCES = ... $(alloc_files)
 *     tests_x_check_x_LDFLAGS = $(AM_LDFLAGS) $(alloc_wrap)
 *
 * Code that is reached through dlopen has its own references and can't be
 * wrapped so: link it in (white box).
 */
#ifndef TEE_TESTS_ALLOC_H
#define TEE_TESTS_ALLOC_H

#include <stdbool.h>

#include "base/tee.h"

/* From now on the call number n (0: the next) of this thread fails, alone. */
void alloc_fail(unsigned n);
/* No more; true when the call was made, and failed. */
bool alloc_fail_end(void);
/* mlock of this program fails as if over RLIMIT_MEMLOCK, until set back. */
void alloc_no_mlock(bool on);

/*
 * Runs run(arg) with call 0, 1, ... failing, until one run makes no such call.
 * Every run before must give TEE_E_NOMEM, the last one TEE_OK; anything else
 * is a failed assertion of the test at hand.  Returns how many failed.
 */
unsigned alloc_torture(enum tee_err (*run)(void *arg), void *arg);

#endif
