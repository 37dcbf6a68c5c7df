#include "config.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <string.h>

#define TEE_OSSL_INTERNAL
#include "keystore/ossl/plugin.h"

#define SEQUENCE 0x30 /* X.690 */

/* RSAPrivateKey, RFC 8017 appendix A.1.2, in its order */
enum rsa_part { N, E, D, P, Q, DP, DQ, QI, PARTS };
static const char *const names[PARTS] = {
    OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_E,
    OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
    OSSL_PKEY_PARAM_RSA_FACTOR2,   OSSL_PKEY_PARAM_RSA_EXPONENT1,
    OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

struct rsa {
    BIGNUM *v[PARTS];
};

/* ---- numbers ----------------------------------------------------------------
 */

static void
rsa_clear(struct rsa *r)
{
    size_t i;

    for (i = 0; i < PARTS; i++)
        BN_clear_free(r->v[i]);
    memset(r, 0, sizeof(*r));
}

/* n = 2: a public key.  The other parts go to "secure" numbers: wiped in
 * every copy that libcrypto makes of them. */
static enum tee_err
rsa_from(const struct tee_bytes part[], size_t n, struct rsa *ret)
{
    size_t i;

    memset(ret, 0, sizeof(*ret));
    for (i = 0; i < n; i++) {
        ret->v[i] = i < D ? BN_new() : BN_secure_new();
        if (part[i].len > TEE_PKCS8_MAX || ret->v[i] == NULL ||
            BN_bin2bn(part[i].p, (int)part[i].len, ret->v[i]) == NULL) {
            rsa_clear(ret);
            return TEE_E_NOMEM;
        }
        if (i >= D)
            BN_set_flags(ret->v[i], BN_FLG_CONSTTIME);
    }
    return TEE_OK;
}

/*
 * Modulus of exactly this size; exponent odd, at least 65537 (FIPS 186-5
 * section A.1.1), at most 64 bits: a longer one makes each verification as
 * slow as a signature, and libcrypto refuses it above 3072 bits.
 */
static bool
public_ok(const struct kso_type *t, const struct rsa *r)
{
    return (unsigned)BN_num_bits(r->v[N]) == t->bits && BN_is_odd(r->v[N]) &&
           BN_is_odd(r->v[E]) && BN_num_bits(r->v[E]) >= 17 &&
           BN_num_bits(r->v[E]) <= 64;
}

/* x mod (prime - 1) == part, and e * part mod (prime - 1) == 1 */
static bool
exponent_ok(const struct rsa *r, enum rsa_part prime, enum rsa_part part,
            BN_CTX *bn)
{
    BIGNUM *p1, *x;
    bool ok;

    BN_CTX_start(bn);
    p1 = BN_CTX_get(bn);
    x = BN_CTX_get(bn);
    if (x != NULL)
        BN_set_flags(p1, BN_FLG_CONSTTIME);
    ok = x != NULL && BN_sub(p1, r->v[prime], BN_value_one()) == 1 &&
         BN_mod(x, r->v[D], p1, bn) == 1 && BN_cmp(x, r->v[part]) == 0 &&
         BN_mod_mul(x, r->v[E], r->v[part], p1, bn) == 1 && BN_is_one(x);
    BN_CTX_end(bn);
    return ok;
}

/* n = p * q, recomputed; q * qi mod p == 1 */
static bool
factors_ok(const struct rsa *r, BN_CTX *bn)
{
    BIGNUM *x;
    bool ok;

    BN_CTX_start(bn);
    x = BN_CTX_get(bn);
    ok = x != NULL && BN_mul(x, r->v[P], r->v[Q], bn) == 1 &&
         BN_cmp(x, r->v[N]) == 0 && BN_cmp(r->v[QI], r->v[P]) < 0 &&
         BN_mod_mul(x, r->v[Q], r->v[QI], r->v[P], bn) == 1 && BN_is_one(x);
    BN_CTX_end(bn);
    return ok;
}

/*
 * Everything that makes a signature wrong, at the cost of a few divisions:
 * testing the primes would make each load a hundred times slower, and is
 * done once, when a key comes from outside.
 */
static bool
private_ok(const struct kso_type *t, const struct rsa *r, BN_CTX *bn)
{
    return (unsigned)BN_num_bits(r->v[P]) == t->bits / 2 &&
           (unsigned)BN_num_bits(r->v[Q]) == t->bits / 2 &&
           BN_is_odd(r->v[P]) && BN_is_odd(r->v[Q]) &&
           BN_cmp(r->v[P], r->v[Q]) != 0 && BN_cmp(r->v[D], r->v[N]) < 0 &&
           factors_ok(r, bn) && exponent_ok(r, P, DP, bn) &&
           exponent_ok(r, Q, DQ, bn);
}

static bool
primes_ok(const struct rsa *r, BN_CTX *bn)
{
    return BN_check_prime(r->v[P], bn, NULL) == 1 &&
           BN_check_prime(r->v[Q], bn, NULL) == 1;
}

/* TEE_E_SPKI: the halves do not belong together. */
static enum tee_err
rsa_check(struct kso_lib *lib, const struct kso_type *t, const struct rsa *r,
          bool primes)
{
    BN_CTX *bn = BN_CTX_secure_new_ex(lib->ctx);
    enum tee_err err = TEE_E_SPKI;

    if (bn == NULL)
        err = TEE_E_NOMEM;
    else if (private_ok(t, r, bn) && (!primes || primes_ok(r, bn)))
        err = TEE_OK;
    BN_CTX_free(bn);
    return err;
}

static enum tee_err
make(struct kso_lib *lib, const struct rsa *r, size_t n, EVP_PKEY **ret)
{
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    enum tee_err err = TEE_E_NOMEM;
    size_t i;

    if (b == NULL)
        return err;
    for (i = 0; i < n; i++) {
        if (OSSL_PARAM_BLD_push_BN(b, names[i], r->v[i]) != 1)
            goto out;
    }
    err =
        kso_build(lib, &kso_name_rsa,
                  n == PARTS ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, b, ret);
out:
    OSSL_PARAM_BLD_free(b);
    return err;
}

/* ---- encodings
 * ---------------------------------------------------------------- */

/* RSAPrivateKey with version 0: two primes; RSAPublicKey has no version. */
static enum tee_err
parts_get(struct tee_bytes der, struct tee_bytes part[], size_t n)
{
    struct tee_cur c = tee_cur_of(der), in;
    size_t i;

    in = tee_cur_of(tee_der_get(&c, SEQUENCE));
    if (n == PARTS && kso_der_uint(&in).len != 0)
        return TEE_E_MALFORMED;
    for (i = 0; i < n; i++)
        part[i] = kso_der_uint(&in);
    if (tee_cur_end(&in) != TEE_OK || tee_cur_end(&c) != TEE_OK)
        return TEE_E_MALFORMED;
    return TEE_OK;
}

static void
parts_put(const struct tee_bytes part[], size_t n, struct tee_buf *ret)
{
    struct tee_buf in;
    size_t i;

    tee_buf_init(&in, TEE_PKCS8_MAX);
    if (n == PARTS)
        tee_der_put_uint(&in, (struct tee_bytes){ NULL, 0 });
    for (i = 0; i < n; i++)
        tee_der_put_uint(&in, part[i]);
    kso_der_wrap(ret, SEQUENCE, &in);
}

static void
pkcs8_put(const struct kso_type *t, const struct tee_bytes part[],
          struct tee_buf *ret)
{
    struct tee_buf inner;

    tee_buf_init(&inner, TEE_PKCS8_MAX);
    parts_put(part, PARTS, &inner);
    if (inner.err != TEE_OK)
        ret->err = inner.err;
    kso_pkcs8_put(t, tee_buf_view(&inner), ret);
    tee_buf_clear(&inner);
}

static void
spki_put(const struct kso_type *t, const struct tee_bytes part[],
         struct tee_buf *ret)
{
    struct tee_buf inner;

    tee_buf_init(&inner, TEE_SPKI_MAX);
    parts_put(part, D, &inner);
    if (inner.err != TEE_OK)
        ret->err = inner.err;
    kso_spki_put(t, tee_buf_view(&inner), ret);
    tee_buf_clear(&inner);
}

/* One number as big-endian bytes, appended to b. */
static bool
number(const EVP_PKEY *pkey, enum rsa_part part, struct tee_buf *b)
{
    BIGNUM *v = BN_secure_new();
    uint8_t be[512]; /* 4096 bits */
    int n = -1;

    if (v != NULL && EVP_PKEY_get_bn_param(pkey, names[part], &v) == 1)
        n = BN_num_bytes(v);
    if (n >= 0 && (size_t)n <= sizeof(be) && BN_bn2bin(v, be) == n)
        tee_buf_put(b, be, (size_t)n);
    else
        n = -1;
    OPENSSL_cleanse(be, sizeof(be));
    BN_clear_free(v);
    return n >= 0 && b->err == TEE_OK;
}

/* ---- the family
 * ---------------------------------------------------------------- */

/* The exponent is libcrypto's default, 65537. */
static enum tee_err
rsa_generate(struct kso_lib *lib, const struct kso_type *t,
             struct tee_buf *pkcs8)
{
    unsigned bits = t->bits;
    OSSL_PARAM p[2] = { OSSL_PARAM_END, OSSL_PARAM_END };
    struct tee_bytes part[PARTS];
    struct tee_buf b[PARTS];
    EVP_PKEY *pkey = NULL;
    bool ok;
    size_t i;

    p[0] = OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_BITS, &bits);
    ok = kso_keygen(lib, &kso_name_rsa, p, &pkey) == TEE_OK;
    for (i = 0; i < PARTS; i++) {
        tee_buf_init(&b[i], TEE_PKCS8_MAX);
        ok = ok && number(pkey, (enum rsa_part)i, &b[i]);
        part[i] = tee_buf_view(&b[i]);
    }
    if (ok)
        pkcs8_put(t, part, pkcs8);
    for (i = 0; i < PARTS; i++)
        tee_buf_clear(&b[i]);
    EVP_PKEY_free(pkey);
    return ok ? pkcs8->err : TEE_E_UNAVAIL;
}

static enum tee_err
rsa_private_parse(struct kso_lib *lib, const struct kso_type *t,
                  struct tee_bytes pkcs8, EVP_PKEY **ret, struct tee_buf *spki)
{
    struct tee_bytes inner, part[PARTS];
    enum tee_err err;
    struct rsa r;

    err = kso_pkcs8_get(t, pkcs8, &inner);
    if (err == TEE_OK)
        err = parts_get(inner, part, PARTS);
    if (err == TEE_OK)
        err = rsa_from(part, PARTS, &r);
    if (err != TEE_OK)
        return err;
    err = public_ok(t, &r) ? rsa_check(lib, t, &r, false) : TEE_E_KEY_TYPE;
    if (err == TEE_OK)
        err = make(lib, &r, PARTS, ret);
    if (err == TEE_OK)
        spki_put(t, part, spki);
    rsa_clear(&r);
    return err;
}

static enum tee_err
rsa_public_parse(struct kso_lib *lib, const struct kso_type *t,
                 struct tee_bytes spki, EVP_PKEY **ret)
{
    struct tee_bytes inner, part[D];
    enum tee_err err;
    struct rsa r;

    err = kso_spki_get(t, spki, &inner);
    if (err == TEE_OK)
        err = parts_get(inner, part, D);
    if (err == TEE_OK)
        err = rsa_from(part, D, &r);
    if (err != TEE_OK)
        return err;
    err = public_ok(t, &r) ? make(lib, &r, D, ret) : TEE_E_KEY_TYPE;
    rsa_clear(&r);
    return err;
}

static enum tee_err
rsa_parts_private(struct kso_lib *lib, const struct kso_type *t,
                  const struct ks_parts *p, struct tee_buf *pkcs8)
{
    const struct tee_bytes part[PARTS] = { p->n, p->e,  p->d,  p->p,
                                           p->q, p->dp, p->dq, p->qi };
    enum tee_err err;
    struct rsa r;
    size_t i;

    for (i = 0; i < PARTS; i++) {
        if (part[i].len == 0 || part[i].len > TEE_PKCS8_MAX)
            return TEE_E_ARG;
    }
    err = rsa_from(part, PARTS, &r);
    if (err != TEE_OK)
        return err;
    err = public_ok(t, &r) ? rsa_check(lib, t, &r, true) : TEE_E_ARG;
    if (err == TEE_E_SPKI)
        err = TEE_E_ARG;
    if (err == TEE_OK)
        pkcs8_put(t, part, pkcs8);
    rsa_clear(&r);
    return err;
}

static enum tee_err
rsa_parts_public(struct kso_lib *lib, const struct kso_type *t,
                 const struct ks_parts *p, struct tee_buf *spki)
{
    const struct tee_bytes part[D] = { p->n, p->e };
    enum tee_err err;
    struct rsa r;

    (void)lib;
    if (p->n.len > TEE_SPKI_MAX || p->e.len > TEE_SPKI_MAX)
        return TEE_E_ARG;
    err = rsa_from(part, D, &r);
    if (err != TEE_OK)
        return err;
    if (public_ok(t, &r))
        spki_put(t, part, spki);
    else
        err = TEE_E_ARG;
    rsa_clear(&r);
    return err;
}

/* ---- mechanisms
 * ----------------------------------------------------------------- */

/* RFC 8017 section 9.1.1: emLen >= hLen + sLen + 2; the modulus is a whole
 * number of bytes, so emLen is its length. */
static enum tee_err
pss_check(const struct kso_type *t, const struct ks_mech *m)
{
    size_t hlen = kso_hash_len(m->pss_hash);

    if (hlen == 0 || kso_hash_len(m->pss_mgf) == 0 ||
        (m->hash != KS_H_NONE && m->hash != m->pss_hash) ||
        m->pss_salt > t->sig_len - hlen - 2)
        return TEE_E_MECH_PARAM;
    return TEE_OK;
}

static enum tee_err
rsa_mech(const struct kso_lib *lib, const struct kso_type *t,
         const struct ks_mech *m)
{
    (void)lib;
    if (m == NULL)
        return TEE_OK;
    if ((unsigned)m->hash >= KSO_HASHES)
        return TEE_E_MECH;
    if (m->scheme == KS_RSA_PSS)
        return pss_check(t, m);
    return m->scheme == KS_RSA_PKCS1 ? TEE_OK : TEE_E_MECH;
}

/* PKCS #1 v1.5 by hash; PSS by hash where salt and MGF are the usual ones. */
static size_t
slot(const struct ks_mech *m)
{
    if (m->scheme == KS_RSA_PKCS1)
        return m->hash;
    if (m->pss_mgf == m->pss_hash && m->pss_salt == kso_hash_len(m->pss_hash))
        return KSO_HASHES + m->pss_hash;
    return KSO_PROTOS;
}

static enum tee_err
rsa_prepare(struct kso_key *k, const struct ks_mech *m, bool verify,
            EVP_PKEY_CTX **ret)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(k->lib->ctx, k->pkey, NULL);
    bool pss = m->scheme == KS_RSA_PSS, ok;
    const EVP_MD *md = k->lib->md[pss ? m->pss_hash : m->hash];

    ok = c != NULL &&
         (verify ? EVP_PKEY_verify_init(c) : EVP_PKEY_sign_init(c)) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(c, pss ? RSA_PKCS1_PSS_PADDING
                                             : RSA_PKCS1_PADDING) == 1 &&
         (md == NULL || EVP_PKEY_CTX_set_signature_md(c, md) == 1);
    if (ok && pss)
        ok = EVP_PKEY_CTX_set_rsa_mgf1_md(c, k->lib->md[m->pss_mgf]) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(c, (int)m->pss_salt) == 1;
    if (!ok) {
        EVP_PKEY_CTX_free(c);
        return TEE_E_UNAVAIL;
    }
    *ret = c;
    return TEE_OK;
}

/* PKCS #1 v1.5 without a hash: RFC 8017 section 9.2, step 3, with at least
 * eight bytes of padding.  PSS without a hash: a digest of pss_hash. */
static enum tee_err
input_ok(const struct kso_type *t, const struct ks_mech *m, size_t len)
{
    if (m->hash != KS_H_NONE)
        return TEE_OK;
    if (m->scheme == KS_RSA_PSS)
        return len == kso_hash_len(m->pss_hash) ? TEE_OK : TEE_E_DATA_LEN;
    return len >= 1 && len <= t->sig_len - 11 ? TEE_OK : TEE_E_DATA_LEN;
}

static enum tee_err
rsa_sign(struct kso_key *k, const struct ks_mech *m, struct tee_bytes in,
         uint8_t *sig, size_t *len)
{
    size_t n = k->type->sig_len;
    EVP_PKEY_CTX *c;
    enum tee_err err;

    err = input_ok(k->type, m, in.len);
    if (err == TEE_OK)
        err = kso_context(k, m, false, slot(m), rsa_prepare, &c);
    if (err != TEE_OK)
        return err;
    if (EVP_PKEY_sign(c, sig, &n, in.p, in.len) != 1 || n != k->type->sig_len)
        err = TEE_E_UNAVAIL;
    else
        *len = n;
    EVP_PKEY_CTX_free(c);
    return err;
}

static enum tee_err
rsa_verify(struct kso_key *k, const struct ks_mech *m, struct tee_bytes in,
           struct tee_bytes sig)
{
    EVP_PKEY_CTX *c;
    enum tee_err err;

    if (sig.len != k->type->sig_len)
        return TEE_E_SIG_LEN;
    err = input_ok(k->type, m, in.len);
    if (err == TEE_OK)
        err = kso_context(k, m, true, slot(m), rsa_prepare, &c);
    if (err != TEE_OK)
        return err;
    if (EVP_PKEY_verify(c, sig.p, sig.len, in.p, in.len) != 1)
        err = TEE_E_SIGNATURE;
    EVP_PKEY_CTX_free(c);
    return err;
}

const struct kso_family kso_rsa = {
    .name = &kso_name_rsa,
    .generate = rsa_generate,
    .private_parse = rsa_private_parse,
    .public_parse = rsa_public_parse,
    .parts_private = rsa_parts_private,
    .parts_public = rsa_parts_public,
    .check = rsa_mech,
    .sign = rsa_sign,
    .verify = rsa_verify,
};
