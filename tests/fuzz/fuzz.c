#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

_Noreturn void
fuzz_failed(const char *tag, const char *what, const char *file, int line)
{
    fprintf(stderr, "%s: %s:%d: does not hold: %s\n", tag, file, line, what);
    fflush(stderr);
    abort();
}
