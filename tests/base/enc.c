/* Hex, base64, JSON strings, PEM: strict both ways. */
#include "config.h"

#include <string.h>

#include "tests/base/suites.h"
#include "tests/support/alloc.h"

static bool
buf_is(const struct tee_buf *b, const char *want)
{
    return b->err == TEE_OK &&
           tee_bytes_equal(tee_buf_view(b), tee_bytes_of(want));
}

/* ---- hex ------------------------------------------------------------------
 */

static void
test_hex_both_ways(void)
{
    static const uint8_t all[] = { 0x00, 0x01, 0x9a, 0xbc, 0xde, 0xff };
    uint8_t back[6];
    char text[13];

    tee_hex((struct tee_bytes){ all, 6 }, text);
    CU_ASSERT_STRING_EQUAL(text, "00019abcdeff");
    CU_ASSERT_EQUAL(tee_hex_decode(tee_bytes_of(text), back, 6), TEE_OK);
    CU_ASSERT_EQUAL(memcmp(all, back, 6), 0);
    tee_hex((struct tee_bytes){ NULL, 0 }, text);
    CU_ASSERT_STRING_EQUAL(text, "");
    CU_ASSERT_EQUAL(tee_hex_decode(TEE_STR(""), back, 0), TEE_OK);
}

static void
test_hex_refused(void)
{
    static const char *const bad[] = { "",     "0",    "000",  "00000",
                                       "00AB", "00aG", "00a/", "00a:",
                                       "00a`", "0x00", " 000", "000\n" };
    uint8_t out[2] = { 7, 7 };
    size_t i;

    for (i = 0; i < TEE_LEN(bad); i++)
        CU_ASSERT_EQUAL(tee_hex_decode(tee_bytes_of(bad[i]), out, 2),
                        TEE_E_MALFORMED);
    CU_ASSERT_EQUAL(tee_hex_decode(TEE_STR("00"), out, SIZE_MAX / 2 + 2),
                    TEE_E_MALFORMED); /* twice that wraps to two */
    CU_ASSERT_EQUAL(out[0] + out[1], 14);
}

/* ---- base64 ---------------------------------------------------------------
 */

/* RFC 4648 section 10; the third column is base64url without padding */
static const struct {
    const char *plain, *b64, *url;
} rfc4648[] = {
    { "", "", "" },
    { "f", "Zg==", "Zg" },
    { "fo", "Zm8=", "Zm8" },
    { "foo", "Zm9v", "Zm9v" },
    { "foob", "Zm9vYg==", "Zm9vYg" },
    { "fooba", "Zm9vYmE=", "Zm9vYmE" },
    { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
    { "\xfb\xef\xff", "++//", "--__" },
};

static void
test_base64_vectors(void)
{
    struct tee_buf b;
    size_t i;

    tee_buf_init(&b, 64);
    for (i = 0; i < TEE_LEN(rfc4648); i++) {
        tee_base64(&b, tee_bytes_of(rfc4648[i].plain));
        CU_ASSERT_TRUE(buf_is(&b, rfc4648[i].b64));
        tee_buf_clear(&b);
        tee_base64url(&b, tee_bytes_of(rfc4648[i].plain));
        CU_ASSERT_TRUE(buf_is(&b, rfc4648[i].url));
        tee_buf_clear(&b);
        CU_ASSERT_EQUAL(tee_base64_decode(tee_bytes_of(rfc4648[i].b64), &b),
                        TEE_OK);
        CU_ASSERT_TRUE(buf_is(&b, rfc4648[i].plain));
        tee_buf_clear(&b);
        CU_ASSERT_EQUAL(tee_base64url_decode(tee_bytes_of(rfc4648[i].url), &b),
                        TEE_OK);
        CU_ASSERT_TRUE(buf_is(&b, rfc4648[i].plain));
        tee_buf_clear(&b);
    }
}

/* Every length around the pieces of 48 bytes that the coder works in. */
static void
test_base64_lengths(void)
{
    struct tee_buf text, back;
    uint8_t in[200];
    size_t n;

    for (n = 0; n < sizeof(in); n++)
        in[n] = (uint8_t)(n * 37 + 1);
    tee_buf_init(&text, 1024);
    tee_buf_init(&back, 1024);
    for (n = 0; n <= sizeof(in); n++) {
        struct tee_bytes v = { in, n };

        tee_base64(&text, v);
        CU_ASSERT_EQUAL(text.len, (n + 2) / 3 * 4);
        CU_ASSERT_EQUAL(tee_base64_decode(tee_buf_view(&text), &back), TEE_OK);
        CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&back), v));
        tee_buf_clear(&text);
        tee_buf_clear(&back);
        tee_base64url(&text, v);
        CU_ASSERT_EQUAL(tee_base64url_decode(tee_buf_view(&text), &back),
                        TEE_OK);
        CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&back), v));
        tee_buf_clear(&text);
        tee_buf_clear(&back);
    }
}

static void
test_base64_refused(void)
{
    static const char *const bad[] = {
        "Z",      "Zg",         "Zg=",       "Zg===",        "=",
        "====",   "Z===",       "Zh==",      "Zm9=",         "Zm8=Zm8=",
        "Zm9v\n", "Zm9v Zg=",   "Zm 9",      " m9v",         "Zm9v====",
        "Zm-_",   "Zm\xc3\xa9", "Zm9v\t===", "Zg==\n\n\n\n",
    };
    static const char *const bad_url[] = {
        "Z",      "Zg==", "Zm8=", "Zh",    "Zm9",     "Zm+/",
        "Zm9v\n", "Zm 9", "=",    "Zm9vY", "Zm9v Zm",
    };
    struct tee_buf b;
    size_t i;

    tee_buf_init(&b, 64);
    for (i = 0; i < TEE_LEN(bad); i++) {
        if (tee_base64_decode(tee_bytes_of(bad[i]), &b) != TEE_E_MALFORMED) {
            printf("    %s\n", bad[i]);
            CU_FAIL("base64 was accepted");
        }
        CU_ASSERT_EQUAL(b.len, 0);
    }
    for (i = 0; i < TEE_LEN(bad_url); i++) {
        if (tee_base64url_decode(tee_bytes_of(bad_url[i]), &b) !=
            TEE_E_MALFORMED) {
            printf("    %s\n", bad_url[i]);
            CU_FAIL("base64url was accepted");
        }
        CU_ASSERT_EQUAL(b.len, 0);
    }
    CU_ASSERT_EQUAL(tee_base64_decode(
                        (struct tee_bytes){ (const uint8_t *)"Zm\0v", 4 }, &b),
                    TEE_E_MALFORMED);
    tee_buf_clear(&b);
}

/* Each byte value at the end of a group: the 64 letters and nothing else. */
static void
test_base64_alphabet(void)
{
    static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789";
    uint8_t text[4] = { 'A', 'A', 'A', 0 };
    struct tee_buf b;
    int v;

    tee_buf_init(&b, 16);
    for (v = 0; v < 256; v++) {
        bool letter = v != 0 && strchr(common, v) != NULL;

        text[3] = (uint8_t)v;
        CU_ASSERT_EQUAL(tee_base64_decode((struct tee_bytes){ text, 4 }, &b),
                        letter || v == '+' || v == '/' || v == '='
                            ? TEE_OK
                            : TEE_E_MALFORMED);
        tee_buf_clear(&b);
        CU_ASSERT_EQUAL(tee_base64url_decode((struct tee_bytes){ text, 4 }, &b),
                        letter || v == '-' || v == '_' ? TEE_OK
                                                       : TEE_E_MALFORMED);
        tee_buf_clear(&b);
    }
}

/* The mistake stands behind a piece that was decoded already. */
static void
test_base64_all_or_nothing(void)
{
    char text[133];
    struct tee_buf b;

    memset(text, 'A', 132);
    text[132] = '\0';
    text[130] = '!';
    tee_buf_init(&b, 256);
    tee_buf_text(&b, "kept");
    CU_ASSERT_EQUAL(tee_base64_decode(tee_bytes_of(text), &b), TEE_E_MALFORMED);
    CU_ASSERT_TRUE(buf_is(&b, "kept"));
    text[130] = 'A';
    text[63] = '='; /* padding at the end of a piece that is not the last */
    CU_ASSERT_EQUAL(tee_base64_decode(tee_bytes_of(text), &b), TEE_E_MALFORMED);
    CU_ASSERT_EQUAL(tee_base64url_decode(tee_bytes_of(text), &b),
                    TEE_E_MALFORMED);
    CU_ASSERT_TRUE(buf_is(&b, "kept"));
    tee_buf_clear(&b);
    tee_buf_init(&b, 60);
    text[63] = 'A';
    CU_ASSERT_EQUAL(tee_base64_decode(tee_bytes_of(text), &b), TEE_E_TOOBIG);
    tee_buf_clear(&b);
}

/* ---- JSON strings ---------------------------------------------------------
 */

/* RFC 8785 section 3.2.2.2; answers of agent-identity section 1.2 */
static void
test_json_string(void)
{
    static const struct {
        const char *in, *out;
    } row[] = {
        { "", "\"\"" },
        { "abc", "\"abc\"" },
        { "a\"b\\c", "\"a\\\"b\\\\c\"" },
        { "\b\t\n\f\r", "\"\\b\\t\\n\\f\\r\"" },
        { "a\x01"
          "b\x1f",
          "\"a\\u0001b\\u001f\"" },
        { "a/b", "\"a/b\"" },
        { "a\x7f"
          "b",
          "\"a\x7f"
          "b\"" },
        { "\xe2\x80\xa8", "\"\xe2\x80\xa8\"" },
        { "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"" },
    };
    struct tee_buf b;
    size_t i;

    tee_buf_init(&b, 64);
    for (i = 0; i < TEE_LEN(row); i++) {
        tee_json_string(&b, tee_bytes_of(row[i].in));
        CU_ASSERT_TRUE(buf_is(&b, row[i].out));
        tee_buf_clear(&b);
    }
    tee_json_string(&b, (struct tee_bytes){ (const uint8_t *)"a\0b", 3 });
    CU_ASSERT_TRUE(buf_is(&b, "\"a\\u0000b\""));
    tee_buf_clear(&b);
    tee_json_string(&b, TEE_STR("\xff"));
    CU_ASSERT_EQUAL(b.err, TEE_E_ARG);
    CU_ASSERT_EQUAL(b.len, 0);
    tee_buf_clear(&b);
    tee_buf_init(&b, 1);
    tee_buf_text(&b, "ab");
    tee_json_string(&b, TEE_STR("\xff"));
    CU_ASSERT_EQUAL(b.err, TEE_E_TOOBIG); /* the first error stays */
    tee_buf_clear(&b);
}

/* ---- PEM ------------------------------------------------------------------
 */

#define K1_DER                                                                 \
    "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325" \
    "af021a68f707511a"
#define K1_LINE "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define BEGIN   "-----BEGIN PUBLIC KEY-----\n"
#define END     "-----END PUBLIC KEY-----\n"

static void
test_pem_write(void)
{
    uint8_t long_der[100] = { 0 };
    struct tee_buf b;

    tee_buf_init(&b, 512);
    tee_pem(&b, "PUBLIC KEY", test_hex(K1_DER));
    CU_ASSERT_TRUE(buf_is(&b, BEGIN K1_LINE "\n" END));
    tee_buf_clear(&b);
    tee_pem(&b, "X", (struct tee_bytes){ long_der, sizeof(long_der) });
    CU_ASSERT_EQUAL(memcmp(b.p + 18 + 64, "\n", 1), 0); /* 64 a line */
    CU_ASSERT_EQUAL(b.len, 18 + 65 + 65 + 9 + 16);
    tee_buf_clear(&b);
}

static void
test_pem_read(void)
{
    static const char *const good[] = {
        BEGIN K1_LINE "\n" END,
        "-----BEGIN PUBLIC KEY-----\r\n" K1_LINE "\r\n"
        "-----END PUBLIC KEY-----\r\n",
        BEGIN K1_LINE "\n-----END PUBLIC KEY-----",
        BEGIN "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7T\n"
              "yWQHOg7hcvPapiMlrwIaaPcHURo=\n" END,
    };
    struct tee_buf b;
    size_t i;

    tee_buf_init(&b, 512);
    for (i = 0; i < TEE_LEN(good); i++) {
        CU_ASSERT_EQUAL(tee_pem_decode(tee_bytes_of(good[i]), "PUBLIC KEY", &b),
                        TEE_OK);
        CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&b), test_hex(K1_DER)));
        tee_buf_clear(&b);
    }
}

static void
test_pem_refused(void)
{
    static const struct {
        const char *text;
        enum tee_err err;
    } row[] = {
        { "", TEE_E_MALFORMED },
        { "\n", TEE_E_MALFORMED },
        { K1_LINE "\n", TEE_E_MALFORMED },
        { "\n" BEGIN K1_LINE "\n" END, TEE_E_MALFORMED },
        { "x\n" BEGIN K1_LINE "\n" END, TEE_E_MALFORMED },
        { BEGIN K1_LINE "\n" END "\n", TEE_E_MALFORMED },
        { BEGIN K1_LINE "\n" END BEGIN K1_LINE "\n" END, TEE_E_MALFORMED },
        { BEGIN, TEE_E_TRUNCATED },
        { BEGIN K1_LINE "\n", TEE_E_TRUNCATED },
        { BEGIN K1_LINE "\n-----END PUBLIC KEY----", TEE_E_TRUNCATED },
        { BEGIN K1_LINE "\n-----END PRIVATE KEY-----\n", TEE_E_TRUNCATED },
        { BEGIN END, TEE_E_MALFORMED },
        { BEGIN "\n" END, TEE_E_MALFORMED },
        { BEGIN " " K1_LINE "\n" END, TEE_E_MALFORMED },
        { BEGIN K1_LINE " \n" END, TEE_E_MALFORMED },
        { BEGIN "Proc-Type: 4,ENCRYPTED\n\n" K1_LINE "\n" END,
          TEE_E_MALFORMED },
        { BEGIN "MCow\rBQYD\n" END, TEE_E_MALFORMED },
        { BEGIN "Zh==\n" END, TEE_E_MALFORMED },
        { "-----BEGIN PUBLIC KEY----- \n" K1_LINE "\n" END, TEE_E_MALFORMED },
        { "-----BEGIN EC PUBLIC KEY-----\n" K1_LINE "\n" END, TEE_E_MALFORMED },
    };
    struct tee_buf b;
    size_t i;

    tee_buf_init(&b, 512);
    for (i = 0; i < TEE_LEN(row); i++) {
        enum tee_err err =
            tee_pem_decode(tee_bytes_of(row[i].text), "PUBLIC KEY", &b);

        if (err != row[i].err) {
            printf("    %s -> %s\n", row[i].text, tee_err_name(err));
            CU_FAIL("PEM judged wrong");
        }
        CU_ASSERT_EQUAL(b.len, 0);
    }
    tee_buf_clear(&b);
}

static void
test_pem_prefixes(void)
{
    static const char good[] = BEGIN K1_LINE "\n" END;
    struct tee_buf b;
    size_t n;

    tee_buf_init(&b, 512);
    for (n = 0; n < sizeof(good) - 2; n++) { /* the last LF may be missing */
        enum tee_err err = tee_pem_decode(
            (struct tee_bytes){ (const uint8_t *)good, n }, "PUBLIC KEY", &b);

        CU_ASSERT_EQUAL(err, n < sizeof(BEGIN) - 2 ? TEE_E_MALFORMED
                                                   : TEE_E_TRUNCATED);
        CU_ASSERT_EQUAL(b.len, 0);
    }
    tee_buf_clear(&b);
}

static enum tee_err
pem_round(void *arg)
{
    struct tee_buf text, der;
    enum tee_err err;

    (void)arg;
    tee_buf_init(&text, 512);
    tee_buf_init(&der, 512);
    tee_pem(&text, "PUBLIC KEY", test_hex(K1_DER));
    err = text.err;
    if (err == TEE_OK)
        err = tee_pem_decode(tee_buf_view(&text), "PUBLIC KEY", &der);
    tee_buf_clear(&text);
    tee_buf_clear(&der);
    return err;
}

static void
test_no_memory(void)
{
    CU_ASSERT_TRUE(alloc_torture(pem_round, NULL) >= 3);
}

static const struct test tests[] = {
    { "hex goes both ways", test_hex_both_ways },
    { "only lower-case hex of the right length is read", test_hex_refused },
    { "base64 gives the answers of RFC 4648", test_base64_vectors },
    { "base64 of every length comes back", test_base64_lengths },
    { "base64 with blanks, wrong padding or bits is refused",
      test_base64_refused },
    { "the base64 alphabets have 64 letters", test_base64_alphabet },
    { "refused base64 leaves the buffer as it was",
      test_base64_all_or_nothing },
    { "JSON strings are escaped as RFC 8785 says", test_json_string },
    { "PEM is written in lines of 64", test_pem_write },
    { "PEM is read with either line end", test_pem_read },
    { "anything but one block of this label is refused", test_pem_refused },
    { "every prefix of a PEM block is refused", test_pem_prefixes },
    { "each allocation may fail", test_no_memory },
    { NULL, NULL },
};
const struct suite suite_enc = { "enc", tests };
