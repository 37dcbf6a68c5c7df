#include "config.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
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

static const struct test tests[] = {
    { "every curve and hash verifies with EVP in the default context",
      test_every_curve_and_hash_verifies_elsewhere },
    { "a long digest counts by its leftmost bits",
      test_a_long_digest_counts_by_its_leftmost_bits },
    { NULL, NULL },
};
const struct suite suite_plugin_ec = { "plugin_ec", tests };
