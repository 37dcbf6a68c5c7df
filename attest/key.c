/* Public keys as DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). */
#include <sodium.h>
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

/* AlgorithmIdentifier without its own tag and length: OID, then parameters */
#define OID_EC   "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01" /* RFC 5480 2.1.1 */
#define ALG_ED   "\x06\x03\x2b\x65\x70"                 /* RFC 8410 3 */
#define ALG_P256 OID_EC "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
#define ALG_P384 OID_EC "\x06\x05\x2b\x81\x04\x00\x22"
#define ALG_P521 OID_EC "\x06\x05\x2b\x81\x04\x00\x23"
#define ALG_RSA  "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"
#define ALG_MLDSA                                                              \
    "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03\x12" /* RFC 9881                 \
                                                    */

/* Canonical encoding, on the curve, of the main subgroup, not of small
 * order.  OpenSSL checks none of this. */
static bool
ed25519_ok(const struct att_kind *k, struct tee_bytes key)
{
    return key.len == k->size && crypto_core_ed25519_is_valid_point(key.p) == 1;
}

/* Uncompressed point; whether it is on the curve libcrypto says later. */
static bool
point_ok(const struct att_kind *k, struct tee_bytes key)
{
    return key.len == 1 + 2 * k->size && key.p[0] == 0x04;
}

/* A positive INTEGER in minimal form, without its sign octet. */
static bool
unsigned_int(struct tee_bytes v, struct tee_bytes *ret)
{
    if (v.len == 0 || v.p[0] >= 0x80)
        return false;
    if (v.p[0] == 0) {
        v.p++;
        v.len--;
        if (v.len == 0 || v.p[0] < 0x80)
            return false;
    }
    *ret = v;
    return true;
}

/* RFC 8017 A.1.1: a modulus of exactly this length, an odd exponent > 1 of
 * at most 32 bits. */
static bool
rsa_ok(const struct att_kind *k, struct tee_bytes key)
{
    struct tee_cur c = tee_cur_of(key), in;
    struct tee_bytes n, e;

    in = tee_cur_of(tee_der_get(&c, 0x30));
    n = tee_der_get(&in, 0x02);
    e = tee_der_get(&in, 0x02);
    if (tee_cur_end(&c) != TEE_OK || tee_cur_end(&in) != TEE_OK ||
        !unsigned_int(n, &n) || !unsigned_int(e, &e))
        return false;
    if (n.len != k->size || n.p[0] < 0x80 || (n.p[n.len - 1] & 1) == 0)
        return false;
    return e.len <= 4 && (e.p[e.len - 1] & 1) == 1 && (e.len > 1 || e.p[0] > 1);
}

static bool
raw_ok(const struct att_kind *k, struct tee_bytes key)
{
    return key.len == k->size;
}

#define ALG(a)                                                                 \
    {                                                                          \
        (const uint8_t *)(a), sizeof(a) - 1                                    \
    }
static const struct att_kind kinds[] = {
    { "ed25519", ATT_SIG_ED25519, ALG(ALG_ED), ed25519_ok, 32, 64, NULL },
    { "ec-p256", ATT_SIG_ECDSA, ALG(ALG_P256), point_ok, 32, 64, "SHA256" },
    { "ec-p384", ATT_SIG_ECDSA, ALG(ALG_P384), point_ok, 48, 96, "SHA384" },
    { "ec-p521", ATT_SIG_ECDSA, ALG(ALG_P521), point_ok, 66, 132, "SHA512" },
    { "rsa-2048", ATT_SIG_RSA_PSS, ALG(ALG_RSA), rsa_ok, 256, 256, "SHA256" },
    { "rsa-3072", ATT_SIG_RSA_PSS, ALG(ALG_RSA), rsa_ok, 384, 384, "SHA256" },
    { "rsa-4096", ATT_SIG_RSA_PSS, ALG(ALG_RSA), rsa_ok, 512, 512, "SHA256" },
    { "ml-dsa-65", ATT_SIG_MLDSA, ALG(ALG_MLDSA), raw_ok, 1952, 3309, NULL },
};

bool
att_kind_known(struct tee_bytes word)
{
    size_t i;

    for (i = 0; i < TEE_LEN(kinds); i++) {
        if (tee_bytes_equal(word, tee_bytes_of(kinds[i].word)))
            return true;
    }
    return false;
}

enum tee_err
att_key_parse(struct tee_bytes spki, struct att_key *ret)
{
    struct tee_cur c, in, bits;
    struct tee_bytes alg, key;
    size_t i;

    c = tee_cur_of(spki);
    in = tee_cur_of(tee_der_get(&c, 0x30));
    alg = tee_der_get(&in, 0x30);
    bits = tee_cur_of(tee_der_get(&in, 0x03));
    if (tee_cur_end(&c) != TEE_OK || tee_cur_end(&in) != TEE_OK ||
        tee_cur_u8(&bits) != 0) /* unused bits */
        return TEE_E_KEY_TYPE;
    key = tee_cur_bytes(&bits, bits.left);
    for (i = 0; i < TEE_LEN(kinds); i++) {
        if (!tee_bytes_equal(alg, kinds[i].alg) || !kinds[i].ok(&kinds[i], key))
            continue;
        *ret = (struct att_key){ &kinds[i], spki, key };
        return TEE_OK;
    }
    return TEE_E_KEY_TYPE;
}

const char *
att_key_type(struct tee_bytes spki)
{
    struct att_key k;

    return att_key_parse(spki, &k) == TEE_OK ? k.kind->word : NULL;
}
