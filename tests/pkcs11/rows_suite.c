#include <CUnit/TestRun.h>
#include <stdlib.h>
#include <string.h>

#include "tests/pkcs11/calls.h"
#include "tests/pkcs11/suites.h"

/*
 * One test a row of tests/data/pkcs11/rows.txt, named after it, through
 * dlopen of the module by its exports.
 */

#define ROWS 600
static struct test row_tests[ROWS + 1];
const struct suite rows_suite = { "rows", row_tests };

static void
run_row(void)
{
    const char *name = CU_get_current_test()->pName, *wrong = "no such row";
    size_t i;

    for (i = 0; i < n_rows; i++) {
        if (strcmp(rows[i].id, name) == 0)
            wrong = row_run(&rows[i]);
    }
    if (wrong != NULL && strncmp(wrong, "skip: ", 6) == 0)
        test_skip(wrong + 6);
    else if (wrong != NULL)
        CU_assertImplementation(CU_FALSE, 0, wrong, name, "", CU_FALSE);
}

static _Noreturn void
give_up(const char *why)
{
    fprintf(stderr, "tests/data/pkcs11/rows.txt: %s\n", why);
    exit(1);
}

/* "2.1: 23 rows": by what stands before the slash */
static void
count_sections(void)
{
    size_t i, n = 0, len;

    for (i = 0; i < n_rows; i++) {
        n++;
        len = strcspn(rows[i].id, "/") + 1;
        if (i + 1 < n_rows && strncmp(rows[i].id, rows[i + 1].id, len) == 0)
            continue;
        printf("section %.*s: %zu rows\n", (int)len - 1, rows[i].id, n);
        n = 0;
    }
}

void
test_setup(void)
{
    const char *src = secure_getenv("srcdir"),
               *build = secure_getenv("builddir"), *wrong;
    char path[600];
    size_t i;

    snprintf(path, sizeof(path), "%s/tests/data/pkcs11/rows.txt",
             src != NULL ? src : ".");
    wrong = rows_load(path);
    if (wrong != NULL)
        give_up(wrong);
    if (n_rows > ROWS)
        give_up("more rows than tests");
    for (i = 0; i < n_rows; i++)
        row_tests[i] = (struct test){ rows[i].id, run_row };
    count_sections();
    snprintf(path, sizeof(path), "%s/.libs/tee-pkcs11-test.so",
             build != NULL ? build : ".");
    wrong = house_open(path, test_dir(), true);
    if (wrong != NULL)
        give_up(wrong);
}
