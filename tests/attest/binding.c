#include <stdlib.h>
#include <string.h>

#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

#define A3_DID "6469643a6d6573683a6167c3a96e742de69db1e4baac"
#define A2_BINDING                                                             \
    "3d2a0ec75d9f09baf56c70ce77962a9872b762174148137495212409d4141ec3"
#define STATEMENT_HASH                                                         \
    "bcfbdfbe96b7b599d77b61e8c601ad619c4004c9d2c183e7566ecfbc1b2a9198"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static void
check(struct tee_bytes did, struct tee_bytes challenge, struct tee_bytes nonce,
      const char *key_hash, const char *want)
{
    uint8_t b[32];
    char hex[65];

    CU_ASSERT_EQUAL(
        tee_binding_hash(did, challenge, nonce, test_hex(key_hash).p, b),
        TEE_OK);
    tee_hex((struct tee_bytes){ b, 32 }, hex);
    CU_ASSERT_STRING_EQUAL(hex, want);
}

/* identity reference, section 3, A1 to A3 */
static void
test_answers(void)
{
    uint8_t key[32];
    char hash[65];

    memset(key, 1, sizeof(key));
    tee_sha256((struct tee_bytes){ key, 32 }, key);
    tee_hex((struct tee_bytes){ key, 32 }, hash);
    CU_ASSERT_STRING_EQUAL(hash, "72cd6e8422c407fb6d098690f1130b7ded7ec2f7f5e1"
                                 "d30bd9d521f015363793");
    check(TEE_STR("did:mesh:agent-1"), TEE_STR("challenge_123"),
          TEE_STR("nonce-abc"), hash,
          "a9beac248d1221961e3fba0ea8daca0945128b11d30b06bdf0ffe8bd837668e5");
    check(TEE_STR(KIT_DID), TEE_STR(KIT_CHALLENGE), TEE_STR(KIT_NONCE),
          KIT_K1_HASH, A2_BINDING);
    check(test_hex(A3_DID), test_hex("6368616c6c656e67655fc3a9"),
          test_hex("6e6f6e63652dc3bc"), KIT_K1_HASH,
          "da8c248b9f82be7fb80d7e017d0513b794e5a61df494cd9929c7d204ecfad65c");
}

/* A4, A5: DIDs of 309 and 65535 bytes */
static void
test_long_answers(void)
{
    uint8_t *did = malloc(65535);

    if (did == NULL)
        abort();
    memcpy(did, "did:mesh:", 9);
    memset(did + 9, 'a', 300);
    check((struct tee_bytes){ did, 309 }, TEE_STR("c"), TEE_STR("n"),
          KIT_K1_HASH,
          "5e254b80ffe5c3fbe3892924d14df1753b0a35cd4141940093ae7a0ddfff51f4");
    memset(did + 9, 'b', 65526);
    check((struct tee_bytes){ did, 65535 }, TEE_STR("c"), TEE_STR("n"),
          KIT_K1_HASH,
          "288a8046c7bc8b5a2f15a179ed282b517cd9a2dde6c49521887af0b041007edb");
    free(did);
}

static void
put_le(struct tee_buf *b, struct tee_bytes v)
{
    tee_buf_u8(b, (uint8_t)v.len);
    tee_buf_u8(b, (uint8_t)(v.len >> 8));
    tee_buf_bytes(b, v);
}

/* The three wrong readings of the ADR have these hashes; ours is another. */
static void
test_wrong_variants(void)
{
    static const char *const wrong[] = {
        "04d6943cd74c8c614a34701f400b6c93a1fb9a97b0278691e143076cf057acd0",
        "bb2704c78fdc1cffcd45581d58d46454bf3e2239de603dca5531b488fa9b919b",
        "ddd6d3bf78575547998c86701cdd50598bd2dc304bf22e6c21533d27b12d9ac7",
    };
    struct tee_bytes did = TEE_STR(KIT_DID), ch = TEE_STR(KIT_CHALLENGE),
                     nonce = TEE_STR(KIT_NONCE);
    struct tee_buf b;
    uint8_t h[32];
    size_t i;

    for (i = 0; i < TEE_LEN(wrong); i++) {
        tee_buf_init(&b, 512);
        tee_buf_text(&b, "agentmesh-attest-v1");
        if (i == 2) {
            put_le(&b, did);
            put_le(&b, ch);
        } else {
            tee_buf_lp16(&b, did);
            tee_buf_lp16(&b, ch);
        }
        if (i == 0)
            tee_buf_bytes(&b, test_hex(KIT_NONCE));
        else if (i == 1)
            tee_buf_lp16(&b, nonce);
        else
            tee_buf_bytes(&b, nonce);
        tee_buf_bytes(&b, test_hex(KIT_K1_HASH));
        tee_sha256(tee_buf_view(&b), h);
        tee_buf_clear(&b);
        CU_ASSERT_EQUAL(memcmp(h, test_hex(wrong[i]).p, 32), 0);
        CU_ASSERT_NOT_EQUAL(memcmp(h, test_hex(A2_BINDING).p, 32), 0);
    }
}

static void
test_lengths(void)
{
    static uint8_t big[65536];
    struct tee_bytes x = TEE_STR("x"), none = TEE_STR("");
    struct tee_bytes most = { big, 65535 }, over = { big, 65536 };
    const uint8_t *h = test_hex(KIT_K1_HASH).p;
    uint8_t b[32], before[32];

    memset(b, 7, sizeof(b));
    memcpy(before, b, sizeof(b));
    CU_ASSERT_EQUAL(tee_binding_hash(none, x, x, h, b), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_binding_hash(x, none, x, h, b), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_binding_hash(x, x, none, h, b), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_binding_hash(over, x, x, h, b), TEE_E_ARG);
    CU_ASSERT_EQUAL(tee_binding_hash(x, over, x, h, b), TEE_E_ARG);
    CU_ASSERT_EQUAL(
        tee_binding_hash(x, x, (struct tee_bytes){ big, 1025 }, h, b),
        TEE_E_ARG);
    CU_ASSERT_EQUAL(memcmp(b, before, sizeof(b)), 0);
    CU_ASSERT_EQUAL(tee_binding_hash(x, most, x, h, b), TEE_OK);
    CU_ASSERT_EQUAL(
        tee_binding_hash(x, x, (struct tee_bytes){ big, 1024 }, h, b), TEE_OK);
}

static void
check_field(const char *binding, const char *b, const char *s, const char *want)
{
    uint8_t field[64];
    char hex[129];

    CU_ASSERT_EQUAL(att_field(binding, test_hex(b).p, test_hex(s).p, field),
                    TEE_OK);
    tee_hex((struct tee_bytes){ field, 64 }, hex);
    CU_ASSERT_STRING_EQUAL(hex, want);
}

/* section 3 (agt-v1) and section 13 (tee-v1, with and without challenge) */
static void
test_fields(void)
{
    uint8_t field[64], before[64];

    check_field("tee-v1", A2_BINDING, STATEMENT_HASH,
                A2_BINDING STATEMENT_HASH);
    check_field("agt-v1", A2_BINDING, STATEMENT_HASH, A2_BINDING ZERO);
    check_field("tee-v1", ZERO, STATEMENT_HASH, ZERO STATEMENT_HASH);
    check_field("session", ZERO, STATEMENT_HASH, ZERO STATEMENT_HASH);
    memset(field, 7, sizeof(field));
    memcpy(before, field, sizeof(field));
    CU_ASSERT_EQUAL(att_field("am-manifest", before, before, field),
                    TEE_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(att_field("tee-v2", before, before, field),
                    TEE_E_UNSUPPORTED);
    CU_ASSERT_EQUAL(memcmp(field, before, sizeof(field)), 0);
}

static void
test_qualifying(void)
{
    uint8_t q[32];

    att_tpm_qualifying(test_hex(A2_BINDING).p, test_hex(STATEMENT_HASH).p, q);
    CU_ASSERT_EQUAL(memcmp(q,
                           test_hex("e0ee42eda13a88eae722d9a7ed84ca68ba535f9b6e"
                                    "a655b30b144d47c9af6c16")
                               .p,
                           32),
                    0);
    att_tpm_qualifying(test_hex(ZERO).p, test_hex(STATEMENT_HASH).p, q);
    CU_ASSERT_EQUAL(memcmp(q,
                           test_hex("00df8d4ea283316c0d8457ff3326583698c1eb1f4"
                                    "96b28bf4c50d37db28eede2")
                               .p,
                           32),
                    0);
}

static const struct test tests[] = {
    { "A1 to A3 have their binding hashes", test_answers },
    { "A4 and A5, long DIDs, have theirs", test_long_answers },
    { "the three wrong readings give something else", test_wrong_variants },
    { "empty and too long members are refused", test_lengths },
    { "each binding type fills its 64 bytes", test_fields },
    { "a quote's qualifyingData is over both hashes", test_qualifying },
    { NULL, NULL }
};
const struct suite suite_binding = { "binding", tests };
