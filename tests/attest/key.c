#include <string.h>

#include "tests/attest/keys.h"
#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

#define K0 "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"

static void
check_hash(const char *raw, const char *want)
{
    uint8_t spki[44], h[32];
    char hex[65];

    kit_spki(test_hex(raw).p, spki);
    CU_ASSERT_STRING_EQUAL(att_key_type((struct tee_bytes){ spki, 44 }),
                           "ed25519");
    tee_key_hash((struct tee_bytes){ spki, 44 }, h);
    tee_hex((struct tee_bytes){ h, 32 }, hex);
    CU_ASSERT_STRING_EQUAL(hex, want);
}

/* identity reference, section 2 */
static void
test_hashes(void)
{
    check_hash(KIT_K1, KIT_K1_HASH);
    check_hash(K0, "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab"
                   "107708c");
}

/* The same key in forms that must never be hashed. */
static void
test_wrong_inputs(void)
{
    static const char *const wrong[] = {
        "3cff750890e5117fa7eeff3c052fa627151d29b111505137f884867a5cc85f8a",
        "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9",
        "4ebbe859de728e527bf2c053d3d7dabc7745b6c0c95cdf9dd7952317c3000b1f",
    };
    uint8_t spki[44], h[32], w[32], point[34] = { 0x04, 0x20 };
    size_t i;

    kit_spki(test_hex(KIT_K1).p, spki);
    tee_key_hash((struct tee_bytes){ spki, 44 }, h);
    memcpy(point + 2, spki + 12, 32);
    tee_sha256((struct tee_bytes){ point, 34 }, w);
    CU_ASSERT_EQUAL(memcmp(w, test_hex(wrong[0]).p, 32), 0);
    tee_sha256((struct tee_bytes){ spki, 44 }, w);
    CU_ASSERT_EQUAL(memcmp(w, test_hex(wrong[1]).p, 32), 0);
    tee_sha256(TEE_STR(KIT_K1), w);
    CU_ASSERT_EQUAL(memcmp(w, test_hex(wrong[2]).p, 32), 0);
    for (i = 0; i < TEE_LEN(wrong); i++)
        CU_ASSERT_NOT_EQUAL(memcmp(h, test_hex(wrong[i]).p, 32), 0);
}

/* The eight points of small order, then encodings with y >= p, then points
 * that are not on the curve or outside the main subgroup. */
static const char *const no_keys[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0200000000000000000000000000000000000000000000000000000000000000",
};

static void
test_small_order(void)
{
    uint8_t spki[44];
    size_t i;

    for (i = 0; i < TEE_LEN(no_keys); i++) {
        kit_spki(test_hex(no_keys[i]).p, spki);
        CU_ASSERT_PTR_NULL(att_key_type((struct tee_bytes){ spki, 44 }));
    }
}

static void
test_types(void)
{
    struct att_key k;
    size_t i;

    for (i = 0; i < TEE_LEN(good_keys); i++) {
        CU_ASSERT_EQUAL(att_key_parse(test_hex(good_keys[i].spki), &k), TEE_OK);
        CU_ASSERT_STRING_EQUAL(k.kind->word, good_keys[i].word);
        CU_ASSERT(att_kind_known(tee_bytes_of(k.kind->word)));
    }
    for (i = 0; i < TEE_LEN(foreign_keys); i++)
        CU_ASSERT_PTR_NULL(att_key_type(test_hex(foreign_keys[i].spki)));
    CU_ASSERT_FALSE(att_kind_known(TEE_STR("p256")));
    CU_ASSERT_FALSE(att_kind_known(TEE_STR("")));
}

/* SEQUENCE { SEQUENCE { 2.16.840.1.101.3.4.3.18 }, BIT STRING of n bytes } */
static const char *
mldsa(size_t n)
{
    static uint8_t zero[2048];
    struct tee_buf bits, in, out;
    const char *word;

    tee_buf_init(&bits, 4096);
    tee_buf_init(&in, 4096);
    tee_buf_init(&out, 4096);
    tee_buf_u8(&bits, 0);
    tee_buf_put(&bits, zero, n);
    tee_der_put(&in, 0x30, test_hex("0609608648016503040312"));
    tee_der_put(&in, 0x03, tee_buf_view(&bits));
    tee_der_put(&out, 0x30, tee_buf_view(&in));
    word = att_key_type(tee_buf_view(&out));
    tee_buf_clear(&bits);
    tee_buf_clear(&in);
    tee_buf_clear(&out);
    return word;
}

static void
test_mldsa(void)
{
    const char *word = mldsa(1952);

    CU_ASSERT_PTR_NOT_NULL_FATAL(word);
    CU_ASSERT_STRING_EQUAL(word, "ml-dsa-65");
    CU_ASSERT_PTR_NULL(mldsa(1951));
    CU_ASSERT_PTR_NULL(mldsa(1312)); /* ML-DSA-44 */
}

static void
test_der(void)
{
    struct tee_bytes spki;
    uint8_t copy[512];
    struct att_key k;
    size_t i, n;

    for (i = 0; i < TEE_LEN(good_keys); i++) {
        spki = test_hex(good_keys[i].spki);
        for (n = 0; n < spki.len; n++)
            CU_ASSERT_EQUAL(att_key_parse((struct tee_bytes){ spki.p, n }, &k),
                            TEE_E_KEY_TYPE);
        if (spki.len >= sizeof(copy))
            continue;
        memcpy(copy, spki.p, spki.len);
        copy[spki.len] = 0; /* a byte behind it */
        CU_ASSERT_EQUAL(
            att_key_parse((struct tee_bytes){ copy, spki.len + 1 }, &k),
            TEE_E_KEY_TYPE);
    }
    /* unused bits in the BIT STRING; NULL parameters; a long form length */
    CU_ASSERT_PTR_NULL(
        att_key_type(test_hex("302a300506032b6570032101" KIT_K1)));
    CU_ASSERT_PTR_NULL(
        att_key_type(test_hex("302c300706032b65700500032100" KIT_K1)));
    CU_ASSERT_PTR_NULL(
        att_key_type(test_hex("30812a300506032b6570032100" KIT_K1)));
}

static const char *
rsa_with(struct tee_bytes n, struct tee_bytes e)
{
    struct tee_buf num, bits, in, out;
    const char *word;

    tee_buf_init(&num, 1024);
    tee_buf_init(&bits, 1024);
    tee_buf_init(&in, 1024);
    tee_buf_init(&out, 1024);
    tee_der_put_uint(&num, n);
    tee_der_put_uint(&num, e);
    tee_buf_u8(&bits, 0);
    tee_der_put(&bits, 0x30, tee_buf_view(&num));
    tee_der_put(&in, 0x30, test_hex("06092a864886f70d0101010500"));
    tee_der_put(&in, 0x03, tee_buf_view(&bits));
    tee_der_put(&out, 0x30, tee_buf_view(&in));
    word = att_key_type(tee_buf_view(&out));
    tee_buf_clear(&num);
    tee_buf_clear(&bits);
    tee_buf_clear(&in);
    tee_buf_clear(&out);
    return word;
}

/* Under the exponent 1 every message is its own signature. */
static void
test_rsa_exponent(void)
{
    uint8_t n[256];

    memset(n, 0xc1, sizeof(n));
    CU_ASSERT_PTR_NULL(rsa_with((struct tee_bytes){ n, 256 }, TEE_STR("\1")));
    CU_ASSERT_PTR_NULL(rsa_with((struct tee_bytes){ n, 256 }, TEE_STR("\2")));
    CU_ASSERT_PTR_NULL(rsa_with((struct tee_bytes){ n, 256 }, TEE_STR("")));
    CU_ASSERT_PTR_NULL(
        rsa_with((struct tee_bytes){ n, 256 }, TEE_STR("\1\0\0\0\1")));
    CU_ASSERT_PTR_NULL(rsa_with((struct tee_bytes){ n, 255 }, TEE_STR("\3")));
    CU_ASSERT_PTR_NOT_NULL(
        rsa_with((struct tee_bytes){ n, 256 }, TEE_STR("\3")));
}

/* RFC 8017 numbers that are no RSA key, in the frame of a good one */
static void
test_rsa(void)
{
    struct tee_bytes good = { NULL, 0 };
    uint8_t spki[294];
    size_t i, n_at = 33, e_at = 291; /* modulus, exponent 01 00 01 */

    for (i = 0; i < TEE_LEN(good_keys); i++) {
        if (strcmp(good_keys[i].word, "rsa-2048") == 0)
            good = test_hex(good_keys[i].spki);
    }
    CU_ASSERT_EQUAL_FATAL(good.len, sizeof(spki));
    memcpy(spki, good.p, sizeof(spki));
    CU_ASSERT_EQUAL(memcmp(spki + e_at, "\x01\x00\x01", 3), 0);
    spki[e_at + 2] = 0; /* even exponent */
    CU_ASSERT_PTR_NULL(att_key_type((struct tee_bytes){ spki, 294 }));
    spki[e_at] = 0x81; /* negative exponent */
    spki[e_at + 2] = 1;
    CU_ASSERT_PTR_NULL(att_key_type((struct tee_bytes){ spki, 294 }));
    memcpy(spki, good.p, sizeof(spki));
    spki[n_at] &= 0x7f; /* shorter modulus, not in minimal form */
    CU_ASSERT_PTR_NULL(att_key_type((struct tee_bytes){ spki, 294 }));
    memcpy(spki, good.p, sizeof(spki));
    spki[e_at - 3] &= 0xfe; /* even modulus */
    CU_ASSERT_PTR_NULL(att_key_type((struct tee_bytes){ spki, 294 }));
}

static const struct test tests[] = {
    { "keys K1 and K0 have their published hashes", test_hashes },
    { "other forms of the same key have other hashes", test_wrong_inputs },
    { "small-order and non-canonical points are no keys", test_small_order },
    { "each type is told from its SubjectPublicKeyInfo", test_types },
    { "ML-DSA-65 is told by its identifier and size", test_mldsa },
    { "every prefix, a byte more and loose DER are refused", test_der },
    { "RSA numbers that are no key are refused", test_rsa },
    { "RSA exponents are odd, at least 3, of 32 bits", test_rsa_exponent },
    { NULL, NULL }
};
const struct suite suite_key = { "key", tests };
