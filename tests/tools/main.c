#include "config.h"

#include "tests/tools/suites.h"

const struct suite *const suites[] = { &suite_opt,    &suite_io,  &suite_tree,
                                       &suite_pin,    &suite_uri, &suite_init,
                                       &suite_verify, NULL };
