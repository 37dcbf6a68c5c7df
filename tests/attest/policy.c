#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/attest/kit.h"
#include "tests/attest/suites.h"

#define POLICY(require)                                                        \
    "{\"schema\":\"tee-pkcs11.policy/v1\",\"require\":" require "}"
#define WITH(flags, require)                                                   \
    "{\"schema\":\"tee-pkcs11.policy/v1\"," flags ",\"require\":" require "}"

/* Claims: o, l, t as in the reference; then v, r, freshness, expiry. */
struct row {
    const char *name, *policy;
    const char *o, *l, *t;
    bool v, r;
    const char *freshness;
    int64_t expires; /* seconds from now */
    const char *why; /* "": allow */
};

#define V       true
#define R       true
#define SOON    "nonce", 300
#define ORIGINS POLICY("{\"key_origin\":[\"skr\",\"tee_generated\"]}")
#define SKR     POLICY("{\"key_origin\":\"skr\"}")

/* identity reference, section 4.8 */
static const struct row answers[] = {
    { "P1", ORIGINS, "skr", "tee_vm", "up_to_date", V, R, SOON, "" },
    { "P2", ORIGINS, "local", "tee_vm", "up_to_date", V, R, SOON,
      "key_origin" },
    { "P3", POLICY("{\"key_bound_to_tee\":true}"), "tee_generated", "tee_vm",
      "up_to_date", V, R, SOON, "" },
    { "P4", POLICY("{\"key_bound_to_tee\":false}"), "skr", "tee_vm",
      "up_to_date", V, R, SOON, "key_bound_to_tee" },
    { "P5", POLICY("{\"confidential_level\":{\"min\":\"tee_vm\"}}"), "skr",
      "tee_container", "up_to_date", V, R, SOON, "" },
    { "P6", POLICY("{\"confidential_level\":{\"min\":\"tee_vm\"}}"), "skr",
      "secure_boot", "up_to_date", V, R, SOON, "confidential_level" },
    { "P7", POLICY("{\"confidential_level\":\"tee_vm\"}"), "skr",
      "tee_container", "up_to_date", V, R, SOON, "confidential_level" },
    { "P8", POLICY("{\"tcb_status\":[\"up_to_date\"]}"), "skr", "tee_vm",
      "unknown", V, R, SOON, "tcb_status" },
    { "P9", SKR, "skr", "tee_vm", "up_to_date", false, R, SOON,
      "platform_verified" },
    { "P10", SKR, "skr", "tee_vm", "up_to_date", V, false, SOON,
      "report_data_match" },
    { "P11", SKR, "skr", "tee_vm", "up_to_date", V, R, "nonce", 0, "expired" },
    { "P12", POLICY("{\"keyorigin\":\"skr\"}"), "skr", "tee_vm", "up_to_date",
      V, R, SOON, "policy-invalid" },
    { "P13", POLICY("{\"tcb_status\":[]}"), "skr", "tee_vm", "up_to_date", V, R,
      SOON, "policy-invalid" },
    { "P14", POLICY("{\"confidential_level\":{\"min\":\"tee_super\"}}"), "skr",
      "tee_vm", "up_to_date", V, R, SOON, "policy-invalid" },
    { "P15", POLICY("{\"key_bound_to_tee\":true}"), "tee_generated",
      "secure_boot", "up_to_date", V, R, SOON, "key_bound_to_tee" },
    { "P16", SKR, "skr", "tee_vm", "up_to_date", V, R, "none", 300,
      "freshness" },
};

/* What P1 to P16 leave open. */
static const struct row more[] = {
    { "not expired a second before", SKR, "skr", "tee_vm", "up_to_date", V, R,
      "nonce", 1, "" },
    { "long expired", SKR, "skr", "tee_vm", "up_to_date", V, R, "nonce", -900,
      "expired" },
    { "expiry comes first", SKR, "local", "standard", "unknown", false, false,
      "none", 0, "expired" },
    { "then the platform", SKR, "local", "standard", "unknown", false, false,
      SOON, "platform_verified" },
    { "origin before level",
      POLICY("{\"confidential_level\":\"tee_vm\",\"key_origin\":\"skr\"}"),
      "local", "standard", "unknown", V, R, SOON, "key_origin" },
    { "level before tcb",
      POLICY("{\"tcb_status\":\"up_to_date\",\"confidential_level\":{\"min\":"
             "\"tee_vm\"}}"),
      "skr", "standard", "unknown", V, R, SOON, "confidential_level" },
    { "a bound key may be asked for",
      WITH("\"require_tee_bound_key\":true", "{\"key_origin\":\"skr\"}"), "skr",
      "tee_vm", "up_to_date", V, R, SOON, "" },
    { "a bound key that is not",
      WITH("\"require_tee_bound_key\":true", "{\"tcb_status\":\"up_to_date\"}"),
      "local", "tee_vm", "up_to_date", V, R, SOON, "key_bound_to_tee" },
    { "a bound key by word alone",
      WITH("\"require_tee_bound_key\":true", "{\"key_origin\":\"skr\"}"), "skr",
      "tee_vm", "up_to_date", false, R, SOON, "platform_verified" },
    { "a bound key, attestation not required",
      WITH("\"require_attestation\":false,\"require_tee_bound_key\":true",
           "{}"),
      "skr", "tee_vm", "up_to_date", false, R, SOON, "platform_verified" },
    { "nothing asked, nothing given",
      WITH("\"require_attestation\":false", "{}"), "local", "standard",
      "unknown", false, false, "none", 0, "" },
    { "a condition asks for verified claims",
      WITH("\"require_attestation\":false", "{\"key_origin\":\"local\"}"),
      "local", "standard", "unknown", false, R, SOON, "platform_verified" },
    { "freshness none, when the policy says so",
      POLICY("{\"freshness\":[\"none\",\"nonce\"]}"), "skr", "tee_vm",
      "up_to_date", V, R, "none", 300, "" },
    { "key-signed does not suffice by itself", SKR, "skr", "tee_vm",
      "up_to_date", V, R, "key-signed", 300, "freshness" },
    { "key-signed, when the policy says so",
      POLICY("{\"freshness\":\"key-signed\"}"), "skr", "tee_vm", "up_to_date",
      V, R, "key-signed", 300, "" },
    { "a nonce is not key-signed", POLICY("{\"freshness\":\"key-signed\"}"),
      "skr", "tee_vm", "up_to_date", V, R, SOON, "freshness" },
    { "workload at least kernel",
      POLICY("{\"workload_measured\":{\"min\":\"kernel\"}}"), "skr", "tee_vm",
      "up_to_date", V, R, SOON, "" },
    { "workload image", POLICY("{\"workload_measured\":\"image\"}"), "skr",
      "tee_vm", "up_to_date", V, R, SOON, "workload_measured" },
    { "workload out of a list",
      POLICY("{\"workload_measured\":[\"kernel\",\"image\"]}"), "skr", "tee_vm",
      "up_to_date", V, R, SOON, "" },
    { "an unknown level is in no set",
      POLICY("{\"confidential_level\":{\"min\":\"standard\"}}"), "skr",
      "tee_super", "up_to_date", V, R, SOON, "confidential_level" },
    { "an unknown origin is in no set",
      POLICY("{\"key_origin\":[\"local\",\"skr\",\"tee_generated\"]}"), "SKR",
      "tee_vm", "up_to_date", V, R, SOON, "key_origin" },
    { "and makes no key bound", POLICY("{\"key_bound_to_tee\":false}"), "SKR",
      "tee_vm", "up_to_date", V, R, SOON, "key_bound_to_tee" },
    { "local is not bound", POLICY("{\"key_bound_to_tee\":false}"), "local",
      "tee_vm", "up_to_date", V, R, SOON, "" },
};

static void
judge(const char *policy, const char *claims, const char *want,
      const char *name)
{
    att_policy *p = NULL;
    enum att_status st;
    char why[128] = "unset";
    int allow = 7;

    st = att_policy_parse((const uint8_t *)policy, strlen(policy), &p, why,
                          sizeof(why));
    CU_ASSERT(st == ATT_OK || (st == ATT_E_MALFORMED && p == NULL));
    st = att_policy_check(p, (const uint8_t *)claims, strlen(claims), KIT_NOW,
                          &allow, why, sizeof(why));
    CU_ASSERT_EQUAL(st, ATT_OK);
    CU_ASSERT_EQUAL(allow, want[0] == '\0');
    CU_ASSERT_STRING_EQUAL(why, want);
    if (strcmp(why, want) != 0)
        printf("    %s: %s, not %s\n", name, why, want);
    att_policy_free(p);
}

static void
run(const struct row *row)
{
    char claims[1024];

    (void)snprintf(claims, sizeof(claims),
                   "{\"platform\":\"amd-sev-snp\",\"key_origin\":\"%s\","
                   "\"confidential_level\":\"%s\",\"tcb_status\":\"%s\","
                   "\"platform_verified\":%s,\"report_data_match\":%s,"
                   "\"freshness\":\"%s\",\"workload_measured\":\"kernel\","
                   "\"expires_at\":%lld}",
                   row->o, row->l, row->t, row->v ? "true" : "false",
                   row->r ? "true" : "false", row->freshness,
                   (long long)(KIT_NOW + row->expires));
    judge(row->policy, claims, row->why, row->name);
}

static void
test_answers(void)
{
    size_t i;

    for (i = 0; i < TEE_LEN(answers); i++)
        run(&answers[i]);
}

static void
test_more(void)
{
    size_t i;

    for (i = 0; i < TEE_LEN(more); i++)
        run(&more[i]);
}

static const char *const invalid[] = {
    "",
    "[]",
    "null",
    "{}",
    "{\"require\":{\"key_origin\":\"skr\"}}",
    "{\"schema\":\"tee-pkcs11.policy/"
    "v2\",\"require\":{\"key_origin\":\"skr\"}}",
    "{\"schema\":\"tee-pkcs11.policy/v1\"}",
    POLICY("null"),
    POLICY("[]"),
    POLICY("{}"), /* attestation is required, but nothing of it */
    POLICY("{\"key_origin\":\"skr\"}") "x",
    WITH("\"x\":1", "{\"key_origin\":\"skr\"}"),
    WITH("\"Require\":{}", "{\"key_origin\":\"skr\"}"),
    WITH("\"require_attestation\":\"yes\"", "{\"key_origin\":\"skr\"}"),
    WITH("\"require_attestation\":null", "{\"key_origin\":\"skr\"}"),
    WITH("\"require_attestation\":0", "{}"),
    WITH("\"require_tee_bound_key\":1", "{\"key_origin\":\"skr\"}"),
    WITH("\"require_tee_bound_key\":true", "{}"),
    /* duplicates: the last one does not win */
    POLICY("{\"key_origin\":\"skr\",\"key_origin\":\"local\"}"),
    POLICY("{\"key_origin\":\"skr\"},\"require\":{\"tcb_status\":\"unknown\"}"),
    POLICY("{\"freshness\":\"nonce\",\"\\u0066reshness\":\"none\"}"),
    /* unknown conditions and words */
    POLICY("{\"key_Origin\":\"skr\"}"),
    POLICY("{\"platform_verified\":true}"),
    POLICY("{\"platform\":\"amd-sev-snp\"}"),
    POLICY("{\"key_origin\":\"SKR\"}"),
    POLICY("{\"key_origin\":\"\"}"),
    POLICY("{\"key_origin\":[\"skr\",\"none\"]}"),
    POLICY("{\"tcb_status\":\"fine\"}"),
    POLICY("{\"freshness\":\"recent\"}"),
    POLICY("{\"workload_measured\":{\"min\":\"bootloader\"}}"),
    /* wrong types */
    POLICY("{\"key_origin\":true}"),
    POLICY("{\"key_origin\":null}"),
    POLICY("{\"key_origin\":1}"),
    POLICY("{\"key_origin\":[1]}"),
    POLICY("{\"key_origin\":[[\"skr\"]]}"),
    POLICY("{\"key_origin\":[]}"),
    POLICY("{\"key_origin\":{\"min\":\"skr\"}}"),
    POLICY("{\"tcb_status\":{\"min\":\"up_to_date\"}}"),
    POLICY("{\"freshness\":{\"min\":\"nonce\"}}"),
    POLICY("{\"freshness\":[]}"),
    POLICY("{\"workload_measured\":[]}"),
    POLICY("{\"key_bound_to_tee\":\"true\"}"),
    POLICY("{\"key_bound_to_tee\":1}"),
    POLICY("{\"key_bound_to_tee\":[true]}"),
    POLICY("{\"key_bound_to_tee\":null}"),
    POLICY("{\"confidential_level\":{}}"),
    POLICY("{\"confidential_level\":{\"max\":\"tee_vm\"}}"),
    POLICY("{\"confidential_level\":{\"min\":\"tee_vm\",\"x\":1}}"),
    POLICY("{\"confidential_level\":{\"x\":1,\"min\":\"tee_vm\"}}"),
    POLICY("{\"confidential_level\":{\"min\":[\"tee_vm\"]}}"),
    POLICY("{\"confidential_level\":{\"min\":2}}"),
    /* max_age */
    POLICY("{\"max_age\":60}"),
    POLICY("{\"max_age\":60,\"freshness\":\"nonce\"}"),
    POLICY("{\"max_age\":60,\"freshness\":[\"nonce\",\"key-signed\"]}"),
    POLICY("{\"max_age\":0,\"freshness\":\"signed-time\"}"),
    POLICY("{\"max_age\":-1,\"freshness\":\"signed-time\"}"),
    POLICY("{\"max_age\":1.5,\"freshness\":\"signed-time\"}"),
    POLICY("{\"max_age\":\"60\",\"freshness\":\"signed-time\"}"),
    POLICY("{\"max_age\":1e12,\"freshness\":\"signed-time\"}"),
};

static void
test_invalid(void)
{
    static const char claims[] =
        "{\"platform\":\"amd-sev-snp\",\"key_origin\":\"skr\","
        "\"confidential_level\":\"tee_hardware\",\"tcb_status\":\"up_to_date\","
        "\"platform_verified\":true,\"report_data_match\":true,\"freshness\":"
        "\"nonce\",\"workload_measured\":\"image\",\"expires_at\":1900000000}";
    att_policy mark, *p;
    char why[128];
    size_t i;

    for (i = 0; i < TEE_LEN(invalid); i++) {
        p = &mark;
        why[0] = '\0';
        CU_ASSERT_EQUAL(att_policy_parse((const uint8_t *)invalid[i],
                                         strlen(invalid[i]), &p, why,
                                         sizeof(why)),
                        ATT_E_MALFORMED);
        CU_ASSERT_PTR_EQUAL(p, &mark);
        CU_ASSERT(why[0] != '\0');
        if (why[0] == '\0')
            printf("    taken: %s\n", invalid[i]);
        judge(invalid[i], claims, "policy-invalid", invalid[i]);
    }
}

/* Each member of good claims in turn: absent, null, of a wrong type. */
static void
test_absent_claims(void)
{
    static const struct {
        const char *member, *policy, *why;
    } rows[] = {
        { "\"key_origin\":\"skr\",", SKR, "key_origin" },
        { "\"key_origin\":\"skr\",", POLICY("{\"key_bound_to_tee\":true}"),
          "key_bound_to_tee" },
        { "\"confidential_level\":\"tee_vm\",",
          POLICY("{\"confidential_level\":{\"min\":\"standard\"}}"),
          "confidential_level" },
        { "\"confidential_level\":\"tee_vm\",",
          POLICY("{\"key_bound_to_tee\":true}"), "key_bound_to_tee" },
        { "\"tcb_status\":\"up_to_date\",",
          POLICY("{\"tcb_status\":[\"up_to_date\",\"unknown\"]}"),
          "tcb_status" },
        { "\"platform_verified\":true,", SKR, "platform_verified" },
        { "\"report_data_match\":true,", SKR, "report_data_match" },
        { "\"freshness\":\"nonce\",", SKR, "freshness" },
        { "\"freshness\":\"nonce\",",
          POLICY("{\"freshness\":[\"none\",\"nonce\"]}"), "freshness" },
        { "\"workload_measured\":\"kernel\",",
          POLICY("{\"workload_measured\":[\"none\",\"kernel\"]}"),
          "workload_measured" },
        { "\"expires_at\":1767312300,", SKR, "expired" },
    };
    static const char good[] =
        "{\"key_origin\":\"skr\",\"confidential_level\":\"tee_vm\","
        "\"tcb_status\":\"up_to_date\",\"platform_verified\":true,"
        "\"report_data_match\":true,\"freshness\":\"nonce\","
        "\"workload_measured\":\"kernel\",\"expires_at\":1767312300,"
        "\"claims\":{\"a\":\"b\"}}";
    char *text, name[64];
    size_t i;

    judge(SKR, good, "", "all of them");
    for (i = 0; i < TEE_LEN(rows); i++) {
        text = kit_edit(tee_bytes_of(good), rows[i].member, "");
        judge(rows[i].policy, text, rows[i].why, rows[i].member);
        free(text);
        (void)snprintf(name, sizeof(name), "%.*snull,",
                       (int)(strchr(rows[i].member, ':') - rows[i].member) + 1,
                       rows[i].member);
        text = kit_edit(tee_bytes_of(good), rows[i].member, name);
        judge(rows[i].policy, text, rows[i].why, name);
        free(text);
    }
}

static void
test_loose_claims(void)
{
    static const struct {
        const char *from, *to, *why;
    } rows[] = {
        { "\"platform_verified\":true", "\"platform_verified\":\"true\"",
          "platform_verified" },
        { "\"platform_verified\":true", "\"platform_verified\":1",
          "platform_verified" },
        { "\"report_data_match\":true", "\"report_data_match\":[true]",
          "report_data_match" },
        { "\"expires_at\":1767312300",
          "\"expires_at\":\"2026-01-02T00:05:00Z\"", "" },
        { "\"expires_at\":1767312300",
          "\"expires_at\":\"2026-01-02T00:05:00.5+00:00\"", "" },
        { "\"expires_at\":1767312300", "\"expires_at\":\"2026-01-02T00:05:00\"",
          "expired" }, /* naive */
        { "\"expires_at\":1767312300", "\"expires_at\":\"\"", "expired" },
        { "\"expires_at\":1767312300", "\"expires_at\":\"never\"", "expired" },
        { "\"expires_at\":1767312300", "\"expires_at\":1767312300.5",
          "expired" },
        { "\"expires_at\":1767312300", "\"expires_at\":-1", "expired" },
        { "\"expires_at\":1767312300", "\"expires_at\":1e20", NULL },
        { "\"expires_at\":1767312300", "\"expires_at\":1e22", "expired" },
        { "\"expires_at\":1767312300",
          "\"expires_at\":1767312300,\"verified_at\":1767312121", "expired" },
        { "\"expires_at\":1767312300",
          "\"expires_at\":1767312300,\"verified_at\":1767312120", "" },
        { "\"expires_at\":1767312300",
          "\"expires_at\":1767312300,\"verified_at\":\"\"", "expired" },
        { "\"key_bound_to_tee\":true", "\"key_bound_to_tee\":false",
          "key_bound_to_tee" },
        { "\"key_bound_to_tee\":true", "\"key_bound_to_tee\":\"true\"",
          "key_bound_to_tee" },
        { "\"confidential_level\":\"tee_vm\"",
          "\"confidential_level\":\"standard\"", "key_bound_to_tee" },
        { "\"key_origin\":\"skr\"", "\"key_origin\":\"local\"",
          "key_bound_to_tee" },
        /* platforms that nobody can verify, and aliases of one that is known */
        { "\"amd-sev-snp\"", "\"snp\"", "" },
        { "\"amd-sev-snp\"", "\"azure-sev-snp\"", "" },
        { "\"amd-sev-snp\"", "\"simulated\"", "platform_verified" },
        { "\"amd-sev-snp\"", "\"mock\"", "platform_verified" },
        { "\"amd-sev-snp\"", "\"none\"", "platform_verified" },
        { "\"amd-sev-snp\"", "\"software\"", "platform_verified" },
        { "\"amd-sev-snp\"", "\"sample\"", "platform_verified" },
        { "\"amd-sev-snp\"", "\"\"", "platform_verified" },
        { "\"amd-sev-snp\"", "7", "platform_verified" },
        { "\"amd-sev-snp\"", "\"abcdefghijklmnopqrstuvwxyzabcdefgh\"",
          "platform_verified" },
    };
    static const char good[] =
        "{\"platform\":\"amd-sev-snp\",\"key_origin\":\"skr\","
        "\"confidential_level\":\"tee_vm\",\"key_bound_to_tee\":true,"
        "\"platform_verified\":true,\"report_data_match\":true,"
        "\"freshness\":\"nonce\",\"expires_at\":1767312300}";
    const char *policy = POLICY("{\"key_bound_to_tee\":true}");
    char *text, why[64];
    att_policy *p = NULL;
    int allow = 1;
    size_t i;

    judge(policy, good, "", "all of them");
    for (i = 0; i < TEE_LEN(rows); i++) {
        text = kit_edit(tee_bytes_of(good), rows[i].from, rows[i].to);
        if (rows[i].why != NULL) {
            judge(policy, text, rows[i].why, rows[i].to);
        } else { /* no JSON that we read at all */
            CU_ASSERT_EQUAL(att_policy_check(p, (const uint8_t *)text,
                                             strlen(text), KIT_NOW, &allow, why,
                                             sizeof(why)),
                            ATT_E_MALFORMED);
            CU_ASSERT_EQUAL(allow, 0);
        }
        free(text);
    }
}

/* N13: what the attester says of itself, said twice, is not taken. */
static void
test_duplicate_claims(void)
{
    static const char *const bad[] = {
        "{\"platform_verified\":false,\"platform_verified\":true}",
        "[]",
        "",
        "\"x\"",
        "{",
        "null"
    };
    att_policy *p = NULL;
    char why[64];
    int allow;
    size_t i;

    CU_ASSERT_EQUAL(att_policy_parse((const uint8_t *)SKR, strlen(SKR), &p, why,
                                     sizeof(why)),
                    ATT_OK);
    for (i = 0; i < TEE_LEN(bad); i++) {
        allow = 1;
        why[0] = '\0';
        CU_ASSERT_EQUAL(att_policy_check(p, (const uint8_t *)bad[i],
                                         strlen(bad[i]), KIT_NOW, &allow, why,
                                         sizeof(why)),
                        ATT_E_MALFORMED);
        CU_ASSERT_EQUAL(allow, 0);
        CU_ASSERT(why[0] != '\0');
    }
    att_policy_free(p);
}

static void
signed_time(const char *freshness, const char *time, int64_t max,
            const char *want)
{
    char policy[256], claims[512];

    (void)snprintf(policy, sizeof(policy),
                   POLICY("{\"freshness\":[\"signed-time\",\"nonce\"],"
                          "\"max_age\":%lld}"),
                   (long long)max);
    (void)snprintf(claims, sizeof(claims),
                   "{\"platform_verified\":true,\"report_data_match\":true,"
                   "\"freshness\":\"%s\",\"expires_at\":1900000000%s%s}",
                   freshness, time[0] != '\0' ? ",\"signed_time\":" : "", time);
    judge(policy, claims, want, time);
}

static void
test_max_age(void)
{
    signed_time("signed-time", "1767311940", 60, ""); /* 60 s ago */
    signed_time("signed-time", "1767311939", 60, "freshness");
    signed_time("signed-time", "\"2026-01-01T23:59:00Z\"", 60, "");
    signed_time("signed-time", "1767312120", 60, ""); /* skew */
    signed_time("signed-time", "1767312121", 60, "freshness");
    signed_time("signed-time", "", 60, "freshness");
    signed_time("signed-time", "\"yesterday\"", 60, "freshness");
    signed_time("nonce", "", 60, ""); /* a nonce needs no clock */
    signed_time("none", "1767311990", 60, "freshness");
}

static void
test_aliases(void)
{
    static const char *const rows[][2] = {
        { "azure-sev-snp", "azure-cvm-sev-snp" },
        { "tpm", "tpm2" },
        { "snp", "amd-sev-snp" },
        { "tdx", "intel-tdx" },
        { "az-snp-vtpm", "azure-cvm-sev-snp" },
        { "az-tdx-vtpm", "azure-cvm-tdx" },
        { "mock", "" },
        { "none", "" },
        { "software", "" },
        { "software-only", "" },
        { "opaque", "" },
        { "sample", "" },
        { "amd-sev-snp", "amd-sev-snp" },
        { "simulated", "simulated" },
        { "something-else", "something-else" },
    };
    size_t i;

    for (i = 0; i < TEE_LEN(rows); i++)
        CU_ASSERT(tee_bytes_equal(att_platform_name(tee_bytes_of(rows[i][0])),
                                  tee_bytes_of(rows[i][1])));
}

static const struct test tests[] = {
    { "P1 to P16 have their answers", test_answers },
    { "order, defaults and combinations", test_more },
    { "each listed mistake makes the policy invalid, and denies",
      test_invalid },
    { "an absent claim satisfies nothing", test_absent_claims },
    { "claims of a wrong type or against themselves satisfy nothing",
      test_loose_claims },
    { "duplicate claims and what is no object are malformed",
      test_duplicate_claims },
    { "max_age is by a signed clock", test_max_age },
    { "platform names of others are told by their aliases", test_aliases },
    { NULL, NULL }
};
const struct suite suite_policy = { "policy", tests };
