#include "config.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define TEE_OSSL_INTERNAL
#include "keystore/ossl/plugin.h"

/*
 * Neither OPENSSL_INIT_NO_LOAD_CONFIG nor OPENSSL_INIT_NO_ATEXIT is given to
 * libcrypto: where it is the host's own as well, that would decide for the
 * host.  A library context of our own takes nothing from a configuration, but a
 * look for engines reads it (see ossl_engine.c).
 */

static _Atomic(struct kso_lib *) current;

bool
kso_alive(void)
{
    return OPENSSL_init_crypto(0, NULL) == 1;
}

void
kso_enter(struct kso_scope *s)
{
    s->saved_errno = errno;
    (void)ERR_set_mark();
}

/* With an empty queue there was nothing to mark: then everything goes. */
void
kso_leave(const struct kso_scope *s)
{
    (void)ERR_pop_to_mark();
    errno = s->saved_errno;
}

static void
lib_free(struct kso_lib *lib)
{
    size_t i;

    if (lib == NULL)
        return;
    for (i = 0; i < KSO_HASHES; i++)
        EVP_MD_free(lib->md[i]);
    if (lib->provider != NULL)
        (void)OSSL_PROVIDER_unload(lib->provider);
    OSSL_LIB_CTX_free(lib->ctx);
    free(lib);
}

/* Does Ed25519 take the variants of RFC 8032 section 5.1?  "instance" is the
 * parameter that chooses one, new in 3.2. */
static bool
has_eddsa_ctx(const struct kso_lib *lib)
{
    EVP_SIGNATURE *s = EVP_SIGNATURE_fetch(lib->ctx, "ED25519", NULL);
    const OSSL_PARAM *p;
    bool found;

    p = s != NULL ? EVP_SIGNATURE_settable_ctx_params(s) : NULL;
    found = p != NULL && OSSL_PARAM_locate_const(p, "instance") != NULL;
    EVP_SIGNATURE_free(s);
    return found;
}

static enum tee_err
lib_new(struct kso_lib **ret)
{
    struct kso_lib *lib = calloc(1, sizeof(*lib));
    enum tee_err err = TEE_E_UNAVAIL;
    size_t i;

    if (lib == NULL)
        return TEE_E_NOMEM;
    lib->ctx = OSSL_LIB_CTX_new();
    if (lib->ctx == NULL)
        goto out;
    lib->provider = OSSL_PROVIDER_load(lib->ctx, "default");
    if (lib->provider == NULL)
        goto out;
    for (i = KS_SHA1; i < KSO_HASHES; i++) {
        lib->md[i] =
            EVP_MD_fetch(lib->ctx, kso_hash_name((enum ks_hash)i), NULL);
        if (lib->md[i] == NULL)
            goto out;
    }
    lib->eddsa_ctx = has_eddsa_ctx(lib);
    err = tee_forkmark_set(&lib->mark);
    if (err != TEE_OK)
        goto out;
    *ret = lib;
    lib = NULL; /* now the caller's */
out:
    lib_free(lib);
    return err;
}

/* What a parent left behind is forgotten, not freed: one of its threads may
 * have held a lock inside. */
enum tee_err
kso_lib_get(struct kso_lib **ret)
{
    struct kso_lib *seen, *mine;
    enum tee_err err;

    if (!kso_alive())
        return TEE_E_UNAVAIL;
    for (;;) {
        seen = atomic_load(&current);
        if (seen != NULL && kso_lib_here(seen))
            break;
        err = lib_new(&mine);
        if (err != TEE_OK)
            return err;
        if (!atomic_compare_exchange_strong(&current, &seen, mine))
            lib_free(mine); /* another thread was first */
    }
    *ret = seen;
    return TEE_OK;
}

void
kso_lib_abandon(void)
{
    struct kso_lib *seen = atomic_load(&current);

    if (seen != NULL && !kso_lib_here(seen))
        (void)atomic_compare_exchange_strong(&current, &seen, NULL);
}
