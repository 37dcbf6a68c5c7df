/* What a good bundle is told, by what the verifier asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/attest/keys.h"
#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

static att_options *
options(bool asked)
{
    att_options *o = att_options_new();

    if (o == NULL)
        abort();
    att_options_now(o, KIT_NOW);
    if (asked)
        CU_ASSERT_EQUAL(
            att_options_challenge(o, KIT_DID, KIT_CHALLENGE, KIT_NONCE),
            ATT_OK);
    return o;
}

/* Judges and lets go of the options. */
static att_result *
judge(const struct kit *k, att_options *o)
{
    att_result *r = NULL;

    CU_ASSERT_EQUAL_FATAL(att_verify(k->json.p, k->json.len, o, &r), ATT_OK);
    att_options_free(o);
    return r;
}

static void
expect(att_result *r, enum att_verdict v, const char *reason)
{
    CU_ASSERT_EQUAL(att_result_verdict(r), v);
    CU_ASSERT_STRING_EQUAL(att_result_reason(r), reason);
    if (strcmp(att_result_reason(r), reason) != 0)
        printf("    %s: %s\n", att_result_reason(r), att_result_text(r));
    att_result_free(r);
}

static bool
fact_is(const att_result *r, const char *name, enum att_outcome o)
{
    struct att_fact f;
    size_t i;

    for (i = 0; i < att_result_facts(r); i++) {
        if (att_result_fact(r, i, &f) == ATT_OK && strcmp(f.name, name) == 0 &&
            f.outcome == o)
            return true;
    }
    return false;
}

static bool
has_line(const att_result *r, enum att_section s, const char *part)
{
    const char *line;
    size_t i;

    for (i = 0; (line = att_result_line(r, s, i)) != NULL; i++) {
        if (strstr(line, part) != NULL)
            return true;
    }
    return false;
}

static bool
claims_have(const att_result *r, const char *part)
{
    return strstr(att_result_claims(r), part) != NULL;
}

/* Whatever was asked, simulated evidence never says more than this. */
static void
check_ceiling(const att_result *r)
{
    CU_ASSERT(claims_have(r, "\"confidential_level\":\"standard\""));
    CU_ASSERT(claims_have(r, "\"key_bound_to_tee\":false"));
    CU_ASSERT(claims_have(r, "\"key_origin\":\"local\""));
    CU_ASSERT(claims_have(r, "\"origin_proof\":\"none\""));
    CU_ASSERT(claims_have(r, "\"platform_verified\":false"));
    CU_ASSERT(claims_have(r, "\"tcb_status\":\"unknown\""));
    CU_ASSERT(claims_have(r, "\"workload_measured\":\"none\""));
    CU_ASSERT_NOT_EQUAL(att_result_verdict(r), ATT_VERIFIED);
}

static void
test_simulated(void)
{
    att_result *r;
    static struct kit k;

    kit_make(&k, "tee-v1", NULL);
    r = judge(&k, options(true));
    check_ceiling(r);
    CU_ASSERT(claims_have(r, "\"freshness\":\"nonce\""));
    CU_ASSERT(claims_have(r, "\"report_data_match\":true"));
    CU_ASSERT(claims_have(r, "\"expires_at\":\"2026-01-02T00:05:00Z\""));
    CU_ASSERT(fact_is(r, "bundle", ATT_PASSED));
    CU_ASSERT(fact_is(r, "key", ATT_PASSED));
    CU_ASSERT(fact_is(r, "enrolled", ATT_NOT_CHECKED));
    CU_ASSERT(fact_is(r, "challenge", ATT_PASSED));
    CU_ASSERT(fact_is(r, "statement", ATT_PASSED));
    CU_ASSERT(fact_is(r, "possession", ATT_PASSED));
    CU_ASSERT(fact_is(r, "signature", ATT_PASSED));
    CU_ASSERT(fact_is(r, "binding", ATT_PASSED));
    CU_ASSERT(fact_is(r, "freshness", ATT_PASSED));
    CU_ASSERT(fact_is(r, "platform", ATT_NOT_CHECKED));
    CU_ASSERT(fact_is(r, "chain", ATT_NOT_CHECKED));
    CU_ASSERT(fact_is(r, "policy", ATT_NOT_CHECKED));
    CU_ASSERT(fact_is(r, "created", ATT_NOT_CHECKED));
    CU_ASSERT(has_line(r, ATT_PROVES, KIT_K1_HASH));
    CU_ASSERT(has_line(r, ATT_PROVES, "no recording"));
    CU_ASSERT(has_line(r, ATT_TRUSTS, "anchors nothing"));
    CU_ASSERT(has_line(r, ATT_DOES_NOT_PROVE, "simulated"));
    CU_ASSERT(has_line(r, ATT_DOES_NOT_PROVE, "key not enrolled"));
    CU_ASSERT(has_line(r, ATT_DOES_NOT_PROVE, "relayed"));
    CU_ASSERT_FALSE(has_line(r, ATT_DOES_NOT_PROVE, "recording"));
    expect(r, ATT_SIMULATED, "simulated");
    kit_clear(&k);
}

/* The same, of keys that libcrypto verifies: the signature is K1's, so the
 * proof of possession fails, and all else still does not. */
static void
test_other_key_types(void)
{
    att_result *r;
    static struct kit k;
    size_t i;

    for (i = 0; i < TEE_LEN(good_keys); i++) {
        kit_request(&k, "tee-v1");
        k.req.spki = test_hex(good_keys[i].spki);
        kit_collect(&k, NULL);
        r = judge(&k, options(true));
        CU_ASSERT(fact_is(r, "key", ATT_PASSED));
        CU_ASSERT(fact_is(r, "statement", ATT_PASSED));
        CU_ASSERT(fact_is(r, "binding", ATT_PASSED));
        CU_ASSERT(fact_is(r, "possession", ATT_FAILED));
        expect(r, ATT_REFUSED, "possession");
        kit_clear(&k);
    }
}

static void
test_without_nonce(void)
{
    att_result *r;
    att_options *o;
    static struct kit k;

    kit_make(&k, "tee-v1", NULL);
    r = judge(&k, options(false));
    CU_ASSERT(has_line(r, ATT_DOES_NOT_PROVE, "recording"));
    CU_ASSERT(claims_have(r, "\"freshness\":\"none\""));
    expect(r, ATT_NOT_APPRAISED, "not-checked");
    r = NULL;
    CU_ASSERT_EQUAL(att_verify(k.json.p, k.json.len, NULL, &r), ATT_OK);
    /* today's clock, no options at all */
    CU_ASSERT_EQUAL(att_result_verdict(r), ATT_NOT_APPRAISED);
    att_result_free(r);
    o = options(false);
    att_options_stale_ok(o, 1);
    r = judge(&k, o);
    CU_ASSERT(claims_have(r, "\"freshness\":\"none\""));
    CU_ASSERT(has_line(r, ATT_DOES_NOT_PROVE, "recording"));
    check_ceiling(r);
    expect(r, ATT_SIMULATED, "simulated");
    /* a nonce of one's own is stronger than stale-ok */
    o = options(true);
    att_options_stale_ok(o, 1);
    r = judge(&k, o);
    CU_ASSERT(claims_have(r, "\"freshness\":\"nonce\""));
    expect(r, ATT_SIMULATED, "simulated");
    kit_clear(&k);
}

static void
test_once_per_boot(void)
{
    att_options *o;
    static struct kit k;

    kit_make(&k, NULL, NULL);
    expect(judge(&k, options(true)), ATT_REFUSED, "report-data-mismatch");
    expect(judge(&k, options(false)), ATT_NOT_APPRAISED, "not-checked");
    o = options(false);
    att_options_stale_ok(o, 1);
    expect(judge(&k, o), ATT_SIMULATED, "simulated");
    kit_clear(&k);
}

/* Without a challenge B is zero: a DID is signed in the statement or not at
 * all, and then whoever carried the bundle may have written it there. */
static void
test_a_did_that_nothing_signed_holds(void)
{
    att_options *o;
    static struct kit k;

    kit_request(&k, "tee-v1");
    k.req.did = k.req.challenge = k.req.nonce = TEE_STR("");
    SET(k.req.statement.did, "");
    kit_collect(&k, NULL);
    o = options(false);
    att_options_stale_ok(o, 1);
    expect(judge(&k, o), ATT_SIMULATED, "simulated");
    k.b.did = TEE_STR("did:mesh:other");
    kit_sign(&k, NULL);
    o = options(false);
    att_options_stale_ok(o, 1);
    CU_ASSERT_EQUAL(att_options_challenge(o, "did:mesh:other", NULL, NULL),
                    ATT_OK);
    expect(judge(&k, o), ATT_REFUSED, "report-data-mismatch");
    kit_clear(&k);
}

static void
test_other_questions(void)
{
    static const char *const asked[][3] = {
        { "did:mesh:other", KIT_CHALLENGE, KIT_NONCE },
        { KIT_DID, "challenge_other", KIT_NONCE },
        { KIT_DID, KIT_CHALLENGE, "0" KIT_NONCE },
        { NULL, NULL, "other" },
        { "did:mesh:other", NULL, NULL },
        { NULL, KIT_CHALLENGE "0", NULL },
    };
    att_options *o;
    static struct kit k;
    size_t i;

    kit_make(&k, "tee-v1", NULL);
    for (i = 0; i < TEE_LEN(asked); i++) {
        o = options(false);
        att_options_stale_ok(o, 1);
        CU_ASSERT_EQUAL(
            att_options_challenge(o, asked[i][0], asked[i][1], asked[i][2]),
            ATT_OK);
        expect(judge(&k, o), ATT_REFUSED, "report-data-mismatch");
    }
    o = options(false); /* part of the question is enough to ask */
    CU_ASSERT_EQUAL(att_options_challenge(o, NULL, NULL, KIT_NONCE), ATT_OK);
    expect(judge(&k, o), ATT_SIMULATED, "simulated");
    kit_clear(&k);
}

static void
test_expected_key(void)
{
    uint8_t pk[32], spki[44];
    att_options *o;
    att_result *r;
    static struct kit k;

    kit_make(&k, "tee-v1", NULL);
    o = options(true);
    CU_ASSERT_EQUAL(att_options_expect_key(o, k.spki, sizeof(k.spki)), ATT_OK);
    r = judge(&k, o);
    CU_ASSERT(fact_is(r, "enrolled", ATT_PASSED));
    CU_ASSERT(has_line(r, ATT_PROVES, "expected"));
    CU_ASSERT_FALSE(has_line(r, ATT_DOES_NOT_PROVE, "not enrolled"));
    check_ceiling(r);
    expect(r, ATT_SIMULATED, "simulated");
    memcpy(pk,
           test_hex("03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc86"
                    "64125531b8")
               .p,
           32);
    kit_spki(pk, spki);
    o = options(true);
    CU_ASSERT_EQUAL(att_options_expect_key(o, spki, sizeof(spki)), ATT_OK);
    expect(judge(&k, o), ATT_REFUSED, "spki-mismatch");
    kit_clear(&k);
}

static void
test_agt(void)
{
    att_result *r;
    static struct kit k;

    kit_make(&k, "agt-v1", NULL);
    r = judge(&k, options(true));
    CU_ASSERT(fact_is(r, "binding", ATT_PASSED));
    CU_ASSERT(fact_is(r, "statement", ATT_NOT_CHECKED));
    check_ceiling(r);
    expect(r, ATT_SIMULATED, "simulated");
    kit_clear(&k);
}

static att_options *
with_exporter(uint8_t first)
{
    att_options *o = options(true);
    uint8_t x[32] = { first };

    CU_ASSERT_EQUAL(att_options_exporter(o, x, sizeof(x)), ATT_OK);
    return o;
}

static void
test_session(void)
{
    const uint8_t x[32] = { 1 };
    att_options *o;
    att_result *r;
    static struct kit k;

    kit_make(&k, "session", NULL);
    r = judge(&k, options(true));
    CU_ASSERT(fact_is(r, "session", ATT_PASSED));
    CU_ASSERT(claims_have(r, "\"freshness\":\"key-signed\""));
    CU_ASSERT(has_line(r, ATT_DOES_NOT_PROVE, "relayed"));
    check_ceiling(r);
    expect(r, ATT_SIMULATED, "simulated");
    expect(judge(&k, options(false)), ATT_NOT_APPRAISED, "not-checked");
    /* tied to no connection, though one was named */
    r = judge(&k, with_exporter(1));
    CU_ASSERT_PTR_NOT_NULL(strstr(att_result_text(r), "relayed"));
    expect(r, ATT_REFUSED, "possession");
    kit_clear(&k);
    kit_make(&k, "session", x);
    r = judge(&k, with_exporter(1));
    CU_ASSERT(has_line(r, ATT_PROVES, "connection"));
    CU_ASSERT_FALSE(has_line(r, ATT_DOES_NOT_PROVE, "relayed"));
    expect(r, ATT_SIMULATED, "simulated");
    /* another connection; and one that is not known */
    expect(judge(&k, with_exporter(2)), ATT_REFUSED, "possession");
    expect(judge(&k, options(true)), ATT_NOT_APPRAISED, "not-checked");
    kit_clear(&k);
    /* evidence that is tied to no connection at all */
    kit_make(&k, "tee-v1", NULL);
    expect(judge(&k, with_exporter(1)), ATT_NOT_APPRAISED, "not-checked");
    o = options(true);
    CU_ASSERT_EQUAL(att_options_challenge(o, KIT_DID, KIT_CHALLENGE, "other"),
                    ATT_OK);
    expect(judge(&k, o), ATT_REFUSED, "report-data-mismatch");
    kit_clear(&k);
}

/* created, of bundle and key, in the future: 120 s are forgiven. */
static void
test_times(void)
{
    att_options *o;
    static struct kit k;

    kit_make(&k, "tee-v1", NULL);
    k.b.created = KIT_NOW + 120;
    kit_sign(&k, NULL);
    expect(judge(&k, options(true)), ATT_SIMULATED, "simulated");
    k.b.created = KIT_NOW + 121;
    kit_sign(&k, NULL);
    expect(judge(&k, options(true)), ATT_REFUSED, "not-yet-valid");
    k.b.created = 0; /* long ago is no fault: a claim */
    kit_sign(&k, NULL);
    expect(judge(&k, options(true)), ATT_SIMULATED, "simulated");
    o = options(true);
    att_options_now(o, KIT_CREATED - 121);
    expect(judge(&k, o), ATT_REFUSED, "not-yet-valid");
    o = options(true);
    att_options_now(o, INT64_MAX);
    expect(judge(&k, o), ATT_SIMULATED, "simulated");
    o = options(true);
    att_options_now(o, INT64_MIN);
    expect(judge(&k, o), ATT_REFUSED, "not-yet-valid");
    kit_clear(&k);
}

#define SCHEMA "{\"schema\":\"tee-pkcs11.policy/v1\","

static void
test_policy(void)
{
    static const struct {
        const char *text;
        enum att_verdict v;
        const char *reason;
    } rows[] = {
        { SCHEMA "\"require\":{\"freshness\":\"nonce\"}}", ATT_REFUSED,
          "policy-denied" },
        { SCHEMA "\"require\":{\"key_origin\":\"local\"}}", ATT_REFUSED,
          "policy-denied" },
        { SCHEMA "\"require_attestation\":false,\"require\":{}}", ATT_SIMULATED,
          "simulated" },
    };
    att_options *o;
    att_policy *p;
    static struct kit k;
    size_t i;

    kit_make(&k, "tee-v1", NULL);
    for (i = 0; i < TEE_LEN(rows); i++) {
        CU_ASSERT_EQUAL_FATAL(att_policy_parse((const uint8_t *)rows[i].text,
                                               strlen(rows[i].text), &p, NULL,
                                               0),
                              ATT_OK);
        o = options(true);
        att_options_policy(o, p);
        expect(judge(&k, o), rows[i].v, rows[i].reason);
        o = options(false); /* what can't be appraised is not asked about */
        att_options_policy(o, p);
        expect(judge(&k, o), ATT_NOT_APPRAISED, "not-checked");
        att_policy_free(p);
    }
    kit_clear(&k);
}

/* Once refused, no weaker finding changes the verdict or its reason. */
static void
test_precedence(void)
{
    att_result *r;
    static struct kit k;

    kit_make(&k, "tee-v1", NULL);
    k.b.created = KIT_NOW + 1000;
    kit_sign(&k, NULL);
    expect(judge(&k, options(false)), ATT_REFUSED, "not-yet-valid");
    k.b.platform = TEE_STR("amd-sev-snp");
    k.b.blobs.v[0] = (struct tee_blob){ TEE_STR("report"), TEE_STR("x") };
    kit_sign(&k, NULL);
    r = judge(&k, options(false));
    CU_ASSERT(fact_is(r, "platform", ATT_NOT_CHECKED));
    CU_ASSERT_FALSE(has_line(r, ATT_PROVES, ""));
    CU_ASSERT(has_line(r, ATT_DOES_NOT_PROVE, "refused"));
    expect(r, ATT_REFUSED, "not-yet-valid");
    kit_clear(&k);
}

static void
test_other_platforms(void)
{
    static const char *const names[] = {
        "amd-sev-snp",   "intel-tdx", "azure-cvm-sev-snp",
        "azure-cvm-tdx", "tpm2",      "aws-nitro",
        "tpm",           "mock",      "none",
        "nonsense"
    };
    att_result *r;
    static struct kit k;
    size_t i;

    for (i = 0; i < TEE_LEN(names); i++) {
        kit_make(&k, "tee-v1", NULL);
        k.b.platform = tee_bytes_of(names[i]);
        k.b.blobs.v[0] = (struct tee_blob){ TEE_STR("report"), TEE_STR("x") };
        kit_sign(&k, NULL);
        r = judge(&k, options(true));
        CU_ASSERT(claims_have(r, "\"platform\":\"\"")); /* never copied */
        check_ceiling(r);
        CU_ASSERT(claims_have(r, "\"report_data_match\":false"));
        CU_ASSERT(claims_have(r, "\"freshness\":\"none\""));
        CU_ASSERT_EQUAL(strncmp(att_result_text(r), "unsupported: ", 13), 0);
        expect(r, ATT_NOT_APPRAISED, "unsupported");
        kit_clear(&k);
    }
}

/* The key answered, but over evidence that nobody verified. */
static void
test_session_of_other_platform(void)
{
    static struct kit k;
    att_result *r;

    kit_make(&k, "session", NULL);
    k.b.platform = TEE_STR("amd-sev-snp");
    k.b.blobs.v[0] = (struct tee_blob){ TEE_STR("report"), TEE_STR("x") };
    kit_sign(&k, NULL);
    r = judge(&k, options(true));
    CU_ASSERT(fact_is(r, "session", ATT_PASSED));
    CU_ASSERT(claims_have(r, "\"freshness\":\"none\""));
    check_ceiling(r);
    expect(r, ATT_NOT_APPRAISED, "unsupported");
    kit_clear(&k);
}

static void
test_other_bindings(void)
{
    static const char *const names[] = { "am-manifest", "am-runtime",
                                         "tresor-spki", "raw" };
    att_result *r;
    static struct kit k;
    size_t i;

    for (i = 0; i < TEE_LEN(names); i++) {
        kit_make(&k, "tee-v1", NULL);
        k.b.binding = tee_bytes_of(names[i]);
        k.b.statement = TEE_STR("");
        k.b.input = TEE_STR("input");
        kit_sign(&k, NULL);
        r = judge(&k, options(true));
        check_ceiling(r);
        expect(r, ATT_NOT_APPRAISED, "unsupported");
        kit_clear(&k);
    }
}

static const struct test tests[] = {
    { "a good simulated bundle is simulated, and nothing more",
      test_simulated },
    { "the proof of possession is by the key's own algorithm",
      test_other_key_types },
    { "without a nonce there is no appraisal unless stale will do",
      test_without_nonce },
    { "once-per-boot evidence answers no nonce", test_once_per_boot },
    { "without a challenge a DID stands in the statement, or is refused",
      test_a_did_that_nothing_signed_holds },
    { "another DID, challenge or nonce is refused", test_other_questions },
    { "the expected key, or none", test_expected_key },
    { "agt-v1 proves no origin", test_agt },
    { "an attested session is key-signed, and tied if it says so",
      test_session },
    { "what was made in the future is refused", test_times },
    { "no policy that asks for attestation lets it pass", test_policy },
    { "refused outweighs could not appraise", test_precedence },
    { "other platforms can't be appraised", test_other_platforms },
    { "a session over evidence that is not verified is not fresh",
      test_session_of_other_platform },
    { "other bindings can't be appraised", test_other_bindings },
    { NULL, NULL }
};
const struct suite suite_verify = { "verify", tests };
