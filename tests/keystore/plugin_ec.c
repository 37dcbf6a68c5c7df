#include "config.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

#include "tests/keystore/plugin_util.h"

static const struct curve {
    const char *word, *name;
    enum ks_ktype type;
    size_t field;
} curves[] = {
    { "p256", "P-256", KS_P256, 32 },
    { "p384", "P-384", KS_P384, 48 },
    { "p521", "P-521", KS_P521, 66 },
};
static const struct {
    enum ks_hash hash;
    const char *name;
} hashes[] = {
    { KS_SHA1, "SHA1" },     { KS_SHA224, "SHA224" }, { KS_SHA256, "SHA256" },
    { KS_SHA384, "SHA384" }, { KS_SHA512, "SHA512" },
};

static struct ks_mech
ecdsa(enum ks_hash hash)
{
    return (struct ks_mech){ .scheme = KS_ECDSA, .hash = hash };
}

/* Somebody else's check: EVP in the default library context. */
static bool
evp_verifies(EVP_PKEY *key, const char *hash, struct tee_bytes msg,
             const uint8_t *raw, size_t len)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    uint8_t der[160];
    size_t n = raw_to_der(raw, len, der, sizeof(der));
    bool ok;

    ok = EVP_DigestVerifyInit_ex(c, NULL, hash, NULL, NULL, key, NULL) == 1 &&
         EVP_DigestVerify(c, der, n, msg.p, msg.len) == 1;
    EVP_MD_CTX_free(c);
    return ok;
}

static bool
evp_verifies_digest(EVP_PKEY *key, struct tee_bytes digest, const uint8_t *raw,
                    size_t len)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
    uint8_t der[160];
    size_t n = raw_to_der(raw, len, der, sizeof(der));
    bool ok;

    ok = EVP_PKEY_verify_init(c) == 1 &&
         EVP_PKEY_verify(c, der, n, digest.p, digest.len) == 1;
    EVP_PKEY_CTX_free(c);
    return ok;
}

static void
test_every_curve_and_hash_verifies_elsewhere(void)
{
    struct tee_bytes msg = TEE_STR("a message");
    uint8_t sig[132];
    struct ks_mech m;
    static struct pair p;
    size_t i, j, len;

    for (i = 0; i < TEE_LEN(curves); i++) {
        pair_load(curves[i].word, curves[i].type, &p);
        for (j = 0; j < TEE_LEN(hashes); j++) {
            m = ecdsa(hashes[j].hash);
            len = sizeof(sig);
            CU_ASSERT_EQUAL(plug()->sign(p.priv, &m, msg, sig, &len), TEE_OK);
            CU_ASSERT_EQUAL(len, 2 * curves[i].field);
            CU_ASSERT(evp_verifies(p.evp, hashes[j].name, msg, sig, len));
            CU_ASSERT_EQUAL(
                plug()->verify(p.pub, &m, msg, (struct tee_bytes){ sig, len }),
                TEE_OK);
        }
        pair_clear(&p);
    }
}

static void
test_a_long_digest_counts_by_its_leftmost_bits(void)
{
    struct ks_mech m = ecdsa(KS_H_NONE);
    uint8_t digest[100], sig[132];
    static struct pair p;
    size_t i, len, n;

    memset(digest, 0x5a, sizeof(digest));
    for (i = 0; i < TEE_LEN(curves); i++) {
        pair_load(curves[i].word, curves[i].type, &p);
        for (n = 1; n <= sizeof(digest); n += 11) {
            len = sizeof(sig);
            CU_ASSERT_EQUAL(plug()->sign(p.priv, &m,
                                         (struct tee_bytes){ digest, n }, sig,
                                         &len),
                            TEE_OK);
            CU_ASSERT(evp_verifies_digest(
                p.evp, (struct tee_bytes){ digest, n }, sig, len));
        }
        pair_clear(&p);
    }
}

/* RFC 6979 appendices A.2.5 and A.2.6: the message "sample" */
static const struct known {
    enum ks_ktype type;
    enum ks_hash hash;
    const char *d, *x, *y, *r, *s;
} answers[] = {
    { KS_P256, KS_SHA256,
      "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
      "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
      "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
      "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
      "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8" },
    { KS_P384, KS_SHA384,
      "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8"
      "96d5724e4c70a825f872c9ea60d2edf5",
      "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
      "def8f0ea9055866064a254515480bc13",
      "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1"
      "288b231c3ae0d4fe7344fd2533264720",
      "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
      "81a648152e44acf96e36dd1e80fabe46",
      "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
      "a329c145786e679e7b82c71a38628ac8" },
};

static size_t
join(struct tee_bytes a, struct tee_bytes b, uint8_t *ret)
{
    memcpy(ret, a.p, a.len);
    memcpy(ret + a.len, b.p, b.len);
    return a.len + b.len;
}

static void
test_known_answers_of_rfc_6979(void)
{
    uint8_t point[133] = { 4 }, sig[132], der[512];
    struct ks_parts parts = { 0 };
    const struct known *k;
    size_t i, n, len;
    struct ks_mech m;
    void *key;

    for (i = 0; i < TEE_LEN(answers); i++) {
        k = &answers[i];
        n = 1 + join(test_hex(k->x), test_hex(k->y), point + 1);
        parts.ec_point = (struct tee_bytes){ point, n };
        parts.ec_d = test_hex(k->d);
        len = sizeof(der);
        CU_ASSERT_EQUAL(plug()->parts_private(k->type, &parts, der, &len),
                        TEE_OK);
        CU_ASSERT_EQUAL(
            plug()->private_new(k->type, (struct tee_bytes){ der, len }, &key),
            TEE_OK);
        len = sizeof(der);
        CU_ASSERT_EQUAL(plug()->spki(key, der, &len), TEE_OK);
        CU_ASSERT(memcmp(der + len - n, point, n) == 0);
        plug()->key_free(key);
        CU_ASSERT_EQUAL(
            plug()->public_new(k->type, (struct tee_bytes){ der, len }, &key),
            TEE_OK);
        m = ecdsa(k->hash);
        n = join(test_hex(k->r), test_hex(k->s), sig);
        CU_ASSERT_EQUAL(plug()->verify(key, &m, TEE_STR("sample"),
                                       (struct tee_bytes){ sig, n }),
                        TEE_OK);
        CU_ASSERT_EQUAL(plug()->verify(key, &m, TEE_STR("Sample"),
                                       (struct tee_bytes){ sig, n }),
                        TEE_E_SIGNATURE);
        plug()->key_free(key);
    }
}

/* r or s replaced by this number, or by itself plus the order. */
static const char order[] =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

static enum tee_err
verify_p256(const struct pair *p, const uint8_t *sig, size_t len)
{
    struct ks_mech m = ecdsa(KS_SHA256);

    return plug()->verify(p->pub, &m, TEE_STR("message"),
                          (struct tee_bytes){ sig, len });
}

static void
sign_p256(const struct pair *p, uint8_t sig[64])
{
    struct ks_mech m = ecdsa(KS_SHA256);
    size_t len = 64;

    CU_ASSERT_EQUAL(plug()->sign(p->priv, &m, TEE_STR("message"), sig, &len),
                    TEE_OK);
}

static void
test_numbers_out_of_range_do_not_verify(void)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        order,
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    uint8_t good[64], sig[64];
    static struct pair p;
    size_t i;

    pair_load("p256", KS_P256, &p);
    sign_p256(&p, good);
    CU_ASSERT_EQUAL(verify_p256(&p, good, 64), TEE_OK);
    for (i = 0; i < TEE_LEN(bad); i++) {
        memcpy(sig, good, 64);
        memcpy(sig, test_hex(bad[i]).p, 32);
        CU_ASSERT_EQUAL(verify_p256(&p, sig, 64), TEE_E_SIGNATURE);
        memcpy(sig, good, 64);
        memcpy(sig + 32, test_hex(bad[i]).p, 32);
        CU_ASSERT_EQUAL(verify_p256(&p, sig, 64), TEE_E_SIGNATURE);
        memcpy(sig, test_hex(bad[i]).p, 32);
        CU_ASSERT_EQUAL(verify_p256(&p, sig, 64), TEE_E_SIGNATURE);
    }
    memcpy(sig, good + 32, 32);
    memcpy(sig + 32, good, 32);
    CU_ASSERT_EQUAL(verify_p256(&p, sig, 64), TEE_E_SIGNATURE);
    pair_clear(&p);
}

static void
test_one_flipped_bit_does_not_verify(void)
{
    static struct pair p;
    uint8_t sig[64];
    size_t i;

    pair_load("p256", KS_P256, &p);
    sign_p256(&p, sig);
    for (i = 0; i < 512; i++) {
        sig[i / 8] ^= (uint8_t)(1u << i % 8);
        CU_ASSERT_EQUAL(verify_p256(&p, sig, 64), TEE_E_SIGNATURE);
        sig[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    CU_ASSERT_EQUAL(verify_p256(&p, sig, 64), TEE_OK);
    pair_clear(&p);
}

static void
test_other_lengths_and_der_are_no_signature(void)
{
    uint8_t sig[64], der[160];
    static struct pair p;
    size_t n;

    pair_load("p256", KS_P256, &p);
    sign_p256(&p, sig);
    n = raw_to_der(sig, 64, der, sizeof(der));
    CU_ASSERT(n > 64);
    CU_ASSERT_EQUAL(verify_p256(&p, der, n), TEE_E_SIG_LEN);
    for (n = 0; n <= sizeof(der); n++) {
        if (n != 64)
            CU_ASSERT_EQUAL(verify_p256(&p, der, n),
                            n == 0 || n > 64 || n % 2 != 0 ? TEE_E_SIG_LEN
                                                           : TEE_E_SIGNATURE);
    }
    pair_clear(&p);
}

/* A quarter of all P-521 signatures begins with a zero in both halves. */
static void
test_a_shorter_signature_of_even_length_verifies(void)
{
    struct ks_mech m = ecdsa(KS_SHA512);
    struct tee_bytes msg = TEE_STR("message");
    static struct pair p;
    uint8_t sig[132];
    unsigned tries;
    size_t len;

    pair_load("p521", KS_P521, &p);
    for (tries = 0; tries < 400; tries++) {
        len = sizeof(sig);
        CU_ASSERT_EQUAL(plug()->sign(p.priv, &m, msg, sig, &len), TEE_OK);
        if (sig[0] == 0 && sig[66] == 0)
            break;
    }
    CU_ASSERT(tries < 400);
    memmove(sig, sig + 1, 65);
    memmove(sig + 65, sig + 67, 65);
    CU_ASSERT_EQUAL(
        plug()->verify(p.pub, &m, msg, (struct tee_bytes){ sig, 130 }), TEE_OK);
    sig[129] ^= 1;
    CU_ASSERT_EQUAL(
        plug()->verify(p.pub, &m, msg, (struct tee_bytes){ sig, 130 }),
        TEE_E_SIGNATURE);
    pair_clear(&p);
}

static void
test_p256_and_p384_are_generated_p521_is_not(void)
{
    uint8_t pkcs8[512], spki[512];
    size_t n = sizeof(pkcs8), l = sizeof(spki), i;
    static struct pair p, q;

    for (i = 0; i < 2; i++) {
        pair_generate(curves[i].type, &p);
        pair_generate(curves[i].type, &q);
        CU_ASSERT_EQUAL(p.spki_len, q.spki_len);
        CU_ASSERT(memcmp(p.spki, q.spki, p.spki_len) != 0);
        pair_clear(&p);
        pair_clear(&q);
    }
    CU_ASSERT_EQUAL(plug()->generate(KS_P521, pkcs8, &n, spki, &l),
                    TEE_E_UNSUPPORTED);
}

/* ---- foreign keys
 * -------------------------------------------------------------- */

static enum tee_err
private_new(enum ks_ktype type, struct tee_bytes der)
{
    enum tee_err err;
    void *key = NULL;

    err = plug()->private_new(type, der, &key);
    CU_ASSERT((err == TEE_OK) == (key != NULL));
    plug()->key_free(key);
    return err;
}

static enum tee_err
public_new(enum ks_ktype type, struct tee_bytes der)
{
    enum tee_err err;
    void *key = NULL;

    err = plug()->public_new(type, der, &key);
    CU_ASSERT((err == TEE_OK) == (key != NULL));
    plug()->key_free(key);
    return err;
}

/* d of RFC 6979 in each form that others write, good and bad. */
#define D256 "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
#define XY256                                                                  \
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"         \
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define ALG256 "301306072a8648ce3d020106082a8648ce3d030107"
#define CURVE  "06082a8648ce3d030107"
#define PUB256 "a14403420004" XY256
static const struct {
    const char *what, *hex;
    enum tee_err err;
} forms[] = {
    { "with the public key",
      "308187020100" ALG256 "046d306b0201010420" D256 PUB256, TEE_OK },
    { "without it", "3041020100" ALG256 "042730250201010420" D256, TEE_OK },
    { "with the curve again",
      "304d020100" ALG256 "043330310201010420" D256 "a00a" CURVE, TEE_OK },
    { "another curve inside",
      "304a020100" ALG256 "0430302e0201010420" D256 "a00706052b81040022",
      TEE_E_KEY_TYPE },
    { "half an identifier inside",
      "3045020100" ALG256 "042b30290201010420" D256 "a002"
      "0107",
      TEE_E_KEY_TYPE },
    { "no identifier inside",
      "3043020100" ALG256 "042930270201010420" D256 "a000", TEE_E_MALFORMED },
    { "version 1 outside", "3041020101" ALG256 "042730250201010420" D256,
      TEE_E_MALFORMED },
    { "version 0 inside", "3041020100" ALG256 "042730250201000420" D256,
      TEE_E_MALFORMED },
    { "version in two bytes", "304202020000" ALG256 "042730250201010420" D256,
      TEE_E_MALFORMED },
    { "negative version", "30410201ff" ALG256 "042730250201010420" D256,
      TEE_E_MALFORMED },
    { "an attribute", "3043020100" ALG256 "042730250201010420" D256 "a000",
      TEE_E_MALFORMED },
    { "a byte behind it", "3041020100" ALG256 "042730250201010420" D256 "00",
      TEE_E_MALFORMED },
    { "a byte behind the inner sequence",
      "3042020100" ALG256 "042830250201010420" D256 "00", TEE_E_MALFORMED },
    { "a byte in the inner sequence",
      "3042020100" ALG256 "042830260201010420" D256 "00", TEE_E_MALFORMED },
    { "long form of a short length",
      "308141020100" ALG256 "042730250201010420" D256, TEE_E_TRUNCATED },
    { "indefinite length", "3080020100" ALG256 "042730250201010420" D256 "0000",
      TEE_E_TRUNCATED },
    { "private number in 31 bytes",
      "3040020100" ALG256 "04263024020101041f"
      "afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a"
      "622b120f6721",
      TEE_E_MALFORMED },
    { "private number in 33 bytes",
      "3042020100" ALG256 "042830260201010421"
      "00" D256,
      TEE_E_MALFORMED },
    { "private number zero",
      "3041020100" ALG256 "042730250201010420"
      "0000000000000000000000000000000000000000000000000000000000000000",
      TEE_E_MALFORMED },
    { "private number of the order",
      "3041020100" ALG256 "042730250201010420"
      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
      TEE_E_MALFORMED },
    { "somebody else's public key",
      "308187020100" ALG256 "046d306b0201010420"
      "0000000000000000000000000000000000000000000000000000000000000001" PUB256,
      TEE_E_SPKI },
    { "compressed public key",
      "3067020100" ALG256 "044d304b0201010420" D256 "a12403220003"
      "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
      TEE_E_SPKI },
    { "unused bits in the public key",
      "308187020100" ALG256 "046d306b0201010420" D256 "a14403420104" XY256,
      TEE_E_MALFORMED },
    { "two public keys",
      "3081cd020100" ALG256 "0481b23081af0201010420" D256 PUB256 PUB256,
      TEE_E_MALFORMED },
    { "no parameters",
      "3037020100"
      "300906072a8648ce3d0201"
      "042730250201010420" D256,
      TEE_E_KEY_TYPE },
    { "of P-384 by name",
      "303e020100"
      "301006072a8648ce3d020106052b81040022"
      "042730250201010420" D256,
      TEE_E_KEY_TYPE },
    { "of Ed25519",
      "302e020100"
      "300506032b6570"
      "04220420" D256,
      TEE_E_KEY_TYPE },
    { "without its wrapping (SEC 1)",
      "3077"
      "0201010420" D256 "a00a" CURVE PUB256,
      TEE_E_MALFORMED },
    { "text", "2d2d2d2d2d424547494e2050524956415445204b45592d2d2d2d2d",
      TEE_E_MALFORMED },
    { "nothing", "", TEE_E_TRUNCATED },
};

static void
test_every_form_of_a_foreign_key_is_judged(void)
{
    enum tee_err err;
    size_t i;

    for (i = 0; i < TEE_LEN(forms); i++) {
        err = private_new(KS_P256, test_hex(forms[i].hex));
        if (err != forms[i].err)
            printf("    %s: %s\n", forms[i].what, tee_err_name(err));
        CU_ASSERT_EQUAL(err, forms[i].err);
    }
}

/* Written by libcrypto's encoder with the curve spelt out. */
static void
test_explicit_curve_parameters_are_refused(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    PKCS8_PRIV_KEY_INFO *p8;
    uint8_t *der = NULL;
    int n;

    CU_ASSERT_EQUAL(EVP_PKEY_set_utf8_string_param(
                        key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"),
                    1);
    p8 = EVP_PKEY2PKCS8(key);
    n = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
    CU_ASSERT(n > 200);
    CU_ASSERT_EQUAL(private_new(KS_P256, (struct tee_bytes){ der, (size_t)n }),
                    TEE_E_KEY_TYPE);
    OPENSSL_free(der);
    der = NULL;
    n = i2d_PUBKEY(key, &der);
    CU_ASSERT(n > 150);
    CU_ASSERT_EQUAL(public_new(KS_P256, (struct tee_bytes){ der, (size_t)n }),
                    TEE_E_KEY_TYPE);
    OPENSSL_free(der);
    PKCS8_PRIV_KEY_INFO_free(p8);
    EVP_PKEY_free(key);
}

static void
test_an_encrypted_key_is_refused(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
    X509_SIG *enc =
        PKCS8_encrypt(-1, EVP_aes_128_cbc(), "secret", 6, NULL, 0, 1, p8);
    uint8_t *der = NULL;
    int n = i2d_X509_SIG(enc, &der);

    CU_ASSERT(n > 100);
    CU_ASSERT_EQUAL(private_new(KS_P256, (struct tee_bytes){ der, (size_t)n }),
                    TEE_E_MALFORMED);
    OPENSSL_free(der);
    X509_SIG_free(enc);
    PKCS8_PRIV_KEY_INFO_free(p8);
    EVP_PKEY_free(key);
}

static void
test_every_prefix_of_a_key_is_refused(void)
{
    static struct pair p;
    size_t i, n;

    for (i = 0; i < TEE_LEN(curves); i++) {
        pair_load(curves[i].word, curves[i].type, &p);
        for (n = 0; n < p.pkcs8_len; n++)
            CU_ASSERT_EQUAL(
                private_new(p.type, (struct tee_bytes){ p.pkcs8, n }),
                TEE_E_TRUNCATED);
        for (n = 0; n < p.spki_len; n++)
            CU_ASSERT_EQUAL(public_new(p.type, (struct tee_bytes){ p.spki, n }),
                            TEE_E_TRUNCATED);
        pair_clear(&p);
    }
}

static void
test_every_flipped_bit_of_a_key_is_refused(void)
{
    static struct pair p;
    size_t i, bit;

    for (i = 0; i < 2; i++) {
        pair_load(curves[i].word, curves[i].type, &p);
        for (bit = 0; bit < 8 * p.pkcs8_len; bit++) {
            p.pkcs8[bit / 8] ^= (uint8_t)(1u << bit % 8);
            CU_ASSERT_NOT_EQUAL(
                private_new(p.type, (struct tee_bytes){ p.pkcs8, p.pkcs8_len }),
                TEE_OK);
            p.pkcs8[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (bit = 0; bit < 8 * p.spki_len; bit++) {
            p.spki[bit / 8] ^= (uint8_t)(1u << bit % 8);
            CU_ASSERT_NOT_EQUAL(
                public_new(p.type, (struct tee_bytes){ p.spki, p.spki_len }),
                TEE_OK);
            p.spki[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        pair_clear(&p);
    }
}

static const struct {
    const char *what, *point;
} points[] = {
    { "infinity", "00" },
    { "compressed", "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622"
                    "e60f29fb6" },
    { "hybrid", "07" XY256 },
    { "off the curve", "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce6696"
                       "22e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e"
                       "9f5177a3c294d44622"
                       "98" },
    { "x not below the prime",
      "04ffffffff00000001000000000000000000000000ffffff"
      "ffffffffffffffffff7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c2"
      "9"
      "4d4462299" },
    { "a byte short",
      "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622"
      "e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462"
      "2" },
    { "a byte long", "04" XY256 "00" },
    { "in its DER wrapping", "044104" XY256 },
    { "nothing", "" },
};

static void
test_points_that_are_none_are_refused(void)
{
    struct ks_parts parts = { 0 };
    uint8_t der[512];
    size_t i, n;
    void *key;

    for (i = 0; i < TEE_LEN(points); i++) {
        parts.ec_point = test_hex(points[i].point);
        n = sizeof(der);
        CU_ASSERT_EQUAL(plug()->parts_public(KS_P256, &parts, der, &n),
                        TEE_E_ARG);
        CU_ASSERT_EQUAL(n, sizeof(der));
    }
    parts.ec_point = test_hex("04" XY256);
    n = sizeof(der);
    CU_ASSERT_EQUAL(plug()->parts_public(KS_P384, &parts, der, &n), TEE_E_ARG);
    CU_ASSERT_EQUAL(plug()->parts_public(KS_P256, &parts, der, &n), TEE_OK);
    CU_ASSERT_EQUAL(n, 91);
    CU_ASSERT_EQUAL(
        plug()->public_new(KS_P256, (struct tee_bytes){ der, n }, &key),
        TEE_OK);
    plug()->key_free(key);
}

static void
test_parts_of_a_template_make_a_key(void)
{
    static const struct {
        const char *d, *point;
        enum tee_err err;
    } row[] = {
        { D256, "", TEE_OK },
        { D256, "04" XY256, TEE_OK },
        { "0000" D256, "", TEE_OK },
        { "01", "", TEE_OK },
        { "01", "04" XY256, TEE_E_ARG },
        { D256,
          "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f"
          "29fb6",
          TEE_E_ARG },
        { "", "", TEE_E_ARG },
        { "00", "", TEE_E_ARG },
        { order, "", TEE_E_ARG },
        { "01" D256, "", TEE_E_ARG },
    };
    struct ks_parts parts = { 0 };
    uint8_t der[512];
    size_t i, n;

    for (i = 0; i < TEE_LEN(row); i++) {
        parts.ec_d = test_hex(row[i].d);
        parts.ec_point = test_hex(row[i].point);
        n = sizeof(der);
        CU_ASSERT_EQUAL(plug()->parts_private(KS_P256, &parts, der, &n),
                        row[i].err);
        if (row[i].err == TEE_OK)
            CU_ASSERT_EQUAL(private_new(KS_P256, (struct tee_bytes){ der, n }),
                            TEE_OK);
    }
}

static const struct test tests[] = {
    { "every curve and hash verifies with EVP in the default context",
      test_every_curve_and_hash_verifies_elsewhere },
    { "a long digest counts by its leftmost bits",
      test_a_long_digest_counts_by_its_leftmost_bits },
    { "known answers of RFC 6979", test_known_answers_of_rfc_6979 },
    { "r or s of zero, of the order or above does not verify",
      test_numbers_out_of_range_do_not_verify },
    { "one flipped bit does not verify", test_one_flipped_bit_does_not_verify },
    { "other lengths and DER are no signature",
      test_other_lengths_and_der_are_no_signature },
    { "a shorter signature of even length verifies",
      test_a_shorter_signature_of_even_length_verifies },
    { "P-256 and P-384 are generated, P-521 is not",
      test_p256_and_p384_are_generated_p521_is_not },
    { "every form of a foreign key is judged",
      test_every_form_of_a_foreign_key_is_judged },
    { "explicit curve parameters are refused",
      test_explicit_curve_parameters_are_refused },
    { "an encrypted key is refused", test_an_encrypted_key_is_refused },
    { "every prefix of a key is refused",
      test_every_prefix_of_a_key_is_refused },
    { "every flipped bit of a key is refused",
      test_every_flipped_bit_of_a_key_is_refused },
    { "points that are none are refused",
      test_points_that_are_none_are_refused },
    { "parts of a template make a key", test_parts_of_a_template_make_a_key },
    { NULL, NULL },
};
const struct suite suite_plugin_ec = { "plugin_ec", tests };
