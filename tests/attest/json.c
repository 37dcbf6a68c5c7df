#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/attest/suites.h"

#define MAX ((size_t)4 << 20)

static enum tee_err
canon(struct tee_bytes text, struct tee_buf *ret)
{
    cJSON *v = NULL;
    enum tee_err err = tee_json_parse(text, MAX, &v, NULL);

    tee_buf_init(ret, MAX);
    if (err == TEE_OK)
        err = tee_json_canon(v, ret);
    cJSON_Delete(v);
    return err;
}

static void
check_canon(struct tee_bytes text, struct tee_bytes want)
{
    struct tee_buf b, again;

    CU_ASSERT_EQUAL(canon(text, &b), TEE_OK);
    CU_ASSERT(tee_bytes_equal(tee_buf_view(&b), want));
    CU_ASSERT_EQUAL(canon(tee_buf_view(&b), &again), TEE_OK);
    CU_ASSERT(tee_bytes_equal(tee_buf_view(&b), tee_buf_view(&again)));
    tee_buf_clear(&b);
    tee_buf_clear(&again);
}

/* identity reference, section 1.2 */
static const struct {
    const char *in, *out, *sha256;
} answers[] = {
    { "{\"b\":2,\"a\":1}", "{\"a\":1,\"b\":2}",
      "43258cff783fe7036d8a43033f830adfc60ec037382473548ac742b888292777" },
    { "{\"version\":\"0.1\",\"issued_at\":\"2026-06-23T09:00:00Z\","
      "\"agent_id\":\"spiffe://trust.example/agent/kyc/prod-001\"}",
      "{\"agent_id\":\"spiffe://trust.example/agent/kyc/prod-001\","
      "\"issued_at\":\"2026-06-23T09:00:00Z\",\"version\":\"0.1\"}",
      "b83293348255f4427dc030478f354b83f4f82662223be0926ad9f2db946b5319" },
    { "{\"k\":\"a\\u0001b\"}", "{\"k\":\"a\\u0001b\"}",
      "d39396c0a6f8854f7e258a7e382fb6761d2a6f513621b6f5940b3d894556857a" },
    { "{\"k\":\"a\\/b\"}", "{\"k\":\"a/b\"}",
      "2df8c51747b2319a3820aea161c47aa9641e8d555a69da59ed5c7c4a1b5f6e3d" },
    { "{\"k\":\"a\\u007fb\"}",
      "{\"k\":\"a\x7f"
      "b\"}",
      "075bc1b4b12999eb7e2feb5821dbb2c4aa5aaa78ad04e0cd344134ee0e28570a" },
    { "{\"k\":\"a\\u2028b\"}",
      "{\"k\":\"a\xe2\x80\xa8"
      "b\"}",
      "e229a9cab5c0ee83831947bc9f63e913a1d2fa04b83832821dedb2f283cb6159" },
    { "{\"zk\\ufffd\":2,\"zk\\ud83d\\ude00\":1}",
      "{\"zk\xf0\x9f\x98\x80\":1,\"zk\xef\xbf\xbd\":2}",
      "cd85cdc409a1b2565d0e78aea9bec2adac492c7ba1be82eeee1a774cd096e808" },
};

static void
test_answers(void)
{
    char hex[65];
    uint8_t h[32];
    size_t i;

    for (i = 0; i < TEE_LEN(answers); i++) {
        check_canon(tee_bytes_of(answers[i].in), tee_bytes_of(answers[i].out));
        tee_sha256(tee_bytes_of(answers[i].out), h);
        tee_hex((struct tee_bytes){ h, 32 }, hex);
        CU_ASSERT_STRING_EQUAL(hex, answers[i].sha256);
    }
}

/* RFC 8785 section 3.2.2 and 3.2.4 */
static void
test_rfc_sample(void)
{
    check_canon(
        TEE_STR("{\n  \"numbers\": [333333333.33333329, 1E30, 4.50,\n"
                "              2e-3, 0.000000000000000000000000001],\n"
                "  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c"
                "\\\\\\\"\\/\",\n  \"literals\": [null, true, false]\n}"),
        TEE_STR("{\"literals\":[null,true,false],\"numbers\":["
                "333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":"
                "\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"));
}

/* RFC 8785 section 3.2.3 */
static void
test_rfc_order(void)
{
    check_canon(
        TEE_STR("{\"\\u20ac\":\"Euro\",\"\\r\":\"CR\",\"\\ufb33\":\"Dalet\","
                "\"1\":\"One\",\"\\ud83d\\ude00\":\"Face\",\"\\u0080\":"
                "\"Control\",\"\\u00f6\":\"O\"}"),
        TEE_STR("{\"\\r\":\"CR\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
                "\"\xc3\xb6\":\"O\",\"\xe2\x82\xac\":\"Euro\","
                "\"\xf0\x9f\x98\x80\":\"Face\",\"\xef\xac\xb3\":\"Dalet\"}"));
    /* a prefix sorts first; f0 stands below ee, and above ed */
    check_canon(TEE_STR("{\"aa\":1,\"\xf0\x90\x80\x80\":2,\"a\":3,"
                        "\"\xee\x80\x80\":4,\"\xed\x9f\xbf\":5,\"\":6}"),
                TEE_STR("{\"\":6,\"a\":3,\"aa\":1,\"\xed\x9f\xbf\":5,"
                        "\"\xf0\x90\x80\x80\":2,\"\xee\x80\x80\":4}"));
}

/* RFC 8785 appendix B, and the places where shortest forms are hard */
static const struct {
    uint64_t bits;
    const char *out; /* NULL: refused */
} numbers[] = {
    { 0x0000000000000000, "0" },
    { 0x8000000000000000, "0" },
    { 0x0000000000000001, "5e-324" },
    { 0x8000000000000001, "-5e-324" },
    { 0x7fefffffffffffff, "1.7976931348623157e+308" },
    { 0xffefffffffffffff, "-1.7976931348623157e+308" },
    { 0x4340000000000000, "9007199254740992" },
    { 0xc340000000000000, "-9007199254740992" },
    { 0x4430000000000000, "295147905179352830000" },
    { 0x7fffffffffffffff, NULL },
    { 0x7ff0000000000000, NULL },
    { 0xfff0000000000000, NULL },
    { 0x44b52d02c7e14af5, "9.999999999999997e+22" },
    { 0x44b52d02c7e14af6, "1e+23" },
    { 0x44b52d02c7e14af7, "1.0000000000000001e+23" },
    { 0x444b1ae4d6e2ef4e, "999999999999999700000" },
    { 0x444b1ae4d6e2ef4f, "999999999999999900000" },
    { 0x444b1ae4d6e2ef50, "1e+21" },
    { 0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7" },
    { 0x3eb0c6f7a0b5ed8d, "0.000001" },
    { 0x41b3de4355555553, "333333333.3333332" },
    { 0x41b3de4355555554, "333333333.33333325" },
    { 0x41b3de4355555555, "333333333.3333333" },
    { 0x41b3de4355555556, "333333333.3333334" },
    { 0x41b3de4355555557, "333333333.33333343" },
    { 0xbecbf647612f3696, "-0.0000033333333333333333" },
    { 0x43143ff3c1cb0959, "1424953923781206.2" },
    /* 2^-44: the nearest 16 digits lie outside, the next ones inside */
    { 0x3d30000000000000, "5.684341886080802e-14" },
    { 0x4059000000000000, "100" },
    { 0x3fb999999999999a, "0.1" },
    { 0x405edd2f1a9fbe77, "123.456" },
};

static void
test_numbers(void)
{
    struct tee_buf b;
    cJSON *v;
    double d;
    size_t i;

    for (i = 0; i < TEE_LEN(numbers); i++) {
        memcpy(&d, &numbers[i].bits, sizeof(d));
        v = cJSON_CreateNumber(d);
        tee_buf_init(&b, 64);
        CU_ASSERT_EQUAL(tee_json_canon(v, &b),
                        numbers[i].out != NULL ? TEE_OK : TEE_E_ARG);
        if (numbers[i].out != NULL)
            CU_ASSERT(tee_bytes_equal(tee_buf_view(&b),
                                      tee_bytes_of(numbers[i].out)));
        tee_buf_clear(&b);
        cJSON_Delete(v);
    }
}

static const char *const good[] = {
    "0",
    "-0",
    " \t\r\n1 \t\r\n",
    "9007199254740991",
    "-9007199254740991",
    "1e21",
    "1E+30",
    "1e-7",
    "0.1e1",
    "0e999999999",
    "9007199254740991.0",
    "1.7976931348623157e308",
    "null",
    "true",
    "false",
    "\"\"",
    "\"\\ud83d\\ude00\"",
    "\"\\uD83D\\uDE00\"",
    "\"\xf0\x9f\x98\x80\"",
    "[]",
    "{}",
    "[ ]",
    "{ }",
    "[1,[2,{\"a\":[]}]]",
    "{\"a\":{\"a\":{\"a\":1}},\"b\":1}",
    "\"\\b\\f\\n\\r\\t\\/\\\\\\\"\"",
};

static void
test_good(void)
{
    struct tee_buf b;
    size_t i;

    for (i = 0; i < TEE_LEN(good); i++) {
        CU_ASSERT_EQUAL(canon(tee_bytes_of(good[i]), &b), TEE_OK);
        tee_buf_clear(&b);
    }
}

static const char *const bad[] = {
    /* grammar of RFC 8259 */
    "",
    " ",
    "nul",
    "nullx",
    "True",
    "TRUE",
    "undefined",
    "'a'",
    "{a:1}",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[1",
    "]",
    "{\"a\":1,}",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\" 1}",
    "{\"a\":1",
    "{1:2}",
    "[1]]",
    "1 2",
    "{}{}",
    "null,",
    "// x\n1",
    "/* x */1",
    "[1;2]",
    "\f1",
    "\v1",
    "\xc2\xa0[]", /* no-break space */
    /* numbers */
    "+1",
    "01",
    "-01",
    "00",
    "-",
    "1.",
    ".1",
    "1.e1",
    "1e",
    "1e+",
    "0x10",
    "1_000",
    "NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "inf",
    "1e400",
    "-1e400",
    "--1",
    "1e1.5",
    "1 .5",
    "1e-400",
    "123e-999999999999999999999",
    "9007199254740992",
    "-9007199254740992",
    "18446744073709551616",
    "9007199254740993.0",
    "9007199254740992.0",
    "90071992547409930e-1",
    "9007199254740993e0",
    "1e20",
    "123456789012345678901234567890",
    "1.00000000000000001e25",
    "1234567890123456789012e1",
    "0.0000000000000000000000000000000000000000000000000000000000000001",
    /* strings */
    "\"",
    "\"a",
    "\"a\\\"",
    "\"\\",
    "\"\\a\"",
    "\"\\'\"",
    "\"\\u\"",
    "\"\\u12\"",
    "\"\\u12g4\"",
    "\"\\U0041\"",
    "\"\\x41\"",
    "\"a\nb\"",
    "\"a\tb\"",
    "\"\x1f\"",
    "\"\\u0000\"",
    "\"a\\u0000b\"",
    /* surrogates */
    "\"\\ud83d\"",
    "\"\\ude00\"",
    "\"\\ud83d\\ud83d\"",
    "\"\\ude00\\ud83d\"",
    "\"\\ud83dx\"",
    "\"\\ud83d\\n\"",
    "\"\\ud83d\\u\"",
    "\"\\ud83d\\u0041\"",
    /* UTF-8 */
    "\"\xff\"",
    "\"\xc0\x80\"",
    "\"\xed\xa0\x80\"",
    "\"\xf4\x90\x80\x80\"",
    "\"\xe2\x82\"",
    "\xef\xbb\xbf{}", /* byte order mark */
    "\x80",
    /* duplicates, at any depth, and by another spelling */
    "{\"a\":1,\"a\":1}",
    "{\"a\":1,\"b\":2,\"a\":3}",
    "{\"\":1,\"\":2}",
    "{\"a\":1,\"\\u0061\":2}",
    "[{\"x\":{\"a\":1,\"b\":0,\"a\":2}}]",
};

static void
test_bad(void)
{
    cJSON *v, mark;
    struct tee_fault f;
    enum tee_err err;
    size_t i;

    for (i = 0; i < TEE_LEN(bad); i++) {
        v = &mark;
        f.text[0] = '\0';
        err = tee_json_parse(tee_bytes_of(bad[i]), MAX, &v, &f);
        CU_ASSERT_EQUAL(err, TEE_E_MALFORMED);
        CU_ASSERT_PTR_EQUAL(v, &mark); /* untouched */
        CU_ASSERT(f.err == err && f.text[0] != '\0');
        if (err != TEE_E_MALFORMED)
            printf("    taken: %s\n", bad[i]);
    }
}

static void
test_nul_bytes(void)
{
    cJSON *v = NULL;

    CU_ASSERT_EQUAL(tee_json_parse(TEE_STR("{}\0"), MAX, &v, NULL),
                    TEE_E_MALFORMED);
    CU_ASSERT_EQUAL(tee_json_parse(TEE_STR("\"a\0b\""), MAX, &v, NULL),
                    TEE_E_MALFORMED);
    CU_ASSERT_EQUAL(tee_json_parse(TEE_STR("\0{}"), MAX, &v, NULL),
                    TEE_E_MALFORMED);
    CU_ASSERT_PTR_NULL(v);
}

/* n opening marks, something inside, n closing ones */
static enum tee_err
nested(size_t n, const char *open, const char *close)
{
    struct tee_buf b, c;
    enum tee_err err;
    size_t i;

    tee_buf_init(&b, MAX);
    for (i = 0; i < n; i++)
        tee_buf_text(&b, open);
    tee_buf_text(&b, "1");
    for (i = 0; i < n; i++)
        tee_buf_text(&b, close);
    err = canon(tee_buf_view(&b), &c);
    tee_buf_clear(&b);
    tee_buf_clear(&c);
    return err;
}

static void
test_depth(void)
{
    CU_ASSERT_EQUAL(nested(64, "[", "]"), TEE_OK);
    CU_ASSERT_EQUAL(nested(65, "[", "]"), TEE_E_TOOBIG);
    CU_ASSERT_EQUAL(nested(64, "{\"a\":", "}"), TEE_OK);
    CU_ASSERT_EQUAL(nested(65, "{\"a\":", "}"), TEE_E_TOOBIG);
    CU_ASSERT_EQUAL(nested(500000, "[", "]"), TEE_E_TOOBIG);
}

static enum tee_err
list_of(size_t n)
{
    struct tee_buf b;
    cJSON *v = NULL;
    enum tee_err err;
    size_t i;

    tee_buf_init(&b, MAX);
    tee_buf_text(&b, "[1");
    for (i = 1; i < n; i++)
        tee_buf_text(&b, ",1");
    tee_buf_text(&b, "]");
    err = tee_json_parse(tee_buf_view(&b), MAX, &v, NULL);
    cJSON_Delete(v);
    tee_buf_clear(&b);
    return err;
}

static void
test_limits(void)
{
    cJSON *v = NULL;

    CU_ASSERT_EQUAL(list_of(TEE_JSON_NODES - 1), TEE_OK);
    CU_ASSERT_EQUAL(list_of(TEE_JSON_NODES), TEE_E_TOOBIG);
    CU_ASSERT_EQUAL(tee_json_parse(TEE_STR("[10]"), 3, &v, NULL), TEE_E_TOOBIG);
    CU_ASSERT_PTR_NULL(v);
    CU_ASSERT_EQUAL(tee_json_parse(TEE_STR("[10]"), 4, &v, NULL), TEE_OK);
    cJSON_Delete(v);
}

static void
test_every_prefix_is_refused(void)
{
    struct tee_bytes all = TEE_STR("{\"a\":[1,-2.5e3,\"\\ud83d\\ude00\xe2\x82"
                                   "\xac\",true,false,null,{}],\"b\":{}}");
    cJSON *v = NULL;
    size_t n;

    for (n = 0; n < all.len; n++)
        CU_ASSERT_EQUAL(
            tee_json_parse((struct tee_bytes){ all.p, n }, MAX, &v, NULL),
            TEE_E_MALFORMED);
    CU_ASSERT_PTR_NULL(v);
    CU_ASSERT_EQUAL(tee_json_parse(all, MAX, &v, NULL), TEE_OK);
    cJSON_Delete(v);
}

/* What our own parser never gives, but a caller might. */
static void
test_canon_refuses(void)
{
    struct tee_buf b;
    cJSON *v;

    tee_buf_init(&b, 256);
    v = cJSON_CreateRaw("1 2");
    CU_ASSERT_EQUAL(tee_json_canon(v, &b), TEE_E_ARG);
    cJSON_Delete(v);
    v = cJSON_CreateString("\xff");
    CU_ASSERT_EQUAL(tee_json_canon(v, &b), TEE_E_ARG);
    cJSON_Delete(v);
    tee_buf_init(&b, 256);
    v = cJSON_CreateObject();
    (void)cJSON_AddNullToObject(v, "a");
    (void)cJSON_AddNullToObject(v, "a");
    CU_ASSERT_EQUAL(tee_json_canon(v, &b), TEE_E_ARG);
    cJSON_Delete(v);
    tee_buf_clear(&b);
    tee_buf_init(&b, 3);
    v = cJSON_CreateString("four");
    CU_ASSERT_EQUAL(tee_json_canon(v, &b), TEE_E_TOOBIG);
    cJSON_Delete(v);
    tee_buf_clear(&b);
}

static const struct test tests[] = {
    { "the known answers of the identity reference hold", test_answers },
    { "the sample of RFC 8785 gives its canonical form", test_rfc_sample },
    { "members sort by UTF-16 code units", test_rfc_order },
    { "numbers have the form of ECMAScript", test_numbers },
    { "what RFC 8259 allows is read", test_good },
    { "what it forbids, and what loses something, is refused", test_bad },
    { "a NUL byte is refused anywhere", test_nul_bytes },
    { "64 levels are read, 65 are not", test_depth },
    { "size and number of values have limits", test_limits },
    { "every prefix is refused", test_every_prefix_is_refused },
    { "the canonical form refuses what is no JSON", test_canon_refuses },
    { NULL, NULL }
};
const struct suite suite_json = { "json", tests };
