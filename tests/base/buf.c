/* The growable buffer with a ceiling. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tests/base/suites.h"
#include "tests/support/alloc.h"

static void
test_appends(void)
{
    struct tee_buf b;

    tee_buf_init(&b, 64);
    tee_buf_u8(&b, 1);
    tee_buf_be16(&b, 0x0203);
    tee_buf_be32(&b, 0x04050607);
    tee_buf_be64(&b, 0x08090a0b0c0d0e0f);
    tee_buf_lp16(&b, TEE_STR("ab"));
    tee_buf_text(&b, "cd");
    tee_buf_bytes(&b, TEE_STR("ef"));
    tee_buf_printf(&b, "%d-%s", 7, "g");
    CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&b),
                                   test_hex("0102030405060708090a0b0c0d0e0f"
                                            "00026162"
                                            "6364"
                                            "6566"
                                            "372d67")));
    CU_ASSERT_EQUAL(b.err, TEE_OK);
    tee_buf_clear(&b);
    CU_ASSERT_PTR_NULL(b.p);
    CU_ASSERT_EQUAL(b.max, 64);
}

static void
test_ceiling(void)
{
    struct tee_buf b;

    tee_buf_init(&b, 4);
    tee_buf_text(&b, "1234");
    CU_ASSERT_EQUAL(b.err, TEE_OK);
    tee_buf_u8(&b, '5');
    CU_ASSERT_EQUAL(b.err, TEE_E_TOOBIG);
    CU_ASSERT_EQUAL(b.len, 4);
    tee_buf_clear(&b);
    CU_ASSERT_EQUAL(b.err, TEE_OK);
    tee_buf_printf(&b, "%s", "12345");
    CU_ASSERT_EQUAL(b.err, TEE_E_TOOBIG);
    tee_buf_clear(&b);
    tee_buf_put(&b, "", SIZE_MAX); /* never read: over the ceiling */
    CU_ASSERT_EQUAL(b.err, TEE_E_TOOBIG);
    tee_buf_clear(&b);
}

/* Even the largest ceiling leaves room for the NUL that is not counted. */
static void
test_no_wrap(void)
{
    struct tee_buf b;

    tee_buf_init(&b, SIZE_MAX);
    tee_buf_u8(&b, 1);
    tee_buf_put(&b, "", SIZE_MAX - 1);
    CU_ASSERT_NOT_EQUAL(b.err, TEE_OK);
    CU_ASSERT_EQUAL(b.len, 1);
    tee_buf_clear(&b);
    tee_buf_put(&b, "", SIZE_MAX);
    CU_ASSERT_NOT_EQUAL(b.err, TEE_OK);
    tee_buf_clear(&b);
}

static void
test_error_sticks(void)
{
    struct tee_buf b;
    uint8_t *p = NULL;
    size_t n = 77;

    tee_buf_init(&b, 2);
    tee_buf_text(&b, "123");
    tee_buf_u8(&b, 1);
    tee_buf_lp16(&b, TEE_STR(""));
    tee_buf_printf(&b, "%d", 1);
    CU_ASSERT_EQUAL(b.err, TEE_E_TOOBIG);
    CU_ASSERT_EQUAL(b.len, 0);
    CU_ASSERT_EQUAL(tee_buf_steal(&b, &p, &n), TEE_E_TOOBIG);
    CU_ASSERT_PTR_NULL(p);
    CU_ASSERT_EQUAL(n, 77);
    tee_buf_clear(&b);
}

static void
test_lp16_limit(void)
{
    static uint8_t big[65536];
    struct tee_buf b;

    tee_buf_init(&b, 1 << 18);
    tee_buf_lp16(&b, (struct tee_bytes){ big, 65535 });
    CU_ASSERT_EQUAL(b.len, 65537);
    CU_ASSERT_EQUAL(b.err, TEE_OK);
    tee_buf_lp16(&b, (struct tee_bytes){ big, 65536 });
    CU_ASSERT_EQUAL(b.err, TEE_E_TOOBIG);
    CU_ASSERT_EQUAL(b.len, 65537);
    tee_buf_lp16(&b, (struct tee_bytes){ big, 65536 });
    CU_ASSERT_EQUAL(b.err, TEE_E_TOOBIG);
    tee_buf_clear(&b);
}

static void
test_steal(void)
{
    struct tee_buf b;
    uint8_t *p = NULL;
    size_t n = 77;

    tee_buf_init(&b, 64);
    CU_ASSERT_EQUAL(tee_buf_steal(&b, &p, &n), TEE_OK);
    CU_ASSERT_EQUAL(n, 0);
    CU_ASSERT_EQUAL(p[0], 0);
    free(p);
    tee_buf_text(&b, "abc");
    CU_ASSERT_EQUAL(tee_buf_steal(&b, &p, &n), TEE_OK);
    CU_ASSERT_EQUAL(n, 3);
    CU_ASSERT_STRING_EQUAL((char *)p, "abc");
    CU_ASSERT_PTR_NULL(b.p);
    free(p);
    tee_buf_clear(&b);
}

/* A buffer that is full to its ceiling still has room for the NUL. */
static void
test_steal_full(void)
{
    struct tee_buf b;
    uint8_t *p = NULL;
    size_t n;
    int i;

    tee_buf_init(&b, 64);
    for (i = 0; i < 64; i++)
        tee_buf_u8(&b, 'x');
    CU_ASSERT_EQUAL(tee_buf_steal(&b, &p, &n), TEE_OK);
    CU_ASSERT_EQUAL(n, 64);
    CU_ASSERT_EQUAL(strlen((char *)p), 64);
    free(p);
    tee_buf_clear(&b);
}

static void
test_growth_keeps(void)
{
    struct tee_buf b;
    bool same = true;
    size_t i;

    tee_buf_init(&b, 100000);
    for (i = 0; i < 100000; i++)
        tee_buf_u8(&b, (uint8_t)(i * 7));
    CU_ASSERT_EQUAL(b.len, 100000);
    for (i = 0; i < b.len; i++)
        same = same && b.p[i] == (uint8_t)(i * 7);
    CU_ASSERT_TRUE(same);
    tee_buf_clear(&b);
}

static enum tee_err
fill_and_steal(void *arg)
{
    struct tee_buf b;
    uint8_t *p = NULL;
    enum tee_err err;
    size_t n;
    int i;

    (void)arg;
    tee_buf_init(&b, 4096);
    for (i = 0; i < 100; i++)
        tee_buf_printf(&b, "line %d\n", i);
    err = tee_buf_steal(&b, &p, &n);
    if (err == TEE_OK)
        CU_ASSERT_EQUAL(n, strlen((char *)p));
    tee_buf_clear(&b);
    free(p);
    return err;
}

static void
test_no_memory(void)
{
    CU_ASSERT_EQUAL(alloc_torture(fill_and_steal, NULL), 5);
}

static const struct test tests[] = {
    { "everything is appended in order", test_appends },
    { "the ceiling holds and cuts nothing in half", test_ceiling },
    { "no length wraps", test_no_wrap },
    { "an error sticks until the buffer is cleared", test_error_sticks },
    { "65535 bytes fit behind a length of two, no more", test_lp16_limit },
    { "stolen bytes end with a NUL", test_steal },
    { "the ceiling leaves room for the NUL", test_steal_full },
    { "growth keeps what was there", test_growth_keeps },
    { "each allocation may fail", test_no_memory },
    { NULL, NULL },
};
const struct suite suite_buf = { "buf", tests };
