#include <stddef.h>

#include "tests/pkcs11/suites.h"

const struct suite *const suites[] = { &rows_suite, NULL };
