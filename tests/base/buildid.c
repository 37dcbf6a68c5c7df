/* The build id is that of the object which holds the code. */
#include "config.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/base/suites.h"

/* What readelf says of a file; empty when it could not be asked. */
static void
readelf(const char *path, char ret[41])
{
    char command[1024], line[256];
    FILE *p;

    ret[0] = '\0';
    (void)snprintf(command, sizeof(command), "readelf -n '%s' 2>/dev/null",
                   path);
    p = popen(command, "r");
    while (p != NULL && fgets(line, sizeof(line), p) != NULL) {
        const char *id = strstr(line, "Build ID: ");

        if (id != NULL)
            (void)snprintf(ret, 41, "%s", id + 10);
    }
    if (p != NULL)
        (void)pclose(p);
}

static void
own(char ret[41])
{
    uint8_t id[20] = { 0 };

    CU_ASSERT_EQUAL(tee_build_id(id), TEE_OK);
    tee_hex((struct tee_bytes){ id, sizeof(id) }, ret);
}

static void
test_of_program(void)
{
    char path[512], want[41], have[41];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    CU_ASSERT_TRUE_FATAL(n > 0);
    path[n] = '\0';
    readelf(path, want);
    CU_ASSERT_EQUAL(strlen(want), 40);
    own(have);
    CU_ASSERT_STRING_EQUAL(have, want);
}

/* base/ linked into a shared object, as into the PKCS#11 module. */
static void
test_of_shared_object(void)
{
    const char *build = secure_getenv("builddir");
    enum tee_err (*probe)(uint8_t ret[20]);
    char path[512], want[41], have[41], mine[41];
    uint8_t id[20] = { 0 };
    void *so;

    (void)snprintf(path, sizeof(path), "%s/tests/base/.libs/buildid-object.so",
                   build != NULL ? build : ".");
    so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(so);
    *(void **)&probe = dlsym(so, "probe_build_id");
    CU_ASSERT_PTR_NOT_NULL_FATAL(probe);
    CU_ASSERT_EQUAL(probe(id), TEE_OK);
    tee_hex((struct tee_bytes){ id, sizeof(id) }, have);
    readelf(path, want);
    CU_ASSERT_EQUAL(strlen(want), 40);
    CU_ASSERT_STRING_EQUAL(have, want);
    own(mine);
    CU_ASSERT_STRING_NOT_EQUAL(have, mine);
    CU_ASSERT_EQUAL(dlclose(so), 0);
}

/* The same, linked without one. */
static void
test_without(void)
{
    const char *build = secure_getenv("builddir");
    enum tee_err (*probe)(uint8_t ret[20]);
    uint8_t id[20] = { 7 };
    char path[512];
    void *so;

    (void)snprintf(path, sizeof(path), "%s/tests/base/.libs/buildid-none.so",
                   build != NULL ? build : ".");
    so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(so);
    *(void **)&probe = dlsym(so, "probe_build_id");
    CU_ASSERT_PTR_NOT_NULL_FATAL(probe);
    CU_ASSERT_EQUAL(probe(id), TEE_E_NOTFOUND);
    CU_ASSERT_EQUAL(id[0], 7);
    CU_ASSERT_EQUAL(dlclose(so), 0);
}

static const struct test tests[] = {
    { "a program gets its own build id", test_of_program },
    { "a shared object gets its own, not the program's",
      test_of_shared_object },
    { "an object without a build id is told so", test_without },
    { NULL, NULL },
};
const struct suite suite_buildid = { "buildid", tests };
