/*
 * The same as an addon of Node, which exports an OpenSSL of its own.  Node
 * looks for this one name; none of its interface is used, so its headers are
 * not needed.  Arguments come through the environment; the answer is the
 * file FOLDER/code.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/hosts/scenario.h"

void *napi_register_module_v1(void *env, void *exports);

__attribute__((visibility("default"))) void *
napi_register_module_v1(void *env, void *exports)
{
    static const char *const tokens[] = { "ed", "ec", "rsa", "pss", NULL };
    const char *module = secure_getenv("HOST_MODULE");
    const char *dir = secure_getenv("HOST_DIR");
    char path[512];
    FILE *out;

    (void)env;
    if (module == NULL || dir == NULL)
        return exports;
    snprintf(path, sizeof(path), "%s/code", dir);
    out = fopen(path, "w");
    if (out != NULL) {
        fprintf(out, "%d\n", scenario(module, dir, tokens));
        (void)fclose(out);
    }
    return exports;
}
