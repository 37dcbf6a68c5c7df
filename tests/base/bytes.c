/* The bounded read cursor, and UTF-8. */
#include "config.h"

#include <string.h>

#include "tests/base/suites.h"

static const uint8_t eight[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static struct tee_cur
cursor(size_t n)
{
    return tee_cur_of((struct tee_bytes){ eight, n });
}

static void
test_numbers(void)
{
    struct tee_cur c = cursor(8);

    CU_ASSERT_EQUAL(tee_cur_u8(&c), 1);
    CU_ASSERT_EQUAL(tee_cur_be16(&c), 0x0203);
    CU_ASSERT_EQUAL(tee_cur_be32(&c), 0x04050607);
    CU_ASSERT_EQUAL(c.left, 1);
    c = cursor(8);
    CU_ASSERT_EQUAL(tee_cur_be64(&c), 0x0102030405060708);
    CU_ASSERT_EQUAL(tee_cur_end(&c), TEE_OK);
    c = cursor(8);
    CU_ASSERT_EQUAL(tee_cur_le64(&c), 0x0807060504030201);
    c = cursor(8);
    CU_ASSERT_EQUAL(tee_cur_le16(&c), 0x0201);
    CU_ASSERT_EQUAL(tee_cur_le32(&c), 0x06050403);
}

/* Each reader with one byte too few: zero, bad, and the cursor stands. */
static void
test_short_reads(void)
{
    size_t need[] = { 1, 2, 4, 8, 2, 4, 8 }, i;

    for (i = 0; i < TEE_LEN(need); i++) {
        struct tee_cur c = cursor(need[i] - 1);
        uint64_t v[] = { 0, 0, 0, 0, 0, 0, 0 };

        v[0] = i == 0 ? tee_cur_u8(&c) : 0;
        v[1] = i == 1 ? tee_cur_be16(&c) : 0;
        v[2] = i == 2 ? tee_cur_be32(&c) : 0;
        v[3] = i == 3 ? tee_cur_be64(&c) : 0;
        v[4] = i == 4 ? tee_cur_le16(&c) : 0;
        v[5] = i == 5 ? tee_cur_le32(&c) : 0;
        v[6] = i == 6 ? tee_cur_le64(&c) : 0;
        CU_ASSERT_EQUAL(v[i], 0);
        CU_ASSERT_TRUE(c.bad);
        CU_ASSERT_EQUAL(c.left, need[i] - 1);
        CU_ASSERT_EQUAL(tee_cur_end(&c), TEE_E_TRUNCATED);
    }
}

static void
test_error_sticks(void)
{
    struct tee_cur c = cursor(8);
    uint8_t to[4] = { 9, 9, 9, 9 };
    struct tee_bytes v;

    CU_ASSERT_PTR_NULL(tee_cur_take(&c, 9));
    CU_ASSERT_EQUAL(tee_cur_u8(&c), 0);
    CU_ASSERT_PTR_NULL(tee_cur_take(&c, 0));
    v = tee_cur_bytes(&c, 1);
    CU_ASSERT_EQUAL(v.len, 0);
    CU_ASSERT_PTR_NOT_NULL(v.p);
    tee_cur_copy(&c, to, sizeof(to));
    CU_ASSERT_EQUAL(to[0] | to[3], 0);
    CU_ASSERT_EQUAL(tee_cur_lp16(&c).len, 0);
    CU_ASSERT_EQUAL(c.left, 8);
    CU_ASSERT_EQUAL(tee_cur_end(&c), TEE_E_TRUNCATED);
}

/* A length near SIZE_MAX must not wrap past the end. */
static void
test_huge_lengths(void)
{
    size_t n[] = { 9, SIZE_MAX / 2, SIZE_MAX - 7, SIZE_MAX }, i;

    for (i = 0; i < TEE_LEN(n); i++) {
        struct tee_cur c = cursor(8);

        CU_ASSERT_PTR_NULL(tee_cur_take(&c, n[i]));
        CU_ASSERT_TRUE(c.bad);
    }
}

static void
test_rest(void)
{
    struct tee_cur c = cursor(8);

    CU_ASSERT_EQUAL(tee_cur_end(&c), TEE_E_MALFORMED);
    CU_ASSERT_PTR_EQUAL(tee_cur_take(&c, 8), eight);
    CU_ASSERT_EQUAL(tee_cur_end(&c), TEE_OK);
    CU_ASSERT_PTR_NOT_NULL(tee_cur_take(&c, 0));
    CU_ASSERT_PTR_NULL(tee_cur_take(&c, 1));
}

static void
test_empty(void)
{
    struct tee_cur c = tee_cur_of((struct tee_bytes){ NULL, 0 });

    CU_ASSERT_PTR_NOT_NULL(c.p);
    CU_ASSERT_EQUAL(tee_cur_end(&c), TEE_OK);
    CU_ASSERT_EQUAL(tee_cur_u8(&c), 0);
    CU_ASSERT_TRUE(c.bad);
}

static void
test_lp16(void)
{
    struct tee_bytes v = test_hex("0003616263"
                                  "0000"
                                  "0002ff");
    struct tee_cur c = tee_cur_of(v);

    CU_ASSERT_TRUE(tee_bytes_equal(tee_cur_lp16(&c), TEE_STR("abc")));
    CU_ASSERT_EQUAL(tee_cur_lp16(&c).len, 0);
    CU_ASSERT_FALSE(c.bad);
    CU_ASSERT_EQUAL(tee_cur_lp16(&c).len, 0);
    CU_ASSERT_TRUE(c.bad);
}

static void
test_equal(void)
{
    struct tee_bytes none = { NULL, 0 };

    CU_ASSERT_TRUE(tee_bytes_equal(TEE_STR("ab"), tee_bytes_of("ab")));
    CU_ASSERT_FALSE(tee_bytes_equal(TEE_STR("ab"), TEE_STR("ac")));
    CU_ASSERT_FALSE(tee_bytes_equal(TEE_STR("ab"), TEE_STR("a")));
    CU_ASSERT_TRUE(tee_bytes_equal(none, TEE_STR("")));
}

/* RFC 3629: the first and last of each range, and their neighbours. */
static void
test_utf8(void)
{
    static const struct {
        const char *hex;
        bool good;
    } row[] = {
        { "", true },
        { "00", true },
        { "7f", true },
        { "80", false },
        { "bf", false },
        { "c080", false },
        { "c1bf", false },
        { "c280", true },
        { "c2", false },
        { "c27f", false },
        { "c2c0", false },
        { "dfbf", true },
        { "e08080", false },
        { "e09fbf", false },
        { "e0a080", true },
        { "e0a0", false },
        { "e0a07f", false },
        { "ed9fbf", true },
        { "eda080", false },
        { "edbfbf", false },
        { "ee8080", true },
        { "efbfbf", true },
        { "f0808080", false },
        { "f08fbfbf", false },
        { "f0908080", true },
        { "f09080", false },
        { "f0908041", false },
        { "f48fbfbf", true },
        { "f4908080", false },
        { "f5808080", false },
        { "ff", false },
        { "fe", false },
        { "61e282acf0908d8862", true },
        { "61e282ac80", false },
    };
    size_t i;

    for (i = 0; i < TEE_LEN(row); i++) {
        if (tee_utf8(test_hex(row[i].hex)) != row[i].good) {
            printf("    %s\n", row[i].hex);
            CU_FAIL("UTF-8 judged wrong");
        }
    }
}

static const struct test tests[] = {
    { "numbers are read in both byte orders", test_numbers },
    { "a read past the end gives zero and moves nothing", test_short_reads },
    { "an error sticks", test_error_sticks },
    { "a huge length does not wrap", test_huge_lengths },
    { "bytes that are left are malformed", test_rest },
    { "no bytes at all are good", test_empty },
    { "a length of two bytes goes before its bytes", test_lp16 },
    { "equality looks at length and bytes", test_equal },
    { "UTF-8 is strict", test_utf8 },
    { NULL, NULL },
};
const struct suite suite_bytes = { "bytes", tests };
