/*
 * Which file is the configuration (configuration.md section 1).  What
 * somebody named is final; of the two others the first that exists decides,
 * good or bad.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEE_KS_INTERNAL
#include "base/paths.h"
#include "keystore/ks.h"

#define VARIABLE "TEE_PKCS11_CONF"
#define UNDER    "/tee-pkcs11/tee-pkcs11.conf"

static enum tee_err
join(const char *dir, const char *rest, char **ret)
{
    struct tee_buf b;
    uint8_t *p = NULL;
    size_t n;
    enum tee_err err;

    tee_buf_init(&b, 8192);
    tee_buf_text(&b, dir);
    tee_buf_text(&b, rest);
    err = tee_buf_steal(&b, &p, &n);
    tee_buf_clear(&b);
    if (err == TEE_OK)
        *ret = (char *)p;
    return err;
}

/* Place 3; NULL where no variable names a folder. */
static enum tee_err
user_place(char **ret)
{
    const char *dir = secure_getenv("XDG_CONFIG_HOME");

    *ret = NULL;
    if (dir != NULL && dir[0] == '/')
        return join(dir, UNDER, ret);
    dir = secure_getenv("HOME");
    if (dir != NULL && dir[0] == '/')
        return join(dir, "/.config" UNDER, ret);
    return TEE_OK;
}

/* Places 1 and 2; *ret NULL: nobody named one. *by: who did. */
static enum tee_err
named_place(const char *named, char **ret, const char **by, struct tee_fault *f)
{
    *ret = NULL;
    *by = "conf= or --conf";
    if (named == NULL) {
        named = secure_getenv(VARIABLE);
        *by = "$" VARIABLE;
    }
    if (named == NULL)
        return TEE_OK;
    if (named[0] != '/')
        return tee_fault(f, TEE_E_CONFIG,
                         "\"%s\": %s must name the configuration by an "
                         "absolute path",
                         named, *by);
    *ret = strdup(named);
    return *ret == NULL ? tee_fault(f, TEE_E_NOMEM, "no memory") : TEE_OK;
}

static enum tee_err
load_one(const char *path, struct ks_conf **ret, struct tee_fault *f)
{
    struct tee_buf text;
    enum tee_err err;

    tee_buf_init(&text, KS_CONF_MAX);
    err = tee_file_read(path, &tee_rule_public, KS_CONF_MAX, &text, f);
    if (err == TEE_OK)
        err = ks_conf_parse(path, tee_buf_view(&text), ret, f);
    tee_buf_clear(&text);
    return err;
}

static enum tee_err
none_found(const char *user, struct ks_conf **ret, struct tee_fault *f)
{
    struct ks_conf *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    c->log = TEE_LOG_NONE; /* without a configuration silent */
    (void)tee_fault(f, TEE_OK, "no configuration; looked in: %s%s%s",
                    user != NULL ? user : "", user != NULL ? ", " : "",
                    tee_path_conf);
    *ret = c;
    return TEE_OK;
}

static enum tee_err
search(struct ks_conf **ret, struct tee_fault *f)
{
    char *user = NULL;
    enum tee_err err = user_place(&user);

    if (err != TEE_OK)
        return tee_fault(f, err, "no memory");
    err = TEE_E_NOTFOUND;
    if (user != NULL)
        err = load_one(user, ret, f);
    if (err == TEE_E_NOTFOUND)
        err = load_one(tee_path_conf, ret, f);
    if (err == TEE_E_NOTFOUND)
        err = none_found(user, ret, f);
    free(user);
    return err;
}

enum tee_err
ks_conf_load(const char *named, struct ks_conf **ret, struct tee_fault *f)
{
    const char *by;
    char *path;
    enum tee_err err = named_place(named, &path, &by, f);

    if (err != TEE_OK)
        return err;
    if (path == NULL)
        return search(ret, f);
    err = load_one(path, ret, f);
    if (err == TEE_E_NOTFOUND)
        (void)tee_fault(f, err,
                        "%s: no such file; %s names it, so no other "
                        "configuration is looked for",
                        path, by);
    free(path);
    return err;
}

static bool
exists(const char *path)
{
    int fd = -1;
    enum tee_err err = tee_file_open(path, &tee_rule_public, &fd, NULL);

    if (err == TEE_OK)
        (void)close(fd);
    return err != TEE_E_NOTFOUND; /* a bad one exists too */
}

enum tee_err
ks_conf_place(const char *named, char **ret, struct tee_fault *f)
{
    const char *by;
    char *path, *user = NULL;
    enum tee_err err = named_place(named, &path, &by, f);

    if (err != TEE_OK)
        return err;
    if (path == NULL) {
        err = user_place(&user);
        if (err == TEE_OK && user != NULL && exists(user)) {
            path = user;
            user = NULL; /* now path's */
        } else if (err == TEE_OK &&
                   (user == NULL || geteuid() == 0 || exists(tee_path_conf))) {
            err = join(tee_path_conf, "", &path);
        } else if (err == TEE_OK) {
            path = user;
            user = NULL;
        }
    }
    free(user);
    if (err != TEE_OK)
        return tee_fault(f, err, "no memory");
    *ret = path;
    return TEE_OK;
}
