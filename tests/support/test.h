/*
 * A folder's test program: each suite file exports one `struct suite`, the
 * folder's main file lists them in `suites`, cunit_main.c does the rest and
 * prints "PASS/FAIL name" lines and one summary line.
 */
#ifndef TEE_TESTS_TEST_H
#define TEE_TESTS_TEST_H

#include <CUnit/CUnit.h>

#include "base/tee.h"

struct test {
    const char *name; /* a sentence */
    void (*run)(void);
};
struct suite {
    const char *name;
    const struct test *test; /* ends with { NULL, NULL } */
};
extern const struct suite *const suites[]; /* ends with NULL */
/* Optional, before the suites are read: a folder that makes tests out of a
 * data file fills its arrays here. */
void test_setup(void) __attribute__((weak));

/* Marks the running test as skipped, with its reason. */
void test_skip(const char *why);
/* Decodes lower-case hex of any length into a static ring of buffers. */
struct tee_bytes test_hex(const char *hex);
/* A new folder, mode 0700, under a trusted path; removed at exit. */
const char *test_dir(void);

#endif
