/*
 * The control: a module that has the plug-in's objects inside, is linked to
 * libcrypto like any program, and uses the library context of its host.  The
 * linker sends two functions here (--wrap), so that no line of the module
 * itself is different.
 */
#include "config.h"

#include <openssl/crypto.h>

#define TEE_OSSL_INTERNAL
#include "keystore/ossl/plugin.h"

const struct tee_plugin *__wrap_ks_plugin(struct tee_fault *f);
OSSL_LIB_CTX *__wrap_OSSL_LIB_CTX_new(void);

const struct tee_plugin *
__wrap_ks_plugin(struct tee_fault *f)
{
    (void)f;
    return tee_plugin.open() == TEE_OK ? &tee_plugin : NULL;
}

/* With NULL it changes nothing and says which one is the default. */
OSSL_LIB_CTX *
__wrap_OSSL_LIB_CTX_new(void)
{
    return OSSL_LIB_CTX_set0_default(NULL);
}
