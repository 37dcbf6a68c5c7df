#ifndef TEE_TESTS_PKCS11_SUITES_H
#define TEE_TESTS_PKCS11_SUITES_H

#include "tests/support/test.h"

extern const struct suite rows_suite, rv_suite, handle_suite, der_suite,
    template_suite, mech_suite, lock_suite, snapshot_suite, limits_suite,
    threads_suite, host_suite, login_suite;

#endif
