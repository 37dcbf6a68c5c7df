/*
 * What the C consumers share.  They see the module as any program does:
 * dlopen, C_GetFunctionList, p11-kit's header, the public vendor numbers.
 */
#ifndef TEE_INTEROP_P11_H
#define TEE_INTEROP_P11_H

#include <p11-kit/pkcs11.h>
#include <stddef.h>

#include "tee-pkcs11/tee-pkcs11.h"

struct p11 {
    void *lib;
    CK_FUNCTION_LIST *f;
};
struct p11_key {
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE priv, pub;
};

/* Each of these ends the program with a message when something is wrong. */
void p11_check(CK_RV rv, const char *what);
void p11_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)))
__attribute__((noreturn));
void p11_load(struct p11 *p, const char *path, int flags);
void p11_init(const struct p11 *p);
/* The key pair of the token with this label, in a new read-only session. */
void p11_open(const struct p11 *p, const char *token, struct p11_key *ret);
/* Ed25519 or ECDSA over a 32-byte digest, as the public key's type says. */
void p11_sign(const struct p11 *p, const struct p11_key *k,
              const unsigned char msg[32], unsigned char sig[64]);
/* The same signature judged by libcrypto, with the key that the token names
 * in CKA_PUBLIC_KEY_INFO. */
void p11_verify(const struct p11 *p, const struct p11_key *k,
                const unsigned char msg[32], const unsigned char sig[64]);

#endif
