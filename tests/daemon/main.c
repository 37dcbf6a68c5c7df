#include "config.h"

#include "tests/daemon/suites.h"

/* Without pidfd_open, which valgrind does not know, nobody can signal a
 * helper: what these suites do to hosts and helpers is not done there. */
#ifdef TEE_VALGRIND
static void
not_here(void)
{
    test_skip("valgrind has no pidfd");
}

static const struct test none[] = { { "hosts and lying peers", not_here },
                                    { NULL, NULL } };
static const struct suite suite_signals = { "signals", none };
#define SIGNALS &suite_signals
#else
#define SIGNALS &suite_host, &suite_lies
#endif

const struct suite *const suites[] = {
    &suite_seal,     &suite_simroot, &suite_serve, &suite_child,
    &suite_evidence, SIGNALS,        NULL
};
