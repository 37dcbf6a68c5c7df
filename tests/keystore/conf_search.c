/* Where the configuration is looked for, and which files are taken. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEE_KS_INTERNAL
#include "base/paths.h"
#include "keystore/ks.h"
#include "tests/keystore/suites.h"

#define ETC "/etc/tee-pkcs11/tee-pkcs11.conf"
#define L   "key_origin = local\nstate = /s\n"

static void
put(const char *path, const char *text, mode_t mode)
{
    FILE *fp = fopen(path, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(fp);
    fputs(text, fp);
    fclose(fp);
    CU_ASSERT_EQUAL(chmod(path, mode), 0);
}

static void
no_variables(void)
{
    unsetenv("TEE_PKCS11_CONF");
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("HOME");
}

static enum tee_err
load(const char *named, char ret[512], struct tee_fault *f)
{
    struct ks_conf *c = NULL;
    enum tee_err err = ks_conf_load(named, &c, f);

    ret[0] = '\0';
    if (err == TEE_OK && c->path != NULL)
        snprintf(ret, 512, "%s", c->path);
    if (err == TEE_OK)
        CU_ASSERT_EQUAL(c->path == NULL, c->n == 0);
    ks_conf_free(c);
    return err;
}

static void
test_the_search_goes_in_order(void)
{
    const char *dir = test_dir();
    char home[256], xdg[256], named[256], got[512], path[300];
    struct tee_fault f = { 0 };

    no_variables();
    snprintf(path, sizeof(path), "%s/.config", dir);
    CU_ASSERT_EQUAL(mkdir(path, 0755), 0);
    snprintf(path, sizeof(path), "%s/.config/tee-pkcs11", dir);
    CU_ASSERT_EQUAL(mkdir(path, 0755), 0);
    snprintf(home, sizeof(home), "%s/.config/tee-pkcs11/tee-pkcs11.conf", dir);
    snprintf(path, sizeof(path), "%s/tee-pkcs11", dir);
    CU_ASSERT_EQUAL(mkdir(path, 0755), 0);
    snprintf(xdg, sizeof(xdg), "%s/tee-pkcs11/tee-pkcs11.conf", dir);
    snprintf(named, sizeof(named), "%s/named.conf", dir);
    put(home, "[h]\n" L, 0644);
    put(xdg, "[x]\n" L, 0644);
    put(named, "[n]\n" L, 0644);

    setenv("HOME", dir, 1);
    CU_ASSERT_EQUAL(load(NULL, got, &f), TEE_OK);
    CU_ASSERT_STRING_EQUAL(got, home);
    setenv("XDG_CONFIG_HOME", "relative", 1);
    CU_ASSERT_EQUAL(load(NULL, got, &f), TEE_OK);
    CU_ASSERT_STRING_EQUAL(got, home);
    setenv("XDG_CONFIG_HOME", dir, 1);
    CU_ASSERT_EQUAL(load(NULL, got, &f), TEE_OK);
    CU_ASSERT_STRING_EQUAL(got, xdg);
    setenv("TEE_PKCS11_CONF", named, 1);
    CU_ASSERT_EQUAL(load(NULL, got, &f), TEE_OK);
    CU_ASSERT_STRING_EQUAL(got, named);
    CU_ASSERT_EQUAL(load(home, got, &f), TEE_OK);
    CU_ASSERT_STRING_EQUAL(got, home);
    no_variables();
}

static void
test_a_named_file_is_final(void)
{
    const char *dir = test_dir();
    char path[256], got[512], want[512];
    struct tee_fault f = { 0 };

    no_variables();
    snprintf(path, sizeof(path), "%s/none.conf", dir);
    setenv("TEE_PKCS11_CONF", path, 1);
    CU_ASSERT_EQUAL(load(NULL, got, &f), TEE_E_NOTFOUND);
    snprintf(want, sizeof(want),
             "%s: no such file; $TEE_PKCS11_CONF names it, so no other "
             "configuration is looked for",
             path);
    CU_ASSERT_STRING_EQUAL(f.text, want);
    setenv("TEE_PKCS11_CONF", "", 1);
    CU_ASSERT_EQUAL(load(NULL, got, &f), TEE_E_CONFIG);
    setenv("TEE_PKCS11_CONF", "rel.conf", 1);
    CU_ASSERT_EQUAL(load(NULL, got, &f), TEE_E_CONFIG);
    CU_ASSERT_EQUAL(load("rel.conf", got, &f), TEE_E_CONFIG);
    no_variables();
}

static void
test_nothing_anywhere_is_silence(void)
{
    const char *dir = test_dir();
    char got[512], want[512];
    struct tee_fault f = { 0 };

    if (access(tee_path_conf, F_OK) == 0) {
        test_skip("this machine has a configuration in /etc");
        return;
    }
    no_variables();
    CU_ASSERT_EQUAL(load(NULL, got, &f), TEE_OK);
    CU_ASSERT_STRING_EQUAL(got, "");
    CU_ASSERT_STRING_EQUAL(f.text, "no configuration; looked in: " ETC);
    setenv("HOME", dir, 1);
    CU_ASSERT_EQUAL(load(NULL, got, &f), TEE_OK);
    snprintf(want, sizeof(want),
             "no configuration; looked in: "
             "%s/.config/tee-pkcs11/tee-pkcs11.conf, " ETC,
             dir);
    CU_ASSERT_STRING_EQUAL(f.text, want);
    CU_ASSERT_EQUAL(load(NULL, got, NULL), TEE_OK);
    no_variables();
}

static void
test_a_bad_file_never_falls_through(void)
{
    const char *dir = test_dir();
    char path[300], link_to[300], got[512];
    struct tee_fault f = { 0 };

    no_variables();
    setenv("XDG_CONFIG_HOME", dir, 1);
    snprintf(path, sizeof(path), "%s/tee-pkcs11", dir);
    CU_ASSERT_EQUAL(mkdir(path, 0755), 0);
    snprintf(path, sizeof(path), "%s/tee-pkcs11/tee-pkcs11.conf", dir);
    put(path, "[a]\n" L, 0664);
    CU_ASSERT_EQUAL(load(NULL, got, &f), TEE_E_TRUST);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "group may write (mode 0664)"));
    CU_ASSERT_EQUAL(chmod(path, 0644), 0);
    CU_ASSERT_EQUAL(load(NULL, got, &f), TEE_OK);
    snprintf(link_to, sizeof(link_to), "%s/second", dir);
    CU_ASSERT_EQUAL(link(path, link_to), 0);
    CU_ASSERT_EQUAL(load(NULL, got, &f), TEE_E_TRUST);
    CU_ASSERT_EQUAL(unlink(path), 0);
    CU_ASSERT_EQUAL(symlink(link_to, path), 0);
    CU_ASSERT_NOT_EQUAL(load(NULL, got, &f), TEE_OK);
    CU_ASSERT_EQUAL(unlink(path), 0);
    put(path, "junk\n", 0644);
    CU_ASSERT_EQUAL(load(NULL, got, &f), TEE_E_CONFIG);
    no_variables();
}

static void
test_a_folder_that_others_write_is_refused(void)
{
    const char *dir = test_dir();
    char path[300], got[512];
    struct tee_fault f = { 0 };

    snprintf(path, sizeof(path), "%s/open", dir);
    CU_ASSERT_EQUAL(mkdir(path, 0755), 0);
    CU_ASSERT_EQUAL(chmod(path, 0777), 0);
    snprintf(path, sizeof(path), "%s/open/a.conf", dir);
    put(path, "[a]\n" L, 0644);
    CU_ASSERT_EQUAL(load(path, got, &f), TEE_E_TRUST);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.text, "/open: folder is writable by"));
}

static void
test_the_place_that_init_writes(void)
{
    const char *dir = test_dir();
    struct tee_fault f = { 0 };
    char *got = NULL, want[300];

    no_variables();
    CU_ASSERT_EQUAL(ks_conf_place("/some/file", &got, &f), TEE_OK);
    CU_ASSERT_STRING_EQUAL(got, "/some/file");
    free(got);
    got = NULL;
    CU_ASSERT_EQUAL(ks_conf_place(NULL, &got, &f), TEE_OK);
    CU_ASSERT_STRING_EQUAL(got, ETC);
    free(got);
    got = NULL;
    setenv("HOME", dir, 1);
    snprintf(want, sizeof(want), "%s/.config/tee-pkcs11/tee-pkcs11.conf", dir);
    if (access(tee_path_conf, F_OK) != 0) {
        CU_ASSERT_EQUAL(ks_conf_place(NULL, &got, &f), TEE_OK);
        CU_ASSERT_STRING_EQUAL(got, geteuid() == 0 ? ETC : want);
        free(got);
    }
    no_variables();
}

static const struct test tests[] = {
    { "the search goes in order", test_the_search_goes_in_order },
    { "a named file is final", test_a_named_file_is_final },
    { "nothing anywhere is silence", test_nothing_anywhere_is_silence },
    { "a bad file never falls through", test_a_bad_file_never_falls_through },
    { "a folder that others write is refused",
      test_a_folder_that_others_write_is_refused },
    { "the place that init writes", test_the_place_that_init_writes },
    { NULL, NULL },
};
const struct suite suite_conf_search = { "conf_search", tests };
