#include "config.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <string.h>

#define TEE_OSSL_INTERNAL
#include "keystore/ossl/plugin.h"

/* X.690 tags, context tags of RFC 5915 section 3 */
#define BIT_STRING 0x03
#define OCTETS     0x04
#define OID        0x06
#define SEQUENCE   0x30
#define PARAMETERS 0xa0
#define PUBLIC_KEY 0xa1

#define FIELD_MAX ((size_t)66)              /* P-521 */
#define POINT_MAX (1 + 2 * FIELD_MAX)       /* 04 X Y */
#define DER_MAX   (2 * (FIELD_MAX + 4) + 4) /* SEQUENCE of two INTEGERs */

static size_t
point_len(const struct kso_type *t)
{
    return 1 + 2 * t->field;
}

static EC_GROUP *
group_new(struct kso_lib *lib, const struct kso_type *t)
{
    return EC_GROUP_new_by_curve_name_ex(lib->ctx, NULL,
                                         EC_curve_nist2nid(t->name));
}

/* ---- numbers ----------------------------------------------------------------
 */

/* Q = d * G as 04 X Y, after 1 <= d < n was checked. */
static enum tee_err
multiply(const EC_GROUP *g, const BIGNUM *d, BN_CTX *bn, uint8_t *ret,
         size_t len)
{
    EC_POINT *q = EC_POINT_new(g);
    enum tee_err err = TEE_E_UNAVAIL;

    if (q != NULL && EC_POINT_mul(g, q, d, NULL, NULL, bn) == 1 &&
        EC_POINT_point2oct(g, q, POINT_CONVERSION_UNCOMPRESSED, ret, len, bn) ==
            len)
        err = TEE_OK;
    EC_POINT_free(q);
    return err;
}

/* The public point of a private number of exactly `field` bytes.
 * TEE_E_MALFORMED when it is no private number of this curve. */
static enum tee_err
public_of(struct kso_lib *lib, const struct kso_type *t, const BIGNUM *d,
          uint8_t ret[POINT_MAX])
{
    BN_CTX *bn = BN_CTX_secure_new_ex(lib->ctx);
    EC_GROUP *g = group_new(lib, t);
    enum tee_err err = TEE_E_UNAVAIL;

    if (bn == NULL || g == NULL)
        goto out;
    if (BN_is_zero(d) || BN_cmp(d, EC_GROUP_get0_order(g)) >= 0) {
        err = TEE_E_MALFORMED;
        goto out;
    }
    err = multiply(g, d, bn, ret, point_len(t));
out:
    EC_GROUP_free(g);
    BN_CTX_free(bn);
    return err;
}

/* An uncompressed point of this curve, not the point at infinity (which has
 * another length).  The cofactor is 1: no subgroup to fall into. */
static enum tee_err
point_check(struct kso_lib *lib, const struct kso_type *t,
            struct tee_bytes point)
{
    EC_GROUP *g = group_new(lib, t);
    EC_POINT *q = g != NULL ? EC_POINT_new(g) : NULL;
    enum tee_err err = TEE_E_MALFORMED;

    if (q == NULL)
        err = TEE_E_UNAVAIL;
    else if (point.len == point_len(t) && point.p[0] == 0x04 &&
             EC_POINT_oct2point(g, q, point.p, point.len, NULL) == 1)
        err = TEE_OK;
    EC_POINT_free(q);
    EC_GROUP_free(g);
    return err;
}

/* d NULL: a public key. */
static enum tee_err
make(struct kso_lib *lib, const struct kso_type *t, const BIGNUM *d,
     struct tee_bytes point, EVP_PKEY **ret)
{
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    enum tee_err err = TEE_E_NOMEM;

    if (b == NULL ||
        OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, t->name,
                                        0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point.p,
                                         point.len) != 1)
        goto out;
    if (d != NULL && OSSL_PARAM_BLD_push_BN_pad(b, OSSL_PKEY_PARAM_PRIV_KEY, d,
                                                t->field) != 1)
        goto out;
    err = kso_build(lib, &kso_name_ec,
                    d != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, b, ret);
out:
    OSSL_PARAM_BLD_free(b);
    return err;
}

/* ---- encodings
 * ---------------------------------------------------------------- */

/* ECPrivateKey, RFC 5915 section 3: parameters and public key may be absent,
 * wrong they may not be. */
struct ec_private {
    struct tee_bytes d, params, point; /* len 0: absent */
};

static struct tee_bytes
public_bits(struct tee_cur *c)
{
    struct tee_cur in = tee_cur_of(tee_der_get(c, PUBLIC_KEY));
    struct tee_bytes bits = tee_der_get(&in, BIT_STRING);

    /* the first octet counts unused bits: none */
    if (tee_cur_end(&in) != TEE_OK || bits.len < 2 || bits.p[0] != 0) {
        c->bad = true;
        return bits;
    }
    return (struct tee_bytes){ bits.p + 1, bits.len - 1 };
}

/* The curve once more: its identifier is the second half of the algorithm. */
static bool
same_curve(const struct kso_type *t, struct tee_bytes params)
{
    return params.len > 2 && params.len < t->alg.len && params.p[0] == OID &&
           memcmp(params.p, t->alg.p + t->alg.len - params.len, params.len) ==
               0;
}

static enum tee_err
ec_private_get(const struct kso_type *t, struct tee_bytes der,
               struct ec_private *ret)
{
    struct tee_cur c = tee_cur_of(der), in;
    struct ec_private v = { .d = { NULL, 0 } };
    struct tee_bytes version;

    in = tee_cur_of(tee_der_get(&c, SEQUENCE));
    version = kso_der_uint(&in);
    v.d = tee_der_get(&in, OCTETS);
    if (tee_der_peek(&in) == PARAMETERS) {
        v.params = tee_der_get(&in, PARAMETERS);
        in.bad = in.bad || v.params.len == 0;
    }
    if (tee_der_peek(&in) == PUBLIC_KEY)
        v.point = public_bits(&in);
    if (tee_cur_end(&in) != TEE_OK || tee_cur_end(&c) != TEE_OK ||
        version.len != 1 || version.p[0] != 1 || v.d.len != t->field)
        return TEE_E_MALFORMED;
    if (v.params.len > 0 && !same_curve(t, v.params))
        return TEE_E_KEY_TYPE;
    *ret = v;
    return TEE_OK;
}

static void
ec_private_put(const struct kso_type *t, struct tee_bytes d,
               struct tee_bytes point, struct tee_buf *ret)
{
    struct tee_buf in, bits, tagged, seq;

    tee_buf_init(&in, TEE_PKCS8_MAX);
    tee_buf_init(&bits, TEE_PKCS8_MAX);
    tee_buf_init(&tagged, TEE_PKCS8_MAX);
    tee_buf_init(&seq, TEE_PKCS8_MAX);
    tee_der_put_uint(&in, (struct tee_bytes){ (const uint8_t *)"\1", 1 });
    tee_der_put(&in, OCTETS, d);
    tee_buf_u8(&bits, 0);
    tee_buf_bytes(&bits, point);
    kso_der_wrap(&tagged, BIT_STRING, &bits);
    kso_der_wrap(&in, PUBLIC_KEY, &tagged);
    kso_der_wrap(&seq, SEQUENCE, &in);
    if (seq.err != TEE_OK)
        ret->err = seq.err;
    kso_pkcs8_put(t, tee_buf_view(&seq), ret);
    tee_buf_clear(&seq);
}

static BIGNUM *
secret_bn(struct tee_bytes v)
{
    BIGNUM *n = BN_secure_new();

    if (n == NULL || v.len > TEE_PKCS8_MAX ||
        BN_bin2bn(v.p, (int)v.len, n) == NULL) {
        BN_clear_free(n);
        return NULL;
    }
    BN_set_flags(n, BN_FLG_CONSTTIME);
    return n;
}

static enum tee_err
private_put(const struct kso_type *t, const BIGNUM *d, struct tee_bytes point,
            struct tee_buf *pkcs8)
{
    uint8_t octets[FIELD_MAX];

    if (BN_bn2binpad(d, octets, (int)t->field) != (int)t->field)
        return TEE_E_MALFORMED;
    ec_private_put(t, (struct tee_bytes){ octets, t->field }, point, pkcs8);
    OPENSSL_cleanse(octets, sizeof(octets));
    return pkcs8->err;
}

/* ---- the family
 * ---------------------------------------------------------------- */

static enum tee_err
new_number(struct kso_lib *lib, const struct kso_type *t, BIGNUM **ret)
{
    char curve[8];
    OSSL_PARAM p[2] = { OSSL_PARAM_END, OSSL_PARAM_END };
    EVP_PKEY *pkey;
    enum tee_err err;

    memcpy(curve, t->name, strlen(t->name) + 1);
    p[0] =
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0);
    err = kso_keygen(lib, &kso_name_ec, p, &pkey);
    if (err != TEE_OK)
        return err;
    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, ret) != 1)
        err = TEE_E_UNAVAIL;
    EVP_PKEY_free(pkey);
    return err;
}

/* P-521 signs only what exists. */
static enum tee_err
ec_generate(struct kso_lib *lib, const struct kso_type *t,
            struct tee_buf *pkcs8)
{
    struct tee_bytes point = { NULL, point_len(t) };
    uint8_t octets[POINT_MAX];
    enum tee_err err;
    BIGNUM *d;

    if (t == kso_type(KS_P521))
        return TEE_E_UNSUPPORTED;
    d = BN_secure_new();
    if (d == NULL)
        return TEE_E_NOMEM;
    point.p = octets;
    err = new_number(lib, t, &d);
    if (err == TEE_OK)
        err = public_of(lib, t, d, octets);
    if (err == TEE_OK)
        err = private_put(t, d, point, pkcs8);
    BN_clear_free(d);
    return err;
}

static enum tee_err
ec_private_parse(struct kso_lib *lib, const struct kso_type *t,
                 struct tee_bytes pkcs8, EVP_PKEY **ret, struct tee_buf *spki)
{
    uint8_t octets[POINT_MAX];
    struct tee_bytes inner, point = { octets, point_len(t) };
    struct ec_private v;
    BIGNUM *d = NULL;
    enum tee_err err;

    err = kso_pkcs8_get(t, pkcs8, &inner);
    if (err == TEE_OK)
        err = ec_private_get(t, inner, &v);
    if (err != TEE_OK)
        return err;
    d = secret_bn(v.d);
    if (d == NULL)
        return TEE_E_NOMEM;
    err = public_of(lib, t, d, octets);
    if (err == TEE_OK && v.point.len > 0 && !tee_bytes_equal(v.point, point))
        err = TEE_E_SPKI;
    if (err == TEE_OK)
        err = make(lib, t, d, point, ret);
    if (err == TEE_OK)
        kso_spki_put(t, point, spki);
    BN_clear_free(d);
    return err;
}

static enum tee_err
ec_public_parse(struct kso_lib *lib, const struct kso_type *t,
                struct tee_bytes spki, EVP_PKEY **ret)
{
    struct tee_bytes point;
    enum tee_err err;

    err = kso_spki_get(t, spki, &point);
    if (err == TEE_OK)
        err = point_check(lib, t, point);
    return err == TEE_OK ? make(lib, t, NULL, point, ret) : err;
}

/* The template's number may have leading zeros, or lack them. */
static enum tee_err
ec_parts_private(struct kso_lib *lib, const struct kso_type *t,
                 const struct ks_parts *p, struct tee_buf *pkcs8)
{
    uint8_t octets[POINT_MAX];
    struct tee_bytes point = { octets, point_len(t) };
    enum tee_err err;
    BIGNUM *d;

    if (p->ec_d.len == 0 || p->ec_d.len > TEE_PKCS8_MAX)
        return TEE_E_ARG;
    d = secret_bn(p->ec_d);
    if (d == NULL)
        return TEE_E_NOMEM;
    err = public_of(lib, t, d, octets);
    if (err == TEE_E_MALFORMED || (err == TEE_OK && p->ec_point.len > 0 &&
                                   !tee_bytes_equal(p->ec_point, point)))
        err = TEE_E_ARG;
    if (err == TEE_OK)
        err = private_put(t, d, point, pkcs8);
    BN_clear_free(d);
    return err;
}

static enum tee_err
ec_parts_public(struct kso_lib *lib, const struct kso_type *t,
                const struct ks_parts *p, struct tee_buf *spki)
{
    enum tee_err err = point_check(lib, t, p->ec_point);

    if (err == TEE_E_MALFORMED)
        return TEE_E_ARG;
    if (err == TEE_OK)
        kso_spki_put(t, p->ec_point, spki);
    return err;
}

static enum tee_err
ec_check(const struct kso_lib *lib, const struct kso_type *t,
         const struct ks_mech *m)
{
    (void)lib;
    (void)t;
    if (m == NULL)
        return TEE_OK;
    if (m->scheme != KS_ECDSA || (unsigned)m->hash >= KSO_HASHES)
        return TEE_E_MECH;
    return TEE_OK;
}

static enum tee_err
ec_prepare(struct kso_key *k, const struct ks_mech *m, bool verify,
           EVP_PKEY_CTX **ret)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(k->lib->ctx, k->pkey, NULL);

    (void)m; /* the digest is made outside: any hash is the same here */
    if (c == NULL ||
        (verify ? EVP_PKEY_verify_init(c) : EVP_PKEY_sign_init(c)) != 1) {
        EVP_PKEY_CTX_free(c);
        return TEE_E_UNAVAIL;
    }
    *ret = c;
    return TEE_OK;
}

/* The leftmost bits count (FIPS 186-5 section 6.4.1); whole bytes are cut
 * here, bits (P-521) by libcrypto. */
static enum tee_err
leftmost(const struct kso_type *t, struct tee_bytes *in)
{
    if (in->len == 0)
        return TEE_E_DATA_LEN;
    if (in->len > t->field)
        in->len = t->field;
    return TEE_OK;
}

/* SEQUENCE { r, s } into r || s of fixed length */
static enum tee_err
der_to_raw(const struct kso_type *t, struct tee_bytes der, uint8_t *sig)
{
    struct tee_cur c = tee_cur_of(der), in;
    struct tee_bytes v;
    size_t i;

    in = tee_cur_of(tee_der_get(&c, SEQUENCE));
    memset(sig, 0, t->sig_len);
    for (i = 1; i <= 2; i++) {
        v = kso_der_uint(&in);
        if (in.bad || v.len > t->field)
            return TEE_E_UNAVAIL;
        memcpy(sig + i * t->field - v.len, v.p, v.len);
    }
    if (tee_cur_end(&in) != TEE_OK || tee_cur_end(&c) != TEE_OK)
        return TEE_E_UNAVAIL;
    return TEE_OK;
}

static enum tee_err
ec_sign(struct kso_key *k, const struct ks_mech *m, struct tee_bytes in,
        uint8_t *sig, size_t *len)
{
    uint8_t der[DER_MAX];
    size_t n = sizeof(der);
    EVP_PKEY_CTX *c;
    enum tee_err err;

    err = leftmost(k->type, &in);
    if (err == TEE_OK)
        err = kso_context(k, m, false, 0, ec_prepare, &c);
    if (err != TEE_OK)
        return err;
    if (EVP_PKEY_sign(c, der, &n, in.p, in.len) != 1)
        err = TEE_E_UNAVAIL;
    EVP_PKEY_CTX_free(c);
    if (err == TEE_OK)
        err = der_to_raw(k->type, (struct tee_bytes){ der, n }, sig);
    if (err == TEE_OK)
        *len = k->type->sig_len;
    return err;
}

static enum tee_err
verify_der(EVP_PKEY_CTX *c, struct tee_bytes in, const struct tee_buf *der)
{
    if (der->err != TEE_OK)
        return der->err;
    if (EVP_PKEY_verify(c, der->p, der->len, in.p, in.len) != 1)
        return TEE_E_SIGNATURE;
    return TEE_OK;
}

/* r and s of equal length, which may be shorter than the order (PKCS #11,
 * elliptic curve signatures). */
static enum tee_err
ec_verify(struct kso_key *k, const struct ks_mech *m, struct tee_bytes in,
          struct tee_bytes sig)
{
    struct tee_buf body, der;
    EVP_PKEY_CTX *c;
    enum tee_err err;

    if (sig.len == 0 || sig.len % 2 != 0 || sig.len > k->type->sig_len)
        return TEE_E_SIG_LEN;
    err = leftmost(k->type, &in);
    if (err == TEE_OK)
        err = kso_context(k, m, true, 0, ec_prepare, &c);
    if (err != TEE_OK)
        return err;
    tee_buf_init(&body, DER_MAX);
    tee_buf_init(&der, DER_MAX);
    tee_der_put_uint(&body, (struct tee_bytes){ sig.p, sig.len / 2 });
    tee_der_put_uint(&body,
                     (struct tee_bytes){ sig.p + sig.len / 2, sig.len / 2 });
    kso_der_wrap(&der, SEQUENCE, &body);
    err = verify_der(c, in, &der);
    EVP_PKEY_CTX_free(c);
    tee_buf_clear(&der);
    return err;
}

const struct kso_family kso_ec = {
    .name = &kso_name_ec,
    .generate = ec_generate,
    .private_parse = ec_private_parse,
    .public_parse = ec_public_parse,
    .parts_private = ec_parts_private,
    .parts_public = ec_parts_public,
    .check = ec_check,
    .sign = ec_sign,
    .verify = ec_verify,
};
