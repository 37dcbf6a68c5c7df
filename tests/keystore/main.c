#include "config.h"

#include "tests/keystore/suites.h"

/* One a line, so that two people may add one each. */
/* clang-format off */
const struct suite *const suites[] = {
    &suite_conf, &suite_conf_search,
    &suite_store,
    &suite_store_cbor,
    &suite_store_change,
    &suite_store_check,
    &suite_store_disk,
    &suite_store_known,
    &suite_kinfo,
    &suite_op,
    &suite_store_pool,
    &suite_key,
    &suite_object,
    &suite_pin,
    &suite_altered,
    &suite_skr,
    &suite_op_plugin,
    &suite_status,
    &suite_evidence,
    &suite_token,
    NULL,
};
/* clang-format on */
