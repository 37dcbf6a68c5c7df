#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/paths.h"
#include "keystore/ossl/plugin.h"

/*
 * RTLD_DEEPBIND: the plug-in and the libcrypto that it brings are bound to
 * each other, not to the OpenSSL that a host such as Node exports.  The
 * runtime of a sanitizer refuses it.
 */
#ifdef TEE_SANITIZER
#define LOAD_FLAGS (RTLD_NOW | RTLD_LOCAL)
#else
#define LOAD_FLAGS (RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND)
#endif

static _Atomic(const struct tee_plugin *) loaded;
/* Static TLS: no call into the dynamic linker, no allocation to look. */
static _Thread_local bool inside __attribute__((tls_model("initial-exec")));

static enum tee_err
trusted(const char *path, struct tee_fault *f)
{
    enum tee_err err;
    int fd;

    err = tee_file_open(path, &tee_rule_public, &fd, f);
    if (err == TEE_E_NOTFOUND)
        return tee_fault(f, TEE_E_UNAVAIL,
                         "%s is not installed; RSA and EC keys need it: "
                         "install all of tee-pkcs11",
                         path);
    if (err == TEE_OK)
        (void)close(fd);
    return err;
}

/* Who may replace the file between the check and this is root or ourselves. */
static enum tee_err
load(const char *path, const struct tee_plugin **ret, struct tee_fault *f)
{
    const struct tee_plugin *t;
    const char *why;
    void *so;

    so = dlopen(path, LOAD_FLAGS);
    if (so == NULL) {
        why = dlerror();
        return tee_fault(f, TEE_E_UNAVAIL,
                         "cannot load %s: %s; is OpenSSL (libcrypto) 3.0 or "
                         "later installed?",
                         path, why != NULL ? why : "no reason given");
    }
    t = dlsym(so, TEE_PLUGIN_SYMBOL);
    if (t == NULL || t->version != TEE_PLUGIN_VERSION ||
        t->size != sizeof(*t)) {
        (void)dlclose(so);
        return tee_fault(f, TEE_E_UNAVAIL,
                         "%s does not belong to this version of tee-pkcs11; "
                         "install both from one package",
                         path);
    }
    *ret = t; /* the handle stays open: nothing is ever unloaded */
    return TEE_OK;
}

/* Two threads may both load: dlopen gives both the same table. */
static enum tee_err
find(const struct tee_plugin **ret, struct tee_fault *f)
{
    const struct tee_plugin *t = atomic_load(&loaded), *none = NULL;
    enum tee_err err;

    if (t == NULL) {
        err = trusted(tee_path_plugin, f);
        if (err == TEE_OK)
            err = load(tee_path_plugin, &t, f);
        if (err != TEE_OK)
            return err;
        (void)atomic_compare_exchange_strong(&loaded, &none, t);
    }
    err = t->open();
    if (err != TEE_OK)
        return tee_fault(f, err,
                         "%s: libcrypto cannot be used here: %s; a process "
                         "that exits cannot sign any more",
                         tee_path_plugin, tee_err_name(err));
    *ret = t;
    return TEE_OK;
}

bool
ks_plugin_inside(void)
{
    return inside;
}

const struct tee_plugin *
ks_plugin(struct tee_fault *f)
{
    const struct tee_plugin *t = NULL;
    int saved = errno;

    if (inside) {
        (void)tee_fault(f, TEE_E_STATE,
                        "OpenSSL's configuration calls this module while it "
                        "loads its own libcrypto context; remove the module "
                        "from that configuration or let it load on demand");
        return NULL;
    }
    inside = true;
    if (find(&t, f) != TEE_OK)
        t = NULL;
    inside = false;
    errno = saved;
    return t;
}
