/*
 * Policy tee-pkcs11.policy/v1: identity reference, section 4.8.  Each
 * condition becomes a set of values that will do, whether it was written as a
 * word, a list or a minimum; a claim without a value is in no set.
 */
#include <cjson/cJSON.h>
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

#define SCHEMA  "tee-pkcs11.policy/v1"
#define SKEW    120 /* seconds, trust rules section 8 */
#define AGE_MAX 315360000.0
#define BIT(v)  ((uint32_t)1 << (v))

static enum tee_err
add_word(enum att_claim c, const cJSON *v, uint32_t *mask, struct tee_fault *f)
{
    const char *name = att_claim_kinds[c].name;
    char shown[TEE_ESCAPED];
    int value;

    if (!cJSON_IsString(v))
        return tee_fault(f, TEE_E_POLICY_INVALID,
                         "\"%s\": a value of the wrong type", name);
    value = att_claim_value(c, tee_bytes_of(v->valuestring));
    if (value < 0) {
        tee_escape(tee_bytes_of(v->valuestring), shown);
        return tee_fault(f, TEE_E_POLICY_INVALID, "\"%s\" can't be \"%s\"",
                         name, shown);
    }
    *mask |= BIT(value);
    return TEE_OK;
}

static enum tee_err
add_list(enum att_claim c, const cJSON *v, uint32_t *mask, struct tee_fault *f)
{
    enum tee_err err = TEE_OK;
    const cJSON *e;

    if (v->child == NULL)
        return tee_fault(f, TEE_E_POLICY_INVALID, "\"%s\" is an empty list",
                         att_claim_kinds[c].name);
    for (e = v->child; err == TEE_OK && e != NULL; e = e->next)
        err = add_word(c, e, mask, f);
    return err;
}

/* {"min": word}: that word and all that rank above it */
static enum tee_err
add_min(enum att_claim c, const cJSON *v, uint32_t *mask, struct tee_fault *f)
{
    const char *const *w = att_claim_kinds[c].words;
    uint32_t least = 0;
    enum tee_err err;
    int i;

    if (!att_claim_kinds[c].ranked || att_member(v, "min") == NULL ||
        v->child->next != NULL)
        return tee_fault(f, TEE_E_POLICY_INVALID, "\"%s\": no such form",
                         att_claim_kinds[c].name);
    err = add_word(c, att_member(v, "min"), &least, f);
    for (i = 0; err == TEE_OK && w[i] != NULL; i++) {
        if (BIT(i) >= least)
            *mask |= BIT(i);
    }
    return err;
}

static enum tee_err
read_condition(enum att_claim c, const cJSON *v, struct att_policy *p,
               struct tee_fault *f)
{
    p->has[c] = true;
    if (att_claim_kinds[c].boolean) {
        if (!cJSON_IsBool(v))
            return tee_fault(f, TEE_E_POLICY_INVALID, "\"%s\" is true or false",
                             att_claim_kinds[c].name);
        p->mask[c] = BIT(cJSON_IsTrue(v) ? ATT_YES : ATT_NO);
        return TEE_OK;
    }
    if (cJSON_IsArray(v))
        return add_list(c, v, &p->mask[c], f);
    if (cJSON_IsObject(v))
        return add_min(c, v, &p->mask[c], f);
    return add_word(c, v, &p->mask[c], f);
}

static enum tee_err
read_max_age(const cJSON *v, struct att_policy *p, struct tee_fault *f)
{
    if (!cJSON_IsNumber(v) || v->valuedouble < 1 || v->valuedouble > AGE_MAX ||
        v->valuedouble != (double)(int64_t)v->valuedouble)
        return tee_fault(
            f, TEE_E_POLICY_INVALID,
            "\"max_age\" is a whole number of seconds, at least 1");
    p->max_age = (int64_t)v->valuedouble;
    return TEE_OK;
}

static enum tee_err
read_one(const cJSON *v, struct att_policy *p, struct tee_fault *f)
{
    char shown[TEE_ESCAPED];
    size_t i;

    if (strcmp(v->string, "max_age") == 0)
        return read_max_age(v, p, f);
    for (i = 0; i < ATT_CLAIMS; i++) {
        if (strcmp(v->string, att_claim_kinds[i].name) == 0)
            return read_condition((enum att_claim)i, v, p, f);
    }
    tee_escape(tee_bytes_of(v->string), shown);
    return tee_fault(f, TEE_E_POLICY_INVALID, "unknown condition \"%s\"",
                     shown);
}

static enum tee_err
read_require(const cJSON *v, struct att_policy *p, struct tee_fault *f)
{
    enum tee_err err = TEE_OK;
    const cJSON *c;

    if (!cJSON_IsObject(v))
        return tee_fault(f, TEE_E_POLICY_INVALID, "\"require\" is no object");
    if (v->child == NULL && p->attestation)
        return tee_fault(
            f, TEE_E_POLICY_INVALID,
            "\"require\" is empty, though attestation is required");
    for (c = v->child; err == TEE_OK && c != NULL; c = c->next)
        err = read_one(c, p, f);
    if (err != TEE_OK)
        return err;
    if (!p->has[ATT_C_FRESHNESS])
        p->mask[ATT_C_FRESHNESS] = BIT(ATT_F_NONCE); /* the default */
    if (p->max_age != 0 &&
        (p->mask[ATT_C_FRESHNESS] & BIT(ATT_F_SIGNED_TIME)) == 0)
        return tee_fault(f, TEE_E_POLICY_INVALID,
                         "\"max_age\" needs \"freshness\" with signed-time");
    return TEE_OK;
}

static enum tee_err
read_flag(const cJSON *v, const char *name, bool *ret, struct tee_fault *f)
{
    const cJSON *m = att_member(v, name);

    if (m == NULL)
        return TEE_OK;
    if (!cJSON_IsBool(m))
        return tee_fault(f, TEE_E_POLICY_INVALID, "\"%s\" is true or false",
                         name);
    *ret = cJSON_IsTrue(m);
    return TEE_OK;
}

static enum tee_err
read_policy(const cJSON *v, struct att_policy *p, struct tee_fault *f)
{
    static const char *const names[] = { "require", "require_attestation",
                                         "require_tee_bound_key", "schema",
                                         NULL };
    struct tee_bytes schema;
    enum tee_err err = att_only(v, "the object", names, f);

    if (err != TEE_OK)
        return err;
    if (!att_text(v, "schema", &schema) ||
        !tee_bytes_equal(schema, TEE_STR(SCHEMA)))
        return tee_fault(f, TEE_E_POLICY_INVALID, "\"schema\" is not " SCHEMA);
    err = read_flag(v, "require_attestation", &p->attestation, f);
    if (err == TEE_OK)
        err = read_flag(v, "require_tee_bound_key", &p->bound, f);
    return err == TEE_OK ? read_require(att_member(v, "require"), p, f) : err;
}

enum tee_err
att_policy_read(struct tee_bytes json, struct att_policy *ret,
                struct tee_fault *f)
{
    struct att_policy p = { .attestation = true };
    cJSON *v = NULL;
    enum tee_err err = tee_json_parse(json, ATT_POLICY_MAX, &v, f);

    if (err == TEE_OK)
        err = read_policy(v, &p, f);
    cJSON_Delete(v);
    if (err == TEE_E_NOMEM)
        return err;
    if (err != TEE_OK) {
        tee_fault_prefix(f, "policy");
        return TEE_E_POLICY_INVALID;
    }
    *ret = p;
    return TEE_OK;
}

static bool
expired(const struct att_claims *c, int64_t now)
{
    return !c->has_expiry || now >= c->expires_at ||
           c->verified_at > now + SKEW;
}

/* Claims of that age, by a clock inside the signature. */
static bool
young(const struct att_policy *p, const struct att_claims *c, int64_t now)
{
    if (p->max_age == 0 || c->value[ATT_C_FRESHNESS] != ATT_F_SIGNED_TIME)
        return true;
    return c->has_signed_time && c->signed_time <= now + SKEW &&
           now - c->signed_time <= p->max_age;
}

static bool
holds(const struct att_policy *p, enum att_claim which,
      const struct att_claims *c, int64_t now)
{
    int v = c->value[which];

    if (p->mask[which] != 0 && (v < 0 || (p->mask[which] & BIT(v)) == 0))
        return false;
    if (which == ATT_C_BOUND && p->bound && v != ATT_YES)
        return false;
    return which != ATT_C_FRESHNESS || young(p, c, now);
}

const char *
att_policy_judge(const struct att_policy *p, const struct att_claims *c,
                 int64_t now)
{
    bool asks = false;
    size_t i;

    if (p == NULL)
        return "policy-invalid";
    for (i = 0; i < ATT_CLAIMS; i++)
        asks = asks || p->has[i];
    if (!asks && p->max_age == 0 && !p->attestation && !p->bound)
        return NULL;
    if (expired(c, now))
        return "expired";
    if (!c->platform_verified)
        return "platform_verified";
    if (!c->report_data_match)
        return "report_data_match";
    for (i = 0; i < ATT_CLAIMS; i++) {
        if (!holds(p, (enum att_claim)i, c, now))
            return att_claim_kinds[i].name;
    }
    return NULL;
}
