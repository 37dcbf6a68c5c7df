/*
 * Signatures by the bound key: identity reference, section 13.  Ed25519 is
 * libsodium's, the rest libcrypto's in a context of our own, so that neither
 * the program's providers nor its openssl.cnf decide what verifies.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

#define PROPERTIES "provider=default"

struct engine {
    OSSL_LIB_CTX *lib;
    OSSL_PROVIDER *prov;
    EVP_PKEY *key;
    EVP_MD_CTX *md;
};

static void
close_engine(struct engine *e)
{
    EVP_MD_CTX_free(e->md);
    EVP_PKEY_free(e->key);
    if (e->prov != NULL)
        (void)OSSL_PROVIDER_unload(e->prov);
    OSSL_LIB_CTX_free(e->lib);
}

static enum tee_err
open_engine(const struct att_key *k, struct engine *e)
{
    const unsigned char *p = k->spki.p;
    EVP_SIGNATURE *have;

    e->lib = OSSL_LIB_CTX_new();
    if (e->lib == NULL)
        return TEE_E_NOMEM;
    e->prov = OSSL_PROVIDER_load(e->lib, "default");
    e->md = EVP_MD_CTX_new();
    if (e->prov == NULL || e->md == NULL)
        return TEE_E_NOMEM;
    if (k->kind->scheme == ATT_SIG_MLDSA) { /* libcrypto 3.5 or later */
        have = EVP_SIGNATURE_fetch(e->lib, "ML-DSA-65", PROPERTIES);
        if (have == NULL)
            return TEE_E_UNSUPPORTED;
        EVP_SIGNATURE_free(have);
    }
    e->key = d2i_PUBKEY_ex(NULL, &p, (long)k->spki.len, e->lib, PROPERTIES);
    return e->key != NULL ? TEE_OK : TEE_E_SIGNATURE;
}

/* Raw r || s as the DER that libcrypto wants (RFC 3279 section 2.2.3). */
static void
ecdsa_der(struct tee_bytes sig, struct tee_buf *der)
{
    struct tee_cur c = tee_cur_of(sig);
    struct tee_buf in;

    tee_buf_init(&in, 256);
    tee_der_put_uint(&in, tee_cur_bytes(&c, sig.len / 2));
    tee_der_put_uint(&in, tee_cur_bytes(&c, sig.len / 2));
    if (in.err == TEE_OK)
        tee_der_put(der, 0x30, tee_buf_view(&in));
    else
        der->err = in.err;
    tee_buf_clear(&in);
}

/* RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes, exactly */
static bool
pss(EVP_PKEY_CTX *c)
{
    return EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md_name(c, "SHA256", PROPERTIES) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(c, 32) > 0;
}

static enum tee_err
verify(const struct att_key *k, struct engine *e, struct tee_bytes msg,
       struct tee_bytes sig)
{
    EVP_PKEY_CTX *c = NULL; /* of md */

    if (EVP_DigestVerifyInit_ex(e->md, &c, k->kind->hash, e->lib, PROPERTIES,
                                e->key, NULL) != 1)
        return TEE_E_SIGNATURE;
    if (k->kind->scheme == ATT_SIG_RSA_PSS && !pss(c))
        return TEE_E_SIGNATURE;
    return EVP_DigestVerify(e->md, sig.p, sig.len, msg.p, msg.len) == 1
               ? TEE_OK
               : TEE_E_SIGNATURE;
}

static enum tee_err
by_libcrypto(const struct att_key *k, struct tee_bytes msg,
             struct tee_bytes sig)
{
    struct engine e = { NULL, NULL, NULL, NULL };
    struct tee_buf der;
    enum tee_err err;

    tee_buf_init(&der, 256);
    (void)ERR_set_mark();
    if (k->kind->scheme == ATT_SIG_ECDSA) {
        ecdsa_der(sig, &der);
        sig = tee_buf_view(&der);
    }
    err = der.err;
    if (err == TEE_OK)
        err = open_engine(k, &e);
    if (err == TEE_OK)
        err = verify(k, &e, msg, sig);
    close_engine(&e);
    (void)ERR_pop_to_mark();
    tee_buf_clear(&der);
    return err;
}

/* libsodium refuses small order, other encodings and S >= L by itself. */
enum tee_err
att_sig_verify(const struct att_key *k, struct tee_bytes msg,
               struct tee_bytes sig)
{
    if (sig.len != k->kind->sig_len)
        return TEE_E_SIGNATURE;
    if (k->kind->scheme != ATT_SIG_ED25519)
        return by_libcrypto(k, msg, sig);
    return crypto_sign_verify_detached(sig.p, msg.p, msg.len, k->raw.p) == 0
               ? TEE_OK
               : TEE_E_SIGNATURE;
}
