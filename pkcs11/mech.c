#include <string.h>

#include "pkcs11/tp11.h"

/*
 * One table of everything that C_GetMechanismList may name.  No digest and no
 * cipher: providers would route all hashing here (pkcs11.md 6.5).
 */
enum param { PARAM_NONE, PARAM_EDDSA, PARAM_PSS, PARAM_MLDSA };
struct tp11_mech {
    CK_MECHANISM_TYPE type;
    enum tp11_family family;
    bool generates;
    enum ks_scheme scheme;
    enum ks_hash hash;
    enum param param;
};
#define SIGNS(type, family, scheme, hash, param)                               \
    {                                                                          \
        type, family, false, scheme, hash, param                               \
    }
#define GENERATES(type, family)                                                \
    {                                                                          \
        type, family, true, KS_EDDSA, KS_H_NONE, PARAM_NONE                    \
    }
static const struct tp11_mech mechs[] = {
    SIGNS(CKM_EDDSA, TP11_EDWARDS, KS_EDDSA, KS_H_NONE, PARAM_EDDSA),
    SIGNS(CKM_ECDSA, TP11_EC, KS_ECDSA, KS_H_NONE, PARAM_NONE),
    SIGNS(CKM_ECDSA_SHA224, TP11_EC, KS_ECDSA, KS_SHA224, PARAM_NONE),
    SIGNS(CKM_ECDSA_SHA256, TP11_EC, KS_ECDSA, KS_SHA256, PARAM_NONE),
    SIGNS(CKM_ECDSA_SHA384, TP11_EC, KS_ECDSA, KS_SHA384, PARAM_NONE),
    SIGNS(CKM_ECDSA_SHA512, TP11_EC, KS_ECDSA, KS_SHA512, PARAM_NONE),
    SIGNS(CKM_RSA_PKCS, TP11_RSA, KS_RSA_PKCS1, KS_H_NONE, PARAM_NONE),
    SIGNS(CKM_SHA224_RSA_PKCS, TP11_RSA, KS_RSA_PKCS1, KS_SHA224, PARAM_NONE),
    SIGNS(CKM_SHA256_RSA_PKCS, TP11_RSA, KS_RSA_PKCS1, KS_SHA256, PARAM_NONE),
    SIGNS(CKM_SHA384_RSA_PKCS, TP11_RSA, KS_RSA_PKCS1, KS_SHA384, PARAM_NONE),
    SIGNS(CKM_SHA512_RSA_PKCS, TP11_RSA, KS_RSA_PKCS1, KS_SHA512, PARAM_NONE),
    SIGNS(CKM_RSA_PKCS_PSS, TP11_RSA, KS_RSA_PSS, KS_H_NONE, PARAM_PSS),
    SIGNS(CKM_SHA224_RSA_PKCS_PSS, TP11_RSA, KS_RSA_PSS, KS_SHA224, PARAM_PSS),
    SIGNS(CKM_SHA256_RSA_PKCS_PSS, TP11_RSA, KS_RSA_PSS, KS_SHA256, PARAM_PSS),
    SIGNS(CKM_SHA384_RSA_PKCS_PSS, TP11_RSA, KS_RSA_PSS, KS_SHA384, PARAM_PSS),
    SIGNS(CKM_SHA512_RSA_PKCS_PSS, TP11_RSA, KS_RSA_PSS, KS_SHA512, PARAM_PSS),
    SIGNS(CKM_ML_DSA, TP11_MLDSA, KS_MLDSA, KS_H_NONE, PARAM_MLDSA),
    GENERATES(CKM_EC_EDWARDS_KEY_PAIR_GEN, TP11_EDWARDS),
    GENERATES(CKM_EC_KEY_PAIR_GEN, TP11_EC),
    GENERATES(CKM_RSA_PKCS_KEY_PAIR_GEN, TP11_RSA),
    GENERATES(CKM_ML_DSA_KEY_PAIR_GEN, TP11_MLDSA),
};

/* ulMinKeySize, ulMaxKeySize: PKCS#11 3.2 allows 255 and 448 for Edwards keys,
 * and counts ML-DSA in bytes of the public key. */
static const struct {
    CK_ULONG min, max;
    CK_FLAGS flags;
} families[TP11_FAMILIES] = {
    [TP11_EDWARDS] = { 255, 255, CKF_EC_OID | CKF_EC_CURVENAME },
    [TP11_EC] = { 256, 521, CKF_EC_F_P | CKF_EC_OID | CKF_EC_UNCOMPRESS },
    [TP11_RSA] = { 2048, 4096, 0 },
    [TP11_MLDSA] = { 1312, 2592, 0 },
};

enum tp11_family
tp11_family(enum ks_ktype t)
{
    static const enum tp11_family map[KS_KTYPES] = {
        [KS_NONE] = TP11_FAMILIES, [KS_ED25519] = TP11_EDWARDS,
        [KS_P256] = TP11_EC,       [KS_P384] = TP11_EC,
        [KS_P521] = TP11_EC,       [KS_RSA2048] = TP11_RSA,
        [KS_RSA3072] = TP11_RSA,   [KS_RSA4096] = TP11_RSA,
        [KS_MLDSA44] = TP11_MLDSA, [KS_MLDSA65] = TP11_MLDSA,
        [KS_MLDSA87] = TP11_MLDSA,
    };

    return t < KS_KTYPES ? map[t] : TP11_FAMILIES;
}

CK_KEY_TYPE
tp11_key_type(enum ks_ktype t)
{
    static const CK_KEY_TYPE map[TP11_FAMILIES + 1] = {
        [TP11_EDWARDS] = CKK_EC_EDWARDS,
        [TP11_EC] = CKK_EC,
        [TP11_RSA] = CKK_RSA,
        [TP11_MLDSA] = CKK_ML_DSA,
        [TP11_FAMILIES] = CK_UNAVAILABLE_INFORMATION,
    };

    return map[tp11_family(t)];
}

static const struct tp11_mech *
find(CK_MECHANISM_TYPE type)
{
    size_t i;

    for (i = 0; i < TEE_LEN(mechs); i++) {
        if (mechs[i].type == type)
            return &mechs[i];
    }
    return NULL;
}

CK_MECHANISM_TYPE
tp11_gen_mechanism(enum ks_ktype t)
{
    size_t i;

    for (i = 0; i < TEE_LEN(mechs); i++) {
        if (mechs[i].generates && mechs[i].family == tp11_family(t))
            return mechs[i].type;
    }
    return CK_UNAVAILABLE_INFORMATION;
}

enum tp11_family
tp11_gen_family(CK_MECHANISM_TYPE type)
{
    const struct tp11_mech *m = find(type);

    return m != NULL && m->generates ? m->family : TP11_FAMILIES;
}

struct tee_bytes
tp11_allowed(enum ks_ktype t)
{
    static const CK_MECHANISM_TYPE ed[] = { CKM_EDDSA },
                                   ec[] = { CKM_ECDSA, CKM_ECDSA_SHA224,
                                            CKM_ECDSA_SHA256, CKM_ECDSA_SHA384,
                                            CKM_ECDSA_SHA512 },
                                   rsa[] = { CKM_RSA_PKCS,
                                             CKM_SHA224_RSA_PKCS,
                                             CKM_SHA256_RSA_PKCS,
                                             CKM_SHA384_RSA_PKCS,
                                             CKM_SHA512_RSA_PKCS,
                                             CKM_RSA_PKCS_PSS,
                                             CKM_SHA224_RSA_PKCS_PSS,
                                             CKM_SHA256_RSA_PKCS_PSS,
                                             CKM_SHA384_RSA_PKCS_PSS,
                                             CKM_SHA512_RSA_PKCS_PSS },
                                   mldsa[] = { CKM_ML_DSA };
    static const struct tee_bytes map[TP11_FAMILIES + 1] = {
        [TP11_EDWARDS] = { (const uint8_t *)ed, sizeof(ed) },
        [TP11_EC] = { (const uint8_t *)ec, sizeof(ec) },
        [TP11_RSA] = { (const uint8_t *)rsa, sizeof(rsa) },
        [TP11_MLDSA] = { (const uint8_t *)mldsa, sizeof(mldsa) },
    };

    return map[tp11_family(t)];
}

/* ---- parameters
 * ----------------------------------------------------------------
 */

static bool
context(const CK_BYTE *p, CK_ULONG len, struct ks_mech *ret)
{
    if (len > sizeof(ret->context) || (p == NULL && len > 0))
        return false;
    if (len > 0)
        memcpy(ret->context, p, len);
    ret->context_len = (uint8_t)len;
    return true;
}

/*
 * pkcs11.md 6.5.  No parameter is pure Ed25519, and so is one without flag and
 * context, since RFC 8032 has no Ed25519ctx with an empty one.
 */
static bool
eddsa(const CK_MECHANISM *m, struct ks_mech *ret)
{
    struct tp11_eddsa_params p;

    if (m->ulParameterLen == 0)
        return true;
    if (m->pParameter == NULL || m->ulParameterLen != sizeof(p))
        return false;
    memcpy(&p, m->pParameter, sizeof(p));
    if (p.ph_flag != CK_FALSE && p.ph_flag != CK_TRUE)
        return false;
    ret->prehash = p.ph_flag == CK_TRUE;
    return context(p.context, p.context_len, ret) &&
           ((!ret->prehash && ret->context_len == 0) ||
            ks_mech_possible(KS_ED25519, ret));
}

static bool
pss_hash(CK_MECHANISM_TYPE hash, CK_ULONG mgf, struct ks_mech *ret)
{
    static const struct {
        CK_MECHANISM_TYPE ckm;
        CK_ULONG mgf;
        enum ks_hash hash;
    } map[] = {
        { CKM_SHA224, CKG_MGF1_SHA224, KS_SHA224 },
        { CKM_SHA256, CKG_MGF1_SHA256, KS_SHA256 },
        { CKM_SHA384, CKG_MGF1_SHA384, KS_SHA384 },
        { CKM_SHA512, CKG_MGF1_SHA512, KS_SHA512 },
    };
    size_t i;

    for (i = 0; i < TEE_LEN(map); i++) {
        if (map[i].ckm == hash)
            ret->pss_hash = map[i].hash;
        if (map[i].mgf == mgf)
            ret->pss_mgf = map[i].hash;
    }
    return ret->pss_hash != KS_H_NONE && ret->pss_mgf != KS_H_NONE;
}

/* Mandatory; its hash is that of the mechanism, when that has one. */
static bool
pss(const CK_MECHANISM *m, struct ks_mech *ret)
{
    CK_RSA_PKCS_PSS_PARAMS p;

    if (m->pParameter == NULL || m->ulParameterLen != sizeof(p))
        return false;
    memcpy(&p, m->pParameter, sizeof(p));
    /* a salt fits below the shortest modulus with the longest hash */
    if (!pss_hash(p.hashAlg, p.mgf, ret) || p.sLen > 512)
        return false;
    ret->pss_salt = (uint32_t)p.sLen;
    return ret->hash == KS_H_NONE || ret->hash == ret->pss_hash;
}

static bool
mldsa(const CK_MECHANISM *m, struct ks_mech *ret)
{
    struct tp11_mldsa_params p;

    if (m->ulParameterLen == 0)
        return true;
    if (m->pParameter == NULL || m->ulParameterLen != sizeof(p))
        return false;
    memcpy(&p, m->pParameter, sizeof(p));
    if (p.hedge > CKH_DETERMINISTIC_REQUIRED)
        return false;
    ret->deterministic = p.hedge == CKH_DETERMINISTIC_REQUIRED;
    return context(p.context, p.context_len, ret);
}

static bool
param(const CK_MECHANISM *m, enum param kind, struct ks_mech *ret)
{
    switch (kind) {
    case PARAM_NONE:
        return m->ulParameterLen == 0;
    case PARAM_EDDSA:
        return eddsa(m, ret);
    case PARAM_PSS:
        return pss(m, ret);
    case PARAM_MLDSA:
        return mldsa(m, ret);
    }
    return false;
}

CK_RV
tp11_mech_parse(const CK_MECHANISM *m, enum ks_ktype t, struct ks_mech *ret)
{
    const struct tp11_mech *row = find(m->mechanism);
    struct ks_mech out = { 0 };

    if (row == NULL || row->generates)
        return CKR_MECHANISM_INVALID;
    if (row->family != tp11_family(t))
        return CKR_KEY_TYPE_INCONSISTENT;
    out.scheme = row->scheme;
    out.hash = row->hash;
    if (!param(m, row->param, &out))
        return CKR_MECHANISM_PARAM_INVALID;
    *ret = out;
    return CKR_OK;
}

/*
 * ML-DSA needs a newer libcrypto, which only the plug-in can tell; it is asked
 * on tokens that were made for ML-DSA.  `skr` never generates.
 */
static bool
offered(const struct tp11_token *t, const struct tp11_mech *m)
{
    static const struct ks_mech pure = { .scheme = KS_MLDSA };

    if (m->generates && t->conf->origin == KS_SKR)
        return false;
    return m->family != TP11_MLDSA ||
           (tp11_family(t->conf->key_type) == TP11_MLDSA &&
            ks_mech_possible(t->conf->key_type, &pure));
}

bool
tp11_mech_at(const struct tp11_token *t, size_t i, CK_MECHANISM_TYPE *ret,
             CK_MECHANISM_INFO *info)
{
    const struct tp11_mech *m;

    for (m = mechs; m < mechs + TEE_LEN(mechs); m++) {
        if (offered(t, m) && i-- == 0)
            break;
    }
    if (m == mechs + TEE_LEN(mechs))
        return false;
    *ret = m->type;
    info->ulMinKeySize = families[m->family].min;
    info->ulMaxKeySize = families[m->family].max;
    info->flags =
        families[m->family].flags |
        (m->generates ? CKF_GENERATE_KEY_PAIR : CKF_SIGN | CKF_VERIFY);
    return true;
}

CK_RV
tp11_get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *m, CK_ULONG *n)
{
    CK_MECHANISM_INFO info;
    CK_MECHANISM_TYPE type;
    struct tp11_token *t;
    CK_ULONG room, have;
    CK_RV rv;

    if (n == NULL)
        return CKR_ARGUMENTS_BAD;
    rv = tp11_slot_token(slot, &t);
    if (rv != CKR_OK)
        return rv;
    room = *n;
    for (have = 0; tp11_mech_at(t, have, &type, &info); have++) {
        if (m != NULL && have < room)
            m[have] = type;
    }
    *n = have;
    return m != NULL && room < have ? CKR_BUFFER_TOO_SMALL : CKR_OK;
}

CK_RV
tp11_get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE m,
                        CK_MECHANISM_INFO *info)
{
    CK_MECHANISM_INFO row;
    CK_MECHANISM_TYPE type;
    struct tp11_token *t;
    size_t i;
    CK_RV rv;

    if (info == NULL)
        return CKR_ARGUMENTS_BAD;
    rv = tp11_slot_token(slot, &t);
    if (rv != CKR_OK)
        return rv;
    for (i = 0; tp11_mech_at(t, i, &type, &row); i++) {
        if (type == m) {
            *info = row;
            return CKR_OK;
        }
    }
    return CKR_MECHANISM_INVALID;
}
