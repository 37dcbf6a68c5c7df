#ifndef TEE_TESTS_DAEMON_SUITES_H
#define TEE_TESTS_DAEMON_SUITES_H

#include "tests/support/test.h"

extern const struct suite suite_child, suite_evidence, suite_host, suite_lies,
    suite_seal, suite_serve, suite_simroot;

#endif
