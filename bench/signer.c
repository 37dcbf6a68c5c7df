#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <string.h>

#include "bench/signer.h"

static unsigned char message[BENCH_MESSAGE] = "32 bytes stand for a hash";
/* RFC 8017, 9.2: DigestInfo of SHA-256, then the 32 bytes */
static unsigned char digest_info[19 + BENCH_MESSAGE] = {
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
    0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20, '3',  '2',  ' ',  'b',  'y',
};

void
signer_message(struct signer *s)
{
    s->msg = s->type == BENCH_RSA2048 ? digest_info : message;
    s->len = s->type == BENCH_RSA2048 ? sizeof(digest_info) : sizeof(message);
}

/* ---- public keys of a module ----------------------------------------------
 */

static size_t
attribute(const struct bench_key *k, CK_ATTRIBUTE_TYPE type, unsigned char *v,
          size_t room)
{
    CK_ATTRIBUTE a = { type, v, room };

    bench_check(k->f->C_GetAttributeValue(k->session, k->public, &a, 1),
                "public key");
    return a.ulValueLen;
}

static EVP_PKEY *
from_params(const char *name, OSSL_PARAM_BLD *bld)
{
    OSSL_PARAM *p = OSSL_PARAM_BLD_to_param(bld);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
    EVP_PKEY *key = NULL;

    if (p == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, p) != 1)
        bench_die("%s: not a public key", name);
    OSSL_PARAM_free(p);
    OSSL_PARAM_BLD_free(bld);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *
rsa_public(const struct bench_key *k)
{
    unsigned char v[512];
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *n, *e;
    EVP_PKEY *key;

    n = BN_bin2bn(v, (int)attribute(k, CKA_MODULUS, v, sizeof(v)), NULL);
    e = BN_bin2bn(v, (int)attribute(k, CKA_PUBLIC_EXPONENT, v, sizeof(v)),
                  NULL);
    if (bld == NULL || OSSL_PARAM_BLD_push_BN(bld, "n", n) != 1 ||
        OSSL_PARAM_BLD_push_BN(bld, "e", e) != 1)
        bench_die("no memory");
    key = from_params("RSA", bld);
    BN_free(n);
    BN_free(e);
    return key;
}

/* CKA_EC_POINT is an OCTET STRING of fewer than 128 bytes. */
static EVP_PKEY *
ec_public(const struct bench_key *k)
{
    unsigned char v[128];
    size_t n = attribute(k, CKA_EC_POINT, v, sizeof(v));
    OSSL_PARAM_BLD *bld;

    if (n < 2 || v[0] != 4 || v[1] != n - 2)
        bench_die("CKA_EC_POINT: not an OCTET STRING");
    if (k->type == BENCH_ED25519)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, v + 2,
                                           n - 2);
    bld = OSSL_PARAM_BLD_new();
    if (bld == NULL ||
        OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
                                        "P-256", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, v + 2,
                                         n - 2) != 1)
        bench_die("no memory");
    return from_params("EC", bld);
}

/* ---- signers --------------------------------------------------------------
 */

void
signer_module(struct signer *s, CK_FUNCTION_LIST *f, const char *token,
              const char *label, enum bench_type type)
{
    s->name = "module";
    s->type = type;
    s->key = (struct bench_key){ .f = f, .type = type };
    s->key.session = bench_open(f, token);
    bench_key(&s->key, label);
    s->verifier =
        type == BENCH_RSA2048 ? rsa_public(&s->key) : ec_public(&s->key);
    if (s->verifier == NULL)
        bench_die("not a public key");
    signer_message(s);
}

void
signer_sodium(struct signer *s)
{
    unsigned char pk[32];

    if (sodium_init() < 0 || crypto_sign_keypair(pk, s->sk) != 0)
        bench_die("libsodium");
    s->name = "libsodium";
    s->type = BENCH_ED25519;
    s->verifier =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pk, sizeof(pk));
    signer_message(s);
}

static EVP_PKEY *
openssl_key(enum bench_type type)
{
    switch (type) {
    case BENCH_P256:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    case BENCH_RSA2048:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    case BENCH_ED25519:
    default:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
}

void
signer_openssl(struct signer *s, enum bench_type type)
{
    s->name = "libcrypto";
    s->type = type;
    s->own = openssl_key(type);
    if (s->own == NULL || EVP_PKEY_up_ref(s->own) != 1)
        bench_die("libcrypto: no key");
    s->verifier = s->own;
    signer_message(s);
    if (type == BENCH_ED25519)
        return;
    s->prepared = EVP_PKEY_CTX_new(s->own, NULL);
    if (s->prepared == NULL || EVP_PKEY_sign_init(s->prepared) != 1)
        bench_die("libcrypto: no context");
}

void
signer_clear(struct signer *s)
{
    if (s->key.f != NULL)
        bench_check(s->key.f->C_CloseSession(s->key.session), "C_CloseSession");
    EVP_PKEY_CTX_free(s->prepared);
    EVP_PKEY_free(s->own);
    EVP_PKEY_free(s->verifier);
    sodium_memzero(s, sizeof(*s));
}

void
run_module(void *signer)
{
    run_module_init(signer);
    run_module_sign(signer);
}

void
run_module_init(void *signer)
{
    struct signer *s = signer;

    bench_sign_init(&s->key);
}

void
run_module_sign(void *signer)
{
    struct signer *s = signer;

    s->sig_len = bench_sign(&s->key, s->msg, s->len, s->sig);
}

void
run_sodium(void *signer)
{
    struct signer *s = signer;

    s->sig_len = 64;
    if (crypto_sign_detached(s->sig, NULL, s->msg, s->len, s->sk) != 0)
        bench_die("crypto_sign_detached");
}

void
run_evp_fresh(void *signer)
{
    struct signer *s = signer;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    s->sig_len = sizeof(s->sig);
    if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, NULL, NULL, s->own) != 1 ||
        EVP_DigestSign(ctx, s->sig, &s->sig_len, s->msg, s->len) != 1)
        bench_die("EVP_DigestSign");
    EVP_MD_CTX_free(ctx);
}

void
run_evp_prepared(void *signer)
{
    struct signer *s = signer;

    s->sig_len = sizeof(s->sig);
    if (EVP_PKEY_sign(s->prepared, s->sig, &s->sig_len, s->msg, s->len) != 1)
        bench_die("EVP_PKEY_sign");
}

/* ---- verification ---------------------------------------------------------
 */

static int
verify_edwards(const struct signer *s)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok;

    ok = ctx != NULL &&
         EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, s->verifier) == 1 &&
         EVP_DigestVerify(ctx, s->sig, s->sig_len, s->msg, s->len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

static int
verify_other(const struct signer *s, const unsigned char *sig, size_t len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(s->verifier, NULL);
    int ok;

    ok = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
         EVP_PKEY_verify(ctx, sig, len, s->msg, s->len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* Cryptoki's r || s as libcrypto wants it. */
static int
verify_ecdsa(const struct signer *s)
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    unsigned char *der = NULL;
    int len, ok;

    if (s->sig_len != 64 || pair == NULL ||
        ECDSA_SIG_set0(pair, BN_bin2bn(s->sig, 32, NULL),
                       BN_bin2bn(s->sig + 32, 32, NULL)) != 1)
        bench_die("not a signature of P-256");
    len = i2d_ECDSA_SIG(pair, &der);
    ok = len > 0 && verify_other(s, der, (size_t)len);
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return ok;
}

void
signer_verify(const struct signer *s)
{
    int ok;

    if (s->type == BENCH_ED25519)
        ok = verify_edwards(s);
    else if (s->type == BENCH_P256 && s->own == NULL)
        ok = verify_ecdsa(s);
    else
        ok = verify_other(s, s->sig, s->sig_len);
    if (!ok)
        bench_die("libcrypto does not verify a signature of %s", s->name);
}
