/* op.c, op_ed.c: signing and verifying, against answers from elsewhere. */
#include "config.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/keystore/fixture.h"
#include "tests/keystore/suites.h"

/* RFC 8032, sections 7.1 and 7.3. */
static const struct known {
    const char *seed, *pk, *message, *sig;
    bool prehash;
} rfc8032[] = {
    { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb88215"
      "90a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
      false },
    { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e4"
      "3e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
      false },
    { "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b53"
      "8d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
      false },
    { "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
      "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
      "08b8b2b733424243760fe426a4b54908632110a66c2f6591eabd3345e3e4eb98fa6e"
      "264bf09efe12ee50f8f54e9f77b1e355f6c50544e23fb1433ddf73be84d879de7c00"
      "46dc4996d9e773f4bc9efe5738829adb26c81b37c93a1b270b20329d658675fc6ea5"
      "34e0810a4432826bf58c941efb65d57a338bbd2e26640f89ffbc1a858efcb8550ee3"
      "a5e1998bd177e93a7363c344fe6b199ee5d02e82d522c4feba15452f80288a821a57"
      "9116ec6dad2b3b310da903401aa62100ab5d1a36553e06203b33890cc9b832f79ef8"
      "0560ccb9a39ce767967ed628c6ad573cb116dbefefd75499da96bd68a8a97b928a8b"
      "bc103b6621fcde2beca1231d206be6cd9ec7aff6f6c94fcd7204ed3455c68c83f4a4"
      "1da4af2b74ef5c53f1d8ac70bdcb7ed185ce81bd84359d44254d95629e9855a94a7c"
      "1958d1f8ada5d0532ed8a5aa3fb2d17ba70eb6248e594e1a2297acbbb39d502f1a8c"
      "6eb6f1ce22b3de1a1f40cc24554119a831a9aad6079cad88425de6bde1a9187ebb60"
      "92cf67bf2b13fd65f27088d78b7e883c8759d2c4f5c65adb7553878ad575f9fad878"
      "e80a0c9ba63bcbcc2732e69485bbc9c90bfbd62481d9089beccf80cfe2df16a2cf65"
      "bd92dd597b0707e0917af48bbb75fed413d238f5555a7a569d80c3414a8d0859dc65"
      "a46128bab27af87a71314f318c782b23ebfe808b82b0ce26401d2e22f04d83d1255d"
      "c51addd3b75a2b1ae0784504df543af8969be3ea7082ff7fc9888c144da2af58429e"
      "c96031dbcad3dad9af0dcbaaaf268cb8fcffead94f3c7ca495e056a9b47acdb751fb"
      "73e666c6c655ade8297297d07ad1ba5e43f1bca32301651339e22904cc8c42f58c30"
      "c04aafdb038dda0847dd988dcda6f3bfd15c4b4c4525004aa06eeff8ca61783aacec"
      "57fb3d1f92b0fe2fd1a85f6724517b65e614ad6808d6f6ee34dff7310fdc82aebfd9"
      "04b01e1dc54b2927094b2db68d6f903b68401adebf5a7e08d78ff4ef5d63653a6504"
      "0cf9bfd4aca7984a74d37145986780fc0b16ac451649de6188a7dbdf191f64b5fc5e"
      "2ab47b57f7f7276cd419c17a3ca8e1b939ae49e488acba6b965610b5480109c8b17b"
      "80e1b7b750dfc7598d5d5011fd2dcc5600a32ef5b52a1ecc820e308aa342721aac09"
      "43bf6686b64b2579376504ccc493d97e6aed3fb0f9cd71a43dd497f01f17c0e2cb37"
      "97aa2a2f256656168e6c496afc5fb93246f6b1116398a346f1a641f3b041e989f791"
      "4f90cc2c7fff357876e506b50d334ba77c225bc307ba537152f3f1610e4eafe595f6"
      "d9d90d11faa933a15ef1369546868a7f3a45a96768d40fd9d03412c091c6315cf4fd"
      "e7cb68606937380db2eaaa707b4c4185c32eddcdd306705e4dc1ffc872eeee475a64"
      "dfac86aba41c0618983f8741c5ef68d3a101e8a3b8cac60c905c15fc910840b94c00"
      "a0b9d0",
      "0aab4c900501b3e24d7cdf4663326a3a87df5e4843b2cbdb67cbf6e460fec350aa5371b1"
      "508f9f4528ecea23c436d94b5e8fcd4f681e30a6ac00a9704a188a03",
      false },
    { "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
      "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a"
      "274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9"
      "ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
      false },
    { "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
      "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
      "616263",
      "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042"
      "463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
      true },
};

static const struct ks_mech pure = { .scheme = KS_EDDSA };
static const struct ks_mech ph = { .scheme = KS_EDDSA, .prehash = true };

static struct ks_key *
session_key(struct fix *x, struct tee_bytes seed, struct tee_buf *spki)
{
    struct ks_key *k = NULL;

    tee_buf_init(spki, TEE_SPKI_MAX);
    CHECK_ERR(ks_key_new(x->t, KS_ED25519, seed, spki, &k, &x->f), TEE_OK);
    return k;
}

static bool
is_signature(const uint8_t *sig, size_t n, const char *want)
{
    struct tee_bytes w = test_hex(want);

    return n == 64 && w.len == 64 && memcmp(sig, w.p, 64) == 0;
}

static void
one_known(struct fix *x, const struct known *v)
{
    struct tee_bytes m = test_hex(v->message);
    struct ks_op op = { 0 };
    struct tee_buf spki;
    struct ks_key *k = session_key(x, test_hex(v->seed), &spki);
    uint8_t sig[64] = { 0 };
    size_t n = 0, i;

    CU_ASSERT_EQUAL(spki.len, KS_ED25519_SPKI);
    CU_ASSERT_EQUAL(memcmp(spki.p + 12, test_hex(v->pk).p, 32), 0);
    CHECK_ERR(ks_sign_init(&op, k, v->prehash ? &ph : &pure), TEE_OK);
    CHECK_ERR(ks_op_sign(&op, m, sig, &n), TEE_OK);
    CU_ASSERT_TRUE(is_signature(sig, n, v->sig));
    ks_op_clear(&op);

    memset(sig, 0, sizeof(sig));
    CHECK_ERR(ks_sign_init(&op, k, v->prehash ? &ph : &pure), TEE_OK);
    for (i = 0; i < m.len; i++)
        CHECK_ERR(ks_op_update(&op, (struct tee_bytes){ m.p + i, 1 }), TEE_OK);
    CHECK_ERR(ks_op_update(&op, TEE_STR("")), TEE_OK);
    CHECK_ERR(ks_op_sign_final(&op, sig, &n), TEE_OK);
    CU_ASSERT_TRUE(is_signature(sig, n, v->sig));
    ks_op_clear(&op);
    ks_key_put(k);
    tee_buf_clear(&spki);
}

static void
known_answers(void)
{
    struct fix *x = fix_new("agent", FIX_LOCAL);
    struct fix *y = fix_new("agent", FIX_LOCAL "verify_after_sign = yes\n");
    size_t i;

    CHECK_ERR(ks_selftest(), TEE_OK);
    for (i = 0; i < TEE_LEN(rfc8032); i++) {
        one_known(x, &rfc8032[i]);
        one_known(y, &rfc8032[i]);
    }
    fix_free(y);
    fix_free(x);
}

static struct tee_bytes
spki_of(const char *pk)
{
    static uint8_t der[KS_ED25519_SPKI];

    ks_ed25519_spki(test_hex(pk).p, der);
    return (struct tee_bytes){ der, sizeof(der) };
}

static enum tee_err
verify_once(const struct known *v, struct tee_bytes m, struct tee_bytes sig,
            bool parts)
{
    struct ks_op op = { 0 };
    enum tee_err err;

    err = ks_verify_init(&op, KS_ED25519, spki_of(v->pk),
                         v->prehash ? &ph : &pure);
    if (err == TEE_OK && parts) {
        err = ks_op_update(&op, (struct tee_bytes){ m.p, m.len / 2 });
        if (err == TEE_OK)
            err = ks_op_update(
                &op, (struct tee_bytes){ m.p + m.len / 2, m.len - m.len / 2 });
        if (err == TEE_OK)
            err = ks_op_verify_final(&op, sig);
    } else if (err == TEE_OK) {
        err = ks_op_verify(&op, m, sig);
    }
    ks_op_clear(&op);
    return err;
}

/* Every bit of the signature counts, in one piece and in parts. */
static void
verification(void)
{
    uint8_t sig[65] = { 0 };
    size_t i, bit;

    CHECK_ERR(ks_init(), TEE_OK);
    for (i = 0; i < TEE_LEN(rfc8032); i++) {
        const struct known *v = &rfc8032[i];
        struct tee_bytes m = test_hex(v->message), s = { sig, 64 };

        memcpy(sig, test_hex(v->sig).p, 64);
        CHECK_ERR(verify_once(v, m, s, false), TEE_OK);
        CHECK_ERR(verify_once(v, m, s, true), TEE_OK);
        for (bit = 0; bit < 512; bit += 3) {
            sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
            CHECK_ERR(verify_once(v, m, s, bit % 2 == 0), TEE_E_SIGNATURE);
            sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        s.len = 63;
        CHECK_ERR(verify_once(v, m, s, false), TEE_E_SIG_LEN);
        CHECK_ERR(verify_once(v, m, s, true), TEE_E_SIG_LEN);
        s.len = 65;
        CHECK_ERR(verify_once(v, m, s, false), TEE_E_SIG_LEN);
    }
}

/* agent-identity.md section 2: OpenSSL accepts these keys for any message. */
static void
small_order(void)
{
    static const char *const keys[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    };
    uint8_t sig[64] = { 1 };
    struct known v = { .message = "" };
    size_t i;

    for (i = 0; i < TEE_LEN(keys); i++) {
        v.pk = keys[i];
        CHECK_ERR(verify_once(&v, TEE_STR("x"),
                              (struct tee_bytes){ sig, sizeof(sig) }, false),
                  TEE_E_SIGNATURE);
    }
}

static void
mechanisms(void)
{
    static const struct {
        struct ks_mech m;
        enum tee_err want;
    } rows[] = {
        { { .scheme = KS_EDDSA }, TEE_OK },
        { { .scheme = KS_EDDSA, .prehash = true }, TEE_OK },
        { { .scheme = KS_EDDSA, .hash = KS_SHA512 }, TEE_E_MECH },
        { { .scheme = KS_ECDSA }, TEE_E_MECH },
        { { .scheme = KS_RSA_PKCS1 }, TEE_E_MECH },
        { { .scheme = KS_RSA_PSS }, TEE_E_MECH },
        { { .scheme = KS_MLDSA }, TEE_E_MECH },
    };
    struct fix *x = fix_new("agent", FIX_LOCAL);
    struct ks_op op = { 0 };
    struct tee_buf spki;
    struct ks_key *k = session_key(x, (struct tee_bytes){ 0 }, &spki);
    size_t i;

    for (i = 0; i < TEE_LEN(rows); i++) {
        CHECK_ERR(ks_sign_init(&op, k, &rows[i].m), rows[i].want);
        ks_op_clear(&op);
        CHECK_ERR(
            ks_verify_init(&op, KS_ED25519, tee_buf_view(&spki), &rows[i].m),
            rows[i].want);
        ks_op_clear(&op);
        CU_ASSERT_EQUAL(ks_mech_possible(KS_ED25519, &rows[i].m),
                        rows[i].want == TEE_OK);
    }
    CU_ASSERT_FALSE(ks_mech_possible(KS_NONE, &pure));
    CU_ASSERT_FALSE(ks_mech_possible(KS_P256, &pure));
    CHECK_ERR(ks_verify_init(&op, KS_P256, tee_buf_view(&spki), &pure),
              TEE_E_KEY_TYPE);
    CHECK_ERR(ks_verify_init(&op, KS_NONE, TEE_STR("x"), &pure),
              TEE_E_KEY_TYPE);
    tee_buf_clear(&spki);
    ks_key_put(k);
    fix_free(x);
}

static void
wrong_moments(void)
{
    struct fix *x = fix_new("agent", FIX_LOCAL);
    struct ks_op op = { 0 };
    struct tee_buf spki;
    struct ks_key *k = session_key(x, (struct tee_bytes){ 0 }, &spki);
    uint8_t sig[64];
    size_t n;

    CHECK_ERR(ks_op_sign(&op, TEE_STR("a"), sig, &n), TEE_E_STATE);
    CHECK_ERR(ks_op_sign_final(&op, sig, &n), TEE_E_STATE);
    CHECK_ERR(ks_op_update(&op, TEE_STR("a")), TEE_E_STATE);
    CHECK_ERR(ks_op_verify(&op, TEE_STR("a"), TEE_STR("b")), TEE_E_STATE);
    CHECK_ERR(ks_op_verify_final(&op, TEE_STR("b")), TEE_E_STATE);
    CHECK_ERR(ks_sign_init(&op, k, &pure), TEE_OK);
    CHECK_ERR(ks_op_verify(&op, TEE_STR("a"), TEE_STR("b")), TEE_E_STATE);
    CHECK_ERR(ks_op_update(&op, TEE_STR("a")), TEE_OK);
    CHECK_ERR(ks_op_sign(&op, TEE_STR("a"), sig, &n), TEE_E_STATE);
    ks_op_clear(&op);
    CHECK_ERR(ks_verify_init(&op, KS_ED25519, tee_buf_view(&spki), &pure),
              TEE_OK);
    CHECK_ERR(ks_op_sign(&op, TEE_STR("a"), sig, &n), TEE_E_STATE);
    ks_op_clear(&op);
    ks_op_clear(&op);
    tee_buf_clear(&spki);
    ks_key_put(k);
    fix_free(x);
}

/* 16 MiB exactly can be collected, one byte more cannot, and stays so. */
static void
ceiling(void)
{
    struct fix *x = fix_new("agent", FIX_LOCAL);
    struct tee_buf spki;
    struct ks_key *k = session_key(x, (struct tee_bytes){ 0 }, &spki);
    const struct tee_bytes part = { calloc(1, 1 << 20), 1 << 20 };
    struct ks_op op = { 0 };
    uint8_t sig[64];
    size_t i, n;

    CHECK_ERR(ks_sign_init(&op, k, &pure), TEE_OK);
    for (i = 0; i < KS_MESSAGE_MAX / part.len; i++)
        CHECK_ERR(ks_op_update(&op, part), TEE_OK);
    CHECK_ERR(ks_op_sign_final(&op, sig, &n), TEE_OK);
    CHECK_ERR(ks_op_update(&op, TEE_STR("x")), TEE_E_TOOBIG);
    CHECK_ERR(ks_op_sign_final(&op, sig, &n), TEE_E_TOOBIG);
    ks_op_clear(&op);
    CHECK_ERR(ks_sign_init(&op, k, &ph), TEE_OK);
    for (i = 0; i <= KS_MESSAGE_MAX / part.len; i++)
        CHECK_ERR(ks_op_update(&op, part), TEE_OK); /* nothing is collected */
    CHECK_ERR(ks_op_sign_final(&op, sig, &n), TEE_OK);
    ks_op_clear(&op);
    free((void *)(uintptr_t)part.p);
    tee_buf_clear(&spki);
    ks_key_put(k);
    fix_free(x);
}

/* A flipped bit in the public half of the expanded key: two signatures would
 * give the key away, so the check finds the first and none leaves. */
static void
fault(void)
{
    struct fix *x = fix_new("agent", FIX_LOCAL "verify_after_sign = yes\n");
    struct tee_buf spki;
    struct ks_key *k = session_key(x, (struct tee_bytes){ 0 }, &spki);
    const struct ks_mech *const mechs[] = { &pure, &ph };
    struct ks_op op = { 0 };
    uint8_t sig[64];
    size_t n, i;

    k->sk[40] ^= 4;
    for (i = 0; i < TEE_LEN(mechs); i++) {
        memset(sig, 1, sizeof(sig));
        CHECK_ERR(ks_sign_init(&op, k, mechs[i]), TEE_OK);
        CHECK_ERR(ks_op_sign(&op, TEE_STR("m"), sig, &n), TEE_E_SELFTEST);
        CU_ASSERT_TRUE(sodium_is_zero(sig, sizeof(sig)));
        ks_op_clear(&op);
        memset(sig, 1, sizeof(sig));
        CHECK_ERR(ks_sign_init(&op, k, mechs[i]), TEE_OK);
        CHECK_ERR(ks_op_update(&op, TEE_STR("m")), TEE_OK);
        CHECK_ERR(ks_op_sign_final(&op, sig, &n), TEE_E_SELFTEST);
        CU_ASSERT_TRUE(sodium_is_zero(sig, sizeof(sig)));
        ks_op_clear(&op);
    }
    tee_buf_clear(&spki);
    ks_key_put(k);
    fix_free(x);
}

static const struct test tests[] = {
    { "RFC 8032 answers come out, in one piece and byte by byte",
      known_answers },
    { "a signature with one flipped bit or of another length is refused",
      verification },
    { "public keys of small order verify nothing", small_order },
    { "mechanisms that do not fit the key are refused", mechanisms },
    { "calls at the wrong moment are refused and change nothing",
      wrong_moments },
    { "a collected message ends at 16 MiB", ceiling },
    { "a signature that does not verify never leaves", fault },
    { NULL, NULL },
};
const struct suite suite_op = { "op", tests };
