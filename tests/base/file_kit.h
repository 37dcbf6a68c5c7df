/* Files and folders for the suites of base/file.c. */
#ifndef TEE_TESTS_BASE_FILE_KIT_H
#define TEE_TESTS_BASE_FILE_KIT_H

#include <sys/types.h>

#include "tests/support/test.h"

#define OTHER 54321 /* a uid that nobody has */

/* "BASE/NAME", good for the next 63 calls. */
const char *file_at(const char *base, const char *name);
/* A file with this text and mode. */
const char *file_make(const char *base, const char *name, const char *text,
                      mode_t mode);
const char *file_folder(const char *base, const char *name, mode_t mode);
/* How many are open. */
unsigned file_descriptors(void);
/* false: the test is skipped. */
bool file_need_root(void);

#endif
