#include "config.h"

#include "tests/tools/suites.h"
#include "tools/cmd.h"

/* design section 6: refused > could not appraise > simulated > verified; an
 * unreadable file outweighs them all. */
static void
test_precedence(void)
{
    static const int order[] = { CMD_USAGE, CMD_FAILED, CMD_UNCERTAIN,
                                 CMD_SIMULATED, CMD_DONE };
    size_t i, k;

    for (i = 0; i < TEE_LEN(order); i++) {
        for (k = i; k < TEE_LEN(order); k++) {
            CU_ASSERT_EQUAL(verify_worst(order[i], order[k]), order[i]);
            CU_ASSERT_EQUAL(verify_worst(order[k], order[i]), order[i]);
        }
    }
}

static const struct test tests[] = {
    { "of several verdicts the worst decides", test_precedence }, { NULL, NULL }
};
const struct suite suite_verify = { "verify", tests };
