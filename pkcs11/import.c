#include <sodium.h>
#include <string.h>

#include "pkcs11/tp11.h"

/* Exactly one of these lengths (pkcs11.md 6.3), never "try DER first". */
static bool
edwards_point(struct tee_bytes v, uint8_t ret[32])
{
    struct tee_cur c = tee_cur_of(v);
    bool fits = false;

    if (v.len == 32)
        fits = true;
    else if (v.len == 34)
        fits = tee_cur_be16(&c) == 0x0420;
    else if (v.len == 35)
        fits = tee_cur_be16(&c) == 0x0321 && tee_cur_u8(&c) == 0;
    if (!fits)
        return false;
    tee_cur_copy(&c, ret, 32);
    /* small order and non-canonical points are refused (agent-identity.md) */
    return !c.bad && crypto_core_ed25519_is_valid_point(ret) == 1;
}

static CK_RV
public_edwards(const struct tp11_want *w, struct ks_object *o,
               struct tee_buf *spki)
{
    uint8_t point[32], der[KS_ED25519_SPKI];

    if (w->value[TP11_W_EC_POINT].p == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    if (!edwards_point(w->value[TP11_W_EC_POINT], point))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    ks_ed25519_spki(point, der);
    tee_buf_put(spki, der, sizeof(der));
    o->ktype = KS_ED25519;
    return tp11_rv(spki->err);
}

/* CKA_EC_PARAMS and the key type must name the same kind of curve. */
static CK_RV
curve(const struct tp11_want *w, enum ks_ktype *ret)
{
    struct tee_bytes params = w->value[TP11_W_EC_PARAMS];
    enum ks_ktype t;

    if (params.p == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    t = tp11_curve(params);
    if (t == KS_NONE)
        return CKR_CURVE_NOT_SUPPORTED;
    if (tp11_key_type(t) != w->type)
        return CKR_TEMPLATE_INCONSISTENT;
    *ret = t;
    return CKR_OK;
}

/* OCTET STRING around an uncompressed point */
static bool
ec_point(struct tee_bytes v, struct tee_bytes *ret)
{
    struct tee_cur c = tee_cur_of(v);

    *ret = tee_der_get(&c, 0x04);
    return tee_cur_end(&c) == TEE_OK && ret->len > 0 && ret->p[0] == 0x04;
}

/* Parts that do not make a key are the caller's mistake. */
static CK_RV
parts_rv(enum tee_err err)
{
    switch ((int)err) {
    case TEE_E_ARG:
    case TEE_E_MALFORMED:
    case TEE_E_TRUNCATED:
    case TEE_E_SPKI:
    case TEE_E_TOOBIG:
    case TEE_E_STORE_ALTERED: /* its public half is another one */
        return CKR_ATTRIBUTE_VALUE_INVALID;
    case TEE_E_KEY_TYPE:
        return CKR_TEMPLATE_INCONSISTENT;
    default:
        return tp11_rv(err);
    }
}

static struct tee_bytes
unsigned_of(struct tee_bytes v)
{
    while (v.len > 0 && v.p[0] == 0) {
        v.p++;
        v.len--;
    }
    return v;
}

static CK_RV
rsa_type(struct tee_bytes modulus, enum ks_ktype *ret)
{
    static const enum ks_ktype types[] = { KS_RSA2048, KS_RSA3072, KS_RSA4096 };
    size_t i;

    modulus = unsigned_of(modulus);
    for (i = 0; i < TEE_LEN(types); i++) {
        if (modulus.len == ks_kinfo(types[i])->bits / 8 &&
            modulus.p[0] >= 0x80) {
            *ret = types[i];
            return CKR_OK;
        }
    }
    return CKR_ATTRIBUTE_VALUE_INVALID;
}

static CK_RV
public_ec(const struct tp11_want *w, struct ks_object *o, struct tee_buf *spki)
{
    struct ks_parts p = { 0 };
    CK_RV rv;

    rv = curve(w, &o->ktype);
    if (rv != CKR_OK)
        return rv;
    if (w->value[TP11_W_EC_POINT].p == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    if (!ec_point(w->value[TP11_W_EC_POINT], &p.ec_point))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return parts_rv(ks_parts_public(o->ktype, &p, spki));
}

static CK_RV
public_rsa(const struct tp11_want *w, struct ks_object *o, struct tee_buf *spki)
{
    struct ks_parts p = { .n = w->value[TP11_W_MODULUS],
                          .e = w->value[TP11_W_EXPONENT] };
    CK_RV rv;

    if (p.n.p == NULL || p.e.p == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    rv = rsa_type(p.n, &o->ktype);
    return rv != CKR_OK ? rv : parts_rv(ks_parts_public(o->ktype, &p, spki));
}

static CK_RV
check_spki(const struct tp11_want *w, const struct ks_object *o)
{
    if (w->value[TP11_W_SPKI].len > 0 &&
        !tee_bytes_equal(w->value[TP11_W_SPKI], o->spki))
        return CKR_TEMPLATE_INCONSISTENT;
    return tp11_allowed_fits(w, o->ktype) ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

CK_RV
tp11_import_public(const struct tp11_want *w, struct ks_object *o,
                   struct tee_buf *spki)
{
    enum ks_ktype t;
    CK_RV rv;

    if (!w->has_type)
        return CKR_TEMPLATE_INCOMPLETE;
    switch (w->type) {
    case CKK_EC_EDWARDS:
        rv = curve(w, &t);
        if (rv == CKR_OK)
            rv = public_edwards(w, o, spki);
        break;
    case CKK_EC:
        rv = public_ec(w, o, spki);
        break;
    case CKK_RSA:
        rv = public_rsa(w, o, spki);
        break;
    default:
        return CKR_ATTRIBUTE_VALUE_INVALID;
    }
    if (rv != CKR_OK)
        return rv;
    o->spki = tee_buf_view(spki);
    return check_spki(w, o);
}

static CK_RV
private_edwards(const struct tp11_want *w, struct ks_object *o,
                struct tee_buf *secret)
{
    struct tee_bytes seed = w->value[TP11_W_VALUE];
    CK_RV rv;

    rv = curve(w, &o->ktype);
    if (rv != CKR_OK)
        return rv;
    if (seed.p == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    if (seed.len != 32)
        return CKR_ATTRIBUTE_VALUE_INVALID;
    tee_buf_bytes(secret, seed);
    return tp11_rv(secret->err);
}

static CK_RV
private_ec(const struct tp11_want *w, struct ks_object *o,
           struct tee_buf *secret)
{
    struct ks_parts p = { .ec_d = w->value[TP11_W_VALUE] };
    CK_RV rv;

    rv = curve(w, &o->ktype);
    if (rv != CKR_OK)
        return rv;
    if (p.ec_d.p == NULL)
        return CKR_TEMPLATE_INCOMPLETE;
    if (w->value[TP11_W_EC_POINT].len > 0 &&
        !ec_point(w->value[TP11_W_EC_POINT], &p.ec_point))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    return parts_rv(ks_parts_private(o->ktype, &p, secret));
}

/* All parts, as every tool that has a file gives them. */
static CK_RV
private_rsa(const struct tp11_want *w, struct ks_object *o,
            struct tee_buf *secret)
{
    struct ks_parts p = {
        .n = w->value[TP11_W_MODULUS],
        .e = w->value[TP11_W_EXPONENT],
        .d = w->value[TP11_W_D],
        .p = w->value[TP11_W_P],
        .q = w->value[TP11_W_Q],
        .dp = w->value[TP11_W_DP],
        .dq = w->value[TP11_W_DQ],
        .qi = w->value[TP11_W_QI],
    };
    CK_RV rv;

    if (p.n.len == 0 || p.e.len == 0 || p.d.len == 0 || p.p.len == 0 ||
        p.q.len == 0 || p.dp.len == 0 || p.dq.len == 0 || p.qi.len == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    rv = rsa_type(p.n, &o->ktype);
    return rv != CKR_OK ? rv : parts_rv(ks_parts_private(o->ktype, &p, secret));
}

CK_RV
tp11_import_private(const struct tp11_token *t, const struct tp11_want *w,
                    struct ks_object *o, struct tee_buf *spki,
                    struct tee_buf *secret, struct ks_key **ret)
{
    struct ks_key *key = NULL;
    CK_RV rv;

    if (!w->has_type)
        return CKR_TEMPLATE_INCOMPLETE;
    if (w->type == CKK_EC_EDWARDS)
        rv = private_edwards(w, o, secret);
    else if (w->type == CKK_EC)
        rv = private_ec(w, o, secret);
    else if (w->type == CKK_RSA)
        rv = private_rsa(w, o, secret);
    else
        rv = CKR_ATTRIBUTE_VALUE_INVALID;
    if (rv != CKR_OK)
        return rv;
    rv = parts_rv(
        ks_key_new(t->ks, o->ktype, tee_buf_view(secret), spki, &key, NULL));
    if (rv != CKR_OK)
        return rv;
    o->spki = tee_buf_view(spki);
    rv = check_spki(w, o);
    if (rv != CKR_OK) {
        ks_key_put(key);
        return rv;
    }
    *ret = key;
    return CKR_OK;
}

/* Absent: filled; present: the same bytes. */
static bool
agree(struct tee_bytes said, struct tee_bytes is, struct tee_bytes *ret)
{
    *ret = is;
    return said.len == 0 || tee_bytes_equal(said, is);
}

CK_RV
tp11_import_cert(const struct tp11_want *w, struct ks_object *o)
{
    struct tp11_parts parts = { 0 };
    struct tee_bytes spki, der = w->value[TP11_W_VALUE];

    if (!w->has_x509 || der.len == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    if (!tp11_parts_of_cert(der, &parts))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    tp11_check_value(der, parts.check);
    if (!agree(w->attr[KS_A_SUBJECT], parts.subject, &o->attr[KS_A_SUBJECT]) ||
        !agree(w->attr[KS_A_ISSUER], parts.issuer, &o->attr[KS_A_ISSUER]) ||
        !agree(w->attr[KS_A_SERIAL], parts.serial, &o->attr[KS_A_SERIAL]) ||
        !agree(w->value[TP11_W_SPKI], parts.spki, &spki) ||
        (w->value[TP11_W_CHECK].len > 0 &&
         !tee_bytes_equal(
             w->value[TP11_W_CHECK],
             (struct tee_bytes){ parts.check, sizeof(parts.check) })))
        return CKR_TEMPLATE_INCONSISTENT;
    o->attr[KS_A_VALUE] = der;
    o->category = (uint32_t)w->category;
    o->spki = spki;
    return CKR_OK;
}

bool
tp11_allowed_fits(const struct tp11_want *w, enum ks_ktype t)
{
    return w->value[TP11_W_ALLOWED].p == NULL ||
           tee_bytes_equal(w->value[TP11_W_ALLOWED], tp11_allowed(t));
}
