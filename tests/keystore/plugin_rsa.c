#include "config.h"

#include <openssl/bn.h>
#include <openssl/rsa.h>
#include <string.h>

#include "tests/keystore/plugin_util.h"

#define K 256 /* bytes of the modulus in most tests */

static const struct {
    const char *word;
    enum ks_ktype type;
    size_t k;
} sizes[] = { { "rsa2048", KS_RSA2048, 256 },
              { "rsa3072", KS_RSA3072, 384 },
              { "rsa4096", KS_RSA4096, 512 } };

static const struct {
    enum ks_hash hash;
    const char *name;
    size_t len;
    const char *info; /* DigestInfo up to the digest, RFC 8017 section 9.2 */
} hashes[] = {
    { KS_SHA1, "SHA1", 20, "3021300906052b0e03021a05000414" },
    { KS_SHA224, "SHA224", 28, "302d300d06096086480165030402040500041c" },
    { KS_SHA256, "SHA256", 32, "3031300d060960864801650304020105000420" },
    { KS_SHA384, "SHA384", 48, "3041300d060960864801650304020205000430" },
    { KS_SHA512, "SHA512", 64, "3051300d060960864801650304020305000440" },
};

static struct ks_mech
pkcs1(enum ks_hash hash)
{
    return (struct ks_mech){ .scheme = KS_RSA_PKCS1, .hash = hash };
}

static struct ks_mech
pss(enum ks_hash hash, enum ks_hash of, enum ks_hash mgf, uint32_t salt)
{
    return (struct ks_mech){ .scheme = KS_RSA_PSS,
                             .hash = hash,
                             .pss_hash = of,
                             .pss_mgf = mgf,
                             .pss_salt = salt };
}

static size_t
digest(const char *name, struct tee_bytes msg, uint8_t *ret)
{
    size_t n = 0;

    CU_ASSERT_EQUAL(EVP_Q_digest(NULL, name, NULL, msg.p, msg.len, ret, &n), 1);
    return n;
}

/* Somebody else's check: EVP in the default library context. */
static bool
evp_verifies(EVP_PKEY *key, const char *hash, int padding, const char *mgf,
             int salt, struct tee_bytes msg, const uint8_t *sig, size_t len)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pc;
    bool ok;

    ok = EVP_DigestVerifyInit_ex(c, &pc, hash, NULL, NULL, key, NULL) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(pc, padding) == 1;
    if (ok && padding == RSA_PKCS1_PSS_PADDING)
        ok = EVP_PKEY_CTX_set_rsa_mgf1_md_name(pc, mgf, NULL) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(pc, salt) == 1;
    ok = ok && EVP_DigestVerify(c, sig, len, msg.p, msg.len) == 1;
    EVP_MD_CTX_free(c);
    return ok;
}

static enum tee_err
sign(const struct pair *p, const struct ks_mech *m, struct tee_bytes msg,
     uint8_t sig[512])
{
    size_t len = 512;
    enum tee_err err;

    err = plug()->sign(p->priv, m, msg, sig, &len);
    CU_ASSERT(err != TEE_OK || len == (size_t)EVP_PKEY_get_size(p->evp));
    return err;
}

static enum tee_err
verify(const struct pair *p, const struct ks_mech *m, struct tee_bytes msg,
       const uint8_t *sig)
{
    return plug()->verify(
        p->pub, m, msg,
        (struct tee_bytes){ sig, (size_t)EVP_PKEY_get_size(p->evp) });
}

static void
test_pkcs1_verifies_elsewhere(void)
{
    struct tee_bytes msg = TEE_STR("a message");
    static struct pair p;
    uint8_t sig[512];
    struct ks_mech m;
    size_t i, j;

    for (i = 0; i < TEE_LEN(sizes); i++) {
        pair_load(sizes[i].word, sizes[i].type, &p);
        for (j = 0; j < TEE_LEN(hashes); j++) {
            m = pkcs1(hashes[j].hash);
            CU_ASSERT_EQUAL(sign(&p, &m, msg, sig), TEE_OK);
            CU_ASSERT(evp_verifies(p.evp, hashes[j].name, RSA_PKCS1_PADDING,
                                   NULL, 0, msg, sig, sizes[i].k));
            CU_ASSERT_EQUAL(verify(&p, &m, msg, sig), TEE_OK);
            CU_ASSERT_EQUAL(verify(&p, &m, TEE_STR("another"), sig),
                            TEE_E_SIGNATURE);
        }
        pair_clear(&p);
    }
}

/* The caller's DigestInfo gives the very bytes of the hashed mechanism. */
static void
test_pkcs1_of_a_digest_info_is_pkcs1_with_the_hash(void)
{
    struct ks_mech none = pkcs1(KS_H_NONE), m;
    struct tee_bytes msg = TEE_STR("a message"), info, head;
    uint8_t di[128], one[512], two[512];
    static struct pair p;
    size_t i;

    pair_load("rsa2048", KS_RSA2048, &p);
    for (i = 0; i < TEE_LEN(hashes); i++) {
        head = test_hex(hashes[i].info);
        memcpy(di, head.p, head.len);
        info = (struct tee_bytes){ di, head.len };
        info.len += digest(hashes[i].name, msg, di + head.len);
        m = pkcs1(hashes[i].hash);
        CU_ASSERT_EQUAL(sign(&p, &none, info, one), TEE_OK);
        CU_ASSERT_EQUAL(sign(&p, &m, msg, two), TEE_OK);
        CU_ASSERT(memcmp(one, two, K) == 0);
        CU_ASSERT_EQUAL(verify(&p, &none, info, two), TEE_OK);
        CU_ASSERT_EQUAL(verify(&p, &m, msg, one), TEE_OK);
    }
    pair_clear(&p);
}

static void
test_pkcs1_takes_short_texts_only(void)
{
    struct ks_mech m = pkcs1(KS_H_NONE);
    static const uint8_t text[K + 1] = { 7 };
    static struct pair p;
    uint8_t sig[512];
    enum tee_err want;
    size_t n;

    pair_load("rsa2048", KS_RSA2048, &p);
    for (n = 0; n <= K + 1; n += n < K - 12 && n > 1 ? 27 : 1) {
        want = n >= 1 && n <= K - 11 ? TEE_OK : TEE_E_DATA_LEN;
        CU_ASSERT_EQUAL(sign(&p, &m, (struct tee_bytes){ text, n }, sig), want);
        CU_ASSERT_EQUAL(verify(&p, &m, (struct tee_bytes){ text, n }, sig),
                        want);
    }
    pair_clear(&p);
}

static void
test_pss_verifies_elsewhere(void)
{
    struct tee_bytes msg = TEE_STR("a message");
    const uint32_t salts[] = { 0, 20, 32, 64, 190 };
    static struct pair p;
    uint8_t sig[512], md[64];
    struct ks_mech m, none;
    size_t i, j, n;

    pair_load("rsa2048", KS_RSA2048, &p);
    for (i = 0; i < TEE_LEN(hashes); i++) {
        n = digest(hashes[i].name, msg, md);
        for (j = 0; j < TEE_LEN(hashes); j++) {
            m = pss(hashes[i].hash, hashes[i].hash, hashes[j].hash, salts[j]);
            none = pss(KS_H_NONE, hashes[i].hash, hashes[j].hash, salts[j]);
            CU_ASSERT_EQUAL(sign(&p, &m, msg, sig), TEE_OK);
            CU_ASSERT(evp_verifies(p.evp, hashes[i].name, RSA_PKCS1_PSS_PADDING,
                                   hashes[j].name, (int)salts[j], msg, sig, K));
            CU_ASSERT_EQUAL(verify(&p, &none, (struct tee_bytes){ md, n }, sig),
                            TEE_OK);
            CU_ASSERT_EQUAL(sign(&p, &none, (struct tee_bytes){ md, n }, sig),
                            TEE_OK);
            CU_ASSERT_EQUAL(verify(&p, &m, msg, sig), TEE_OK);
        }
    }
    pair_clear(&p);
}

static void
test_another_salt_hash_or_mgf_does_not_verify(void)
{
    struct ks_mech good = pss(KS_SHA256, KS_SHA256, KS_SHA256, 32);
    const struct ks_mech bad[] = {
        pss(KS_SHA256, KS_SHA256, KS_SHA256, 31),
        pss(KS_SHA256, KS_SHA256, KS_SHA256, 33),
        pss(KS_SHA256, KS_SHA256, KS_SHA256, 0),
        pss(KS_SHA256, KS_SHA256, KS_SHA1, 32),
        pss(KS_SHA384, KS_SHA384, KS_SHA256, 32),
        pkcs1(KS_SHA256),
    };
    static struct pair p;
    uint8_t sig[512];
    size_t i;

    pair_load("rsa2048", KS_RSA2048, &p);
    CU_ASSERT_EQUAL(sign(&p, &good, TEE_STR("m"), sig), TEE_OK);
    CU_ASSERT_EQUAL(verify(&p, &good, TEE_STR("m"), sig), TEE_OK);
    for (i = 0; i < TEE_LEN(bad); i++)
        CU_ASSERT_EQUAL(verify(&p, &bad[i], TEE_STR("m"), sig),
                        TEE_E_SIGNATURE);
    pair_clear(&p);
}

static const struct {
    int scheme, hash, of, mgf;
    uint32_t salt;
    enum tee_err err;
} mechs[] = {
    { KS_RSA_PSS, KS_SHA256, KS_SHA256, KS_SHA256, 222, TEE_OK }, /* k-32-2 */
    { KS_RSA_PSS, KS_SHA256, KS_SHA256, KS_SHA256, 223, TEE_E_MECH_PARAM },
    { KS_RSA_PSS, KS_SHA256, KS_SHA256, KS_SHA256, UINT32_MAX,
      TEE_E_MECH_PARAM },
    { KS_RSA_PSS, KS_SHA512, KS_SHA512, KS_SHA512, 190, TEE_OK },
    { KS_RSA_PSS, KS_SHA512, KS_SHA512, KS_SHA512, 191, TEE_E_MECH_PARAM },
    { KS_RSA_PSS, KS_SHA256, KS_SHA384, KS_SHA256, 32, TEE_E_MECH_PARAM },
    { KS_RSA_PSS, KS_SHA256, KS_H_NONE, KS_SHA256, 32, TEE_E_MECH_PARAM },
    { KS_RSA_PSS, KS_SHA256, KS_SHA256, KS_H_NONE, 32, TEE_E_MECH_PARAM },
    { KS_RSA_PSS, KS_SHA256, KS_SHA256, 99, 32, TEE_E_MECH_PARAM },
    { KS_RSA_PSS, 99, KS_SHA256, KS_SHA256, 32, TEE_E_MECH },
    { KS_RSA_PKCS1, 99, 0, 0, 0, TEE_E_MECH },
    { KS_RSA_PKCS1, KS_SHA512, 0, 0, 0, TEE_OK },
    { KS_ECDSA, KS_SHA256, 0, 0, 0, TEE_E_MECH },
    { KS_EDDSA, KS_H_NONE, 0, 0, 0, TEE_E_MECH },
    { KS_MLDSA, KS_H_NONE, 0, 0, 0, TEE_E_MECH },
    { 99, KS_H_NONE, 0, 0, 0, TEE_E_MECH },
};

static void
test_mechanisms_that_do_not_fit_are_refused(void)
{
    static struct pair p;
    uint8_t sig[512];
    struct ks_mech m;
    void *op;
    size_t i;

    pair_load("rsa2048", KS_RSA2048, &p);
    for (i = 0; i < TEE_LEN(mechs); i++) {
        m = pss((enum ks_hash)mechs[i].hash, (enum ks_hash)mechs[i].of,
                (enum ks_hash)mechs[i].mgf, mechs[i].salt);
        m.scheme = (enum ks_scheme)mechs[i].scheme;
        CU_ASSERT_EQUAL(plug()->has(p.type, &m), mechs[i].err == TEE_OK);
        CU_ASSERT_EQUAL(sign(&p, &m, TEE_STR("m"), sig), mechs[i].err);
        op = NULL;
        CU_ASSERT_EQUAL(plug()->op_new(p.priv, &m, false, &op), mechs[i].err);
        plug()->op_free(op);
    }
    pair_clear(&p);
}

static void
test_pss_without_a_hash_takes_its_digest_length_only(void)
{
    struct ks_mech m = pss(KS_H_NONE, KS_SHA256, KS_SHA256, 32);
    static const uint8_t md[65];
    static struct pair p;
    uint8_t sig[512];
    size_t n;

    pair_load("rsa2048", KS_RSA2048, &p);
    for (n = 0; n <= sizeof(md); n++)
        CU_ASSERT_EQUAL(sign(&p, &m, (struct tee_bytes){ md, n }, sig),
                        n == 32 ? TEE_OK : TEE_E_DATA_LEN);
    pair_clear(&p);
}

/* ---- forged paddings, made with the private key itself
 * ------------------------- */

static void
raw_rsa(const struct pair *p, const uint8_t em[K], uint8_t sig[K])
{
    const uint8_t *der = p->pkcs8;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &der, (long)p->pkcs8_len);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
    size_t n = K;

    CU_ASSERT_EQUAL(EVP_PKEY_sign_init(c), 1);
    CU_ASSERT_EQUAL(EVP_PKEY_CTX_set_rsa_padding(c, RSA_NO_PADDING), 1);
    CU_ASSERT_EQUAL(EVP_PKEY_sign(c, sig, &n, em, K), 1);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(key);
}

/* 00 01 FF .. FF 00 DigestInfo */
static void
encode(uint8_t em[K], const char *info, const uint8_t md[32])
{
    struct tee_bytes head = test_hex(info);

    memset(em, 0xff, K);
    em[0] = 0;
    em[1] = 1;
    em[K - 32 - head.len - 1] = 0;
    memcpy(em + K - 32 - head.len, head.p, head.len);
    memcpy(em + K - 32, md, 32);
}

enum forgery { NOTHING, BLOCK_2, PADDING, NO_ZERO, FIRST, TRAILING, FORGERIES };

static void
forge(enum forgery what, uint8_t em[K])
{
    switch (what) {
    case BLOCK_2:
        em[1] = 2;
        break;
    case PADDING:
        em[20] = 0xfe;
        break;
    case NO_ZERO:
        em[K - 52] = 0xff;
        break;
    case FIRST:
        em[2] = 0;
        break;
    case TRAILING: /* the DigestInfo moved to the left, garbage behind it */
        memmove(em + K - 60, em + K - 52, 52);
        memset(em + K - 8, 0x55, 8);
        break;
    case NOTHING:
    case FORGERIES:
    default:
        break;
    }
}

static void
test_forged_paddings_do_not_verify(void)
{
    struct ks_mech m = pkcs1(KS_SHA256), none = pkcs1(KS_H_NONE);
    struct tee_bytes msg = TEE_STR("message");
    uint8_t em[K], sig[K], md[32], di[51];
    static struct pair p;
    enum tee_err want;
    int i;

    pair_load("rsa2048", KS_RSA2048, &p);
    CU_ASSERT_EQUAL(digest("SHA256", msg, md), 32);
    memcpy(di, test_hex(hashes[2].info).p, 19);
    memcpy(di + 19, md, 32);
    for (i = NOTHING; i < FORGERIES; i++) {
        encode(em, hashes[2].info, md);
        forge((enum forgery)i, em);
        raw_rsa(&p, em, sig);
        want = i == NOTHING ? TEE_OK : TEE_E_SIGNATURE;
        CU_ASSERT_EQUAL(verify(&p, &m, msg, sig), want);
        CU_ASSERT_EQUAL(
            verify(&p, &none, (struct tee_bytes){ di, sizeof(di) }, sig), want);
    }
    pair_clear(&p);
}

/* DigestInfo in forms that a lenient parser would take. */
static void
test_other_digest_infos_do_not_verify(void)
{
    static const char *const heads[] = {
        "302f300b06096086480165030402010420",         /* no NULL */
        "3031300d060960864801650304020205000420",     /* SHA-384's name */
        "30820031300d060960864801650304020105000420", /* long length */
        "3032300e06096086480165030402010501000420",   /* NULL with a value */
    };
    struct ks_mech m = pkcs1(KS_SHA256);
    struct tee_bytes msg = TEE_STR("message");
    uint8_t em[K], sig[K], md[32];
    static struct pair p;
    size_t i;

    pair_load("rsa2048", KS_RSA2048, &p);
    CU_ASSERT_EQUAL(digest("SHA256", msg, md), 32);
    for (i = 0; i < TEE_LEN(heads); i++) {
        encode(em, heads[i], md);
        raw_rsa(&p, em, sig);
        CU_ASSERT_EQUAL(verify(&p, &m, msg, sig), TEE_E_SIGNATURE);
    }
    pair_clear(&p);
}

static void
test_other_lengths_and_flipped_bits_do_not_verify(void)
{
    const struct ks_mech m[] = { pkcs1(KS_SHA256),
                                 pss(KS_SHA256, KS_SHA256, KS_SHA256, 32) };
    struct tee_bytes msg = TEE_STR("message");
    static struct pair p;
    uint8_t sig[512] = { 0 };
    size_t i, n;

    pair_load("rsa2048", KS_RSA2048, &p);
    for (i = 0; i < TEE_LEN(m); i++) {
        CU_ASSERT_EQUAL(sign(&p, &m[i], msg, sig), TEE_OK);
        for (n = 0; n <= K + 1; n++) {
            if (n != K)
                CU_ASSERT_EQUAL(plug()->verify(p.pub, &m[i], msg,
                                               (struct tee_bytes){ sig, n }),
                                TEE_E_SIG_LEN);
        }
        for (n = 0; n < 8 * K; n++) {
            sig[n / 8] ^= (uint8_t)(1u << n % 8);
            CU_ASSERT_EQUAL(verify(&p, &m[i], msg, sig), TEE_E_SIGNATURE);
            sig[n / 8] ^= (uint8_t)(1u << n % 8);
        }
        CU_ASSERT_EQUAL(verify(&p, &m[i], msg, sig), TEE_OK);
        memset(sig, 0xff, sizeof(sig)); /* above the modulus */
        CU_ASSERT_EQUAL(verify(&p, &m[i], msg, sig), TEE_E_SIGNATURE);
        memset(sig, 0, sizeof(sig));
        CU_ASSERT_EQUAL(verify(&p, &m[i], msg, sig), TEE_E_SIGNATURE);
    }
    pair_clear(&p);
}

/* ---- keys
 * ---------------------------------------------------------------------- */

static void
test_a_generated_key_signs_and_has_exponent_65537(void)
{
    struct ks_mech m = pkcs1(KS_SHA256);
    static struct pair p;
    uint8_t sig[512];
    BIGNUM *e = NULL, *n = NULL;

    pair_generate(KS_RSA2048, &p);
    CU_ASSERT_EQUAL(EVP_PKEY_get_bn_param(p.evp, "e", &e), 1);
    CU_ASSERT_EQUAL(EVP_PKEY_get_bn_param(p.evp, "n", &n), 1);
    CU_ASSERT(BN_is_word(e, 65537));
    CU_ASSERT_EQUAL(BN_num_bits(n), 2048);
    CU_ASSERT_EQUAL(sign(&p, &m, TEE_STR("m"), sig), TEE_OK);
    CU_ASSERT(evp_verifies(p.evp, "SHA256", RSA_PKCS1_PADDING, NULL, 0,
                           TEE_STR("m"), sig, K));
    BN_free(e);
    BN_free(n);
    pair_clear(&p);
}

static enum tee_err
private_new(enum ks_ktype type, const struct pair *p, size_t len)
{
    enum tee_err err;
    void *key = NULL;

    err = plug()->private_new(type, (struct tee_bytes){ p->pkcs8, len }, &key);
    CU_ASSERT((err == TEE_OK) == (key != NULL));
    plug()->key_free(key);
    return err;
}

static void
test_a_key_is_of_its_size_and_algorithm_only(void)
{
    struct tee_bytes spki;
    static struct pair p;
    enum tee_err err;
    void *key;
    int t;

    pair_load("rsa3072", KS_RSA3072, &p);
    spki = (struct tee_bytes){ p.spki, p.spki_len };
    for (t = KS_NONE; t <= KS_KTYPES; t++) {
        if (t == KS_RSA3072)
            continue;
        err = private_new((enum ks_ktype)t, &p, p.pkcs8_len);
        if (t >= KS_P256 && t <= KS_RSA4096) {
            CU_ASSERT_EQUAL(err, TEE_E_KEY_TYPE);
        }
        CU_ASSERT_NOT_EQUAL(err, TEE_OK);
        CU_ASSERT_NOT_EQUAL(plug()->public_new((enum ks_ktype)t, spki, &key),
                            TEE_OK);
    }
    pair_clear(&p);
}

static void
test_every_prefix_and_flipped_bit_of_a_key_is_refused(void)
{
    static struct pair p;
    size_t n;
    void *key;

    pair_load("rsa2048", KS_RSA2048, &p);
    for (n = 0; n < p.pkcs8_len; n++)
        CU_ASSERT_EQUAL(private_new(p.type, &p, n), TEE_E_TRUNCATED);
    p.pkcs8[p.pkcs8_len] = 0;
    CU_ASSERT_EQUAL(private_new(p.type, &p, p.pkcs8_len + 1), TEE_E_MALFORMED);
    for (n = 0; n < 8 * p.pkcs8_len; n++) {
        p.pkcs8[n / 8] ^= (uint8_t)(1u << n % 8);
        CU_ASSERT_NOT_EQUAL(private_new(p.type, &p, p.pkcs8_len), TEE_OK);
        p.pkcs8[n / 8] ^= (uint8_t)(1u << n % 8);
    }
    for (n = 0; n < p.spki_len; n++)
        CU_ASSERT_EQUAL(
            plug()->public_new(p.type, (struct tee_bytes){ p.spki, n }, &key),
            TEE_E_TRUNCATED);
    CU_ASSERT_EQUAL(private_new(p.type, &p, p.pkcs8_len), TEE_OK);
    pair_clear(&p);
}

/* The parts of a private key, from libcrypto, changed one at a time. */
enum { N, E, D, P, Q, DP, DQ, QI, PARTS };
static const char *const part_name[PARTS] = {
    "n",
    "e",
    "d",
    "rsa-factor1",
    "rsa-factor2",
    "rsa-exponent1",
    "rsa-exponent2",
    "rsa-coefficient1",
};

static void
parts_of(const struct pair *p, BIGNUM *v[PARTS])
{
    const uint8_t *der = p->pkcs8;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &der, (long)p->pkcs8_len);
    size_t i;

    for (i = 0; i < PARTS; i++) {
        v[i] = NULL;
        CU_ASSERT_EQUAL(EVP_PKEY_get_bn_param(key, part_name[i], &v[i]), 1);
    }
    EVP_PKEY_free(key);
}

static enum tee_err
try_parts(BIGNUM *const v[PARTS], uint8_t *der, size_t *len)
{
    static uint8_t mem[PARTS][520];
    struct tee_bytes b[PARTS];
    struct ks_parts parts;
    size_t i;

    for (i = 0; i < PARTS; i++)
        b[i] = (struct tee_bytes){ mem[i], (size_t)BN_bn2bin(v[i], mem[i]) };
    parts = (struct ks_parts){ .n = b[N],
                               .e = b[E],
                               .d = b[D],
                               .p = b[P],
                               .q = b[Q],
                               .dp = b[DP],
                               .dq = b[DQ],
                               .qi = b[QI] };
    *len = TEE_PKCS8_MAX;
    return plug()->parts_private(KS_RSA2048, &parts, der, len);
}

static void
test_parts_make_the_key_again(void)
{
    static uint8_t der[TEE_PKCS8_MAX];
    static struct pair p;
    BIGNUM *v[PARTS];
    size_t i, len;

    pair_load("rsa2048", KS_RSA2048, &p);
    parts_of(&p, v);
    CU_ASSERT_EQUAL(try_parts(v, der, &len), TEE_OK);
    CU_ASSERT_EQUAL(len, p.pkcs8_len);
    CU_ASSERT(memcmp(der, p.pkcs8, len) == 0);
    for (i = 0; i < PARTS; i++) {
        CU_ASSERT_EQUAL(BN_add_word(v[i], 2), 1);
        CU_ASSERT_EQUAL(try_parts(v, der, &len), TEE_E_ARG);
        CU_ASSERT_EQUAL(BN_sub_word(v[i], 2), 1);
    }
    for (i = 0; i < PARTS; i++) { /* one is missing */
        BIGNUM *saved = v[i];

        v[i] = BN_new();
        CU_ASSERT_EQUAL(try_parts(v, der, &len), TEE_E_ARG);
        BN_free(v[i]);
        v[i] = saved;
    }
    for (i = 0; i < PARTS; i++)
        BN_free(v[i]);
    pair_clear(&p);
}

/* Recomputes what follows from p, q and e. */
static void
derive(BIGNUM *v[PARTS])
{
    BN_CTX *c = BN_CTX_new();
    BIGNUM *p1 = BN_dup(v[P]), *q1 = BN_dup(v[Q]), *phi = BN_new();

    CU_ASSERT(BN_sub_word(p1, 1) && BN_sub_word(q1, 1));
    CU_ASSERT(BN_mul(phi, p1, q1, c) && BN_mul(v[N], v[P], v[Q], c));
    CU_ASSERT(BN_mod_inverse(v[D], v[E], phi, c) != NULL);
    CU_ASSERT(BN_mod(v[DP], v[D], p1, c) && BN_mod(v[DQ], v[D], q1, c));
    CU_ASSERT(BN_mod_inverse(v[QI], v[Q], v[P], c) != NULL);
    BN_free(p1);
    BN_free(q1);
    BN_free(phi);
    BN_CTX_free(c);
}

/* Everything fits, only that p is no prime: such a key signs nothing right. */
static void
test_a_composite_factor_is_refused(void)
{
    static uint8_t der[TEE_PKCS8_MAX];
    static struct pair p;
    BN_CTX *c = BN_CTX_new();
    BIGNUM *v[PARTS], *a = BN_new(), *b = BN_new(), *g = BN_new();
    size_t i, len;

    pair_load("rsa2048", KS_RSA2048, &p);
    parts_of(&p, v);
    do {
        CU_ASSERT(BN_generate_prime_ex(a, 512, 0, NULL, NULL, NULL));
        CU_ASSERT(BN_generate_prime_ex(b, 512, 0, NULL, NULL, NULL));
        CU_ASSERT(BN_mul(v[P], a, b, c));
        CU_ASSERT(BN_sub(a, v[P], BN_value_one()));
        CU_ASSERT(BN_gcd(g, a, v[E], c));
        CU_ASSERT(BN_mul(b, v[P], v[Q], c));
    } while (BN_num_bits(v[P]) != 1024 || BN_num_bits(b) != 2048 ||
             !BN_is_one(g));
    derive(v);
    CU_ASSERT_EQUAL(try_parts(v, der, &len), TEE_E_ARG);
    for (i = 0; i < PARTS; i++)
        BN_free(v[i]);
    BN_free(a);
    BN_free(b);
    BN_free(g);
    BN_CTX_free(c);
    pair_clear(&p);
}

static void
test_exponents_other_than_the_allowed_are_refused(void)
{
    static const struct {
        const char *e;
        bool ok;
    } row[] = {
        { "03", false },
        { "11", false },
        { "ffff", false },
        { "010000", false },
        { "010001", true },
        { "010003", true },
        { "ffffffffffffffff", true },
        { "010000000000000001", false },
        { "00", false },
        { "", false },
    };
    struct ks_parts parts = { 0 };
    uint8_t n[257], der[512];
    size_t i, len;
    void *key;

    memset(n, 0xc5, sizeof(n));
    for (i = 0; i < TEE_LEN(row); i++) {
        parts.n = (struct tee_bytes){ n, 256 };
        parts.e = test_hex(row[i].e);
        len = sizeof(der);
        CU_ASSERT_EQUAL(plug()->parts_public(KS_RSA2048, &parts, der, &len),
                        row[i].ok ? TEE_OK : TEE_E_ARG);
        if (!row[i].ok)
            continue;
        CU_ASSERT_EQUAL(plug()->public_new(
                            KS_RSA2048, (struct tee_bytes){ der, len }, &key),
                        TEE_OK);
        plug()->key_free(key);
    }
}

static void
test_moduli_of_another_size_or_even_are_refused(void)
{
    struct ks_parts parts = { .e = test_hex("010001") };
    uint8_t n[257], der[512];
    size_t len, i;

    for (i = 255; i <= 257; i++) {
        memset(n, 0xc5, sizeof(n));
        parts.n = (struct tee_bytes){ n, i };
        len = sizeof(der);
        CU_ASSERT_EQUAL(plug()->parts_public(KS_RSA2048, &parts, der, &len),
                        i == 256 ? TEE_OK : TEE_E_ARG);
    }
    parts.n = (struct tee_bytes){ n, 256 };
    n[0] = 0x45; /* 2047 bits */
    len = sizeof(der);
    CU_ASSERT_EQUAL(plug()->parts_public(KS_RSA2048, &parts, der, &len),
                    TEE_E_ARG);
    n[0] = 0xc5;
    n[255] = 0xc4;
    CU_ASSERT_EQUAL(plug()->parts_public(KS_RSA2048, &parts, der, &len),
                    TEE_E_ARG);
}

static const struct test tests[] = {
    { "PKCS #1 v1.5 with every hash and size verifies with EVP",
      test_pkcs1_verifies_elsewhere },
    { "PKCS #1 v1.5 of a DigestInfo is that with the hash",
      test_pkcs1_of_a_digest_info_is_pkcs1_with_the_hash },
    { "PKCS #1 v1.5 without a hash takes 1 to k-11 bytes",
      test_pkcs1_takes_short_texts_only },
    { "PSS with every hash, MGF and salt verifies with EVP",
      test_pss_verifies_elsewhere },
    { "another salt length, hash or MGF does not verify",
      test_another_salt_hash_or_mgf_does_not_verify },
    { "mechanisms that do not fit are refused",
      test_mechanisms_that_do_not_fit_are_refused },
    { "PSS without a hash takes the length of its digest only",
      test_pss_without_a_hash_takes_its_digest_length_only },
    { "forged paddings do not verify", test_forged_paddings_do_not_verify },
    { "DigestInfos in other forms do not verify",
      test_other_digest_infos_do_not_verify },
    { "other lengths and flipped bits do not verify",
      test_other_lengths_and_flipped_bits_do_not_verify },
    { "a generated key signs and has exponent 65537",
      test_a_generated_key_signs_and_has_exponent_65537 },
    { "a key is of its size and algorithm only",
      test_a_key_is_of_its_size_and_algorithm_only },
    { "every prefix and flipped bit of a key is refused",
      test_every_prefix_and_flipped_bit_of_a_key_is_refused },
    { "the parts make the key again, changed or missing ones do not",
      test_parts_make_the_key_again },
    { "a composite factor is refused", test_a_composite_factor_is_refused },
    { "exponents other than the allowed are refused",
      test_exponents_other_than_the_allowed_are_refused },
    { "moduli of another size, and even ones, are refused",
      test_moduli_of_another_size_or_even_are_refused },
    { NULL, NULL },
};
const struct suite suite_plugin_rsa = { "plugin_rsa", tests };
