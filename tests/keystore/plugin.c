#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"
#include "tests/keystore/plugin_util.h"

/*
 * Each case runs in a child of fork that has loaded nothing yet: the suite is
 * first, and nothing before it asks for the plug-in.
 */

static struct tee_fault said;

/* No plug-in, for this reason, and the file is named; then with the right
 * file in its place the same process loads it. */
static bool
refused_then_loaded(enum tee_err err, const char *word)
{
    const struct tee_plugin *t;

    errno = EXDEV;
    if (ks_plugin(&said) != NULL || said.err != err || errno != EXDEV ||
        strstr(said.text, word) == NULL ||
        strstr(said.text, plug_dir) == NULL) {
        printf("    %s: %s\n", tee_err_name(said.err), said.text);
        return false;
    }
    (void)unlink(tee_path_plugin);
    plug_install();
    t = ks_plugin(&said);
    return t != NULL && t->has(KS_P256, NULL) && !ks_plugin_inside();
}

static bool
put(const void *p, size_t n, mode_t mode)
{
    FILE *out;

    (void)unlink(tee_path_plugin);
    out = fopen(tee_path_plugin, "wb");
    return out != NULL && fwrite(p, 1, n, out) == n && fclose(out) == 0 &&
           chmod(tee_path_plugin, mode) == 0;
}

static bool
missing(void)
{
    plug_install();
    (void)unlink(tee_path_plugin);
    return refused_then_loaded(TEE_E_UNAVAIL, "not installed");
}

static bool
no_library(void)
{
    plug_install();
    return put("text", 4, 0755) &&
           refused_then_loaded(TEE_E_UNAVAIL, "cannot load");
}

static bool
other_library(void)
{
    plug_install_file("tests/keystore/.libs/plugin-none.so");
    return refused_then_loaded(TEE_E_UNAVAIL, "does not belong");
}

static bool
other_version(void)
{
    plug_install_file("tests/keystore/.libs/plugin-version.so");
    return refused_then_loaded(TEE_E_UNAVAIL, "does not belong");
}

static bool
other_size(void)
{
    plug_install_file("tests/keystore/.libs/plugin-size.so");
    return refused_then_loaded(TEE_E_UNAVAIL, "does not belong");
}

static bool
writable(void)
{
    plug_install();
    return chmod(tee_path_plugin, 0775) == 0 &&
           refused_then_loaded(TEE_E_TRUST, "group may write");
}

static bool
folder_writable(void)
{
    plug_install();
    return chmod(plug_dir, 0777) == 0 &&
           refused_then_loaded(TEE_E_TRUST, "writable by others");
}

static bool
linked(void)
{
    plug_install();
    (void)unlink(tee_path_plugin);
    return symlink(TEE_BUILDDIR "/.libs/tee-pkcs11-ossl.so", tee_path_plugin) ==
               0 &&
           refused_then_loaded(TEE_E_TRUST, "symbolic link");
}

static bool
foreign(void)
{
    plug_install();
    return chown(tee_path_plugin, 65534, (gid_t)-1) == 0 &&
           refused_then_loaded(TEE_E_TRUST, "owned by uid 65534");
}

/* ---- re-entry
 * ------------------------------------------------------------------- */

static bool went_back;
static enum tee_err answer;
enum tee_err plug_back(void);

/* Called from inside the plug-in that plugin_fake.c makes. */
__attribute__((visibility("default"))) enum tee_err
plug_back(void)
{
    struct tee_fault f = { TEE_OK, "" };

    went_back =
        ks_plugin_inside() && ks_plugin(&f) == NULL && f.err == TEE_E_STATE &&
        strstr(f.text, "OpenSSL's configuration") != NULL && ks_plugin_inside();
    return answer;
}

static bool
re_entry(void)
{
    plug_install_file("tests/keystore/.libs/plugin-back.so");
    answer = TEE_OK;
    return ks_plugin(NULL) != NULL && went_back && !ks_plugin_inside();
}

static bool
failing_open(void)
{
    plug_install_file("tests/keystore/.libs/plugin-back.so");
    answer = TEE_E_UNAVAIL;
    if (ks_plugin(&said) != NULL || said.err != TEE_E_UNAVAIL ||
        strstr(said.text, tee_path_plugin) == NULL)
        return false;
    answer = TEE_OK; /* and the next call tries again */
    return ks_plugin(&said) != NULL;
}

/* ---- threads
 * --------------------------------------------------------------------- */

#define THREADS 8
static pthread_barrier_t start;
static const struct tee_plugin *found[THREADS];

static void *
load(void *arg)
{
    (void)pthread_barrier_wait(&start);
    *(const struct tee_plugin **)arg = ks_plugin(NULL);
    return NULL;
}

static bool
all_at_once(void)
{
    pthread_t t[THREADS];
    bool ok = true;
    size_t i;

    plug_install();
    if (pthread_barrier_init(&start, NULL, THREADS) != 0)
        return false;
    for (i = 0; i < THREADS; i++)
        ok = pthread_create(&t[i], NULL, load, &found[i]) == 0 && ok;
    for (i = 0; i < THREADS; i++)
        ok = pthread_join(t[i], NULL) == 0 && found[i] != NULL &&
             found[i] == found[0] && ok;
    return ok && found[0]->has(KS_RSA2048, NULL);
}

#define CASE(name)                                                             \
    static void test_##name(void)                                              \
    {                                                                          \
        CU_ASSERT(in_child(name));                                             \
        plug_install();                                                        \
    }
CASE(missing)
CASE(no_library)
CASE(other_library)
CASE(other_version)
CASE(other_size)
CASE(writable)
CASE(folder_writable)
CASE(linked)
CASE(re_entry)
CASE(failing_open)
CASE(all_at_once)

static void
test_foreign(void)
{
    if (geteuid() != 0) {
        test_skip("only root can give a file away");
        return;
    }
    CU_ASSERT(in_child(foreign));
    plug_install();
}

static const struct test tests[] = {
    { "no file: unavailable, and found once it is there", test_missing },
    { "a file that is no library is unavailable", test_no_library },
    { "a library without the table is unavailable", test_other_library },
    { "another version is unavailable", test_other_version },
    { "a table of another size is unavailable", test_other_size },
    { "a file that its group may write is not trusted", test_writable },
    { "a folder that others may write is not trusted", test_folder_writable },
    { "a symbolic link is not trusted", test_linked },
    { "a file of somebody else is not trusted", test_foreign },
    { "coming back from inside is an error", test_re_entry },
    { "a failing start is an error and may be tried again", test_failing_open },
    { "threads that load at once get one table", test_all_at_once },
    { NULL, NULL },
};
const struct suite suite_plugin = { "plugin", tests };
