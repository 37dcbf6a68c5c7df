/* Engines are deprecated, and hosts have them: here we ask about them. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "config.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#endif

#define TEE_OSSL_INTERNAL
#include "keystore/ossl/plugin.h"

/*
 * An engine may be the default of the libcrypto that we loaded: the host said
 * so, or the configuration, which libcrypto reads when it first looks for
 * engines.  A library context of our own does not keep it out: libcrypto asks
 * it for contexts, by an algorithm's name or from a key, and puts its functions
 * into new keys.  By number no engine is found, so keys are made that way;
 * signatures by such an engine are verified before anybody gets them.
 */

#ifndef OPENSSL_NO_ENGINE
/* Takes e, which may be NULL. */
static bool
is_engine(ENGINE *e)
{
    if (e == NULL)
        return false;
    (void)ENGINE_finish(e);
    return true;
}
#endif

bool
kso_engine_has_name(const struct kso_name *name)
{
#ifndef OPENSSL_NO_ENGINE
    return name->oid != NULL &&
           is_engine(ENGINE_get_pkey_meth_engine(name->id));
#else
    (void)name;
    return false;
#endif
}

bool
kso_engine_signs(const struct kso_name *name)
{
    if (name == NULL)
        return false;
    if (kso_engine_has_name(name))
        return true;
#ifndef OPENSSL_NO_ENGINE
    if (is_engine(name->id == EVP_PKEY_EC ? ENGINE_get_default_EC()
                                          : ENGINE_get_default_RSA()))
        return true;
#endif
    return name->id == EVP_PKEY_EC
               ? EC_KEY_get_default_method() != EC_KEY_OpenSSL()
               : RSA_get_default_method() != RSA_PKCS1_OpenSSL();
}
