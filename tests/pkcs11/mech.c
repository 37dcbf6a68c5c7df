#include <string.h>

#include "pkcs11/tp11.h"
#include "tests/pkcs11/suites.h"

static CK_RV
parse(CK_MECHANISM_TYPE type, void *p, CK_ULONG n, enum ks_ktype t,
      struct ks_mech *ret)
{
    CK_MECHANISM m = { type, p, n };

    return tp11_mech_parse(&m, t, ret);
}

static void
test_each_key_type_has_its_family_and_numbers(void)
{
    static const struct {
        enum ks_ktype t;
        enum tp11_family family;
        CK_KEY_TYPE key_type;
        CK_MECHANISM_TYPE gen;
    } want[] = {
        { KS_ED25519, TP11_EDWARDS, CKK_EC_EDWARDS,
          CKM_EC_EDWARDS_KEY_PAIR_GEN },
        { KS_P256, TP11_EC, CKK_EC, CKM_EC_KEY_PAIR_GEN },
        { KS_P384, TP11_EC, CKK_EC, CKM_EC_KEY_PAIR_GEN },
        { KS_P521, TP11_EC, CKK_EC, CKM_EC_KEY_PAIR_GEN },
        { KS_RSA2048, TP11_RSA, CKK_RSA, CKM_RSA_PKCS_KEY_PAIR_GEN },
        { KS_RSA4096, TP11_RSA, CKK_RSA, CKM_RSA_PKCS_KEY_PAIR_GEN },
        { KS_MLDSA44, TP11_MLDSA, CKK_ML_DSA, CKM_ML_DSA_KEY_PAIR_GEN },
        { KS_MLDSA87, TP11_MLDSA, CKK_ML_DSA, CKM_ML_DSA_KEY_PAIR_GEN },
    };
    size_t i;

    for (i = 0; i < TEE_LEN(want); i++) {
        CU_ASSERT_EQUAL(tp11_family(want[i].t), want[i].family);
        CU_ASSERT_EQUAL(tp11_key_type(want[i].t), want[i].key_type);
        CU_ASSERT_EQUAL(tp11_gen_mechanism(want[i].t), want[i].gen);
        CU_ASSERT_EQUAL(tp11_gen_family(want[i].gen), want[i].family);
    }
    CU_ASSERT_EQUAL(tp11_family(KS_NONE), TP11_FAMILIES);
    CU_ASSERT_EQUAL(tp11_family((enum ks_ktype)99), TP11_FAMILIES);
    CU_ASSERT_EQUAL(tp11_gen_family(CKM_EDDSA), TP11_FAMILIES);
    CU_ASSERT_EQUAL(tp11_gen_family(0x7777), TP11_FAMILIES);
}

/* pkcs11.md 6.4, 6.5: numbers of the mechanisms, whatever the header says */
static void
test_the_numbers_are_those_of_the_standard(void)
{
    CU_ASSERT_EQUAL(CKM_EDDSA, 0x1057);
    CU_ASSERT_EQUAL(CKM_EC_EDWARDS_KEY_PAIR_GEN, 0x1055);
    CU_ASSERT_EQUAL(CKM_ML_DSA, 0x1d);
    CU_ASSERT_EQUAL(CKK_ML_DSA, 0x4a);
    CU_ASSERT_EQUAL(CKK_EC_EDWARDS, 0x40);
    CU_ASSERT_EQUAL(CKA_PARAMETER_SET, 0x61d);
    CU_ASSERT_EQUAL(CKA_UNIQUE_ID, 4);
    CU_ASSERT_EQUAL(CKA_PROFILE_ID, 0x601);
    CU_ASSERT_EQUAL(CKO_PROFILE, 9);
    CU_ASSERT_EQUAL(CKA_ALLOWED_MECHANISMS, 0x40000600);
    CU_ASSERT_EQUAL(CKR_TOKEN_RESOURCE_EXCEEDED, 0x201);
    CU_ASSERT_EQUAL(CKR_SESSION_ASYNC_NOT_SUPPORTED, 0x205);
    CU_ASSERT_EQUAL(CKF_EC_OID, 0x800000);
    CU_ASSERT_EQUAL(CKF_EC_CURVENAME, 0x4000000);
    CU_ASSERT_EQUAL(sizeof(struct tp11_eddsa_params), 24);
}

static void
test_no_parameter_is_pure_ed25519(void)
{
    struct ks_mech m;

    CU_ASSERT_EQUAL(parse(CKM_EDDSA, NULL, 0, KS_ED25519, &m), CKR_OK);
    CU_ASSERT(m.scheme == KS_EDDSA && !m.prehash && m.context_len == 0);
}

static void
test_eddsa_parameters_are_judged(void)
{
    static uint8_t context[300] = { 7 };
    static const struct {
        CK_BBOOL flag;
        CK_ULONG len;
        bool has_context;
        CK_ULONG size;
        CK_RV rv;
    } t[] = {
        { 0, 0, false, 24, CKR_OK },
        { 1, 0, false, 24, CKR_OK },
        { 0, 0, true, 24, CKR_OK },
        { 2, 0, false, 24, CKR_MECHANISM_PARAM_INVALID },
        { 255, 0, false, 24, CKR_MECHANISM_PARAM_INVALID },
        { 0, 1, false, 24, CKR_MECHANISM_PARAM_INVALID },
        { 0, 256, true, 24, CKR_MECHANISM_PARAM_INVALID },
        { 0, ~0UL, true, 24, CKR_MECHANISM_PARAM_INVALID },
        { 0, 0, false, 23, CKR_MECHANISM_PARAM_INVALID },
        { 0, 0, false, 25, CKR_MECHANISM_PARAM_INVALID },
        { 0, 0, false, 1, CKR_MECHANISM_PARAM_INVALID },
    };
    struct tp11_eddsa_params p[2];
    struct ks_mech m;
    size_t i;

    for (i = 0; i < TEE_LEN(t); i++) {
        memset(p, 0, sizeof(p));
        p[0].ph_flag = t[i].flag;
        p[0].context_len = t[i].len;
        p[0].context = t[i].has_context ? context : NULL;
        CU_ASSERT_EQUAL(parse(CKM_EDDSA, p, t[i].size, KS_ED25519, &m),
                        t[i].rv);
    }
    CU_ASSERT_EQUAL(parse(CKM_EDDSA, NULL, 24, KS_ED25519, &m),
                    CKR_MECHANISM_PARAM_INVALID);
}

static void
test_pss_parameters_are_judged(void)
{
    static const struct {
        CK_RSA_PKCS_PSS_PARAMS p;
        CK_MECHANISM_TYPE type;
        CK_RV rv;
    } t[] = {
        { { CKM_SHA256, CKG_MGF1_SHA256, 32 }, CKM_RSA_PKCS_PSS, CKR_OK },
        { { CKM_SHA512, CKG_MGF1_SHA512, 64 }, CKM_RSA_PKCS_PSS, CKR_OK },
        { { CKM_SHA256, CKG_MGF1_SHA512, 0 }, CKM_RSA_PKCS_PSS, CKR_OK },
        { { CKM_SHA256, CKG_MGF1_SHA256, 32 },
          CKM_SHA256_RSA_PKCS_PSS,
          CKR_OK },
        { { CKM_SHA384, CKG_MGF1_SHA384, 48 },
          CKM_SHA256_RSA_PKCS_PSS,
          CKR_MECHANISM_PARAM_INVALID },
        { { CKM_SHA_1, CKG_MGF1_SHA1, 20 },
          CKM_RSA_PKCS_PSS,
          CKR_MECHANISM_PARAM_INVALID },
        { { CKM_EDDSA, CKG_MGF1_SHA256, 32 },
          CKM_RSA_PKCS_PSS,
          CKR_MECHANISM_PARAM_INVALID },
        { { CKM_SHA256, 0, 32 },
          CKM_RSA_PKCS_PSS,
          CKR_MECHANISM_PARAM_INVALID },
        { { CKM_SHA256, CKG_MGF1_SHA256, 513 },
          CKM_RSA_PKCS_PSS,
          CKR_MECHANISM_PARAM_INVALID },
        { { CKM_SHA256, CKG_MGF1_SHA256, ~0UL },
          CKM_RSA_PKCS_PSS,
          CKR_MECHANISM_PARAM_INVALID },
    };
    CK_RSA_PKCS_PSS_PARAMS p;
    struct ks_mech m;
    size_t i;

    for (i = 0; i < TEE_LEN(t); i++) {
        p = t[i].p;
        CU_ASSERT_EQUAL(parse(t[i].type, &p, sizeof(p), KS_RSA2048, &m),
                        t[i].rv);
    }
    CU_ASSERT_EQUAL(parse(CKM_RSA_PKCS_PSS, &p, sizeof(p) - 1, KS_RSA2048, &m),
                    CKR_MECHANISM_PARAM_INVALID);
    CU_ASSERT_EQUAL(parse(CKM_RSA_PKCS_PSS, NULL, 0, KS_RSA2048, &m),
                    CKR_MECHANISM_PARAM_INVALID);
}

static void
test_mldsa_parameters_are_judged(void)
{
    static uint8_t context[256] = { 1, 2, 3 };
    struct tp11_mldsa_params p = { CKH_DETERMINISTIC_REQUIRED, context, 3 };
    struct ks_mech m;

    CU_ASSERT_EQUAL(parse(CKM_ML_DSA, NULL, 0, KS_MLDSA65, &m), CKR_OK);
    CU_ASSERT_EQUAL(parse(CKM_ML_DSA, &p, sizeof(p), KS_MLDSA65, &m), CKR_OK);
    CU_ASSERT(m.deterministic && m.context_len == 3 && m.context[2] == 3);
    p.hedge = CKH_HEDGE_REQUIRED;
    CU_ASSERT_EQUAL(parse(CKM_ML_DSA, &p, sizeof(p), KS_MLDSA65, &m), CKR_OK);
    CU_ASSERT_FALSE(m.deterministic);
    p.hedge = 3;
    CU_ASSERT_EQUAL(parse(CKM_ML_DSA, &p, sizeof(p), KS_MLDSA65, &m),
                    CKR_MECHANISM_PARAM_INVALID);
    p.hedge = 0;
    p.context_len = 256;
    CU_ASSERT_EQUAL(parse(CKM_ML_DSA, &p, sizeof(p), KS_MLDSA65, &m),
                    CKR_MECHANISM_PARAM_INVALID);
    CU_ASSERT_EQUAL(parse(CKM_ML_DSA, &p, 8, KS_MLDSA65, &m),
                    CKR_MECHANISM_PARAM_INVALID);
}

/* Every mechanism against every key type. */
static void
test_a_mechanism_fits_its_own_family_alone(void)
{
    static const CK_MECHANISM_TYPE types[] = {
        CKM_EDDSA,    CKM_ECDSA,           CKM_ECDSA_SHA256,
        CKM_RSA_PKCS, CKM_SHA256_RSA_PKCS, CKM_ML_DSA
    };
    static const enum tp11_family families[] = { TP11_EDWARDS, TP11_EC,
                                                 TP11_EC,      TP11_RSA,
                                                 TP11_RSA,     TP11_MLDSA };
    struct ks_mech m;
    size_t i;
    int t;

    for (i = 0; i < TEE_LEN(types); i++) {
        for (t = KS_ED25519; t < KS_KTYPES; t++)
            CU_ASSERT_EQUAL(parse(types[i], NULL, 0, (enum ks_ktype)t, &m),
                            tp11_family((enum ks_ktype)t) == families[i]
                                ? CKR_OK
                                : CKR_KEY_TYPE_INCONSISTENT);
    }
}

static void
test_hashes_are_those_of_the_mechanism(void)
{
    struct ks_mech m;

    CU_ASSERT_EQUAL(parse(CKM_ECDSA, NULL, 0, KS_P256, &m), CKR_OK);
    CU_ASSERT_EQUAL(m.hash, KS_H_NONE);
    CU_ASSERT_EQUAL(parse(CKM_ECDSA_SHA384, NULL, 0, KS_P256, &m), CKR_OK);
    CU_ASSERT_EQUAL(m.hash, KS_SHA384);
    CU_ASSERT_EQUAL(parse(CKM_SHA512_RSA_PKCS, NULL, 0, KS_RSA3072, &m),
                    CKR_OK);
    CU_ASSERT(m.hash == KS_SHA512 && m.scheme == KS_RSA_PKCS1);
}

static void
test_allowed_mechanisms_are_those_that_fit(void)
{
    struct tee_bytes v = tp11_allowed(KS_RSA2048);
    CK_RSA_PKCS_PSS_PARAMS p = { CKM_SHA256, CKG_MGF1_SHA256, 32 };
    CK_MECHANISM_TYPE type;
    struct ks_mech m;
    size_t i;

    CU_ASSERT_EQUAL(v.len % sizeof(type), 0);
    for (i = 0; i < v.len / sizeof(type); i++) {
        memcpy(&type, v.p + i * sizeof(type), sizeof(type));
        CU_ASSERT_NOT_EQUAL(parse(type, NULL, 0, KS_RSA2048, &m),
                            CKR_MECHANISM_INVALID);
        CU_ASSERT_NOT_EQUAL(parse(type, &p, sizeof(p), KS_RSA2048, &m),
                            CKR_KEY_TYPE_INCONSISTENT);
    }
    CU_ASSERT_EQUAL(tp11_allowed(KS_NONE).len, 0);
}

static const struct test tests[] = {
    { "each key type has its family and numbers",
      test_each_key_type_has_its_family_and_numbers },
    { "the numbers are those of the standard",
      test_the_numbers_are_those_of_the_standard },
    { "no parameter is pure Ed25519", test_no_parameter_is_pure_ed25519 },
    { "EdDSA parameters are judged", test_eddsa_parameters_are_judged },
    { "PSS parameters are judged", test_pss_parameters_are_judged },
    { "ML-DSA parameters are judged", test_mldsa_parameters_are_judged },
    { "a mechanism fits its own family alone",
      test_a_mechanism_fits_its_own_family_alone },
    { "hashes are those of the mechanism",
      test_hashes_are_those_of_the_mechanism },
    { "allowed mechanisms are those that fit",
      test_allowed_mechanisms_are_those_that_fit },
    { NULL, NULL },
};
const struct suite mech_suite = { "mech", tests };
