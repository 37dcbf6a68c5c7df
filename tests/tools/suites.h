#ifndef TEE_TESTS_TOOLS_SUITES_H
#define TEE_TESTS_TOOLS_SUITES_H

#include "tests/support/test.h"

extern const struct suite suite_opt, suite_io, suite_tree, suite_pin, suite_uri,
    suite_init, suite_verify;

#endif
