/* The little DER that key objects need. */
#include "config.h"

#include <string.h>

#include "tests/base/suites.h"

static void
test_lengths(void)
{
    static const size_t n[] = { 0,   1,     127,   128,      255,
                                256, 65535, 65536, 16777215, 16777216 };
    static const char *const head[] = {
        "0400",     "0401",     "047f",       "048180",     "0481ff",
        "04820100", "0482ffff", "0483010000", "0483ffffff", "048401000000"
    };
    static uint8_t zero[16777216];
    struct tee_buf b;
    size_t i;

    tee_buf_init(&b, (size_t)1 << 25);
    for (i = 0; i < TEE_LEN(n); i++) {
        struct tee_bytes want = test_hex(head[i]), v;
        struct tee_cur c;

        tee_der_put(&b, 0x04, (struct tee_bytes){ zero, n[i] });
        CU_ASSERT_EQUAL(b.len, want.len + n[i]);
        CU_ASSERT_EQUAL(memcmp(b.p, want.p, want.len), 0);
        c = tee_cur_of(tee_buf_view(&b));
        CU_ASSERT_EQUAL(tee_der_peek(&c), 0x04);
        v = tee_der_get(&c, 0x04);
        CU_ASSERT_EQUAL(v.len, n[i]);
        CU_ASSERT_EQUAL(tee_cur_end(&c), TEE_OK);
        CU_ASSERT_EQUAL(tee_der_peek(&c), 0);
        tee_buf_clear(&b);
    }
}

/* X.690 section 10.1: the shortest form alone */
static void
test_refused(void)
{
    static const char *const bad[] = {
        "",
        "04",
        "0500",           /* another tag */
        "0401",           /* value missing */
        "0402aa",         /* value short */
        "0480aa0000",     /* indefinite */
        "04810100",       /* long form of 1 */
        "04817f",         /* long form of 127, and short */
        "0481",           /* length missing */
        "0482ff",         /* length short */
        "04820080",       /* leading zero octet */
        "0483000100",     /* leading zero octet */
        "048500000000aa", /* five octets */
        "04ff",           /* reserved */
        "0484ffffffffaa", /* far over the rest */
    };
    size_t i;

    for (i = 0; i < TEE_LEN(bad); i++) {
        struct tee_cur c = tee_cur_of(test_hex(bad[i]));

        CU_ASSERT_EQUAL(tee_der_get(&c, 0x04).len, 0);
        CU_ASSERT_TRUE(c.bad);
        CU_ASSERT_EQUAL(tee_der_peek(&c), 0);
    }
}

static void
test_long_form_with_value(void)
{
    static uint8_t v[4 + 0x80] = { 0x04, 0x82, 0x00, 0x80 };
    static uint8_t w[3 + 0x7f] = { 0x04, 0x81, 0x7f };
    struct tee_cur c = tee_cur_of((struct tee_bytes){ v, sizeof(v) });

    (void)tee_der_get(&c, 0x04);
    CU_ASSERT_TRUE(c.bad);
    c = tee_cur_of((struct tee_bytes){ w, sizeof(w) });
    (void)tee_der_get(&c, 0x04);
    CU_ASSERT_TRUE(c.bad);
}

static void
test_unsigned_integers(void)
{
    static const struct {
        const char *in, *out;
    } row[] = {
        { "", "020100" },         { "00", "020100" },
        { "000000", "020100" },   { "01", "020101" },
        { "7f", "02017f" },       { "80", "02020080" },
        { "0080", "02020080" },   { "00007f", "02017f" },
        { "ff00", "020300ff00" }, { "0100", "02020100" },
    };
    struct tee_buf b;
    size_t i;

    tee_buf_init(&b, 16);
    for (i = 0; i < TEE_LEN(row); i++) {
        tee_der_put_uint(&b, test_hex(row[i].in));
        CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&b), test_hex(row[i].out)));
        tee_buf_clear(&b);
    }
}

static void
test_too_long(void)
{
    struct tee_buf b;

    tee_buf_init(&b, 16);
    /* the value is never looked at */
    tee_der_put(&b, 0x04,
                (struct tee_bytes){ (const uint8_t *)"", (size_t)1 << 32 });
    CU_ASSERT_EQUAL(b.err, TEE_E_TOOBIG);
    CU_ASSERT_EQUAL(b.len, 0);
    tee_buf_clear(&b);
}

/* RFC 8410 section 10.1: the shape of an Ed25519 SubjectPublicKeyInfo */
static void
test_prefixes(void)
{
    struct tee_bytes spki = test_hex("302a300506032b6570032100d75a980182b10ab7"
                                     "d54bfed3c964073a0ee172f3daa62325af021a68"
                                     "f707511a");
    size_t n;

    for (n = 0; n <= spki.len; n++) {
        struct tee_cur c = tee_cur_of((struct tee_bytes){ spki.p, n }), in;
        struct tee_bytes oid, key;

        in = tee_cur_of(tee_der_get(&c, 0x30));
        CU_ASSERT_EQUAL(tee_cur_end(&c),
                        n < spki.len ? TEE_E_TRUNCATED : TEE_OK);
        if (c.bad)
            continue;
        c = tee_cur_of(tee_der_get(&in, 0x30));
        oid = tee_der_get(&c, 0x06);
        key = tee_der_get(&in, 0x03);
        CU_ASSERT_EQUAL(oid.len, 3);
        CU_ASSERT_EQUAL(key.len, 33);
        CU_ASSERT_EQUAL(tee_cur_end(&in), TEE_OK);
        CU_ASSERT_EQUAL(tee_cur_end(&c), TEE_OK);
    }
}

static const struct test tests[] = {
    { "every form of a length goes both ways", test_lengths },
    { "long, indefinite and lying lengths are refused", test_refused },
    { "a long form of a short length is refused", test_long_form_with_value },
    { "integers are unsigned and minimal", test_unsigned_integers },
    { "more than four octets of length are refused", test_too_long },
    { "every prefix of a public key is refused", test_prefixes },
    { NULL, NULL },
};
const struct suite suite_der = { "der", tests };
