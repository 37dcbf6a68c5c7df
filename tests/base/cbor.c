/* Strict deterministic CBOR, RFC 8949 section 4.2.1. */
#include "config.h"

#include <string.h>

#include "tests/base/suites.h"

static struct tee_cur
cur(const char *hex)
{
    return tee_cur_of(test_hex(hex));
}

/* The only item of this text can be skipped, and nothing is left. */
static bool
skips(const char *hex)
{
    struct tee_cur c = cur(hex);

    tee_cbor_skip(&c);
    return tee_cur_end(&c) == TEE_OK;
}

/* ---- appendix A -----------------------------------------------------------
 */

static const struct {
    uint64_t v;
    const char *hex;
} uints[] = {
    { 0, "00" },
    { 1, "01" },
    { 10, "0a" },
    { 23, "17" },
    { 24, "1818" },
    { 25, "1819" },
    { 100, "1864" },
    { 255, "18ff" },
    { 256, "190100" },
    { 1000, "1903e8" },
    { 65535, "19ffff" },
    { 65536, "1a00010000" },
    { 1000000, "1a000f4240" },
    { UINT32_MAX, "1affffffff" },
    { (uint64_t)UINT32_MAX + 1, "1b0000000100000000" },
    { 1000000000000, "1b000000e8d4a51000" },
    { UINT64_MAX, "1bffffffffffffffff" },
};

static void
test_unsigned(void)
{
    struct tee_buf b;
    struct tee_cur c;
    size_t i;

    tee_buf_init(&b, 16);
    for (i = 0; i < TEE_LEN(uints); i++) {
        tee_cbor_uint(&b, uints[i].v);
        CU_ASSERT_TRUE(
            tee_bytes_equal(tee_buf_view(&b), test_hex(uints[i].hex)));
        tee_buf_clear(&b);
        c = cur(uints[i].hex);
        CU_ASSERT_EQUAL(tee_cbor_peek(&c), 0);
        CU_ASSERT_EQUAL(tee_cbor_get_uint(&c), uints[i].v);
        CU_ASSERT_EQUAL(tee_cur_end(&c), TEE_OK);
        c = cur(uints[i].hex);
        if (uints[i].v <= INT64_MAX)
            CU_ASSERT_EQUAL(tee_cbor_get_int(&c), (int64_t)uints[i].v);
        CU_ASSERT_TRUE(skips(uints[i].hex));
    }
}

static void
test_signed(void)
{
    static const struct {
        int64_t v;
        const char *hex;
    } row[] = {
        { -1, "20" },
        { -10, "29" },
        { -24, "37" },
        { -25, "3818" },
        { -100, "3863" },
        { -256, "38ff" },
        { -257, "390100" },
        { -1000, "3903e7" },
        { -65537, "3a00010000" },
        { INT64_MIN, "3b7fffffffffffffff" },
        { INT64_MAX, "1b7fffffffffffffff" },
        { 0, "00" },
    };
    struct tee_buf b;
    struct tee_cur c;
    size_t i;

    tee_buf_init(&b, 16);
    for (i = 0; i < TEE_LEN(row); i++) {
        tee_cbor_int(&b, row[i].v);
        CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&b), test_hex(row[i].hex)));
        tee_buf_clear(&b);
        c = cur(row[i].hex);
        CU_ASSERT_EQUAL(tee_cbor_get_int(&c), row[i].v);
        CU_ASSERT_EQUAL(tee_cur_end(&c), TEE_OK);
        CU_ASSERT_TRUE(skips(row[i].hex));
    }
}

static void
test_out_of_range(void)
{
    static const char *const bad[] = { "1b8000000000000000",
                                       "3b8000000000000000",
                                       "3bffffffffffffffff" };
    size_t i;

    for (i = 0; i < TEE_LEN(bad); i++) {
        struct tee_cur c = cur(bad[i]);

        CU_ASSERT_EQUAL(tee_cbor_get_int(&c), 0);
        CU_ASSERT_TRUE(c.bad);
    }
    CU_ASSERT_TRUE(skips("1bffffffffffffffff"));  /* tee_cbor_get_uint can */
    CU_ASSERT_FALSE(skips("3bffffffffffffffff")); /* nobody can */
}

static void
test_strings(void)
{
    static const struct {
        const char *hex, *v;
        bool text;
    } row[] = {
        { "40", "", false },
        { "4401020304", "\1\2\3\4", false },
        { "60", "", true },
        { "6161", "a", true },
        { "6449455446", "IETF", true },
        { "62225c", "\"\\", true },
        { "62c3bc", "\xc3\xbc", true },
        { "63e6b0b4", "\xe6\xb0\xb4", true },
        { "64f0908591", "\xf0\x90\x85\x91", true },
    };
    struct tee_buf b;
    struct tee_cur c;
    size_t i;

    tee_buf_init(&b, 64);
    for (i = 0; i < TEE_LEN(row); i++) {
        struct tee_bytes v = tee_bytes_of(row[i].v);

        (row[i].text ? tee_cbor_text : tee_cbor_bytes)(&b, v);
        CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&b), test_hex(row[i].hex)));
        tee_buf_clear(&b);
        c = cur(row[i].hex);
        CU_ASSERT_EQUAL(tee_cbor_peek(&c), row[i].text ? 3 : 2);
        CU_ASSERT_TRUE(tee_bytes_equal(
            (row[i].text ? tee_cbor_get_text : tee_cbor_get_bytes)(&c), v));
        CU_ASSERT_EQUAL(tee_cur_end(&c), TEE_OK);
        c = cur(row[i].hex); /* the other kind of string */
        CU_ASSERT_EQUAL(
            (row[i].text ? tee_cbor_get_bytes : tee_cbor_get_text)(&c).len, 0);
        CU_ASSERT_TRUE(c.bad);
        CU_ASSERT_TRUE(skips(row[i].hex));
    }
}

static void
test_arrays_and_maps(void)
{
    static const char *const good[] = {
        "80",
        "83010203",
        "8301820203820405",
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
        "a0",
        "a201020304",
        "a26161016162820203",
        "826161a161626163",
    };
    struct tee_buf b;
    struct tee_cur c;
    size_t i;

    for (i = 0; i < TEE_LEN(good); i++)
        CU_ASSERT_TRUE(skips(good[i]));
    tee_buf_init(&b, 64);
    tee_cbor_array(&b, 25);
    tee_cbor_map(&b, 2);
    CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&b), test_hex("9819a2")));
    tee_buf_clear(&b);
    c = cur("83010203");
    CU_ASSERT_EQUAL(tee_cbor_peek(&c), 4);
    CU_ASSERT_EQUAL(tee_cbor_get_array(&c), 3);
    c = cur("a201020304");
    CU_ASSERT_EQUAL(tee_cbor_peek(&c), 5);
    CU_ASSERT_EQUAL(tee_cbor_get_map(&c), 2);
}

static void
test_simple(void)
{
    struct tee_cur c = cur("f5f4f6");
    struct tee_buf b;

    CU_ASSERT_EQUAL(tee_cbor_peek(&c), 7);
    CU_ASSERT_TRUE(tee_cbor_get_bool(&c));
    CU_ASSERT_FALSE(tee_cbor_get_bool(&c));
    CU_ASSERT_FALSE(c.bad);
    CU_ASSERT_FALSE(tee_cbor_get_bool(&c)); /* null is no bool */
    CU_ASSERT_TRUE(c.bad);
    CU_ASSERT_EQUAL(tee_cbor_peek(&c), 255);
    CU_ASSERT_TRUE(skips("f4") && skips("f5") && skips("f6"));
    tee_buf_init(&b, 8);
    tee_cbor_bool(&b, true);
    tee_cbor_bool(&b, false);
    tee_cbor_null(&b);
    CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&b), test_hex("f5f4f6")));
    tee_buf_clear(&b);
}

/* ---- what is refused ------------------------------------------------------
 */

static const char *const refused[] = {
    "",
    /* long forms of short values */
    "1800",
    "1817",
    "190000",
    "1900ff",
    "1a00000000",
    "1a0000ffff",
    "1b0000000000000000",
    "1b00000000ffffffff",
    "3817",
    "3900ff",
    "580100",
    "5900010a",
    "7801"
    "61",
    "9801"
    "00",
    "b801"
    "0000",
    /* ends too early */
    "18",
    "1901",
    "1a010203",
    "1b01020304050607",
    "41",
    "5818",
    "61",
    "81",
    "8201",
    "a1",
    "a101",
    "a2010203",
    /* counts and lengths over the rest */
    "9bffffffffffffffff00",
    "bbffffffffffffffff0000",
    "5bffffffffffffffff",
    "7b7fffffffffffffff61",
    "9affffffff",
    "4401",
    /* reserved and indefinite */
    "1c",
    "1d",
    "1e",
    "1f",
    "5c",
    "5f4100ff",
    "7f6161ff",
    "9f01ff",
    "bf0101ff",
    "ff",
    "3f",
    "9c",
    "bc",
    /* tags, floats, other simple values */
    "c000",
    "c11a514b67b0",
    "d818456449455446",
    "f90000",
    "fa47c35000",
    "fb3ff199999999999a",
    "f7",
    "f0",
    "f8ff",
    "f818",
    "e0",
    "f3",
    "fc",
    /* text that is no UTF-8 */
    "61ff",
    "62c080",
    "63eda080",
    "6180",
};

static void
test_refused(void)
{
    size_t i;

    for (i = 0; i < TEE_LEN(refused); i++) {
        if (skips(refused[i])) {
            printf("    %s\n", refused[i]);
            CU_FAIL("CBOR was accepted");
        }
    }
}

/* Each reader refuses what belongs to another, and gives nothing. */
static void
test_other_type(void)
{
    static const char *const one[] = { "01",   "20",     "4161", "6161",
                                       "8101", "a10101", "c001", "f5" };
    size_t i;

    for (i = 0; i < TEE_LEN(one); i++) {
        struct tee_cur c[7];
        size_t k;

        for (k = 0; k < 7; k++)
            c[k] = cur(one[i]);
        CU_ASSERT_EQUAL(tee_cbor_get_uint(&c[0]) != 0, i == 0);
        CU_ASSERT_EQUAL(tee_cbor_get_int(&c[1]) != 0, i <= 1);
        CU_ASSERT_EQUAL(tee_cbor_get_bytes(&c[2]).len, i == 2);
        CU_ASSERT_EQUAL(tee_cbor_get_text(&c[3]).len, i == 3);
        CU_ASSERT_EQUAL(tee_cbor_get_array(&c[4]), i == 4);
        CU_ASSERT_EQUAL(tee_cbor_get_map(&c[5]), i == 5);
        CU_ASSERT_EQUAL(tee_cbor_get_bool(&c[6]), i == 7);
        for (k = 0; k < 7; k++) {
            bool fits = k == 0   ? i == 0
                        : k == 1 ? i <= 1
                        : k == 6 ? i == 7
                                 : i == k;

            CU_ASSERT_EQUAL(c[k].bad, !fits);
        }
    }
}

static void
test_counts(void)
{
    struct tee_cur c = cur("8301"
                           "02");

    CU_ASSERT_EQUAL(tee_cbor_get_array(&c), 0); /* three in two bytes */
    CU_ASSERT_TRUE(c.bad);
    c = cur("a2"
            "010203");
    CU_ASSERT_EQUAL(tee_cbor_get_map(&c), 0); /* four in three bytes */
    CU_ASSERT_TRUE(c.bad);
}

/* An array of n arrays, the innermost empty. */
static bool
depth_ok(unsigned n, uint8_t head, uint8_t last)
{
    uint8_t v[64];
    struct tee_cur c;
    size_t k = 0;

    for (; n > 0; n--) {
        v[k++] = head;
        if (head == 0xa1)
            v[k++] = 0x00; /* the key */
    }
    v[k++] = last;
    c = tee_cur_of((struct tee_bytes){ v, k });
    tee_cbor_skip(&c);
    return tee_cur_end(&c) == TEE_OK;
}

static void
test_depth(void)
{
    CU_ASSERT_TRUE(depth_ok(8, 0x81, 0x00));
    CU_ASSERT_FALSE(depth_ok(9, 0x81, 0x00));
    CU_ASSERT_TRUE(depth_ok(8, 0xa1, 0x80));
    CU_ASSERT_FALSE(depth_ok(9, 0xa1, 0x80));
    CU_ASSERT_FALSE(depth_ok(30, 0xa1, 0x80));
}

/* ---- maps with numbers as keys ----------------------------------------------
 */

/* How many keys were read, or -1 when the cursor went bad. */
static int
keys(const char *hex)
{
    struct tee_cur c = cur(hex);
    struct tee_cbor_keys k = tee_cbor_open(&c);
    uint64_t key = 77;
    int n = 0;

    while (tee_cbor_key(&c, &k, &key)) {
        n++;
        tee_cbor_skip(&c);
    }
    return tee_cur_end(&c) == TEE_OK ? n : -1;
}

static void
test_keys(void)
{
    CU_ASSERT_EQUAL(keys("a0"), 0);
    CU_ASSERT_EQUAL(keys("a10000"), 1);
    CU_ASSERT_EQUAL(keys("a2000001f6"), 2);
    CU_ASSERT_EQUAL(keys("a3000017f61818f5"), 3);
    CU_ASSERT_EQUAL(keys("a20000"
                         "1bffffffffffffffff00"),
                    2);
    CU_ASSERT_EQUAL(keys("a2000000f6"), -1); /* twice */
    CU_ASSERT_EQUAL(keys("a2010000f6"), -1); /* descending */
    CU_ASSERT_EQUAL(keys("a22000"
                         "0100"),
                    -1);                   /* negative */
    CU_ASSERT_EQUAL(keys("a1616100"), -1); /* text */
    CU_ASSERT_EQUAL(keys("a1"), -1);
    CU_ASSERT_EQUAL(keys("a20000"), -1);
    CU_ASSERT_EQUAL(keys("a1180000"), -1); /* long form */
    CU_ASSERT_EQUAL(keys("80"), -1);
    CU_ASSERT_EQUAL(keys("bf0000ff"), -1);
    CU_ASSERT_EQUAL(keys("a2"
                         "1bffffffffffffffff00"
                         "0000"),
                    -1);
}

/* The first error stops everything that follows. */
static void
test_error_sticks(void)
{
    struct tee_cur c = cur("1800"
                           "01"
                           "4161"
                           "6161"
                           "80"
                           "a0"
                           "f5");

    CU_ASSERT_EQUAL(tee_cbor_get_uint(&c), 0);
    CU_ASSERT_EQUAL(tee_cbor_get_uint(&c), 0);
    CU_ASSERT_EQUAL(tee_cbor_get_int(&c), 0);
    CU_ASSERT_EQUAL(tee_cbor_get_bytes(&c).len, 0);
    CU_ASSERT_PTR_NOT_NULL(tee_cbor_get_text(&c).p);
    CU_ASSERT_EQUAL(tee_cbor_get_array(&c), 0);
    CU_ASSERT_EQUAL(tee_cbor_get_map(&c), 0);
    CU_ASSERT_FALSE(tee_cbor_get_bool(&c));
    tee_cbor_skip(&c);
    CU_ASSERT_EQUAL(tee_cur_end(&c), TEE_E_TRUNCATED);
}

static void
test_written_text_is_utf8(void)
{
    struct tee_buf b;

    tee_buf_init(&b, 1);
    tee_cbor_text(&b, TEE_STR("\xc0\x80"));
    CU_ASSERT_EQUAL(b.err, TEE_E_ARG);
    CU_ASSERT_EQUAL(b.len, 0);
    tee_buf_clear(&b);
    tee_cbor_bytes(&b, TEE_STR("12"));
    tee_cbor_text(&b, TEE_STR("\xff"));
    CU_ASSERT_EQUAL(b.err, TEE_E_TOOBIG); /* the first error stays */
    tee_buf_clear(&b);
}

#define WHOLE "a4000101820a3903e70243aabbcc03a2616182f4f5626263f6"

static void
test_prefixes(void)
{
    struct tee_bytes whole = test_hex(WHOLE);
    size_t n;

    for (n = 0; n <= whole.len; n++) {
        struct tee_cur c = tee_cur_of((struct tee_bytes){ whole.p, n });

        tee_cbor_skip(&c);
        CU_ASSERT_EQUAL(tee_cur_end(&c),
                        n < whole.len ? TEE_E_TRUNCATED : TEE_OK);
    }
}

static const struct test tests[] = {
    { "unsigned numbers have their shortest form", test_unsigned },
    { "signed numbers have their shortest form", test_signed },
    { "numbers over 63 bits are no signed ones", test_out_of_range },
    { "strings of bytes and of text are kept apart", test_strings },
    { "arrays and maps say how many", test_arrays_and_maps },
    { "true, false and null are the only simple values", test_simple },
    { "every other form is refused", test_refused },
    { "a reader refuses every other type", test_other_type },
    { "a count over what is left is refused", test_counts },
    { "nesting ends at eight", test_depth },
    { "keys of a map ascend", test_keys },
    { "an error sticks", test_error_sticks },
    { "text that is written is UTF-8", test_written_text_is_utf8 },
    { "every prefix is refused", test_prefixes },
    { NULL, NULL },
};
const struct suite suite_cbor = { "cbor", tests };
