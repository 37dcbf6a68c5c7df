/* HKDF-SHA256 and SHA-256. */
#include "config.h"

#include <string.h>

#include "tests/base/suites.h"

/* RFC 5869, appendices A.1 to A.3 */
static const struct {
    const char *ikm, *salt, *info, *okm;
} answer[] = {
    { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
      "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
      "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
      "34007208d5b887185865" },
    { "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
      "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
      "404142434445464748494a4b4c4d4e4f",
      "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
      "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
      "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
      "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
      "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
      "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
      "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
      "cc30c58179ec3e87c14c01d5c1f3434f1d87" },
    { "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
      "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
      "9d201395faa4b61a96c8" },
};

static void
test_answers(void)
{
    uint8_t out[128];
    size_t i;

    for (i = 0; i < TEE_LEN(answer); i++) {
        struct tee_bytes want = test_hex(answer[i].okm);

        memset(out, 0xee, sizeof(out));
        CU_ASSERT_EQUAL(
            tee_hkdf_sha256(test_hex(answer[i].ikm), test_hex(answer[i].salt),
                            test_hex(answer[i].info), out, want.len),
            TEE_OK);
        CU_ASSERT_TRUE(
            tee_bytes_equal((struct tee_bytes){ out, want.len }, want));
        CU_ASSERT_EQUAL(out[want.len], 0xee);
    }
}

/* Section 2.2: no salt is a salt of 32 zero bytes. */
static void
test_no_salt(void)
{
    static const uint8_t zero[32];
    struct tee_bytes none = { NULL, 0 }, z = { zero, sizeof(zero) };
    uint8_t a[32], b[32];

    CU_ASSERT_EQUAL(tee_hkdf_sha256(TEE_STR("k"), none, none, a, 32), TEE_OK);
    CU_ASSERT_EQUAL(tee_hkdf_sha256(TEE_STR("k"), z, none, b, 32), TEE_OK);
    CU_ASSERT_EQUAL(memcmp(a, b, 32), 0);
    CU_ASSERT_EQUAL(tee_hkdf_sha256(none, none, none, b, 32), TEE_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, 32), 0);
}

static void
test_lengths(void)
{
    static uint8_t most[8161], less[8160];
    struct tee_bytes k = TEE_STR("key");

    CU_ASSERT_EQUAL(tee_hkdf_sha256(k, k, k, most, 0), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_hkdf_sha256(k, k, k, most, 8161), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_hkdf_sha256(k, k, k, most, 8160), TEE_OK);
    CU_ASSERT_EQUAL(most[8160], 0);
    CU_ASSERT_EQUAL(tee_hkdf_sha256(k, k, k, less, 8127), TEE_OK);
    CU_ASSERT_EQUAL(memcmp(most, less, 8127), 0); /* a prefix of it */
    CU_ASSERT_EQUAL(less[8127], 0);
    CU_ASSERT_NOT_EQUAL(memcmp(most + 8096, most + 8128, 32), 0);
}

/* FIPS 180-4 examples */
static void
test_sha256(void)
{
    uint8_t h[32];

    tee_sha256(TEE_STR("abc"), h);
    CU_ASSERT_TRUE(tee_bytes_equal(
        (struct tee_bytes){ h, 32 },
        test_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2"
                 "0015ad")));
    tee_sha256((struct tee_bytes){ NULL, 0 }, h);
    CU_ASSERT_TRUE(tee_bytes_equal(
        (struct tee_bytes){ h, 32 },
        test_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b78"
                 "52b855")));
}

static const struct test tests[] = {
    { "HKDF gives the answers of RFC 5869", test_answers },
    { "no salt is a salt of zeros", test_no_salt },
    { "HKDF gives 1 to 8160 bytes", test_lengths },
    { "SHA-256 gives its known answers", test_sha256 },
    { NULL, NULL },
};
const struct suite suite_kdf = { "kdf", tests };
