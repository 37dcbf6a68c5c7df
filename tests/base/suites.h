/* The suites of tests/base/, one per source file. */
#ifndef TEE_TESTS_BASE_SUITES_H
#define TEE_TESTS_BASE_SUITES_H

#include "tests/support/test.h"

extern const struct suite suite_buf;
extern const struct suite suite_buildid;
extern const struct suite suite_bytes;
extern const struct suite suite_cbor;
extern const struct suite suite_clock;
extern const struct suite suite_der;
extern const struct suite suite_enc;
extern const struct suite suite_err;
extern const struct suite suite_file;
extern const struct suite suite_file_replace;
extern const struct suite suite_frame;
extern const struct suite suite_frame_io;
extern const struct suite suite_ini;
extern const struct suite suite_kdf;
extern const struct suite suite_log;
extern const struct suite suite_proof;
extern const struct suite suite_secret;

#endif
