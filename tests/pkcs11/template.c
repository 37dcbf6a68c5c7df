#include <string.h>

#include "pkcs11/tp11.h"
#include "tests/pkcs11/suites.h"

static CK_RV
parse_one(CK_ATTRIBUTE_TYPE type, const void *p, CK_ULONG n, enum tp11_use use,
          struct tp11_want *w)
{
    CK_ATTRIBUTE a = { type, (void *)(uintptr_t)p, n };

    return tp11_template_parse((struct tp11_template){ &a, 1 }, use, false, w);
}

static CK_RV
parse_use(CK_ATTRIBUTE_TYPE type, const void *p, CK_ULONG n, enum tp11_use use)
{
    struct tp11_want w;

    return parse_one(type, p, n, use, &w);
}

static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

static void
test_an_empty_template_says_nothing(void)
{
    struct tp11_want w, none;

    memset(&w, 1, sizeof(w));
    memset(&none, 0, sizeof(none));
    CU_ASSERT_EQUAL(tp11_template_parse((struct tp11_template){ NULL, 0 },
                                        TP11_USE_DATA, false, &w),
                    CKR_OK);
    CU_ASSERT_EQUAL(memcmp(&w, &none, sizeof(w)), 0);
}

static void
test_a_refused_template_leaves_the_result_alone(void)
{
    struct tp11_want w = { .bits = 77 };

    CU_ASSERT_EQUAL(parse_one(CKA_TOKEN, "\x02", 1, TP11_USE_DATA, &w),
                    CKR_ATTRIBUTE_VALUE_INVALID);
    CU_ASSERT_EQUAL(w.bits, 77);
}

/* Every attribute that takes a truth value, with values that are none. */
static void
test_truth_values_are_one_byte_zero_or_one(void)
{
    static const CK_ATTRIBUTE_TYPE types[] = {
        CKA_TOKEN,       CKA_PRIVATE,     CKA_SENSITIVE, CKA_EXTRACTABLE,
        CKA_SIGN,        CKA_DECRYPT,     CKA_UNWRAP,    CKA_DERIVE,
        CKA_MODIFIABLE,  CKA_DESTROYABLE, CKA_COPYABLE,  CKA_TRUSTED,
        CKA_SIGN_RECOVER
    };
    size_t i;

    for (i = 0; i < TEE_LEN(types); i++) {
        CU_ASSERT_EQUAL(parse_use(types[i], "\x02", 1, TP11_USE_GEN_PRIVATE),
                        CKR_ATTRIBUTE_VALUE_INVALID);
        CU_ASSERT_EQUAL(
            parse_use(types[i], "\x01\x00", 2, TP11_USE_GEN_PRIVATE),
            CKR_ATTRIBUTE_VALUE_INVALID);
        CU_ASSERT_EQUAL(parse_use(types[i], "", 0, TP11_USE_GEN_PRIVATE),
                        CKR_ATTRIBUTE_VALUE_INVALID);
        CU_ASSERT_EQUAL(parse_use(types[i], NULL, 1, TP11_USE_GEN_PRIVATE),
                        CKR_ATTRIBUTE_VALUE_INVALID);
    }
}

static void
test_numbers_have_the_size_of_a_number(void)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        enum tp11_use use;
    } t[] = {
        { CKA_CLASS, TP11_USE_DATA },
        { CKA_KEY_TYPE, TP11_USE_PUBLIC },
        { CKA_MODULUS_BITS, TP11_USE_GEN_PUBLIC },
        { CKA_PARAMETER_SET, TP11_USE_GEN_PUBLIC },
        { CKA_CERTIFICATE_TYPE, TP11_USE_CERT },
        { CKA_CERTIFICATE_CATEGORY, TP11_USE_CERT },
    };
    size_t i;

    for (i = 0; i < TEE_LEN(t); i++) {
        CU_ASSERT_EQUAL(parse_use(t[i].type, "\0\0\0\0", 4, t[i].use),
                        CKR_ATTRIBUTE_VALUE_INVALID);
        CU_ASSERT_EQUAL(parse_use(t[i].type, "\0\0\0\0\0\0\0\0\0", 9, t[i].use),
                        CKR_ATTRIBUTE_VALUE_INVALID);
    }
}

static void
test_text_is_utf8_without_nul_and_at_most_255_bytes(void)
{
    char text[257];

    memset(text, 'a', sizeof(text));
    CU_ASSERT_EQUAL(parse_use(CKA_LABEL, text, 255, TP11_USE_DATA), CKR_OK);
    CU_ASSERT_EQUAL(parse_use(CKA_LABEL, text, 256, TP11_USE_DATA),
                    CKR_ATTRIBUTE_VALUE_INVALID);
    CU_ASSERT_EQUAL(parse_use(CKA_LABEL, "\xc3\x28", 2, TP11_USE_DATA),
                    CKR_ATTRIBUTE_VALUE_INVALID);
    CU_ASSERT_EQUAL(parse_use(CKA_LABEL, "a\0b", 3, TP11_USE_DATA),
                    CKR_ATTRIBUTE_VALUE_INVALID);
    CU_ASSERT_EQUAL(parse_use(CKA_LABEL, "\xc3\xa4", 2, TP11_USE_DATA), CKR_OK);
    CU_ASSERT_EQUAL(parse_use(CKA_ID, text, 255, TP11_USE_CERT), CKR_OK);
    CU_ASSERT_EQUAL(parse_use(CKA_ID, text, 256, TP11_USE_CERT),
                    CKR_ATTRIBUTE_VALUE_INVALID);
}

static void
test_dates_are_eight_digits_or_nothing(void)
{
    CU_ASSERT_EQUAL(parse_use(CKA_START_DATE, "20260131", 8, TP11_USE_CERT),
                    CKR_OK);
    CU_ASSERT_EQUAL(parse_use(CKA_START_DATE, "", 0, TP11_USE_CERT), CKR_OK);
    CU_ASSERT_EQUAL(parse_use(CKA_END_DATE, "2026013", 7, TP11_USE_CERT),
                    CKR_ATTRIBUTE_VALUE_INVALID);
    CU_ASSERT_EQUAL(parse_use(CKA_END_DATE, "2026x131", 8, TP11_USE_CERT),
                    CKR_ATTRIBUTE_VALUE_INVALID);
}

static void
test_what_must_be_so_is_refused_otherwise(void)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        const CK_BBOOL *value;
        enum tp11_use use;
        CK_RV rv;
    } t[] = {
        { CKA_SENSITIVE, &no, TP11_USE_PRIVATE, CKR_TEMPLATE_INCONSISTENT },
        { CKA_SENSITIVE, &yes, TP11_USE_PRIVATE, CKR_OK },
        { CKA_EXTRACTABLE, &yes, TP11_USE_PRIVATE, CKR_TEMPLATE_INCONSISTENT },
        { CKA_EXTRACTABLE, &no, TP11_USE_PRIVATE, CKR_OK },
        { CKA_COPYABLE, &yes, TP11_USE_PRIVATE, CKR_TEMPLATE_INCONSISTENT },
        { CKA_COPYABLE, &yes, TP11_USE_PUBLIC, CKR_OK },
        { CKA_ALWAYS_AUTHENTICATE, &yes, TP11_USE_GEN_PRIVATE,
          CKR_TEMPLATE_INCONSISTENT },
        { CKA_WRAP_WITH_TRUSTED, &yes, TP11_USE_GEN_PRIVATE,
          CKR_TEMPLATE_INCONSISTENT },
        { CKA_TRUSTED, &yes, TP11_USE_CERT, CKR_ATTRIBUTE_READ_ONLY },
        { CKA_TRUSTED, &no, TP11_USE_CERT, CKR_OK },
        { CKA_SENSITIVE, &no, TP11_USE_SET_PRIVATE, CKR_ATTRIBUTE_READ_ONLY },
        { CKA_EXTRACTABLE, &yes, TP11_USE_SET_PRIVATE,
          CKR_ATTRIBUTE_READ_ONLY },
        { CKA_LOCAL, &yes, TP11_USE_GEN_PRIVATE, CKR_ATTRIBUTE_READ_ONLY },
        { CKA_NEVER_EXTRACTABLE, &yes, TP11_USE_PRIVATE,
          CKR_ATTRIBUTE_READ_ONLY },
        { CKA_PRIVATE, &yes, TP11_USE_REQUEST, CKR_TEMPLATE_INCONSISTENT },
    };
    size_t i;

    for (i = 0; i < TEE_LEN(t); i++)
        CU_ASSERT_EQUAL(parse_use(t[i].type, t[i].value, 1, t[i].use), t[i].rv);
}

static void
test_usages_that_no_key_has_may_be_wished_for(void)
{
    static const CK_ATTRIBUTE_TYPE pub[] = { CKA_ENCRYPT, CKA_WRAP,
                                             CKA_VERIFY_RECOVER, CKA_DERIVE },
                                   priv[] = { CKA_DECRYPT, CKA_UNWRAP,
                                              CKA_SIGN_RECOVER, CKA_DERIVE };
    struct tp11_want w;
    size_t i;

    for (i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(parse_one(pub[i], &yes, 1, TP11_USE_GEN_PUBLIC, &w),
                        CKR_OK);
        CU_ASSERT_EQUAL(w.flags, 0);
        CU_ASSERT_EQUAL(parse_one(priv[i], &yes, 1, TP11_USE_GEN_PRIVATE, &w),
                        CKR_OK);
        CU_ASSERT_EQUAL(w.flags, 0);
    }
}

static void
test_an_attribute_of_another_object_is_unknown(void)
{
    CU_ASSERT_EQUAL(parse_use(CKA_APPLICATION, "a", 1, TP11_USE_CERT),
                    CKR_ATTRIBUTE_TYPE_INVALID);
    CU_ASSERT_EQUAL(parse_use(CKA_ID, "a", 1, TP11_USE_DATA),
                    CKR_ATTRIBUTE_TYPE_INVALID);
    CU_ASSERT_EQUAL(parse_use(CKA_PRIME_1, "a", 1, TP11_USE_PUBLIC),
                    CKR_ATTRIBUTE_TYPE_INVALID);
    CU_ASSERT_EQUAL(parse_use(CKA_VALUE, "a", 1, TP11_USE_GEN_PRIVATE),
                    CKR_ATTRIBUTE_TYPE_INVALID);
    CU_ASSERT_EQUAL(parse_use(CKA_TEE_NONCE, "a", 1, TP11_USE_DATA),
                    CKR_ATTRIBUTE_TYPE_INVALID);
    CU_ASSERT_EQUAL(parse_use(0x7ffUL, "a", 1, TP11_USE_DATA),
                    CKR_ATTRIBUTE_TYPE_INVALID);
}

static void
test_what_is_known_but_not_settable_is_read_only(void)
{
    CU_ASSERT_EQUAL(parse_use(CKA_CLASS, "a", 1, TP11_USE_SET_DATA),
                    CKR_ATTRIBUTE_READ_ONLY);
    CU_ASSERT_EQUAL(parse_use(CKA_VALUE, "a", 1, TP11_USE_SET_CERT),
                    CKR_ATTRIBUTE_READ_ONLY);
    CU_ASSERT_EQUAL(parse_use(CKA_TOKEN, &yes, 1, TP11_USE_SET_DATA),
                    CKR_ATTRIBUTE_READ_ONLY);
    CU_ASSERT_EQUAL(parse_use(0x7ffUL, "a", 1, TP11_USE_SET_DATA),
                    CKR_ATTRIBUTE_TYPE_INVALID);
}

static void
test_a_copy_may_say_more_than_a_change(void)
{
    CK_ATTRIBUTE a[] = { { CKA_TOKEN, (void *)(uintptr_t)&yes, 1 },
                         { CKA_MODIFIABLE, (void *)(uintptr_t)&no, 1 },
                         { CKA_LABEL, (void *)(uintptr_t) "x", 1 } };
    struct tp11_template t = { a, 3 };
    struct tp11_want w;

    CU_ASSERT_EQUAL(tp11_template_parse(t, TP11_USE_SET_DATA, true, &w),
                    CKR_OK);
    CU_ASSERT(w.token && w.has_token && w.said == KS_O_MODIFIABLE &&
              w.flags == 0);
    CU_ASSERT_EQUAL(tp11_template_parse(t, TP11_USE_SET_DATA, false, &w),
                    CKR_ATTRIBUTE_READ_ONLY);
}

static void
test_saying_something_twice_is_inconsistent(void)
{
    CK_ATTRIBUTE a[] = { { CKA_LABEL, (void *)(uintptr_t) "x", 1 },
                         { CKA_LABEL, (void *)(uintptr_t) "x", 1 } };
    struct tp11_want w;

    CU_ASSERT_EQUAL(tp11_template_parse((struct tp11_template){ a, 2 },
                                        TP11_USE_DATA, false, &w),
                    CKR_TEMPLATE_INCONSISTENT);
}

static void
test_a_template_has_a_ceiling(void)
{
    static CK_ATTRIBUTE a[TP11_SEARCH_MAX + 1];
    struct tp11_want w;

    CU_ASSERT_EQUAL(
        tp11_template_parse((struct tp11_template){ a, TP11_SEARCH_MAX + 1 },
                            TP11_USE_DATA, false, &w),
        CKR_TEMPLATE_INCONSISTENT);
}

static void
test_a_class_must_be_that_of_the_use(void)
{
    CK_OBJECT_CLASS data = CKO_DATA, cert = CKO_CERTIFICATE, got = 99;
    CK_ATTRIBUTE a = { CKA_CLASS, &cert, sizeof(cert) };
    struct tp11_template t = { &a, 1 };

    CU_ASSERT_EQUAL(parse_use(CKA_CLASS, &data, sizeof(data), TP11_USE_DATA),
                    CKR_OK);
    CU_ASSERT_EQUAL(parse_use(CKA_CLASS, &cert, sizeof(cert), TP11_USE_DATA),
                    CKR_TEMPLATE_INCONSISTENT);
    CU_ASSERT(tp11_template_class(t, &got) && got == CKO_CERTIFICATE);
    a.ulValueLen = 4;
    CU_ASSERT_FALSE(tp11_template_class(t, &got));
    a.pValue = NULL;
    CU_ASSERT_FALSE(tp11_template_class(t, &got));
    t.n = 0;
    CU_ASSERT_FALSE(tp11_template_class(t, &got));
}

static void
test_requests_are_judged_by_their_lengths(void)
{
    static uint8_t big[1100];
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        CK_ULONG n;
        CK_RV rv;
    } t[] = {
        { CKA_TEE_NONCE, 0, CKR_ATTRIBUTE_VALUE_INVALID },
        { CKA_TEE_NONCE, 1, CKR_OK },
        { CKA_TEE_NONCE, 1024, CKR_OK },
        { CKA_TEE_NONCE, 1025, CKR_ATTRIBUTE_VALUE_INVALID },
        { CKA_TEE_TLS_EXPORTER, 32, CKR_OK },
        { CKA_TEE_TLS_EXPORTER, 31, CKR_ATTRIBUTE_VALUE_INVALID },
        { CKA_TEE_TLS_EXPORTER, 33, CKR_ATTRIBUTE_VALUE_INVALID },
        { CKA_TEE_KEY_REF, 0, CKR_ATTRIBUTE_VALUE_INVALID },
        { CKA_TEE_KEY_REF, 1, CKR_OK },
        { CKA_TEE_CHALLENGE_ID, 0, CKR_ATTRIBUTE_VALUE_INVALID },
        { CKA_TEE_AGENT_DID, 100, CKR_OK },
    };
    size_t i;

    memset(big, 'n', sizeof(big));
    for (i = 0; i < TEE_LEN(t); i++)
        CU_ASSERT_EQUAL(parse_use(t[i].type, big, t[i].n, TP11_USE_REQUEST),
                        t[i].rv);
}

static const struct test tests[] = {
    { "an empty template says nothing", test_an_empty_template_says_nothing },
    { "a refused template leaves the result alone",
      test_a_refused_template_leaves_the_result_alone },
    { "truth values are one byte, zero or one",
      test_truth_values_are_one_byte_zero_or_one },
    { "numbers have the size of a number",
      test_numbers_have_the_size_of_a_number },
    { "text is UTF-8 without NUL and at most 255 bytes",
      test_text_is_utf8_without_nul_and_at_most_255_bytes },
    { "dates are eight digits or nothing",
      test_dates_are_eight_digits_or_nothing },
    { "what must be so is refused otherwise",
      test_what_must_be_so_is_refused_otherwise },
    { "usages that no key has may be wished for",
      test_usages_that_no_key_has_may_be_wished_for },
    { "an attribute of another object is unknown",
      test_an_attribute_of_another_object_is_unknown },
    { "what is known but not settable is read-only",
      test_what_is_known_but_not_settable_is_read_only },
    { "a copy may say more than a change",
      test_a_copy_may_say_more_than_a_change },
    { "saying something twice is inconsistent",
      test_saying_something_twice_is_inconsistent },
    { "a template has a ceiling", test_a_template_has_a_ceiling },
    { "a class must be that of the use", test_a_class_must_be_that_of_the_use },
    { "requests are judged by their lengths",
      test_requests_are_judged_by_their_lengths },
    { NULL, NULL },
};
const struct suite template_suite = { "template", tests };
