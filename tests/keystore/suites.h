/* The suites of tests/keystore/, one per source file. */
#ifndef TEE_TESTS_KEYSTORE_SUITES_H
#define TEE_TESTS_KEYSTORE_SUITES_H

#include "tests/support/test.h"

extern const struct suite suite_conf;
extern const struct suite suite_conf_search;
extern const struct suite suite_store;
extern const struct suite suite_store_cbor;
extern const struct suite suite_store_change;
extern const struct suite suite_store_check;
extern const struct suite suite_store_disk;
extern const struct suite suite_store_known;
extern const struct suite suite_kinfo;
extern const struct suite suite_op;
extern const struct suite suite_store_pool;
extern const struct suite suite_key;
extern const struct suite suite_object;
extern const struct suite suite_pin;
extern const struct suite suite_altered;
extern const struct suite suite_skr;
extern const struct suite suite_op_plugin;
extern const struct suite suite_status;
extern const struct suite suite_evidence;
extern const struct suite suite_token;

#endif
