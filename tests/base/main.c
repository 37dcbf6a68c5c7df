#include "config.h"

#include "tests/base/suites.h"

const struct suite *const suites[] = {
    &suite_buf,          &suite_buildid, &suite_bytes,
    &suite_cbor,         &suite_clock,   &suite_der,
    &suite_enc,          &suite_err,     &suite_file,
    &suite_file_replace, &suite_frame,   &suite_frame_io,
    &suite_ini,          &suite_kdf,     &suite_log,
    &suite_proof,        &suite_secret,  NULL,
};
