#ifndef TEE_TESTS_PKCS11_SUITES_H
#define TEE_TESTS_PKCS11_SUITES_H

#include "tests/support/test.h"

extern const struct suite rows_suite;

#endif
