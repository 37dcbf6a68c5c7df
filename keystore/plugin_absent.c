/*
 * Until plugin.c is here: no plug-in, so Ed25519 keys only.  Whoever adds
 * plugin.c deletes this file and its line in local.mk.
 */
#include "config.h"

#include "keystore/ossl/plugin.h"

const struct tee_plugin *
ks_plugin(struct tee_fault *f)
{
    (void)tee_fault(f, TEE_E_UNAVAIL,
                    "RSA and EC keys need tee-pkcs11-ossl.so, which is not "
                    "part of this build");
    return NULL;
}
