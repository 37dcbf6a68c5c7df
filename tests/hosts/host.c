/* host MODULE FOLDER TOKEN...: what it exports, its other files say. */
#include <stddef.h>

#include "tests/hosts/scenario.h"

int
main(int argc, char **argv)
{
    const char *tokens[9] = { NULL };
    int i;

    if (argc < 4 || argc > 11)
        return 64;
    for (i = 3; i < argc; i++)
        tokens[i - 3] = argv[i];
    return scenario(argv[1], argv[2], tokens);
}
