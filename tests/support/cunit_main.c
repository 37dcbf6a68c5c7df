#include <CUnit/CUnit.h>
#include <CUnit/TestRun.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/test.h"

static const char *skipped_why;
static unsigned skipped;
static char dirs[128][128];
static size_t n_dirs;

void
test_skip(const char *why)
{
    skipped_why = why;
}

struct tee_bytes
test_hex(const char *hex)
{
    static uint8_t ring[8][8192];
    static unsigned next;
    uint8_t *p = ring[next++ % TEE_LEN(ring)];
    size_t n = strlen(hex) / 2;

    if (n > sizeof(ring[0]) ||
        tee_hex_decode(tee_bytes_of(hex), p, n) != TEE_OK) {
        fprintf(stderr, "test_hex: not hex: %.40s\n", hex);
        abort();
    }
    return (struct tee_bytes){ p, n };
}

const char *
test_dir(void)
{
    const char *base = secure_getenv("TEE_TEST_TMP");

    if (n_dirs == TEE_LEN(dirs))
        abort();
    snprintf(dirs[n_dirs], sizeof(dirs[0]), "%s/tee-test-XXXXXX",
             base != NULL ? base : "/tmp");
    if (mkdtemp(dirs[n_dirs]) == NULL)
        abort();
    return dirs[n_dirs++];
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    (void)remove(path);
    return 0;
}

static void
remove_dirs(void)
{
    while (n_dirs > 0)
        (void)nftw(dirs[--n_dirs], remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
report(const CU_pTest test, const CU_pSuite suite,
       const CU_pFailureRecord failure)
{
    const CU_FailureRecord *r;

    if (failure == NULL && skipped_why != NULL) {
        skipped++;
        printf("SKIP %s: %s: %s\n", suite->pName, test->pName, skipped_why);
    } else {
        printf("%s %s: %s\n", failure == NULL ? "PASS" : "FAIL", suite->pName,
               test->pName);
    }
    skipped_why = NULL;
    for (r = failure; r != NULL; r = r->pNext)
        printf("    %s:%u: %s\n", r->strFileName, r->uiLineNumber,
               r->strCondition);
    fflush(stdout);
}

/* The tests of a suite whose names begin so. */
static int
add_suite(const struct suite *s, const char *begin)
{
    CU_pSuite cs = CU_add_suite(s->name, NULL, NULL);
    const struct test *t;

    if (cs == NULL)
        return -1;
    for (t = s->test; t->name != NULL; t++) {
        if (strncmp(t->name, begin, strlen(begin)) == 0 &&
            CU_add_test(cs, t->name, t->run) == NULL)
            return -1;
    }
    return 0;
}

/* check-FOLDER [SUITE [BEGINNING OF A TEST'S NAME]] */
int
main(int argc, char **argv)
{
    const struct suite *const *s;
    unsigned failed, run;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    if (test_setup != NULL)
        test_setup();
    for (s = suites; *s != NULL; s++) {
        if (argc > 1 && strcmp(argv[1], (*s)->name) != 0)
            continue;
        if (add_suite(*s, argc > 2 ? argv[2] : "") != 0)
            return 1;
    }
    CU_set_test_complete_handler(report);
    (void)CU_run_all_tests();
    run = CU_get_number_of_tests_run();
    failed = CU_get_number_of_tests_failed();
    printf("%u passed, %u failed, %u skipped\n", run - failed - skipped, failed,
           skipped);
    CU_cleanup_registry();
    remove_dirs();
    return failed != 0 || run == 0;
}
