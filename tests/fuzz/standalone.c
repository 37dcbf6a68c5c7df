/*
 * The main program of a fuzz target that was not linked with libFuzzer: gives
 * it each file named, and each file of each folder named.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX ((long)16 << 20)

static unsigned count;

/* An exact allocation, so that a sanitizer sees one byte too far. */
static bool
replay_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    uint8_t *p = NULL;
    bool ok = false;
    long n = -1;

    if (in == NULL || fseek(in, 0, SEEK_END) != 0)
        goto out;
    n = ftell(in);
    if (n < 0 || n > INPUT_MAX || fseek(in, 0, SEEK_SET) != 0)
        goto out;
    p = malloc(n > 0 ? (size_t)n : 1);
    ok = p != NULL && fread(p, 1, (size_t)n, in) == (size_t)n;
    if (ok) {
        (void)LLVMFuzzerTestOneInput(p, (size_t)n);
        count++;
    }
out:
    if (!ok)
        fprintf(stderr, "%s: cannot be read\n", path);
    free(p);
    if (in != NULL)
        (void)fclose(in);
    return ok;
}

static int
visible(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static bool
replay_folder(const char *path)
{
    struct dirent **name;
    int i, n = scandir(path, &name, visible, alphasort);
    char file[1024];
    bool ok = n >= 0;

    for (i = 0; i < n; i++) {
        int len = snprintf(file, sizeof(file), "%s/%s", path, name[i]->d_name);

        ok = len > 0 && (size_t)len < sizeof(file) && replay_file(file) && ok;
        free(name[i]);
    }
    if (n >= 0)
        free(name);
    return ok;
}

int
main(int argc, char **argv)
{
    struct stat st;
    bool ok = true;
    int i;

    for (i = 1; i < argc; i++) {
        if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
            ok = replay_folder(argv[i]) && ok;
        else
            ok = replay_file(argv[i]) && ok;
    }
    printf("%u inputs\n", count);
    return ok && count > 0 ? 0 : 1;
}
