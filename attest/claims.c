/*
 * Claims: identity reference, sections 4.1 to 4.5 and 4.9.  Defaults are the
 * untrusted values, and what can't be read has no value at all.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

static const char *const w_origin[] = { "local", "skr", "tee_generated", NULL };
static const char *const w_bool[] = { "false", "true", NULL };
static const char *const w_level[] = { "standard",     "secure_boot",
                                       "tee_vm",       "tee_container",
                                       "tee_hardware", NULL };
static const char *const w_tcb[] = { "up_to_date",
                                     "sw_hardening_needed",
                                     "configuration_needed",
                                     "configuration_and_sw_hardening_needed",
                                     "out_of_date",
                                     "out_of_date_configuration_needed",
                                     "revoked",
                                     "unknown",
                                     NULL };
static const char *const w_fresh[] = { "none", "nonce", "key-signed",
                                       "signed-time", NULL };
static const char *const w_workload[] = { "none", "firmware", "kernel", "image",
                                          NULL };

const struct att_claim_kind att_claim_kinds[ATT_CLAIMS] = {
    [ATT_C_ORIGIN] = { "key_origin", w_origin, false, false },
    [ATT_C_BOUND] = { "key_bound_to_tee", w_bool, false, true },
    [ATT_C_LEVEL] = { "confidential_level", w_level, true, false },
    [ATT_C_TCB] = { "tcb_status", w_tcb, false, false },
    [ATT_C_FRESHNESS] = { "freshness", w_fresh, false, false },
    [ATT_C_WORKLOAD] = { "workload_measured", w_workload, true, false },
};

int
att_claim_value(enum att_claim c, struct tee_bytes word)
{
    const char *const *w = att_claim_kinds[c].words;
    int i;

    for (i = 0; w[i] != NULL; i++) {
        if (tee_bytes_equal(tee_bytes_of(w[i]), word))
            return i;
    }
    return -1;
}

/* What others call our platforms; to "" what is none. */
static const char *const aliases[][2] = {
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
};

struct tee_bytes
att_platform_name(struct tee_bytes word)
{
    size_t i;

    for (i = 0; i < TEE_LEN(aliases); i++) {
        if (tee_bytes_equal(word, tee_bytes_of(aliases[i][0])))
            return tee_bytes_of(aliases[i][1]);
    }
    return word;
}

void
att_claims_init(struct att_claims *c)
{
    *c = (struct att_claims){
        .value = { [ATT_C_ORIGIN] = ATT_O_LOCAL,
                   [ATT_C_BOUND] = ATT_NO,
                   [ATT_C_LEVEL] = ATT_L_STANDARD,
                   [ATT_C_TCB] = ATT_T_UNKNOWN,
                   [ATT_C_FRESHNESS] = ATT_F_NONE,
                   [ATT_C_WORKLOAD] = ATT_W_NONE },
        .origin_proof = "none",
    };
}

void
att_claims_derive(struct att_claims *c)
{
    int origin = c->value[ATT_C_ORIGIN], level = c->value[ATT_C_LEVEL];

    if (origin < 0 || level < 0)
        c->value[ATT_C_BOUND] = -1;
    else
        c->value[ATT_C_BOUND] = (origin == ATT_O_SKR || origin == ATT_O_TEE) &&
                                level >= ATT_L_TEE_VM;
}

/* Seconds since the epoch, or RFC 3339 with an offset; false: no time. */
static bool
time_of(const cJSON *v, int64_t *ret)
{
    if (cJSON_IsString(v))
        return tee_time_parse(v->valuestring, strlen(v->valuestring), ret) ==
               TEE_OK;
    if (!cJSON_IsNumber(v) || v->valuedouble < 0 ||
        v->valuedouble > 253402300799.0 ||
        v->valuedouble != (double)(int64_t)v->valuedouble)
        return false;
    *ret = (int64_t)v->valuedouble;
    return true;
}

static void
read_words(const cJSON *v, struct att_claims *c)
{
    const cJSON *stated = att_member(v, "key_bound_to_tee");
    struct tee_bytes word;
    size_t i;

    for (i = 0; i < ATT_CLAIMS; i++) {
        c->value[i] = -1;
        if (att_text(v, att_claim_kinds[i].name, &word))
            c->value[i] = att_claim_value((enum att_claim)i, word);
    }
    att_claims_derive(c);
    /* A statement about it is never copied, but may not contradict either. */
    if (stated != NULL && (!cJSON_IsBool(stated) ||
                           cJSON_IsTrue(stated) != c->value[ATT_C_BOUND]))
        c->value[ATT_C_BOUND] = -1;
}

static void
read_platform(const cJSON *v, struct att_claims *c)
{
    const cJSON *given = att_member(v, "platform");
    struct tee_bytes word, name;

    c->platform_verified = cJSON_IsTrue(att_member(v, "platform_verified"));
    c->report_data_match = cJSON_IsTrue(att_member(v, "report_data_match"));
    if (given == NULL)
        return;
    (void)att_text(v, "platform", &word);
    name = att_platform_name(word);
    /* No platform, or one that nothing can verify. */
    if (name.len == 0 || name.len >= sizeof(c->platform) ||
        tee_bytes_equal(name, TEE_STR(ATT_SIM_PLATFORM)))
        c->platform_verified = false;
    if (name.len < sizeof(c->platform) && name.len > 0)
        memcpy(c->platform, name.p, name.len);
}

enum tee_err
att_claims_read(struct tee_bytes json, struct att_claims *ret,
                struct tee_fault *f)
{
    struct att_claims c;
    const cJSON *at;
    cJSON *v = NULL;
    enum tee_err err = tee_json_parse(json, ATT_CLAIMS_MAX, &v, f);

    if (err == TEE_OK && !cJSON_IsObject(v))
        err = tee_fault(f, TEE_E_MALFORMED, "not an object");
    if (err != TEE_OK) {
        tee_fault_prefix(f, "claims");
        cJSON_Delete(v);
        return err;
    }
    att_claims_init(&c);
    read_words(v, &c);
    read_platform(v, &c);
    c.has_expiry = time_of(att_member(v, "expires_at"), &c.expires_at);
    c.has_signed_time = time_of(att_member(v, "signed_time"), &c.signed_time);
    at = att_member(v, "verified_at");
    if (at != NULL && !time_of(at, &c.verified_at))
        c.has_expiry = false; /* a time that can't be read: expired */
    cJSON_Delete(v);
    *ret = c;
    return TEE_OK;
}

static void
put_bool(struct tee_buf *b, const char *name, bool v)
{
    tee_buf_printf(b, ",\"%s\":%s", name, v ? "true" : "false");
}

static void
put_word(struct tee_buf *b, const struct att_claims *c, enum att_claim which)
{
    int v = c->value[which];

    if (v >= 0)
        att_put_text(b, att_claim_kinds[which].name,
                     tee_bytes_of(att_claim_kinds[which].words[v]));
}

/* Members in RFC 8785 order; expires_at null: never good for a policy. */
void
att_claims_write(const struct att_claims *c, struct tee_buf *ret)
{
    tee_buf_u8(ret, '{');
    put_word(ret, c, ATT_C_LEVEL);
    if (c->has_expiry)
        att_put_time(ret, "expires_at", c->expires_at);
    else
        tee_buf_text(ret, ",\"expires_at\":null");
    put_word(ret, c, ATT_C_FRESHNESS);
    put_bool(ret, "key_bound_to_tee", c->value[ATT_C_BOUND] == ATT_YES);
    put_word(ret, c, ATT_C_ORIGIN);
    att_put_text(ret, "origin_proof", tee_bytes_of(c->origin_proof));
    att_put_text(ret, "platform", tee_bytes_of(c->platform));
    put_bool(ret, "platform_verified", c->platform_verified);
    put_bool(ret, "report_data_match", c->report_data_match);
    if (c->has_signed_time)
        att_put_time(ret, "signed_time", c->signed_time);
    put_word(ret, c, ATT_C_TCB);
    att_put_time(ret, "verified_at", c->verified_at);
    put_word(ret, c, ATT_C_WORKLOAD);
    tee_buf_u8(ret, '}');
}
