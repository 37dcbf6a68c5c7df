/*
 * Ways of making a signature: a module, libsodium, libcrypto.  The last one
 * made is kept, and libcrypto verifies it when its series has been timed.
 */
#ifndef TEE_BENCH_SIGNER_H
#define TEE_BENCH_SIGNER_H

#include <openssl/evp.h>

#include "bench/bench.h"

struct signer {
    const char *name;
    struct bench_key key;   /* of a module */
    unsigned char sk[64];   /* libsodium's */
    EVP_PKEY *own;          /* libcrypto's */
    EVP_PKEY_CTX *prepared; /* of own, reused */
    enum bench_type type;
    EVP_PKEY *verifier;
    unsigned char *msg;
    size_t len, sig_len;
    unsigned char sig[BENCH_SIG_MAX];
    char pad[64]; /* threads have one each: no shared cache line */
};

/* What is signed: 32 bytes as they are, or the DigestInfo of 32 (RSA). */
void signer_message(struct signer *s);
/* The key `label` of that token. */
void signer_module(struct signer *s, CK_FUNCTION_LIST *f, const char *token,
                   const char *label, enum bench_type type);
void signer_sodium(struct signer *s);
void signer_openssl(struct signer *s, enum bench_type type);
void signer_verify(const struct signer *s);
void signer_clear(struct signer *s);

/* For struct bench_racer. */
void run_module(void *signer);      /* C_SignInit and C_Sign */
void run_module_init(void *signer); /* C_SignInit */
void run_module_sign(void *signer); /* C_Sign */
void run_sodium(void *signer);
void run_evp_fresh(void *signer);    /* Ed25519, a context each time */
void run_evp_prepared(void *signer); /* P-256, RSA */

#endif
