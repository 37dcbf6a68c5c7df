#include "config.h"

#define TEE_OSSL_INTERNAL
#include "keystore/ossl/plugin.h"

#define DER(...)                                                               \
    {                                                                          \
        (const uint8_t[]){ __VA_ARGS__ }, sizeof((uint8_t[]){ __VA_ARGS__ })   \
    }
/* RFC 5480 section 2.1.1: id-ecPublicKey, then the named curve */
#define EC_ALG(...)                                                            \
    DER(0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, __VA_ARGS__)
/* RFC 8017 appendix A.1: rsaEncryption, NULL */
#define RSA_ALG                                                                \
    DER(0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,      \
        0x05, 0x00)
/* RFC 9881 section 2: 2.16.840.1.101.3.4.3.17 to .19, no parameters */
#define MLDSA_ALG(last)                                                        \
    DER(0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, last)

/* Raw public keys and signatures: RFC 8032; FIPS 204 table 2. */
static const struct kso_type types[KS_KTYPES] = {
    /* RFC 8410 section 3 */
    [KS_ED25519] = { &kso_raw, "ED25519", 255, 0, 32, 64,
                     DER(0x06, 0x03, 0x2b, 0x65, 0x70) },
    [KS_P256] = { &kso_ec, "P-256", 256, 32, 0, 64,
                  EC_ALG(0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
                         0x07) },
    [KS_P384] = { &kso_ec, "P-384", 384, 48, 0, 96,
                  EC_ALG(0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22) },
    [KS_P521] = { &kso_ec, "P-521", 521, 66, 0, 132,
                  EC_ALG(0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23) },
    [KS_RSA2048] = { &kso_rsa, "RSA", 2048, 0, 0, 256, RSA_ALG },
    [KS_RSA3072] = { &kso_rsa, "RSA", 3072, 0, 0, 384, RSA_ALG },
    [KS_RSA4096] = { &kso_rsa, "RSA", 4096, 0, 0, 512, RSA_ALG },
    [KS_MLDSA44] = { &kso_raw, "ML-DSA-44", 0, 0, 1312, 2420, MLDSA_ALG(0x11) },
    [KS_MLDSA65] = { &kso_raw, "ML-DSA-65", 0, 0, 1952, 3309, MLDSA_ALG(0x12) },
    [KS_MLDSA87] = { &kso_raw, "ML-DSA-87", 0, 0, 2592, 4627, MLDSA_ALG(0x13) },
};

static const struct {
    const char *name;
    size_t len;
} hashes[KSO_HASHES] = {
    [KS_SHA1] = { "SHA1", 20 },       [KS_SHA224] = { "SHA2-224", 28 },
    [KS_SHA256] = { "SHA2-256", 32 }, [KS_SHA384] = { "SHA2-384", 48 },
    [KS_SHA512] = { "SHA2-512", 64 },
};

const struct kso_type *
kso_type(enum ks_ktype type)
{
    if ((unsigned)type >= KS_KTYPES || types[type].family == NULL)
        return NULL;
    return &types[type];
}

size_t
kso_hash_len(enum ks_hash h)
{
    return (unsigned)h < KSO_HASHES ? hashes[h].len : 0;
}

const char *
kso_hash_name(enum ks_hash h)
{
    return (unsigned)h < KSO_HASHES ? hashes[h].name : NULL;
}
