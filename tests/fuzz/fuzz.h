/*
 * What every fuzz target shares.  A target is one file fuzz_NAME.c with
 * LLVMFuzzerTestOneInput; it calls the real entry point and states what must
 * hold with FUZZ_MUST.  With clang it links libFuzzer; without, standalone.c,
 * which replays files.  local.mk says how to add one.
 */
#ifndef TEE_TESTS_FUZZ_H
#define TEE_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/tee.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* A folder for this process below $TMPDIR, which whoever started it removes:
 * a target is not told when it ends. */
const char *fuzz_folder(void);

/* Prints what did not hold, and aborts; a canary's report says TEE_CANARY. */
_Noreturn void fuzz_failed(const char *tag, const char *what, const char *file,
                           int line);

#ifdef TEE_CANARY
#define FUZZ_TAG "TEE_CANARY"
#else
#define FUZZ_TAG "FUZZ"
#endif
#define FUZZ_MUST(x)                                                           \
    ((x) ? (void)0 : fuzz_failed(FUZZ_TAG, #x, __FILE__, __LINE__))

#endif
