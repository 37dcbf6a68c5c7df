#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

_Noreturn void
fuzz_failed(const char *tag, const char *what, const char *file, int line)
{
    fprintf(stderr, "%s: %s:%d: does not hold: %s\n", tag, file, line, what);
    fflush(stderr);
    abort();
}

const char *
fuzz_folder(void)
{
    static char folder[256];
    const char *tmp = secure_getenv("TMPDIR");

    if (folder[0] == '\0') {
        (void)snprintf(folder, sizeof(folder), "%s/tee-fuzz-XXXXXX",
                       tmp != NULL ? tmp : "/tmp");
        FUZZ_MUST(mkdtemp(folder) != NULL);
    }
    return folder;
}
