#include <stddef.h>

#include "tests/pkcs11/suites.h"

const struct suite *const suites[] = {
    &rv_suite,   &handle_suite,   &der_suite,    &template_suite, &mech_suite,
    &lock_suite, &snapshot_suite, &limits_suite, &threads_suite,  &login_suite,
    &host_suite, &rows_suite,     NULL
};
