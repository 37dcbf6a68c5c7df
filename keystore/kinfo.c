/*
 * What there is to know of each key type, and which type a public key has.
 */
#include "config.h"

#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

/* Words of configuration.md section 3 and of agent-identity section 13;
 * sizes of signatures: RFC 8032, r || s, the modulus, FIPS 204 table 2. */
static const struct ks_kinfo info[KS_KTYPES] = {
    [KS_NONE] = { "none", "", 0, 0 },
    [KS_ED25519] = { "ed25519", "ed25519", 255, 64 },
    [KS_P256] = { "p256", "ec-p256", 256, 64 },
    [KS_P384] = { "p384", "ec-p384", 384, 96 },
    [KS_P521] = { "p521", "ec-p521", 521, 132 },
    [KS_RSA2048] = { "rsa2048", "rsa-2048", 2048, 256 },
    [KS_RSA3072] = { "rsa3072", "rsa-3072", 3072, 384 },
    [KS_RSA4096] = { "rsa4096", "rsa-4096", 4096, 512 },
    [KS_MLDSA44] = { "ml-dsa-44", "ml-dsa-44", 1312, 2420 },
    [KS_MLDSA65] = { "ml-dsa-65", "ml-dsa-65", 1952, 3309 },
    [KS_MLDSA87] = { "ml-dsa-87", "ml-dsa-87", 2592, 4627 },
};

const struct ks_kinfo *
ks_kinfo(enum ks_ktype t)
{
    return &info[(unsigned)t < KS_KTYPES ? t : KS_NONE];
}

/*
 * AlgorithmIdentifier as it stands in a SubjectPublicKeyInfo, from its first
 * TLV: RFC 8410 section 3, RFC 5480 section 2.1.1, RFC 3279 section 2.3.1,
 * RFC 9881 section 2.
 */
#define OID_EC   0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01
#define OID_SIGS 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03
static const uint8_t a_ed25519[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };
static const uint8_t a_p256[] = { OID_EC, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                  0xce,   0x3d, 0x03, 0x01, 0x07 };
static const uint8_t a_p384[] = { OID_EC, 0x06, 0x05, 0x2b,
                                  0x81,   0x04, 0x00, 0x22 };
static const uint8_t a_p521[] = { OID_EC, 0x06, 0x05, 0x2b,
                                  0x81,   0x04, 0x00, 0x23 };
static const uint8_t a_rsa[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00 };
static const uint8_t a_mldsa44[] = { OID_SIGS, 0x11 };
static const uint8_t a_mldsa65[] = { OID_SIGS, 0x12 };
static const uint8_t a_mldsa87[] = { OID_SIGS, 0x13 };

#define ROW(a, type, len)                                                      \
    {                                                                          \
        { a, sizeof(a) }, type, len                                            \
    }
static const struct {
    struct tee_bytes alg;
    enum ks_ktype type; /* RSA: KS_RSA2048 stands for every size */
    size_t key;         /* bytes of the key; 0: by its size */
} spki_rows[] = {
    ROW(a_ed25519, KS_ED25519, 32),   ROW(a_p256, KS_P256, 65),
    ROW(a_p384, KS_P384, 97),         ROW(a_p521, KS_P521, 133),
    ROW(a_rsa, KS_RSA2048, 0),        ROW(a_mldsa44, KS_MLDSA44, 1312),
    ROW(a_mldsa65, KS_MLDSA65, 1952), ROW(a_mldsa87, KS_MLDSA87, 2592),
};

/* RSAPublicKey: SEQUENCE { modulus, publicExponent } (RFC 8017, A.1.1) */
static enum ks_ktype
rsa_type(struct tee_bytes key)
{
    struct tee_cur c = tee_cur_of(key), in;
    struct tee_bytes n;

    in = tee_cur_of(tee_der_get(&c, 0x30));
    n = tee_der_get(&in, 0x02);
    (void)tee_der_get(&in, 0x02);
    /* one zero byte in front, since the top bit of the modulus is set */
    if (tee_cur_end(&c) != TEE_OK || tee_cur_end(&in) != TEE_OK || n.len < 2 ||
        n.p[0] != 0 || n.p[1] < 0x80)
        return KS_NONE;
    return n.len == 257   ? KS_RSA2048
           : n.len == 385 ? KS_RSA3072
           : n.len == 513 ? KS_RSA4096
                          : KS_NONE;
}

enum ks_ktype
ks_spki_type(struct tee_bytes spki)
{
    struct tee_cur c = tee_cur_of(spki), in;
    struct tee_bytes alg, bits;
    size_t i;

    in = tee_cur_of(tee_der_get(&c, 0x30));
    alg = tee_der_get(&in, 0x30);
    bits = tee_der_get(&in, 0x03);
    /* BIT STRING: a first byte that counts unused bits, none here */
    if (tee_cur_end(&c) != TEE_OK || tee_cur_end(&in) != TEE_OK ||
        bits.len < 1 || bits.p[0] != 0)
        return KS_NONE;
    bits.p++;
    bits.len--;
    for (i = 0; i < TEE_LEN(spki_rows); i++) {
        if (!tee_bytes_equal(alg, spki_rows[i].alg))
            continue;
        if (spki_rows[i].key == 0)
            return rsa_type(bits);
        return bits.len == spki_rows[i].key ? spki_rows[i].type : KS_NONE;
    }
    return KS_NONE;
}

void
ks_ed25519_spki(const uint8_t pk[32], uint8_t ret[KS_ED25519_SPKI])
{
    /* RFC 8410 section 4 */
    static const uint8_t head[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                    0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };

    memcpy(ret, head, sizeof(head));
    memcpy(ret + sizeof(head), pk, 32);
}
