/* The public functions with what callers get wrong. */
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "tests/attest/keys.h"
#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

static void
test_null(void)
{
    const uint8_t x[1] = { '{' };
    struct att_fact f;
    att_result *r = NULL;
    att_policy *p = NULL;
    char *text = NULL;
    int allow = 7;

    CU_ASSERT_EQUAL(att_policy_parse(NULL, 1, &p, NULL, 0), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_policy_parse(x, 1, NULL, NULL, 0), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_policy_parse(NULL, 0, &p, NULL, 0), ATT_E_MALFORMED);
    CU_ASSERT_EQUAL(att_policy_check(NULL, NULL, 1, 0, &allow, NULL, 0),
                    ATT_E_ARG);
    CU_ASSERT_EQUAL(att_policy_check(NULL, x, 1, 0, NULL, NULL, 0), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_policy_check(NULL, x, 1, -1, &allow, NULL, 0),
                    ATT_E_ARG);
    CU_ASSERT_EQUAL(att_policy_check(NULL, x, 1, 253402300800, &allow, NULL, 0),
                    ATT_E_ARG);
    CU_ASSERT_EQUAL(allow, 7);
    CU_ASSERT_EQUAL(att_options_challenge(NULL, "a", "b", "c"), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_expect_key(NULL, x, 1), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_exporter(NULL, x, 1), ATT_E_ARG);
    att_options_stale_ok(NULL, 1);
    att_options_now(NULL, 1);
    att_options_policy(NULL, NULL);
    att_options_free(NULL);
    att_policy_free(NULL);
    att_result_free(NULL);
    CU_ASSERT_EQUAL(att_verify(NULL, 1, NULL, &r), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_verify(x, 1, NULL, NULL), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_show(NULL, 1, &text), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_show(x, 1, NULL), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_result_verdict(NULL), ATT_REFUSED);
    CU_ASSERT_STRING_EQUAL(att_result_reason(NULL), "");
    CU_ASSERT_STRING_EQUAL(att_result_text(NULL), "");
    CU_ASSERT_STRING_EQUAL(att_result_claims(NULL), "");
    CU_ASSERT_STRING_EQUAL(att_result_json(NULL), "");
    CU_ASSERT_EQUAL(att_result_facts(NULL), 0);
    CU_ASSERT_EQUAL(att_result_fact(NULL, 0, &f), ATT_E_ARG);
    CU_ASSERT_PTR_NULL(att_result_line(NULL, ATT_PROVES, 0));
    CU_ASSERT(r == NULL && p == NULL && text == NULL);
}

static void
test_limits(void)
{
    static char big[65537];
    att_options *o = att_options_new();
    uint8_t x[33] = { 0 };

    CU_ASSERT_PTR_NOT_NULL_FATAL(o);
    memset(big, 'a', sizeof(big) - 1);
    CU_ASSERT_EQUAL(att_options_challenge(o, big, NULL, NULL), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_challenge(o, NULL, big, NULL), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_challenge(o, big + 1, big + 1, NULL), ATT_OK);
    CU_ASSERT_EQUAL(att_options_challenge(o, NULL, NULL, big + 65536 - 1025),
                    ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_challenge(o, NULL, NULL, big + 65536 - 1024),
                    ATT_OK);
    CU_ASSERT_EQUAL(att_options_challenge(o, "", NULL, NULL), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_challenge(o, NULL, "", NULL), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_challenge(o, NULL, NULL, ""), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_challenge(o, "\xff", NULL, NULL), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_challenge(o, NULL, NULL, NULL), ATT_OK);
    CU_ASSERT_EQUAL(att_options_exporter(o, x, 31), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_exporter(o, x, 33), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_exporter(o, NULL, 32), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_exporter(o, x, 32), ATT_OK);
    CU_ASSERT_EQUAL(att_options_expect_key(o, x, sizeof(x)), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_expect_key(o, NULL, 0), ATT_E_ARG);
    CU_ASSERT_EQUAL(att_options_expect_key(o, test_hex(good_keys[0].spki).p,
                                           test_hex(good_keys[0].spki).len),
                    ATT_OK);
    CU_ASSERT_EQUAL(att_options_expect_key(o, test_hex(good_keys[1].spki).p,
                                           test_hex(good_keys[1].spki).len),
                    ATT_OK); /* replaces */
    att_options_free(o);
}

/* Bytes that are no bundle are a verdict, not an error of the call. */
static void
test_no_bundle(void)
{
    static const struct {
        const char *text, *reason;
    } rows[] = { { "", "malformed" },
                 { "{}", "malformed" },
                 { "\xff", "malformed" },
                 { "null", "malformed" } };
    att_result *r;
    uint8_t *big;
    size_t i;

    for (i = 0; i < TEE_LEN(rows); i++) {
        r = NULL;
        CU_ASSERT_EQUAL_FATAL(att_verify((const uint8_t *)rows[i].text,
                                         strlen(rows[i].text), NULL, &r),
                              ATT_OK);
        CU_ASSERT_EQUAL(att_result_verdict(r), ATT_REFUSED);
        CU_ASSERT_STRING_EQUAL(att_result_reason(r), rows[i].reason);
        CU_ASSERT(att_result_text(r)[0] != '\0');
        CU_ASSERT_PTR_NULL(att_result_line(r, ATT_PROVES, 0));
        CU_ASSERT_PTR_NOT_NULL(att_result_line(r, ATT_DOES_NOT_PROVE, 0));
        att_result_free(r);
    }
    r = NULL;
    CU_ASSERT_EQUAL(att_verify(NULL, 0, NULL, &r), ATT_OK); /* an empty file */
    CU_ASSERT_EQUAL(att_result_verdict(r), ATT_REFUSED);
    att_result_free(r);
    big = calloc(1, ATT_BUNDLE_MAX + 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(big);
    r = NULL;
    CU_ASSERT_EQUAL(att_verify(big, ATT_BUNDLE_MAX + 1, NULL, &r), ATT_OK);
    CU_ASSERT_STRING_EQUAL(att_result_reason(r), "too-big");
    att_result_free(r);
    free(big);
}

/* The same facts in JSON, under names that stay. */
static void
test_json(void)
{
    static const char *const names[] = { "verdict", "reason",        "text",
                                         "facts",   "claims",        "proves",
                                         "trusts",  "does_not_prove" };
    static const char *const words[] = { "passed", "failed", "not-checked" };
    struct att_fact f;
    struct tee_bytes v;
    att_result *r = NULL;
    const cJSON *row;
    cJSON *j = NULL;
    static struct kit k;
    size_t i = 0;

    kit_make(&k, "tee-v1", NULL);
    CU_ASSERT_EQUAL(att_verify(k.json.p, k.json.len, NULL, &r), ATT_OK);
    CU_ASSERT_EQUAL_FATAL(
        tee_json_parse(tee_bytes_of(att_result_json(r)), 1 << 20, &j, NULL),
        TEE_OK);
    for (row = j->child; row != NULL && i < TEE_LEN(names); row = row->next)
        CU_ASSERT_STRING_EQUAL(row->string, names[i++]);
    CU_ASSERT(row == NULL && i == TEE_LEN(names));
    CU_ASSERT(att_text(j, "verdict", &v));
    CU_ASSERT(tee_bytes_equal(v, TEE_STR("could not appraise")));
    CU_ASSERT(att_text(j, "reason", &v));
    CU_ASSERT(tee_bytes_equal(v, TEE_STR("not-checked")));
    i = 0;
    for (row = att_member(j, "facts")->child; row != NULL; row = row->next) {
        CU_ASSERT_EQUAL(att_result_fact(r, i++, &f), ATT_OK);
        CU_ASSERT(att_text(row, "name", &v) &&
                  tee_bytes_equal(v, tee_bytes_of(f.name)));
        CU_ASSERT(att_text(row, "outcome", &v) &&
                  tee_bytes_equal(v, tee_bytes_of(words[f.outcome])));
        CU_ASSERT(att_text(row, "text", &v) &&
                  tee_bytes_equal(v, tee_bytes_of(f.text)));
    }
    CU_ASSERT(i > 10 && i == att_result_facts(r));
    CU_ASSERT_EQUAL(att_result_fact(r, i, &f), ATT_E_ARG);
    CU_ASSERT_PTR_NULL(att_result_line(r, ATT_PROVES, 99));
    CU_ASSERT_PTR_NULL(att_result_line(r, (enum att_section)3, 0));
    CU_ASSERT(cJSON_IsObject(att_member(j, "claims")));
    cJSON_Delete(j);
    att_result_free(r);
    kit_clear(&k);
}

static void
test_words(void)
{
    CU_ASSERT_STRING_EQUAL(att_verdict_word(ATT_VERIFIED), "verified");
    CU_ASSERT_STRING_EQUAL(att_verdict_word(ATT_REFUSED), "refused");
    CU_ASSERT_STRING_EQUAL(att_verdict_word(ATT_NOT_APPRAISED),
                           "could not appraise");
    CU_ASSERT_STRING_EQUAL(att_verdict_word(ATT_SIMULATED), "simulated");
    CU_ASSERT_STRING_EQUAL(att_verdict_word((enum att_verdict)9), "refused");
    CU_ASSERT(att_version()[0] != '\0');
}

/* A sentence that does not fit is cut, never overrun. */
static void
test_short_room(void)
{
    static const char bad[] = "{\"schema\":7}";
    att_policy *p = NULL;
    char why[8];

    memset(why, 'x', sizeof(why));
    CU_ASSERT_EQUAL(
        att_policy_parse((const uint8_t *)bad, sizeof(bad) - 1, &p, why, 4),
        ATT_E_MALFORMED);
    CU_ASSERT_STRING_EQUAL(why, "pol");
    CU_ASSERT_EQUAL(why[4], 'x');
    CU_ASSERT_EQUAL(
        att_policy_parse((const uint8_t *)bad, sizeof(bad) - 1, &p, why, 0),
        ATT_E_MALFORMED);
}

static const struct test tests[] = {
    { "NULL is an argument error or harmless", test_null },
    { "texts and bytes over a limit are refused", test_limits },
    { "what is no bundle is refused, not an error", test_no_bundle },
    { "the JSON has stable names and the same facts", test_json },
    { "verdicts have their words", test_words },
    { "sentences are cut to the caller's room", test_short_room },
    { NULL, NULL }
};
const struct suite suite_api = { "api", tests };
