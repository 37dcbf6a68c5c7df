/* Names of errors, and sentences about them. */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "tests/base/suites.h"

static bool
is_word(const char *s)
{
    const char *p;

    for (p = s; islower((unsigned char)*p) || *p == '-'; p++)
        ;
    return *p == '\0' && p > s && *s != '-' && p[-1] != '-';
}

static void
test_names(void)
{
    int i, k;

    for (i = 0; i < TEE_E_COUNT; i++) {
        const char *name = tee_err_name((enum tee_err)i);

        CU_ASSERT_TRUE(is_word(name));
        CU_ASSERT_STRING_NOT_EQUAL(name, "unknown-error");
        for (k = 0; k < i; k++)
            CU_ASSERT_STRING_NOT_EQUAL(name, tee_err_name((enum tee_err)k));
    }
    CU_ASSERT_STRING_EQUAL(tee_err_name(TEE_E_COUNT), "unknown-error");
    CU_ASSERT_STRING_EQUAL(tee_err_name((enum tee_err) - 1), "unknown-error");
}

static void
test_fault(void)
{
    struct tee_fault f = { TEE_OK, "" };

    CU_ASSERT_EQUAL(tee_fault(&f, TEE_E_IO, "%s: %d", "x", 5), TEE_E_IO);
    CU_ASSERT_EQUAL(f.err, TEE_E_IO);
    CU_ASSERT_STRING_EQUAL(f.text, "x: 5");
    tee_fault_prefix(&f, "line %d", 3);
    CU_ASSERT_STRING_EQUAL(f.text, "line 3: x: 5");
    CU_ASSERT_EQUAL(f.err, TEE_E_IO);
    CU_ASSERT_EQUAL(tee_fault(NULL, TEE_E_ARG, "%s", "nobody"), TEE_E_ARG);
    tee_fault_prefix(NULL, "%s", "nobody");
}

static void
test_long_text(void)
{
    struct tee_fault f = { TEE_OK, "" };
    char longer[2 * TEE_FAULT_TEXT];

    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    (void)tee_fault(&f, TEE_E_IO, "%s", longer);
    CU_ASSERT_EQUAL(strlen(f.text), TEE_FAULT_TEXT - 1);
    tee_fault_prefix(&f, "p");
    CU_ASSERT_EQUAL(strlen(f.text), TEE_FAULT_TEXT - 1);
    CU_ASSERT_EQUAL(strncmp(f.text, "p: aaa", 6), 0);
    tee_fault_prefix(&f, "%s", longer);
    CU_ASSERT_EQUAL(strlen(f.text), TEE_FAULT_TEXT - 1);
}

/* A message travels in a frame, whose text is UTF-8: a cut leaves it so. */
static void
test_cut_is_utf8(void)
{
    static const char *const sign[] = { "\xc3\xa9", "\xe2\x82\xac",
                                        "\xf0\x90\x8d\x88" };
    struct tee_fault f = { TEE_OK, "" };
    char text[TEE_FAULT_TEXT + 16];
    size_t i, pad;

    for (i = 0; i < TEE_LEN(sign); i++) {
        size_t n = strlen(sign[i]);

        for (pad = TEE_FAULT_TEXT - 6; pad < TEE_FAULT_TEXT + 2; pad++) {
            memset(text, 'a', pad);
            memcpy(text + pad, sign[i], n + 1);
            (void)tee_fault(&f, TEE_E_IO, "%s", text);
            CU_ASSERT_TRUE(tee_utf8(tee_bytes_of(f.text)));
            CU_ASSERT_EQUAL(strlen(f.text), pad + n < TEE_FAULT_TEXT ? pad + n
                                            : pad < TEE_FAULT_TEXT
                                                ? pad
                                                : TEE_FAULT_TEXT - 1);
        }
        (void)tee_fault(&f, TEE_E_IO, "%.*s%s", TEE_FAULT_TEXT - 5, text,
                        sign[i]);
        tee_fault_prefix(&f, "abcdef");
        CU_ASSERT_TRUE(tee_utf8(tee_bytes_of(f.text)));
    }
}

static void
test_one_line(void)
{
    struct tee_fault f = { TEE_OK, "" };

    (void)tee_fault(&f, TEE_E_IO, "%s", "a\nb\tc\x1b[1m\x7f\xff");
    CU_ASSERT_STRING_EQUAL(f.text, "a?b?c?[1m??");
    (void)tee_fault(&f, TEE_E_IO, "%s", "caf\xc3\xa9 \xe2\x82\xac");
    CU_ASSERT_STRING_EQUAL(f.text, "caf\xc3\xa9 \xe2\x82\xac");
    tee_fault_prefix(&f, "x\ny");
    CU_ASSERT_STRING_EQUAL(f.text, "x?y: caf\xc3\xa9 \xe2\x82\xac");
}

static const struct test tests[] = {
    { "each error has a word of its own", test_names },
    { "a fault is a code and a sentence", test_fault },
    { "a long sentence is cut", test_long_text },
    { "a cut leaves UTF-8", test_cut_is_utf8 },
    { "a sentence is one printable line", test_one_line },
    { NULL, NULL },
};
const struct suite suite_err = { "err", tests };
