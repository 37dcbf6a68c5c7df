#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "pkcs11/tp11.h"

#define RESERVED_MAX 4096 /* pkcs11.md 2.1 */

/* Written in C_Initialize and C_Finalize alone, which exclude everybody. */
static struct ks_conf *conf;

/* One word of the init string. false: not one of ours. */
static bool
reserved_word(const char *word, char **path)
{
    if (strcmp(word, "verbose=yes") == 0) /* p11-kit appends it */
        return true;
    if (strncmp(word, "conf=", 5) != 0 || word[5] == '\0' || *path != NULL)
        return false;
    *path = strdup(word + 5);
    return *path != NULL;
}

/* "key=value" words between blanks, printable, at most 4096 bytes. */
static bool
reserved_parse(const char *s, char **path)
{
    size_t n = strnlen(s, RESERVED_MAX + 1), i;
    char *copy, *word, *rest;
    bool ok = n <= RESERVED_MAX;

    for (i = 0; ok && i < n; i++)
        ok = s[i] >= ' ' && s[i] <= '~';
    copy = ok ? strdup(s) : NULL;
    if (copy == NULL)
        return false;
    for (rest = copy; ok && (word = strsep(&rest, " ")) != NULL;) {
        if (word[0] != '\0')
            ok = reserved_word(word, path);
    }
    free(copy);
    return ok;
}

/* The rows of pkcs11.md 2.1.  The host's mutexes are never used. */
static CK_RV
args_parse(const CK_C_INITIALIZE_ARGS *a, char **path)
{
    const CK_FLAGS known =
        CKF_LIBRARY_CANT_CREATE_OS_THREADS | CKF_OS_LOCKING_OK;
    int callbacks;

    if (a == NULL)
        return CKR_OK;
    callbacks = (a->CreateMutex != NULL) + (a->DestroyMutex != NULL) +
                (a->LockMutex != NULL) + (a->UnlockMutex != NULL);
    if ((callbacks != 0 && callbacks != 4) || (a->flags & ~known) != 0)
        return CKR_ARGUMENTS_BAD;
    if (callbacks == 4 && (a->flags & CKF_OS_LOCKING_OK) == 0)
        return CKR_CANT_LOCK;
    if (a->pReserved != NULL && !reserved_parse(a->pReserved, path))
        return CKR_ARGUMENTS_BAD;
    return CKR_OK;
}

static void
log_bad_sections(const struct ks_conf *c)
{
    size_t i;

    for (i = 0; i < c->n; i++) {
        if (c->token[i].bad_line != 0)
            tee_log("%s", c->token[i].bad.text);
    }
}

/* A bad file is zero slots, CKR_OK and one line in the system log; no file at
 * all is the same in silence (configuration.md, section 1). */
static enum tee_err
conf_open(const char *path)
{
    struct tee_fault f = { 0 };
    enum tee_err err;

    err = ks_conf_load(path, &conf, &f);
    if (err == TEE_E_NOMEM)
        return err;
    if (err != TEE_OK) {
        tee_log_set(TEE_LOG_SYSLOG);
        tee_log("%s", f.text);
        conf = NULL;
        return TEE_OK;
    }
    tee_log_set(conf->path != NULL ? conf->log : TEE_LOG_NONE);
    log_bad_sections(conf);
    return tp11_slots_open(conf);
}

/* What a parent of fork left: dropped without touching what it shares. */
static void
abandon(void)
{
    tp11_sessions_abandon();
    tp11_slots_abandon();
    conf = NULL;
}

CK_RV
tp11_initialize(const CK_C_INITIALIZE_ARGS *args)
{
    char *path = NULL;
    enum tee_err err;
    CK_RV rv;

    rv = args_parse(args, &path);
    if (rv != CKR_OK)
        goto out;
    abandon();
    err = ks_init();
    if (err == TEE_OK)
        err = ks_selftest();
    if (err == TEE_OK)
        err = conf_open(path);
    if (err != TEE_OK) {
        tp11_slots_close();
        ks_conf_free(conf);
        conf = NULL;
    }
    rv = tp11_rv(err);
out:
    free(path);
    return rv;
}

void
tp11_finalize(void)
{
    tp11_sessions_close(NULL);
    tp11_slots_close();
    ks_conf_free(conf);
    conf = NULL;
    tee_log_set(TEE_LOG_NONE);
}

CK_RV
tp11_get_info(CK_INFO *info)
{
    unsigned long major, minor = 0;
    char *rest;

    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    major = strtoul(PACKAGE_VERSION, &rest, 10);
    if (*rest == '.')
        minor = strtoul(rest + 1, NULL, 10);
    memset(info, 0, sizeof(*info));
    info->cryptokiVersion = (CK_VERSION){ 3, 2 };
    info->libraryVersion =
        (CK_VERSION){ (CK_BYTE)(major & 0xff), (CK_BYTE)(minor & 0xff) };
    tp11_pad(info->manufacturerID, sizeof(info->manufacturerID), TP11_NAME);
    tp11_pad(info->libraryDescription, sizeof(info->libraryDescription),
             TP11_NAME);
    return CKR_OK;
}
