/*
 * What the keys of one section demand of each other, in the order of
 * configuration.md section 3: the first broken relation is the one reported.
 */
#include "config.h"

#include <string.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

static unsigned
line_of(const struct ks_conf_sec *s, const char *key)
{
    return s->line[ks_conf_key_find(key)];
}

static bool
written(const struct ks_conf_sec *s, const char *key)
{
    return line_of(s, key) != 0;
}

/* `use` is the table's "for" column: letters, then "unix" or "process", or
 * a comma and what platform. */
static bool
for_origin(const struct ks_conf_key *k, enum ks_origin o)
{
    static const char letter[] = {
        [KS_LOCAL] = 'L', [KS_SKR] = 'S', [KS_TEE] = 'T'
    };

    return memchr(k->use, letter[o], strcspn(k->use, " ,")) != NULL;
}

static bool
for_platform(const struct ks_conf_key *k, enum ks_platform p)
{
    if (strstr(k->use, ", amd-sev-snp") != NULL)
        return p == KS_PLAT_AUTO || p == KS_PLAT_SNP;
    if (strstr(k->use, ", TPM roots") != NULL)
        return p == KS_PLAT_AUTO || p == KS_PLAT_TPM2 ||
               p == KS_PLAT_AZURE_SNP || p == KS_PLAT_AZURE_TDX;
    return true;
}

/* ---- 1: mandatory keys --------------------------------------------------- */

static enum tee_err
check_missing(const struct ks_conf_sec *s, unsigned *line, struct tee_fault *f)
{
    bool have_origin = written(s, "key_origin");
    const struct ks_conf_key *k;
    size_t i;

    for (i = 0; i < KS_CONF_KEYS; i++) {
        k = &ks_conf_keys[i];
        if (!k->must || s->line[i] != 0)
            continue;
        if (strcmp(k->use, "LTS") == 0) { /* whatever the origin */
            *line = s->t->line;
            return tee_fault(f, TEE_E_CONFIG,
                             "\"%s\" is missing; it has no default", k->name);
        }
        if (have_origin && for_origin(k, s->t->origin)) {
            *line = line_of(s, "key_origin");
            return tee_fault(f, TEE_E_CONFIG, "key_origin = %s needs \"%s\"",
                             ks_origin_word(s->t->origin), k->name);
        }
    }
    return TEE_OK;
}

/* ---- 2: keys without meaning here ---------------------------------------- */

/* Values that relations 3 and 4 answer better. */
static bool
answered_later(const struct ks_conf_sec *s, const char *key)
{
    if (strcmp(key, "prefetch") == 0)
        return s->t->prefetch &&
               for_origin(&ks_conf_keys[ks_conf_key_find(key)], s->t->origin);
    return strcmp(key, "pin") == 0 && s->t->pin;
}

static enum tee_err
meaning(const struct ks_conf_sec *s, const struct ks_conf_key *k,
        struct tee_fault *f)
{
    const struct ks_conf_token *t = s->t;

    if (answered_later(s, k->name))
        return TEE_OK;
    if (!for_origin(k, t->origin))
        return tee_fault(f, TEE_E_CONFIG,
                         "%s has no meaning for key_origin = %s", k->name,
                         ks_origin_word(t->origin));
    if (!for_platform(k, t->platform))
        return tee_fault(f, TEE_E_CONFIG, "%s has no meaning for platform = %s",
                         k->name, ks_platform_word(t->platform));
    if (strstr(k->use, " process") != NULL && t->unix_path != NULL)
        return tee_fault(f, TEE_E_CONFIG,
                         "%s has no meaning with via = unix:", k->name);
    if (strstr(k->use, " unix") != NULL && t->unix_path == NULL)
        return tee_fault(f, TEE_E_CONFIG,
                         "%s has no meaning with via = process", k->name);
    return TEE_OK;
}

/* The first of them in file order. */
static enum tee_err
check_meaning(const struct ks_conf_sec *s, unsigned *line, struct tee_fault *f)
{
    unsigned least = 0;
    size_t i, first = KS_CONF_KEYS;

    for (i = 0; i < KS_CONF_KEYS; i++) {
        if (s->line[i] == 0 || (least != 0 && s->line[i] > least) ||
            meaning(s, &ks_conf_keys[i], NULL) == TEE_OK)
            continue;
        least = s->line[i];
        first = i;
    }
    if (first == KS_CONF_KEYS)
        return TEE_OK;
    *line = least;
    return meaning(s, &ks_conf_keys[first], f);
}

/* ---- 3: what only a service can do --------------------------------------- */

static enum tee_err
check_service(const struct ks_conf_sec *s, unsigned *line, struct tee_fault *f)
{
    if (s->t->unix_path != NULL)
        return TEE_OK;
    if (s->t->key_in_service) {
        *line = line_of(s, "key_in");
        return tee_fault(f, TEE_E_CONFIG,
                         "key_in = service needs via = unix:PATH");
    }
    if (s->t->prefetch) {
        *line = line_of(s, "prefetch");
        return tee_fault(f, TEE_E_CONFIG,
                         "prefetch = yes needs via = unix:PATH");
    }
    return TEE_OK;
}

/* ---- 4: what a released key excludes ------------------------------------- */

static enum tee_err
check_skr_platform(const struct ks_conf_sec *s, unsigned *line,
                   struct tee_fault *f)
{
    enum ks_platform p = s->t->platform;

    if (p == KS_PLAT_AUTO || p == KS_PLAT_AZURE_SNP || p == KS_PLAT_AZURE_TDX)
        return TEE_OK;
    *line = line_of(s, "platform");
    if (p == KS_PLAT_SNP && written(s, "aci_context"))
        return TEE_OK;
    if (p == KS_PLAT_SNP)
        return tee_fault(f, TEE_E_CONFIG,
                         "platform = amd-sev-snp needs \"aci_context\" for "
                         "key_origin = skr");
    return tee_fault(f, TEE_E_CONFIG,
                     "platform = %s is not possible for key_origin = skr",
                     ks_platform_word(p));
}

static enum tee_err
check_skr(const struct ks_conf_sec *s, unsigned *line, struct tee_fault *f)
{
    const struct ks_conf_token *t = s->t;

    if (t->origin != KS_SKR)
        return TEE_OK;
    if (t->pin) {
        *line = line_of(s, "pin");
        return tee_fault(f, TEE_E_CONFIG,
                         "pin = yes is not possible for key_origin = skr");
    }
    if (t->platform == KS_PLAT_SIMULATED) {
        *line = line_of(s, "platform");
        return tee_fault(f, TEE_E_CONFIG,
                         "platform = simulated is for key_origin = "
                         "tee_generated only: no attestation service releases "
                         "a key to it");
    }
    if (t->key_type == KS_NONE || t->key_type == KS_P521 ||
        t->key_type == KS_MLDSA44 || t->key_type == KS_MLDSA65 ||
        t->key_type == KS_MLDSA87) {
        *line = line_of(s, "key_type");
        return tee_fault(f, TEE_E_CONFIG,
                         "key_type = %s is not possible for key_origin = skr",
                         ks_conf_type_word(t->key_type));
    }
    return check_skr_platform(s, line, f);
}

/* ---- 5, 6: mode against type, identity ----------------------------------- */

static enum tee_err
check_mode(const struct ks_conf_sec *s, unsigned *line, struct tee_fault *f)
{
    bool ed25519 = s->t->key_type == KS_ED25519;

    if (s->t->origin != KS_SKR || !written(s, "skr_mode") ||
        ed25519 == (s->t->skr_mode != KS_SKR_DIRECT))
        return TEE_OK;
    *line = line_of(s, "skr_mode");
    return tee_fault(f, TEE_E_CONFIG, "skr_mode = %s needs key_type = %s",
                     ks_conf_mode_word(s->t->skr_mode),
                     ed25519 ? "p256, p384, rsa2048, rsa3072 or rsa4096"
                             : "ed25519");
}

static enum tee_err
check_identity(const struct ks_conf_sec *s, unsigned *line, struct tee_fault *f)
{
    const char *needs = NULL;

    if (s->t->federated_token_file != NULL) {
        if (s->t->identity_client_id == NULL)
            needs = "identity_client_id";
        else if (s->t->identity_tenant_id == NULL)
            needs = "identity_tenant_id";
        if (needs != NULL) {
            *line = line_of(s, "federated_token_file");
            return tee_fault(f, TEE_E_CONFIG,
                             "federated_token_file needs \"%s\"", needs);
        }
    } else if (s->t->identity_tenant_id != NULL) {
        *line = line_of(s, "identity_tenant_id");
        return tee_fault(f, TEE_E_CONFIG,
                         "identity_tenant_id needs \"federated_token_file\"");
    }
    if (s->t->aci_context != NULL && s->t->platform != KS_PLAT_SNP) {
        *line = line_of(s, "aci_context");
        return tee_fault(f, TEE_E_CONFIG,
                         "aci_context needs platform = amd-sev-snp");
    }
    return TEE_OK;
}

typedef enum tee_err check(const struct ks_conf_sec *s, unsigned *line,
                           struct tee_fault *f);
static check *const checks[] = { check_missing, check_meaning, check_service,
                                 check_skr,     check_mode,    check_identity };

enum tee_err
ks_conf_check(const struct ks_conf_sec *s, unsigned *line, struct tee_fault *f)
{
    enum tee_err err = TEE_OK;
    size_t i;

    for (i = 0; i < TEE_LEN(checks) && err == TEE_OK; i++)
        err = checks[i](s, line, f);
    return err;
}
