#include <sodium.h>
#include <string.h>

#include "pkcs11/tp11.h"

/* Both halves of a pair on their way. */
struct pair {
    struct tp11_want pub_w, priv_w;
    struct ks_object pub, priv;
    enum ks_ktype type;
    bool token;
    uint8_t id[32];
    struct tee_buf spki;
};

/* One wish of the two templates; TEE_E_ARG: they differ. */
static bool
either(struct tee_bytes a, struct tee_bytes b, struct tee_bytes *ret)
{
    *ret = a.len > 0 ? a : b;
    return a.len == 0 || b.len == 0 || tee_bytes_equal(a, b);
}

static CK_RV
curve_type(const struct pair *p, enum tp11_family family, enum ks_ktype *ret)
{
    struct tee_bytes params;
    enum ks_ktype t;

    if (!either(p->pub_w.value[TP11_W_EC_PARAMS],
                p->priv_w.value[TP11_W_EC_PARAMS], &params))
        return CKR_TEMPLATE_INCONSISTENT;
    if (params.len == 0)
        return CKR_TEMPLATE_INCOMPLETE;
    t = tp11_curve(params);
    if (t == KS_NONE || tp11_family(t) != family)
        return CKR_CURVE_NOT_SUPPORTED;
    *ret = t;
    return CKR_OK;
}

static CK_RV
rsa_type(const struct tp11_want *w, enum ks_ktype *ret)
{
    static const enum ks_ktype types[] = { KS_RSA2048, KS_RSA3072, KS_RSA4096 };
    struct tee_bytes e = w->value[TP11_W_EXPONENT];
    size_t i;

    if (!w->has_bits)
        return CKR_TEMPLATE_INCOMPLETE;
    while (e.len > 0 && e.p[0] == 0)
        e = (struct tee_bytes){ e.p + 1, e.len - 1 };
    if (e.p != NULL && !tee_bytes_equal(e, TEE_STR("\x01\x00\x01")))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    for (i = 0; i < TEE_LEN(types); i++) {
        if (w->bits == ks_kinfo(types[i])->bits) {
            *ret = types[i];
            return CKR_OK;
        }
    }
    return CKR_ATTRIBUTE_VALUE_INVALID;
}

static CK_RV
mldsa_type(const struct pair *p, enum ks_ktype *ret)
{
    const struct tp11_want *w = p->pub_w.has_set ? &p->pub_w : &p->priv_w;

    if (!w->has_set)
        return CKR_TEMPLATE_INCOMPLETE;
    if (w->set < 1 || w->set > 3 ||
        (p->priv_w.has_set && p->priv_w.set != w->set))
        return CKR_ATTRIBUTE_VALUE_INVALID;
    *ret = (enum ks_ktype)((CK_ULONG)KS_MLDSA44 + w->set - 1);
    return CKR_OK;
}

static CK_RV
pair_type(const struct pair *p, enum tp11_family family, enum ks_ktype *ret)
{
    switch (family) {
    case TP11_EDWARDS:
    case TP11_EC:
        return curve_type(p, family, ret);
    case TP11_RSA:
        return rsa_type(&p->pub_w, ret);
    case TP11_MLDSA:
        return mldsa_type(p, ret);
    case TP11_FAMILIES:
        break;
    }
    return CKR_MECHANISM_INVALID;
}

static CK_RV
half(const struct tp11_token *t, enum ks_class class, enum ks_ktype type,
     const struct tp11_want *w, struct ks_object *o)
{
    if ((w->has_type && w->type != tp11_key_type(type)) ||
        !tp11_allowed_fits(w, type))
        return CKR_TEMPLATE_INCONSISTENT;
    o->class = class;
    o->ktype = type;
    o->created = tee_clock.wall();
    memcpy(o->attr, w->attr, sizeof(o->attr));
    return tp11_settle_flags(t, class, w, &o->flags);
}

/* Key, public key and certificate share one CKA_ID; a label that only one
 * half has is the other's too. */
static CK_RV
share_names(struct pair *p)
{
    struct tee_bytes id;

    if (!either(p->pub.attr[KS_A_ID], p->priv.attr[KS_A_ID], &id))
        return CKR_TEMPLATE_INCONSISTENT;
    p->pub.attr[KS_A_ID] = p->priv.attr[KS_A_ID] = id;
    if (p->pub.attr[KS_A_LABEL].len == 0)
        p->pub.attr[KS_A_LABEL] = p->priv.attr[KS_A_LABEL];
    if (p->priv.attr[KS_A_LABEL].len == 0)
        p->priv.attr[KS_A_LABEL] = p->pub.attr[KS_A_LABEL];
    return CKR_OK;
}

static CK_RV
pair_parse(const struct tp11_token *t, enum tp11_family family,
           struct tp11_template pub, struct tp11_template priv, struct pair *p)
{
    CK_RV rv;

    rv = tp11_template_parse(pub, TP11_USE_GEN_PUBLIC, false, &p->pub_w);
    if (rv == CKR_OK)
        rv = tp11_template_parse(priv, TP11_USE_GEN_PRIVATE, false, &p->priv_w);
    if (rv == CKR_OK)
        rv = pair_type(p, family, &p->type);
    if (rv == CKR_OK)
        rv = half(t, KS_PUBLIC, p->type, &p->pub_w, &p->pub);
    if (rv == CKR_OK)
        rv = half(t, KS_PRIVATE, p->type, &p->priv_w, &p->priv);
    if (rv == CKR_OK)
        rv = share_names(p);
    if (rv != CKR_OK)
        return rv;
    p->pub.flags |= KS_O_LOCAL;
    p->priv.flags |=
        KS_O_LOCAL | KS_O_ALWAYS_SENSITIVE | KS_O_NEVER_EXTRACTABLE;
    p->token = p->priv_w.token;
    return p->pub_w.token == p->token ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

static CK_RV
make_stored(const struct tp11_away *a, const struct pair *p,
            CK_OBJECT_HANDLE *ret_pub, CK_OBJECT_HANDLE *ret_priv)
{
    uint8_t pub[16], priv[16];
    CK_OBJECT_HANDLE h;
    CK_RV rv;

    rv = tp11_may_write(a);
    if (rv != CKR_OK)
        return rv;
    rv = tp11_rv(
        ks_generate(a->token->ks, p->type, &p->pub, &p->priv, pub, priv, NULL));
    if (rv == CKR_OK)
        rv = tp11_object_handle(a->token, pub, &h);
    if (rv == CKR_OK)
        rv = tp11_object_handle(a->token, priv, ret_priv);
    if (rv == CKR_OK)
        *ret_pub = h;
    return rv;
}

/* CKA_TOKEN = FALSE: `local` only, in memory only. */
static CK_RV
make_memory(const struct tp11_away *a, struct pair *p,
            CK_OBJECT_HANDLE *ret_pub, CK_OBJECT_HANDLE *ret_priv)
{
    struct tp11_memory pub = { .kind = TP11_SESSION }, priv = pub;
    CK_OBJECT_HANDLE h_pub, h_priv;
    CK_RV rv;

    if (a->token->conf->origin != KS_LOCAL)
        return CKR_TEMPLATE_INCONSISTENT;
    rv = tp11_rv(ks_key_new(a->token->ks, p->type, (struct tee_bytes){ 0 },
                            &p->spki, &priv.key, NULL));
    if (rv != CKR_OK)
        return rv;
    p->pub.spki = p->priv.spki = tee_buf_view(&p->spki);
    tp11_default_names(a->token, &p->pub, p->id);
    tp11_default_names(a->token, &p->priv, p->id);
    pub.object = p->pub;
    priv.object = p->priv;
    rv = tp11_object_memory(a, &priv, &h_priv);
    if (rv != CKR_OK)
        return rv;
    rv = tp11_object_memory(a, &pub, &h_pub);
    if (rv != CKR_OK) {
        (void)tp11_destroy_object(a->session, h_priv);
        return rv;
    }
    *ret_pub = h_pub;
    *ret_priv = h_priv;
    return CKR_OK;
}

static CK_RV
mechanism_fits(const struct tp11_token *t, const CK_MECHANISM *m,
               enum tp11_family *ret)
{
    if (m == NULL)
        return CKR_ARGUMENTS_BAD;
    /* a released key is never made here (pkcs11.md, section 4) */
    if (t->conf->origin == KS_SKR)
        return CKR_FUNCTION_NOT_SUPPORTED;
    *ret = tp11_gen_family(m->mechanism);
    if (*ret == TP11_FAMILIES)
        return CKR_MECHANISM_INVALID;
    return m->ulParameterLen == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

static CK_RV
generate(const struct tp11_away *a, const CK_MECHANISM *m, struct pair *p,
         struct tp11_template pub, struct tp11_template priv)
{
    enum tp11_family family;
    CK_RV rv;

    rv = mechanism_fits(a->token, m, &family);
    if (rv == CKR_OK)
        rv = pair_parse(a->token, family, pub, priv, p);
    if (rv == CKR_OK && (p->priv.flags & KS_O_PRIVATE) != 0 &&
        !tp11_sees_private(a->token))
        rv = CKR_USER_NOT_LOGGED_IN;
    return rv;
}

CK_RV
tp11_generate_key_pair(CK_SESSION_HANDLE h, const CK_MECHANISM *m,
                       struct tp11_template pub, struct tp11_template priv,
                       CK_OBJECT_HANDLE *ret_pub, CK_OBJECT_HANDLE *ret_priv)
{
    struct pair p = { 0 };
    struct tp11_away a;
    CK_RV rv;

    rv = tp11_go_away(h, &a);
    if (rv != CKR_OK)
        return rv;
    tee_buf_init(&p.spki, KS_OBJECT_MAX);
    if (ret_pub == NULL || ret_priv == NULL || (pub.t == NULL && pub.n > 0) ||
        (priv.t == NULL && priv.n > 0))
        rv = CKR_ARGUMENTS_BAD;
    if (rv == CKR_OK)
        rv = generate(&a, m, &p, pub, priv);
    if (rv == CKR_OK)
        rv = p.token ? make_stored(&a, &p, ret_pub, ret_priv)
                     : make_memory(&a, &p, ret_pub, ret_priv);
    tee_buf_clear(&p.spki);
    tp11_away_end(&a);
    return rv;
}

/* ---- random
 * -------------------------------------------------------------------------
 */

CK_RV
tp11_seed_random(CK_SESSION_HANDLE h, const CK_BYTE *seed, CK_ULONG len)
{
    struct tp11_session *s;
    CK_RV rv;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    tp11_session_give(s);
    return seed == NULL && len > 0 ? CKR_ARGUMENTS_BAD
                                   : CKR_RANDOM_SEED_NOT_SUPPORTED;
}

CK_RV
tp11_generate_random(CK_SESSION_HANDLE h, CK_BYTE *out, CK_ULONG len)
{
    struct tp11_session *s;
    CK_RV rv;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    tp11_session_give(s);
    if (out == NULL && len > 0)
        return CKR_ARGUMENTS_BAD;
    if (len > 0)
        randombytes_buf(out, len);
    return CKR_OK;
}
