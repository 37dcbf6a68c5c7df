#include "config.h"

#include "tests/keystore/suites.h"

const struct suite *const suites[] = { &suite_conf, &suite_store_cbor,
                                       &suite_store_check, &suite_store_known,
                                       NULL };
