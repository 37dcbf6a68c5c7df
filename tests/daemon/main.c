#include "config.h"

#include "tests/daemon/suites.h"

const struct suite *const suites[] = { &suite_seal,     &suite_simroot,
                                       &suite_serve,    &suite_child,
                                       &suite_evidence, &suite_host,
                                       &suite_lies,     NULL };
