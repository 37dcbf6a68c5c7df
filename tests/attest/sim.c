#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

static struct tee_buf
make(uint8_t fill)
{
    uint8_t root[32], field[64];
    struct tee_buf b;
    size_t i;

    for (i = 0; i < sizeof(root); i++)
        root[i] = (uint8_t)(0x40 + i);
    memset(field, fill, sizeof(field));
    tee_buf_init(&b, 1024);
    if (att_sim_write(root, field, &b) != TEE_OK)
        abort();
    return b;
}

/* Byte for byte what the layout in sim.c says, the key by RFC 5869. */
static void
test_layout(void)
{
    static const char magic[] = "TEE-PKCS11-SIMULATED-EVIDENCE/v1\n";
    struct tee_buf b = make(0x5a);
    struct att_sim s;
    uint8_t root[32], seed[32], pk[32], sk[64];
    size_t i;

    for (i = 0; i < sizeof(root); i++)
        root[i] = (uint8_t)(0x40 + i);
    CU_ASSERT_EQUAL(tee_hkdf_sha256((struct tee_bytes){ root, 32 }, TEE_STR(""),
                                    TEE_STR("tee-pkcs11/sim/v1"), seed, 32),
                    TEE_OK);
    (void)crypto_sign_seed_keypair(pk, sk, seed);
    CU_ASSERT_EQUAL_FATAL(b.len, 33 + 32 + 64 + 64);
    CU_ASSERT_EQUAL(ATT_SIM_LEN, b.len);
    CU_ASSERT_EQUAL(memcmp(b.p, magic, 33), 0);
    CU_ASSERT_EQUAL(memcmp(b.p + 33, pk, 32), 0);
    for (i = 65; i < 129; i++)
        CU_ASSERT_EQUAL(b.p[i], 0x5a);
    CU_ASSERT_EQUAL(crypto_sign_verify_detached(b.p + 129, b.p, 129, pk), 0);
    CU_ASSERT_EQUAL(att_sim_verify(tee_buf_view(&b), &s, NULL), TEE_OK);
    CU_ASSERT_EQUAL(memcmp(s.public_key, pk, 32), 0);
    CU_ASSERT_EQUAL(memcmp(s.field, b.p + 65, 64), 0);
    CU_ASSERT_EQUAL(memcmp(s.signature, b.p + 129, 64), 0);
    tee_buf_clear(&b);
}

static void
test_another_root(void)
{
    struct tee_buf a = make(1), b;
    uint8_t root[32] = { 1 }, field[64];

    memset(field, 1, sizeof(field));
    tee_buf_init(&b, 1024);
    CU_ASSERT_EQUAL(att_sim_write(root, field, &b), TEE_OK);
    CU_ASSERT_NOT_EQUAL(memcmp(a.p + 33, b.p + 33, 32), 0);
    tee_buf_clear(&a);
    tee_buf_clear(&b);
}

static void
test_every_prefix_is_refused(void)
{
    struct tee_buf b = make(2);
    struct att_sim s, before;
    size_t n;

    memset(&s, 9, sizeof(s));
    before = s;
    for (n = 0; n < b.len; n++) {
        enum tee_err err =
            att_sim_verify((struct tee_bytes){ b.p, n }, &s, NULL);

        CU_ASSERT_EQUAL(err, n < 33 ? TEE_E_MALFORMED : TEE_E_TRUNCATED);
    }
    tee_buf_u8(&b, 0);
    CU_ASSERT_EQUAL(att_sim_verify(tee_buf_view(&b), &s, NULL),
                    TEE_E_MALFORMED);
    CU_ASSERT_EQUAL(memcmp(&s, &before, sizeof(s)), 0);
    tee_buf_clear(&b);
}

static void
test_every_bit_counts(void)
{
    struct tee_buf b = make(3);
    struct att_sim s, before;
    size_t i;

    memset(&s, 9, sizeof(s));
    before = s;
    for (i = 0; i < 8 * b.len; i++) {
        b.p[i / 8] ^= (uint8_t)(1u << i % 8);
        CU_ASSERT_EQUAL(att_sim_verify(tee_buf_view(&b), &s, NULL),
                        i < 33 * 8 ? TEE_E_MALFORMED : TEE_E_SIGNATURE);
        b.p[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    CU_ASSERT_EQUAL(memcmp(&s, &before, sizeof(s)), 0);
    CU_ASSERT_EQUAL(att_sim_verify(tee_buf_view(&b), &s, NULL), TEE_OK);
    tee_buf_clear(&b);
}

/* N23: a key of small order verifies 01 00.. for any message in OpenSSL. */
static void
test_small_order(void)
{
    struct tee_buf b = make(4);
    struct att_sim s;

    memset(b.p + 33, 0, 32);
    memset(b.p + 129, 0, 64);
    b.p[33] = b.p[129] = 1;
    CU_ASSERT_EQUAL(att_sim_verify(tee_buf_view(&b), &s, NULL),
                    TEE_E_SIGNATURE);
    tee_buf_clear(&b);
}

static void
test_marks(void)
{
    struct tee_buf b = make(5);

    CU_ASSERT(att_sim_marked(tee_buf_view(&b)));
    CU_ASSERT(att_sim_marked(TEE_STR(ATT_SIM_MAGIC)));
    CU_ASSERT_FALSE(att_sim_marked(TEE_STR("")));
    CU_ASSERT_FALSE(
        att_sim_marked(TEE_STR("TEE-PKCS11-SIMULATED-EVIDENCE/v2\n")));
    /* the marks of others are not ours */
    CU_ASSERT_FALSE(att_sim_marked(
        TEE_STR("{\"type\":\"SEV_SNP_REPORT_SIMULATED\",\"simulated\":true}")));
    tee_buf_clear(&b);
}

static const struct test tests[] = {
    { "the blob has its documented layout", test_layout },
    { "another root gives another key", test_another_root },
    { "every prefix and a byte more are refused",
      test_every_prefix_is_refused },
    { "every flipped bit is refused", test_every_bit_counts },
    { "a key of small order is refused", test_small_order },
    { "the mark is ours alone", test_marks },
    { NULL, NULL }
};
const struct suite suite_sim = { "sim", tests };
