#include "config.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <string.h>

#define TEE_OSSL_INTERNAL
#include "keystore/ossl/plugin.h"

/*
 * Keys that are a 32-byte seed and a raw public key: ML-DSA where libcrypto
 * has it (3.5), and those variants of Ed25519 that libsodium has not (3.2).
 * Both sign a message, not a digest.  Headers of 3.0 suffice: everything new
 * is asked for by name.
 */

#define SEED         32
#define OCTET_STRING 0x04
#define MLDSA_SEED   0x80 /* RFC 9881 section 6: seed [0] */
#define PUB_MAX      2592 /* ML-DSA-87 */

static bool
is_ed25519(const struct kso_type *t)
{
    return t == kso_type(KS_ED25519);
}

static bool
available(const struct kso_lib *lib, const struct kso_type *t)
{
    EVP_SIGNATURE *s;

    if (is_ed25519(t))
        return lib->eddsa_ctx;
    s = EVP_SIGNATURE_fetch(lib->ctx, t->name, NULL);
    EVP_SIGNATURE_free(s);
    return s != NULL;
}

static enum tee_err
raw_check(const struct kso_lib *lib, const struct kso_type *t,
          const struct ks_mech *m)
{
    enum ks_scheme want = is_ed25519(t) ? KS_EDDSA : KS_MLDSA;

    if (m != NULL && (m->scheme != want || m->hash != KS_H_NONE))
        return TEE_E_MECH;
    if (m != NULL && m->prehash && want != KS_EDDSA)
        return TEE_E_MECH_PARAM;
    return available(lib, t) ? TEE_OK : TEE_E_UNSUPPORTED;
}

/* name: what the bytes are ("seed", "priv", "pub") */
static enum tee_err
make(struct kso_lib *lib, const struct kso_type *t, const char *name,
     struct tee_bytes v, EVP_PKEY **ret)
{
    bool pub = strcmp(name, OSSL_PKEY_PARAM_PUB_KEY) == 0;
    OSSL_PARAM p[2] = { OSSL_PARAM_END, OSSL_PARAM_END };
    const struct kso_name alg = { t->name, NULL, 0 };
    uint8_t copy[PUB_MAX];
    enum tee_err err;

    if (v.len > sizeof(copy))
        return TEE_E_MALFORMED;
    memcpy(copy, v.p, v.len);
    p[0] = OSSL_PARAM_construct_octet_string(name, copy, v.len);
    err = kso_fromdata(lib, &alg, pub ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR,
                       p, ret);
    OPENSSL_cleanse(copy, sizeof(copy));
    return err;
}

static void
private_put(const struct kso_type *t, const uint8_t seed[SEED],
            struct tee_buf *ret)
{
    struct tee_buf inner;

    tee_buf_init(&inner, TEE_PKCS8_MAX);
    tee_der_put(&inner, is_ed25519(t) ? OCTET_STRING : MLDSA_SEED,
                (struct tee_bytes){ seed, SEED });
    if (inner.err != TEE_OK)
        ret->err = inner.err;
    kso_pkcs8_put(t, tee_buf_view(&inner), ret);
    tee_buf_clear(&inner);
}

/* Ed25519 keys are born in libsodium. */
static enum tee_err
raw_generate(struct kso_lib *lib, const struct kso_type *t,
             struct tee_buf *pkcs8)
{
    uint8_t seed[SEED];

    if (is_ed25519(t) || !available(lib, t))
        return TEE_E_UNSUPPORTED;
    if (RAND_priv_bytes_ex(lib->ctx, seed, sizeof(seed), 0) != 1)
        return TEE_E_UNAVAIL;
    private_put(t, seed, pkcs8);
    OPENSSL_cleanse(seed, sizeof(seed));
    return pkcs8->err;
}

/* The public half as libcrypto derives it from the seed. */
static enum tee_err
public_of(const struct kso_type *t, const EVP_PKEY *pkey, struct tee_buf *spki)
{
    uint8_t pub[PUB_MAX];
    size_t n;

    if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, pub,
                                        sizeof(pub), &n) != 1 ||
        n != t->pub_len)
        return TEE_E_UNAVAIL;
    kso_spki_put(t, (struct tee_bytes){ pub, n }, spki);
    return spki->err;
}

static enum tee_err
raw_private_parse(struct kso_lib *lib, const struct kso_type *t,
                  struct tee_bytes pkcs8, EVP_PKEY **ret, struct tee_buf *spki)
{
    struct tee_bytes inner, seed;
    EVP_PKEY *pkey = NULL;
    enum tee_err err;
    struct tee_cur c;

    if (!available(lib, t))
        return TEE_E_UNSUPPORTED;
    err = kso_pkcs8_get(t, pkcs8, &inner);
    if (err != TEE_OK)
        return err;
    c = tee_cur_of(inner);
    seed = tee_der_get(&c, is_ed25519(t) ? OCTET_STRING : MLDSA_SEED);
    if (tee_cur_end(&c) != TEE_OK || seed.len != SEED)
        return TEE_E_MALFORMED;
    err = make(lib, t, is_ed25519(t) ? OSSL_PKEY_PARAM_PRIV_KEY : "seed", seed,
               &pkey);
    if (err == TEE_OK)
        err = public_of(t, pkey, spki);
    if (err == TEE_OK)
        *ret = pkey;
    else
        EVP_PKEY_free(pkey);
    return err;
}

static enum tee_err
raw_public_parse(struct kso_lib *lib, const struct kso_type *t,
                 struct tee_bytes spki, EVP_PKEY **ret)
{
    struct tee_bytes pub;
    enum tee_err err;

    if (!available(lib, t))
        return TEE_E_UNSUPPORTED;
    err = kso_spki_get(t, spki, &pub);
    if (err == TEE_OK && pub.len != t->pub_len)
        err = TEE_E_MALFORMED;
    return err == TEE_OK ? make(lib, t, OSSL_PKEY_PARAM_PUB_KEY, pub, ret)
                         : err;
}

/* No template of PKCS #11 reaches here with such a key. */
static enum tee_err
raw_parts(struct kso_lib *lib, const struct kso_type *t,
          const struct ks_parts *p, struct tee_buf *ret)
{
    (void)lib;
    (void)t;
    (void)p;
    (void)ret;
    return TEE_E_UNSUPPORTED;
}

/* RFC 8032 section 5.1, by the names of EVP_SIGNATURE-ED25519(7). */
static const char *
instance(const struct ks_mech *m)
{
    if (m->prehash)
        return "Ed25519ph";
    return m->context_len > 0 ? "Ed25519ctx" : "Ed25519";
}

/* What a mechanism says, where libcrypto may keep pointers until it signed. */
struct raw_params {
    char instance[12];
    uint8_t context[255];
    int deterministic;
    OSSL_PARAM p[4];
};

static void
params(const struct kso_type *t, const struct ks_mech *m,
       struct raw_params *ret)
{
    OSSL_PARAM *p = ret->p;

    if (is_ed25519(t)) {
        memset(ret->instance, 0, sizeof(ret->instance));
        memcpy(ret->instance, instance(m), strlen(instance(m)));
        *p++ = OSSL_PARAM_construct_utf8_string("instance", ret->instance, 0);
    } else {
        ret->deterministic = m->deterministic;
        *p++ = OSSL_PARAM_construct_int("deterministic", &ret->deterministic);
    }
    memcpy(ret->context, m->context, sizeof(ret->context));
    if (m->context_len > 0)
        *p++ = OSSL_PARAM_construct_octet_string("context-string", ret->context,
                                                 m->context_len);
    *p = OSSL_PARAM_construct_end();
}

static enum tee_err
raw_sign(struct kso_key *k, const struct ks_mech *m, struct tee_bytes in,
         uint8_t *sig, size_t *len)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    size_t n = k->type->sig_len;
    enum tee_err err = TEE_E_UNAVAIL;
    struct raw_params rp;

    params(k->type, m, &rp);
    if (c == NULL)
        err = TEE_E_NOMEM;
    else if (EVP_DigestSignInit_ex(c, NULL, NULL, k->lib->ctx, NULL, k->pkey,
                                   rp.p) == 1 &&
             EVP_DigestSign(c, sig, &n, in.p, in.len) == 1 &&
             n == k->type->sig_len)
        err = TEE_OK;
    if (err == TEE_OK)
        *len = n;
    EVP_MD_CTX_free(c);
    return err;
}

static enum tee_err
raw_verify(struct kso_key *k, const struct ks_mech *m, struct tee_bytes in,
           struct tee_bytes sig)
{
    enum tee_err err = TEE_E_SIGNATURE;
    struct raw_params rp;
    EVP_MD_CTX *c;

    if (sig.len != k->type->sig_len)
        return TEE_E_SIG_LEN;
    params(k->type, m, &rp);
    c = EVP_MD_CTX_new();
    if (c == NULL)
        return TEE_E_NOMEM;
    if (EVP_DigestVerifyInit_ex(c, NULL, NULL, k->lib->ctx, NULL, k->pkey,
                                rp.p) == 1 &&
        EVP_DigestVerify(c, sig.p, sig.len, in.p, in.len) == 1)
        err = TEE_OK;
    EVP_MD_CTX_free(c);
    return err;
}

const struct kso_family kso_raw = {
    .generate = raw_generate,
    .private_parse = raw_private_parse,
    .public_parse = raw_public_parse,
    .parts_private = raw_parts,
    .parts_public = raw_parts,
    .check = raw_check,
    .sign = raw_sign,
    .verify = raw_verify,
};
