/* The suites of tests/attest/, one per source file. */
#ifndef TEE_TESTS_ATTEST_SUITES_H
#define TEE_TESTS_ATTEST_SUITES_H

#include "tests/support/test.h"

extern const struct suite suite_json, suite_key, suite_binding, suite_proof,
    suite_statement, suite_evidence, suite_sim, suite_collect, suite_sig,
    suite_policy, suite_verify, suite_attacks, suite_vectors, suite_show,
    suite_api, suite_nomem;

#endif
